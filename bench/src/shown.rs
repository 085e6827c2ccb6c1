//! What the sandbox's marketplaces showed, and from when on: latency as a buyer there would see it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use crate::market::{CHANNELS, Market};

/// One value of a listing's stock.
#[derive(Debug)]
struct Shown {
    /// Milliseconds since 1970; both programs read the same clock.
    at: i64,
    value: i64,
    cause: String,
}

/// A figure that a marketplace has acknowledged, as our events tell it.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) channel: String,
    pub(crate) sku: String,
    quantity: i64,
    /// When the change was committed that it follows from.
    cause_at: i64,
}

impl Pushed {
    /// Those among these events.
    pub(crate) fn of(events: &[Value], channels: &BTreeMap<String, String>) -> Vec<Self> {
        let pushed = events.iter().filter(|event| event["type"] == "listing.pushed");
        pushed.filter_map(|event| Self::from(&event["data"], channels)).collect()
    }

    fn from(data: &Value, channels: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            channel: channels.get(data["shop"].as_str()?)?.clone(),
            sku: data["sku"].as_str()?.to_owned(),
            quantity: data["quantity"].as_i64()?,
            cause_at: data["cause_at"].as_i64()?,
        })
    }
}

/// The past of listings, by channel and SKU.
#[derive(Debug, Default)]
pub(crate) struct Past(BTreeMap<(String, String), Vec<Shown>>);

impl Past {
    /// The last `depth` values of every listing.
    pub(crate) fn of_all(market: &Market, depth: usize) -> anyhow::Result<Self> {
        let mut past = Self::default();
        for channel in CHANNELS {
            past.read(market, &format!("/control/listings?market={channel}&history={depth}"))?;
        }
        Ok(past)
    }

    /// All values that are kept of these SKUs.
    pub(crate) fn of(market: &Market, skus: &[String]) -> anyhow::Result<Self> {
        let mut past = Self::default();
        for channel in CHANNELS {
            for sku in skus {
                let path = format!("/control/listings?market={channel}&seller_sku={sku}&history=1000000");
                past.read(market, &path)?;
            }
        }
        Ok(past)
    }

    fn read(&mut self, market: &Market, path: &str) -> anyhow::Result<()> {
        let listings = market.control.get(path)?.body;
        for listing in listings["listings"].as_array().context("no list of listings")? {
            let text = |name: &str| listing[name].as_str().unwrap_or_default().to_owned();
            let values = listing["history"].as_array().into_iter().flatten();
            let shown = values.filter_map(|value| {
                let cause = value["cause"].as_str()?.to_owned();
                Some(Shown { at: value["at"].as_i64()?, value: value["value"].as_i64()?, cause })
            });
            self.0.insert((text("market"), text("seller_sku")), shown.collect());
        }
        Ok(())
    }

    fn listing(&self, channel: &str, sku: &str) -> &[Shown] {
        self.0.get(&(channel.to_owned(), sku.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Milliseconds from the commit of the change until the marketplace showed the figure.
    pub(crate) fn since_cause(&self, pushed: &Pushed) -> Option<f64> {
        let shown = self.listing(&pushed.channel, &pushed.sku).iter();
        let mut shown = shown
            .filter(|shown| shown.cause == "push" && shown.value == pushed.quantity)
            .map(|shown| shown.at - pushed.cause_at);
        // Both times are cut to milliseconds.
        shown.find(|took| *took >= -1).map(|took| took.max(0) as f64)
    }

    /// Milliseconds from the only sale of a SKU on one marketplace until another one showed what is left.
    pub(crate) fn since_sale(&self, sku: &str, sold_on: &str, told_to: &str) -> Option<f64> {
        let sold = self.listing(sold_on, sku).iter().find(|shown| shown.cause == "sale")?.at;
        let told =
            self.listing(told_to, sku).iter().find(|shown| shown.cause == "push" && shown.at >= sold)?;
        Some((told.at - sold) as f64)
    }
}
