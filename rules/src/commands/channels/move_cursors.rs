//! What a shop told was taken in up to a point.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::ShopCursors;
use crate::working::{Needs, Scope, Working};

/// Moves cursors forward; never back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveCursors {
    /// Whose.
    pub shop: ShopId,
    /// Fields of 0 stay as they are. `swept` is set as it is given when `swept_at` is not 0.
    pub cursors: ShopCursors,
}

impl MoveCursors {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut shop = super::shop_of(scope, self.shop)?;
        let (old, new) = (shop.cursors.clone(), &self.cursors);
        let cursors = &mut shop.cursors;
        cursors.orders_until = old.orders_until.max(new.orders_until);
        cursors.returns_until = old.returns_until.max(new.returns_until);
        cursors.imported_at = old.imported_at.max(new.imported_at);
        if new.swept_at > old.swept_at {
            cursors.swept = new.swept;
            cursors.swept_at = new.swept_at;
        }
        let changed = shop.cursors != old;
        if changed {
            shop.version += 1;
            shop.updated_at = context.now.max(shop.updated_at);
        }
        let version = shop.version;
        scope.put_shop(self.shop, shop);
        Ok(Receipt::Kept { version, changed })
    }
}
