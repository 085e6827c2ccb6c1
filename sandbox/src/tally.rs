//! What was counted, for the report.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::world::{Market, ShopKey};

/// The counts of one shop. Calls that name no shop are counted for the marketplace as shop 0.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) throttled: u64,
    /// Calls that a fault answered.
    pub(crate) faulted: u64,
    /// Answers that were cut off after the effect.
    pub(crate) answers_lost: u64,
    /// Of all requests, by endpoint.
    pub(crate) endpoints: BTreeMap<String, u64>,
    pub(crate) orders: u64,
    /// Buyers who were told that it is sold out.
    pub(crate) refused: u64,
}

/// Counts by shop.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<BTreeMap<(Market, u64), Counts>>,
}

impl Tally {
    pub(crate) fn count(&self, market: Market, shop: Option<ShopKey>, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry((market, shop.map_or(0, |shop| shop.account))).or_default());
    }

    pub(crate) fn all(&self) -> BTreeMap<(Market, u64), Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
