//! An order was fetched from a marketplace.

use crate::command::Context;
use crate::id::{JobId, ShopId};
use crate::market_order::MarketSnapshot;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Applies an order as it was fetched, if it is newer than what we have (version and rank, not the order of arrival): takes,
/// confirms, ships and gives back by line, each once. It is a fact: it may drive stock below zero, which opens a shortfall.
/// Lines whose listing nobody has mapped wait, visibly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeMarketOrder {
    /// Where.
    pub shop: ShopId,
    /// The marketplace's number of it.
    pub reference: String,
    /// As fetched.
    pub snapshot: MarketSnapshot,
    /// The job that fetched it.
    pub job: Option<JobId>,
}

impl TakeMarketOrder {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
