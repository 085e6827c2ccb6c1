//! A shop is connected, or authorised again.

use crate::command::Context;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::ShopSettings;
use crate::working::{Needs, Scope, Working};

/// Connects a shop, or renews the grant of one that is known by (channel, account): it becomes connected, its notice closes
/// and its waiting jobs run. Starts an import of its listings and the polls when it is new.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectShop {
    /// The state of the consent that led here; used up. `None` where an operator connects it without the round trip.
    pub state: Option<String>,
    /// For a new shop: what people call it in URLs. Made unique by a number if it is taken.
    pub code: String,
    /// Which marketplace.
    pub channel: String,
    /// As the marketplace calls it.
    pub account: String,
    /// For people.
    pub name: String,
    /// The encrypted grant.
    pub grant: String,
    /// When the access token ends.
    pub access_until: Millis,
    /// When the refresh token ends, if known.
    pub refresh_until: Option<Millis>,
    /// When the owner must consent again, if known.
    pub grant_until: Option<Millis>,
    /// For a new shop.
    pub settings: ShopSettings,
}

impl ConnectShop {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
