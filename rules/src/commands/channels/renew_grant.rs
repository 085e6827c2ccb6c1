//! A token was refreshed.

use crate::command::Context;
use crate::id::ShopId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps a new grant before it is used. Only if it was made from the one that is there: of two refreshers one wins (H4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewGrant {
    /// Whose.
    pub shop: ShopId,
    /// [`crate::Shop::grant_number`] that it was made from.
    pub from_number: i64,
    /// The encrypted grant.
    pub grant: String,
    /// When the access token ends.
    pub access_until: Millis,
    /// When the refresh token ends, if known.
    pub refresh_until: Option<Millis>,
    /// When the owner must consent again, if known.
    pub grant_until: Option<Millis>,
}

impl RenewGrant {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut shop = super::shop_of(scope, self.shop)?;
        super::super::check_version(Some(self.from_number), shop.grant_number)?;
        shop.grant.clone_from(&self.grant);
        shop.grant_number += 1;
        shop.access_until = self.access_until;
        shop.health.granted_at = context.now;
        shop.refresh_until = self.refresh_until;
        // A grant whose end does not move may not tell it again.
        shop.grant_until = self.grant_until.or(shop.grant_until);
        shop.version += 1;
        shop.updated_at = context.now.max(shop.updated_at);
        let version = shop.version;
        scope.put_shop(self.shop, shop);
        Ok(Receipt::Shop { id: self.shop, version })
    }
}
