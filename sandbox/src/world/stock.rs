//! The marketplace's own figure of what can be bought. It is set by the seller and his integrators, falls with every order
//! and rises with every cancellation; every change is kept with its cause.

use super::events::What;
use super::goods::{Cause, StockChange, Variant};
use super::{Millis, ShopKey, World};

/// Why a stock figure was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StockFault {
    NoSuchVariant,
    Negative,
    /// A promotion has taken so many units aside.
    BelowReserved {
        reserved: i64,
    },
}

/// Marketplaces warn below this many units (Lazada message type 6 says below 5).
const LOW: i64 = 5;

impl World {
    /// Sets what buyers can order of a variant. Setting the value that it has is no change and leaves no trace beyond the
    /// history.
    pub(crate) fn set_stock(
        &mut self,
        key: ShopKey,
        variant: u64,
        value: i64,
        cause: Cause,
        now: Millis,
    ) -> Result<(), StockFault> {
        if value < 0 {
            return Err(StockFault::Negative);
        }
        let known = self.shop_mut(key).and_then(|shop| shop.variant_mut(variant));
        let known = known.ok_or(StockFault::NoSuchVariant)?;
        if value < known.reserved {
            return Err(StockFault::BelowReserved { reserved: known.reserved });
        }
        let old = known.stock;
        known.change(value, cause, now);
        self.warn_if_low(key, variant, old, now);
        Ok(())
    }

    /// A promotion takes this many units aside, or none any longer. They stay buyable and can no longer be taken away.
    pub(crate) fn reserve(
        &mut self,
        key: ShopKey,
        variant: u64,
        units: i64,
        now: Millis,
    ) -> Result<(), StockFault> {
        let shop = self.shop_mut(key).ok_or(StockFault::NoSuchVariant)?;
        let item = shop.variant(variant).ok_or(StockFault::NoSuchVariant)?.0.id;
        let known = shop.variant_mut(variant).ok_or(StockFault::NoSuchVariant)?;
        let old = known.reserved;
        known.reserved = units.clamp(0, known.stock);
        let new = known.reserved;
        if new != old {
            self.note(key, now, What::Reserved { item, variant, old, new });
        }
        Ok(())
    }

    pub(super) fn warn_if_low(&mut self, key: ShopKey, variant: u64, old: i64, now: Millis) {
        let Some((item, known)) = self.shop(key).and_then(|shop| shop.variant(variant)) else { return };
        if old >= LOW && known.stock < LOW {
            let what = What::LowStock { item: item.id, variant, stock: known.stock };
            self.note(key, now, what);
        }
    }
}

impl Variant {
    pub(super) fn change(&mut self, value: i64, cause: Cause, now: Millis) {
        self.stock = value;
        // A promotion cannot hold what has been sold.
        self.reserved = self.reserved.min(value);
        if cause == Cause::Push {
            self.pushes += 1;
        }
        if self.history.len() >= 2_000 {
            self.history.drain(..1_000);
        }
        self.history.push(StockChange { at: now, value, cause });
    }
}
