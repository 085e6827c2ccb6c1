//! Requests to a marketplace are paid for before they are made.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Takes tokens from the bucket of a shop and endpoint, making it if it is missing. Committed before a request is sent, so
/// neither a restart nor a second replica doubles the rate (Q9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeTokens {
    /// Whose.
    pub shop: ShopId,
    /// Which.
    pub endpoint: String,
    /// Thousandths of requests a second.
    pub rate: i64,
    /// Thousandths of requests that can be saved up.
    pub burst: i64,
    /// How many requests, at least 1. Fewer may be granted.
    pub want: u32,
}

impl TakeTokens {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
