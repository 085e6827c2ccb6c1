//! Goods that come back. Marketplaces keep them apart from the order and never put them back into the stock: a person decides
//! what can be sold again.

use super::events::{ReturnStatus, What};
use super::orders::{OrderFault, Status};
use super::{Millis, ShopKey, World};

/// A buyer's return of some units of one order.
#[derive(Debug, Clone)]
pub(crate) struct Return {
    pub(crate) id: u64,
    pub(crate) order: String,
    pub(crate) units: Vec<u64>,
    pub(crate) reason: String,
    pub(crate) status: ReturnStatus,
    pub(crate) created: Millis,
    pub(crate) updated: Millis,
}

impl World {
    /// The buyer wants to give back these units, or all that he has.
    pub(crate) fn ask_return(
        &mut self,
        key: ShopKey,
        order: &str,
        units: Option<&[u64]>,
        reason: &str,
        now: Millis,
    ) -> Result<u64, OrderFault> {
        let known = self.order_mut(key, order)?;
        let chosen = |id: u64| units.is_none_or(|ids| ids.contains(&id));
        let there = known.units().filter(|(_, unit)| {
            matches!(unit.status, Status::Shipped | Status::Delivered) && chosen(unit.id)
        });
        let units: Vec<u64> = there.map(|(_, unit)| unit.id).collect();
        if units.is_empty() {
            return Err(OrderFault::WrongStatus(known.status()));
        }
        known.updated = now.max(known.updated + 1);
        let shop = self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?;
        let id = shop.ids.other();
        let wanted = Return {
            id,
            order: order.to_owned(),
            units,
            reason: reason.to_owned(),
            status: ReturnStatus::Asked,
            created: now,
            updated: now,
        };
        shop.returns.insert(id, wanted);
        self.note(key, now, What::Return { order: order.to_owned(), id, status: ReturnStatus::Asked });
        Ok(id)
    }

    /// Moves a return on. When it is done its units are returned; the stock stays as it is.
    pub(crate) fn move_return(
        &mut self,
        key: ShopKey,
        id: u64,
        status: ReturnStatus,
        now: Millis,
    ) -> Result<(), OrderFault> {
        let shop = self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?;
        let known = shop.returns.get_mut(&id).ok_or(OrderFault::NoSuchOrder)?;
        known.status = status;
        known.updated = now.max(known.updated + 1);
        let (order, units) = (known.order.clone(), known.units.clone());
        if status == ReturnStatus::Done {
            let from = [Status::Shipped, Status::Delivered, Status::Completed];
            self.advance(key, &order, Some(&units), &from, Status::Returned, now)?;
        }
        self.note(key, now, What::Return { order, id, status });
        Ok(())
    }

    /// The return of this order that is still open, if there is one.
    pub(crate) fn open_return(&self, key: ShopKey, order: &str) -> Option<&Return> {
        let open = |known: &&Return| {
            known.order == order && matches!(known.status, ReturnStatus::Asked | ReturnStatus::Agreed)
        };
        self.shop(key)?.returns.values().find(open)
    }
}
