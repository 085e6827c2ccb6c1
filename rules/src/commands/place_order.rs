//! An order is placed.

use std::collections::BTreeMap;

use crate::command::Context;
use crate::event::EventBody;
use crate::holding::{Cause, LineRequest, Part, by_row, event_lines, explode, guard, needs_of_lines, shift};
use crate::id::OrderId;
use crate::movement::{Holder, MovementKind};
use crate::order::{FulfilmentState, Order, OrderLine, OrderState, PaymentState};
use crate::quantity::{Millis, Quantities, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::stock::StockKey;
use crate::working::{Needs, Scope, Working};

/// Holds the units of every line, or of none (I7).
///
/// Lines are exploded into components and summed by stock row before anything is compared, so two lines of one SKU, or
/// a bundle and its own component, cannot oversell each other. A pending order holds its units until `expires_at`; with
/// `confirm` they are allocated at once. A `forced` order is a fact from a marketplace: it is never refused for lack of
/// stock, may drive `available` below zero, and then opens a shortfall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Made by the engine.
    pub id: OrderId,
    /// Where it came from.
    pub channel: String,
    /// The caller's own number, unique within the channel.
    pub reference: Option<String>,
    /// At least one.
    pub lines: Vec<LineRequest>,
    /// How long the hold lasts, in milliseconds; without meaning when `confirm` is set.
    pub hold_ms: Millis,
    /// Allocate at once instead of holding.
    pub confirm: bool,
    /// Take it whether or not there is stock.
    pub forced: bool,
    /// The payment that confirms it; only with `confirm`.
    pub payment_reference: Option<String>,
    /// ISO 4217 code of the prices.
    pub currency: Option<String>,
}

impl PlaceOrder {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        if let Some(reference) = &self.reference {
            needs.order_references.insert((self.channel.clone(), reference.clone()));
        }
        needs_of_lines(&self.lines, seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if let Some(reference) = &self.reference
            && let Some(existing) = scope.order_by_reference(&self.channel, reference)
        {
            return Err(Refusal::DuplicateReference {
                order: existing.to_string(),
                channel: self.channel.clone(),
                reference: reference.clone(),
            });
        }
        let parts = explode(scope, &self.lines)?;
        let short = if self.forced {
            shortage(scope, &parts)
        } else {
            guard(scope, context, &parts)?;
            BTreeMap::new()
        };
        self.take(scope, context, &parts)?;

        // From here on nothing can be refused.
        let order = self.order(context, &parts, short);
        scope.push_event(context.event(EventBody::OrderPlaced {
            order: self.id,
            channel: self.channel.clone(),
            reference: self.reference.clone(),
            state: order.state,
            expires_at: order.expires_at,
            lines: event_lines(&self.lines),
        }));
        if let Some(reference) = &self.reference {
            scope.name_order(self.channel.clone(), reference.clone(), self.id);
        }
        let receipt = super::order_receipt(&order, Vec::new(), context.now);
        scope.put_order(self.id, order);
        Ok(receipt)
    }

    fn take(&self, scope: &mut Scope<'_>, context: &Context, parts: &[Part]) -> Result<(), Refusal> {
        let kind = match (self.forced, self.confirm) {
            (true, _) => MovementKind::ForcedOrder,
            (false, true) => MovementKind::AllocateDirect,
            (false, false) => MovementKind::Reserve,
        };
        let cause = Cause::of(Holder::Order(self.id));
        for (key, units) in by_row(parts) {
            let delta = if self.confirm {
                Quantities { allocated: units, ..Quantities::default() }
            } else {
                Quantities { reserved: units, ..Quantities::default() }
            };
            shift(scope, context, key, kind, delta, &cause)?;
        }
        Ok(())
    }

    fn order(&self, context: &Context, parts: &[Part], mut short: BTreeMap<StockKey, Quantity>) -> Order {
        let lines = parts
            .iter()
            .map(|part| {
                // The last lines of a row are the ones without goods, so shortage is dealt out from what is left.
                let missing = short.get_mut(&part.key).map_or(0, |left| {
                    let here = (*left).min(part.units);
                    *left -= here;
                    here
                });
                OrderLine {
                    line: part.line(),
                    part: part.part,
                    item: part.item,
                    key: part.key,
                    per_item: part.per_item,
                    ordered: part.units,
                    reserved: if self.confirm { 0 } else { part.units },
                    allocated: if self.confirm { part.units } else { 0 },
                    short: missing,
                    shipped: 0,
                    cancelled: 0,
                    expired: 0,
                    returned: 0,
                    unit_minor: self.lines.get(part.index).and_then(|line| line.unit_minor),
                }
            })
            .collect();
        let paid = self.confirm && self.payment_reference.is_some();
        Order {
            id: self.id,
            channel: self.channel.clone(),
            reference: self.reference.clone(),
            state: if self.confirm { OrderState::Confirmed } else { OrderState::Pending },
            payment: if paid { PaymentState::Paid } else { PaymentState::None },
            fulfilment: FulfilmentState::None,
            forced: self.forced,
            late: false,
            payment_reference: self.payment_reference.clone().filter(|_| self.confirm),
            payments: Vec::new(),
            currency: self.currency.clone(),
            expires_at: if self.confirm { None } else { Some(context.now.saturating_add(self.hold_ms)) },
            created_at: context.now,
            updated_at: context.now,
            version: 1,
            lines,
        }
    }
}

/// Units without goods, by stock row.
fn shortage(scope: &mut Scope<'_>, parts: &[Part]) -> BTreeMap<StockKey, Quantity> {
    by_row(parts)
        .into_iter()
        .map(|(key, units)| {
            let free = scope.stock_row(key).map_or(0, |stock| stock.figures.available().max(0));
            (key, (units - free).max(0))
        })
        .collect()
}
