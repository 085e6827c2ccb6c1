//! How a sandbox is to be.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::limits::RateLimits;
use crate::world::Market;

/// Settings of a sandbox. [`Options::default`] is one that tests use: free ports on this machine, no buyers.
#[derive(Debug, Clone)]
pub struct Options {
    /// The same seed gives the same shops, ids, tokens and buyers.
    pub seed: u64,
    /// Where each marketplace listens; port 0 takes a free one, and so does a marketplace that is not named.
    pub listen: BTreeMap<Market, SocketAddr>,
    /// Where the control API listens; port 0 takes a free one. It has no authentication: keep it on this machine.
    pub control: SocketAddr,
    /// List the built-in catalogue in the three built-in shops. Else they begin empty.
    pub catalogue: bool,
    /// Where each marketplace sends its messages; a marketplace that is not named sends none until it is told to.
    pub webhook_urls: BTreeMap<Market, String>,
    /// Where TikTok Shop sends a seller back to when he has consented: there the address is registered with the app. The other
    /// two are told by the app.
    pub tiktok_redirect: Option<String>,
    /// Orders a second over all shops, made by buyers from the start. 0: none.
    pub buyers_per_second: f64,
    /// Waiting times of the marketplaces (before a message is tried again, before a buyer pays) are multiplied by this. 1 is
    /// as on the marketplace. The life of tokens is not scaled: `POST /control/clock` moves the time instead.
    pub time_scale: f64,
    /// Which limits hold.
    pub limits: RateLimits,
    /// When the world begins, in milliseconds since 1970; without it, now.
    pub start_at: Option<i64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            listen: BTreeMap::new(),
            control: any_port(),
            catalogue: true,
            webhook_urls: BTreeMap::new(),
            tiktok_redirect: None,
            buyers_per_second: 0.0,
            time_scale: 1.0,
            limits: RateLimits::Published,
            start_at: None,
        }
    }
}

/// A free port on this machine.
pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
}
