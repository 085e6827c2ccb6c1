//! A grant is no longer good.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// The shop's jobs wait, its owner is told once. Only if the grant is still the one that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisconnectShop {
    /// Which.
    pub shop: ShopId,
    /// The grant that failed; `None`: whatever grant there is (a deauthorisation, or an operator).
    pub from_number: Option<i64>,
    /// For people.
    pub reason: String,
}

impl DisconnectShop {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
