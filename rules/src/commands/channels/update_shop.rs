//! A shop is set up.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::ShopSettings;
use crate::working::{Needs, Scope, Working};

/// Changes what people set. A change of what is published marks every mapped listing of the shop dirty (through an import of
/// nothing: the engine follows `shop.changed`).
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateShop {
    /// Which.
    pub shop: ShopId,
    /// The version that the caller saw.
    pub expected_version: Option<i64>,
    /// A new name.
    pub name: Option<String>,
    /// New settings, whole.
    pub settings: Option<ShopSettings>,
    /// Pause (`true`) or go on (`false`). A disconnected shop stays so.
    pub paused: Option<bool>,
}

impl UpdateShop {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
