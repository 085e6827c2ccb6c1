//! What holds an order up on its way. The order moves, its units do not.

use super::events::What;
use super::orders::{Order, OrderFault, Status};
use super::{Millis, ShopKey, World};

impl World {
    /// The marketplace holds a paid order back, or lets it go.
    pub(crate) fn hold(
        &mut self,
        key: ShopKey,
        order: &str,
        on_hold: bool,
        now: Millis,
    ) -> Result<(), OrderFault> {
        self.hitch(key, order, &[Status::Paid], now, |known| known.on_hold = on_hold)
    }

    /// The carrier came and left without the parcel.
    pub(crate) fn fail_pickup(&mut self, key: ShopKey, order: &str, now: Millis) -> Result<(), OrderFault> {
        self.hitch(key, order, &[Status::Packed, Status::Ready], now, |known| known.pickup_failed = true)
    }

    /// The seller arranges a shipment again that failed.
    pub(crate) fn arrange_again(&mut self, key: ShopKey, order: &str, now: Millis) -> Result<(), OrderFault> {
        self.hitch(key, order, &[Status::Packed, Status::Ready], now, |known| known.pickup_failed = false)
    }

    /// The invoice is there.
    pub(crate) fn invoice(&mut self, key: ShopKey, order: &str, now: Millis) -> Result<(), OrderFault> {
        self.hitch(key, order, &[Status::Paid], now, |known| known.invoiced = true)
    }

    fn hitch(
        &mut self,
        key: ShopKey,
        order: &str,
        among: &[Status],
        now: Millis,
        change: impl FnOnce(&mut Order),
    ) -> Result<(), OrderFault> {
        let known = self.order_mut(key, order)?;
        let status = known.status();
        if !among.contains(&status) {
            return Err(OrderFault::WrongStatus(status));
        }
        change(known);
        known.updated = now.max(known.updated + 1);
        let units = known.units().map(|(_, unit)| unit.id).collect();
        self.note(key, now, What::Order { order: order.to_owned(), status, units });
        Ok(())
    }
}
