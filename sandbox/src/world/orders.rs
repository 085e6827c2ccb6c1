//! Orders: what a buyer, a seller and a carrier can do to them, and what each does to the marketplace's own stock.

use serde::Serialize;

use super::events::What;
use super::goods::{Cause, ItemStatus, Variant};
use super::{Millis, Shop, ShopKey, World};

/// How far one unit of an order has come. The order of the members is the order of time up to `Completed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Ordered, not paid.
    Unpaid,
    /// Paid, or to be paid on delivery; the seller may send it.
    Paid,
    /// In its parcel, with a label.
    Packed,
    /// Announced to the carrier, who has not come yet.
    Ready,
    Shipped,
    Delivered,
    /// Delivered, and the time for returning it is over.
    Completed,
    Cancelled,
    /// Came back and was refunded.
    Returned,
}

/// An order of one buyer in one shop.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) buyer: String,
    pub(crate) lines: Vec<Line>,
    /// To be paid on delivery: such an order is never unpaid and has no `paid_at`.
    pub(crate) cod: bool,
    /// Paid, but the marketplace is still looking at it, or the buyer may still change his mind: TikTok Shop's ON_HOLD,
    /// Shopee's PENDING.
    pub(crate) on_hold: bool,
    /// The carrier came and left without the parcel, so that the shipment has to be arranged again: Shopee's RETRY_SHIP.
    pub(crate) pickup_failed: bool,
    /// Where orders need an invoice before they may be shipped (Brazil): it is there.
    pub(crate) invoiced: bool,
    pub(crate) created: Millis,
    /// The last change of a status.
    pub(crate) updated: Millis,
    pub(crate) paid_at: Option<Millis>,
    pub(crate) shipped_at: Option<Millis>,
    /// The buyer has asked to cancel and nobody has answered yet.
    pub(crate) cancel_asked: Option<Cancellation>,
    /// Who cancelled last, and why.
    pub(crate) cancelled: Option<Cancellation>,
    /// The last request of the buyer that the seller refused.
    pub(crate) cancel_refused: Option<Cancellation>,
    /// The parcel; there is one for the whole order once it is packed.
    pub(crate) package: Option<u64>,
    pub(crate) tracking: Option<String>,
    /// The carrier's name.
    pub(crate) carrier: Option<String>,
}

/// Some units of one variant.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) item: u64,
    pub(crate) variant: u64,
    pub(crate) title: String,
    pub(crate) options: Vec<String>,
    pub(crate) seller_sku: String,
    /// For one unit, in the smallest unit of the shop's currency.
    pub(crate) price: i64,
    pub(crate) units: Vec<Unit>,
}

/// One unit: what TikTok Shop calls a line item and Lazada an order item.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) id: u64,
    pub(crate) status: Status,
    pub(crate) updated: Millis,
    pub(crate) reason: Option<String>,
}

/// Somebody cancels, or wants to.
#[derive(Debug, Clone)]
pub(crate) struct Cancellation {
    pub(crate) id: u64,
    pub(crate) by: Actor,
    pub(crate) reason: String,
    pub(crate) at: Millis,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Actor {
    Buyer,
    Seller,
    System,
}

/// What a buyer wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    pub(crate) variant: u64,
    pub(crate) quantity: i64,
}

/// Why something cannot be done with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderFault {
    NoSuchShop,
    NoSuchOrder,
    NoSuchVariant,
    /// Nothing was asked for.
    Empty,
    OutOfStock {
        seller_sku: String,
        wanted: i64,
        left: i64,
    },
    /// The order, or a unit of it, is not in a status in which this can be done.
    WrongStatus(Status),
    NothingAsked,
}

impl Order {
    /// The status of the least advanced unit that is not cancelled; cancelled when all are.
    pub(crate) fn status(&self) -> Status {
        let alive = self.units().map(|(_, unit)| unit.status).filter(|status| *status != Status::Cancelled);
        alive.min().unwrap_or(Status::Cancelled)
    }

    pub(crate) fn units(&self) -> impl Iterator<Item = (&Line, &Unit)> {
        self.lines.iter().flat_map(|line| line.units.iter().map(move |unit| (line, unit)))
    }

    /// What the units that are not cancelled cost together.
    pub(crate) fn total(&self) -> i64 {
        let alive = self.units().filter(|(_, unit)| unit.status != Status::Cancelled);
        alive.map(|(line, _)| line.price).sum()
    }
}

impl Line {
    pub(crate) fn quantity(&self) -> i64 {
        self.units.len() as i64
    }

    pub(crate) fn in_status(&self, status: Status) -> i64 {
        self.units.iter().filter(|unit| unit.status == status).count() as i64
    }
}

impl World {
    /// A buyer orders. Either everything is there and is taken from the stock at once, or nothing is and the first variant
    /// that lacks it is named: a buyer cannot order more than the marketplace shows him.
    pub(crate) fn place_order(
        &mut self,
        key: ShopKey,
        wants: &[Want],
        buyer: &str,
        cod: bool,
        now: Millis,
    ) -> Result<String, OrderFault> {
        let shop = self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?;
        let wants = together(wants)?;
        for want in &wants {
            let (item, variant) = shop.variant(want.variant).ok_or(OrderFault::NoSuchVariant)?;
            if item.status != ItemStatus::Live {
                return Err(OrderFault::NoSuchVariant);
            }
            if variant.stock + variant.backorder < want.quantity {
                return Err(OrderFault::OutOfStock {
                    seller_sku: variant.seller_sku.clone(),
                    wanted: want.quantity,
                    left: variant.stock + variant.backorder,
                });
            }
        }
        let id = shop.ids.order(now);
        let status = if cod { Status::Paid } else { Status::Unpaid };
        let mut lines = Vec::new();
        let mut fell = Vec::new();
        for want in &wants {
            let Some((line, old)) = shop.take(*want, status, now) else { continue };
            fell.push((line.variant, old));
            lines.push(line);
        }
        let order = Order {
            id: id.clone(),
            buyer: buyer.to_owned(),
            lines,
            cod,
            on_hold: false,
            pickup_failed: false,
            invoiced: false,
            created: now,
            updated: now,
            paid_at: None,
            shipped_at: None,
            cancel_asked: None,
            cancelled: None,
            cancel_refused: None,
            package: None,
            tracking: None,
            carrier: None,
        };
        let units = order.units().map(|(_, unit)| unit.id).collect();
        shop.orders.insert(id.clone(), order);
        self.note(key, now, What::Order { order: id.clone(), status, units });
        for (variant, old) in fell {
            self.warn_if_low(key, variant, old, now);
        }
        Ok(id)
    }

    /// The buyer pays.
    pub(crate) fn pay(&mut self, key: ShopKey, order: &str, now: Millis) -> Result<(), OrderFault> {
        self.advance(key, order, None, &[Status::Unpaid], Status::Paid, now)?;
        self.order_mut(key, order)?.paid_at = Some(now);
        Ok(())
    }

    /// The seller arranges the shipment of these units, or of all that are paid.
    pub(crate) fn pack(
        &mut self,
        key: ShopKey,
        order: &str,
        units: Option<&[u64]>,
        now: Millis,
    ) -> Result<(), OrderFault> {
        self.advance(key, order, units, &[Status::Paid], Status::Packed, now)?;
        let shop = self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?;
        let (package, region) = (shop.ids.other(), shop.region.clone());
        let known = self.order_mut(key, order)?;
        let package = *known.package.get_or_insert(package);
        known.tracking.get_or_insert_with(|| format!("{region}{package}"));
        known.carrier.get_or_insert_with(|| "Standard Express".to_owned());
        self.note(key, now, What::Tracking { order: order.to_owned() });
        Ok(())
    }

    /// The parcel waits for the carrier.
    pub(crate) fn ready(
        &mut self,
        key: ShopKey,
        order: &str,
        units: Option<&[u64]>,
        now: Millis,
    ) -> Result<(), OrderFault> {
        self.advance(key, order, units, &[Status::Paid, Status::Packed], Status::Ready, now)
    }

    /// The carrier takes the parcel.
    pub(crate) fn ship(
        &mut self,
        key: ShopKey,
        order: &str,
        units: Option<&[u64]>,
        now: Millis,
    ) -> Result<(), OrderFault> {
        let from = [Status::Paid, Status::Packed, Status::Ready];
        self.advance(key, order, units, &from, Status::Shipped, now)?;
        let known = self.order_mut(key, order)?;
        known.shipped_at = Some(now);
        known.on_hold = false;
        known.pickup_failed = false;
        Ok(())
    }

    /// The buyer has the parcel.
    pub(crate) fn deliver(&mut self, key: ShopKey, order: &str, now: Millis) -> Result<(), OrderFault> {
        self.advance(key, order, None, &[Status::Shipped], Status::Delivered, now)
    }

    /// The time for returning it is over.
    pub(crate) fn complete(&mut self, key: ShopKey, order: &str, now: Millis) -> Result<(), OrderFault> {
        self.advance(key, order, None, &[Status::Delivered], Status::Completed, now)
    }

    /// Cancels these units, or all that have not left yet, and gives them back to the stock once.
    pub(crate) fn cancel(
        &mut self,
        key: ShopKey,
        order: &str,
        units: Option<&[u64]>,
        by: Actor,
        reason: &str,
        now: Millis,
    ) -> Result<(), OrderFault> {
        let from = [Status::Unpaid, Status::Paid, Status::Packed, Status::Ready];
        self.advance(key, order, units, &from, Status::Cancelled, now)?;
        let id = self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?.ids.other();
        let known = self.order_mut(key, order)?;
        known.cancelled = Some(Cancellation { id, by, reason: reason.to_owned(), at: now });
        known.cancel_asked = None;
        known.on_hold = false;
        for unit in known.lines.iter_mut().flat_map(|line| &mut line.units) {
            if unit.status == Status::Cancelled {
                unit.reason.get_or_insert_with(|| reason.to_owned());
            }
        }
        Ok(())
    }

    /// The buyer of a paid order wants to cancel it: the seller has to answer.
    pub(crate) fn ask_cancel(
        &mut self,
        key: ShopKey,
        order: &str,
        reason: &str,
        now: Millis,
    ) -> Result<(), OrderFault> {
        let id = self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?.ids.other();
        let known = self.order_mut(key, order)?;
        if !matches!(known.status(), Status::Paid | Status::Packed | Status::Ready) {
            return Err(OrderFault::WrongStatus(known.status()));
        }
        known.cancel_asked = Some(Cancellation { id, by: Actor::Buyer, reason: reason.to_owned(), at: now });
        known.updated = now.max(known.updated + 1);
        self.note(key, now, What::CancelAsked { order: order.to_owned() });
        Ok(())
    }

    /// The seller agrees to the buyer's request, which cancels the order, or refuses it.
    pub(crate) fn answer_cancel(
        &mut self,
        key: ShopKey,
        order: &str,
        agree: bool,
        now: Millis,
    ) -> Result<(), OrderFault> {
        let known = self.order_mut(key, order)?;
        let asked = known.cancel_asked.clone().ok_or(OrderFault::NothingAsked)?;
        let here = |status| matches!(status, Status::Unpaid | Status::Paid | Status::Packed | Status::Ready);
        if agree && !known.units().any(|(_, unit)| here(unit.status)) {
            return Err(OrderFault::WrongStatus(known.status()));
        }
        known.cancel_asked = None;
        known.cancel_refused = if agree { None } else { Some(asked.clone()) };
        known.updated = now.max(known.updated + 1);
        self.note(key, now, What::CancelAnswered { order: order.to_owned(), agreed: agree });
        if agree {
            self.cancel(key, order, None, asked.by, &asked.reason, now)?;
            // It is the request that was granted: it keeps its number.
            if let Some(done) = &mut self.order_mut(key, order)?.cancelled {
                done.id = asked.id;
            }
        }
        Ok(())
    }

    pub(crate) fn order(&self, key: ShopKey, order: &str) -> Result<&Order, OrderFault> {
        self.shop(key).ok_or(OrderFault::NoSuchShop)?.orders.get(order).ok_or(OrderFault::NoSuchOrder)
    }

    pub(super) fn order_mut(&mut self, key: ShopKey, order: &str) -> Result<&mut Order, OrderFault> {
        self.shop_mut(key).ok_or(OrderFault::NoSuchShop)?.orders.get_mut(order).ok_or(OrderFault::NoSuchOrder)
    }

    /// Moves units to a status. Named units must all be in one of the statuses from which it can be reached; without names
    /// all that are move, and there must be one.
    pub(super) fn advance(
        &mut self,
        key: ShopKey,
        order: &str,
        named: Option<&[u64]>,
        from: &[Status],
        to: Status,
        now: Millis,
    ) -> Result<(), OrderFault> {
        let known = self.order_mut(key, order)?;
        let chosen = |unit: &Unit| named.is_none_or(|ids| ids.contains(&unit.id));
        if let Some(ids) = named {
            if ids.iter().any(|id| !known.units().any(|(_, unit)| unit.id == *id)) {
                return Err(OrderFault::NoSuchOrder);
            }
            let stuck = known.units().find(|(_, unit)| chosen(unit) && !from.contains(&unit.status));
            if let Some((_, unit)) = stuck {
                return Err(OrderFault::WrongStatus(unit.status));
            }
        }
        let mut moved = Vec::new();
        let mut by_variant = Vec::new();
        for line in &mut known.lines {
            for unit in &mut line.units {
                if chosen(unit) && from.contains(&unit.status) {
                    by_variant.push((line.variant, unit.status));
                    moved.push(unit.id);
                    unit.status = to;
                    unit.updated = now;
                }
            }
        }
        if moved.is_empty() {
            return Err(OrderFault::WrongStatus(known.status()));
        }
        // Two changes of one order never carry the same time, so that whoever compares times can tell them apart.
        known.updated = now.max(known.updated + 1);
        self.shift(key, &by_variant, to, now);
        self.note(key, now, What::Order { order: order.to_owned(), status: to, units: moved });
        Ok(())
    }

    /// Follows the units of an order in the figures of their listings.
    fn shift(&mut self, key: ShopKey, moved: &[(u64, Status)], to: Status, now: Millis) {
        let Some(shop) = self.shop_mut(key) else { return };
        let mut back: std::collections::BTreeMap<u64, i64> = std::collections::BTreeMap::new();
        for (variant, from) in moved {
            let Some(variant) = shop.variant_mut(*variant) else { continue };
            variant.holds(*from, -1);
            variant.holds(to, 1);
            if to == Status::Cancelled {
                variant.cancelled += 1;
                *back.entry(variant.id).or_default() += 1;
            }
        }
        for (variant, units) in back {
            let Some(variant) = shop.variant_mut(variant) else { continue };
            variant.change(variant.stock + units, Cause::Cancel, now);
        }
    }
}

impl Shop {
    /// Takes what is wanted from the stock; the line of the order and what the stock was before.
    fn take(&mut self, want: Want, status: Status, now: Millis) -> Option<(Line, i64)> {
        let (item, _) = self.variant(want.variant)?;
        let (item, title) = (item.id, item.title.clone());
        let units = (0..want.quantity)
            .map(|_| Unit { id: self.ids.unit(), status, updated: now, reason: None })
            .collect();
        let variant = self.variant_mut(want.variant)?;
        let old = variant.stock;
        variant.ordered += want.quantity;
        variant.holds(status, want.quantity);
        let there = want.quantity.min(old);
        variant.backorder -= want.quantity - there;
        variant.change(old - there, Cause::Sale, now);
        let line = Line {
            item,
            variant: variant.id,
            title,
            options: variant.options.clone(),
            seller_sku: variant.seller_sku.clone(),
            price: variant.price,
            units,
        };
        Some((line, old))
    }
}

impl Variant {
    /// Units in this status belong to one of the two figures beside the stock, or to none any longer.
    fn holds(&mut self, status: Status, units: i64) {
        match status {
            Status::Unpaid => self.unpaid += units,
            Status::Paid | Status::Packed => self.paid += units,
            _ => {}
        }
    }
}

/// One want for each variant, refusing what makes no sense.
fn together(wants: &[Want]) -> Result<Vec<Want>, OrderFault> {
    let mut sums: Vec<Want> = Vec::new();
    for want in wants {
        if want.quantity <= 0 || want.quantity > 100_000 {
            return Err(OrderFault::Empty);
        }
        match sums.iter_mut().find(|sum| sum.variant == want.variant) {
            Some(sum) => sum.quantity += want.quantity,
            None => sums.push(*want),
        }
    }
    if sums.is_empty() { Err(OrderFault::Empty) } else { Ok(sums) }
}
