//! Connectors to Shopee, TikTok Shop and Lazada.
//!
//! Each has a folder of the same shape: `mod.rs` says what is odd about the marketplace, `sign.rs` signs, `session.rs`
//! sends and judges answers with the table in `failure.rs`, `wire.rs` is their JSON, `map.rs` turns it into our words,
//! `auth.rs`, `listings.rs` and `orders.rs` are the requests, `webhook.rs` what they send us. The facts and their sources
//! are in `docs/marketplaces.md`.

use std::sync::Arc;

use onhand_connector::Channel;
use onhand_connector::http::Http;

mod digest;
mod lazada;
mod lines;
mod money;
mod shopee;
mod tiktok;
#[cfg(test)]
mod vectors;
mod windows;
mod words;

pub use lazada::Lazada;
pub use shopee::Shopee;
pub use tiktok::TikTok;

/// Every connector there is. They share their connections.
#[must_use]
pub fn all() -> Vec<Arc<dyn Channel>> {
    with(&Http::new())
}

/// Every connector there is, over this client.
#[must_use]
pub fn with(http: &Http) -> Vec<Arc<dyn Channel>> {
    vec![
        Arc::new(Shopee::new(http.clone())),
        Arc::new(TikTok::new(http.clone())),
        Arc::new(Lazada::new(http.clone())),
    ]
}

/// The connector of this name (`shopee`, `tiktok`, `lazada`). For more than one, keep what [`all`] gives: each call
/// here opens connections of its own.
#[must_use]
pub fn by_name(name: &str) -> Option<Arc<dyn Channel>> {
    all().into_iter().find(|channel| channel.facts().name == name)
}
