//! Goods of an order come back.

use crate::command::Context;
use crate::holding::{Cause, needs_of_holder, shift};
use crate::id::OrderId;
use crate::movement::{Holder, MovementKind};
use crate::order::{Order, OrderLine};
use crate::quantity::{QUANTITY_MAX, Quantities, Quantity};
use crate::receipt::{LineReceipt, Receipt};
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// What becomes of goods that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Sold again: on_hand rises.
    Sellable,
    /// Kept aside: on_hand and unavailable rise.
    Damaged,
    /// Thrown away or left with the buyer: no stock moves, but the units count as returned.
    Discarded,
}

impl Condition {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sellable => "sellable",
            Self::Damaged => "damaged",
            Self::Discarded => "discarded",
        }
    }
}

/// Items of one line that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnLine {
    /// Number of the line, from 1. The same line may stand here twice with different conditions.
    pub line: i32,
    /// Items, at least 1.
    pub quantity: Quantity,
    /// What becomes of them.
    pub condition: Condition,
}

/// Takes goods back, up to what was shipped and has not come back before, so that nothing is restocked twice (pain 11).
/// This is the only way in which a shipped unit returns to stock: cancelling and refunding never do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnOrder {
    /// Which.
    pub id: OrderId,
    /// At least one.
    pub lines: Vec<ReturnLine>,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl ReturnOrder {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Order(self.id), seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut order = super::order_of(scope, self.id)?;
        super::check_version(self.expected_version, order.version)?;
        self.check(&order)?;

        // From here on nothing can be refused, but for a figure beyond any warehouse.
        let mut moved: Vec<LineReceipt> = Vec::new();
        for back in &self.lines {
            for line in order.lines.iter_mut().filter(|line| line.line == back.line) {
                take_back(scope, context, order.id, line, back)?;
            }
            match moved.iter_mut().find(|m| m.line == back.line) {
                Some(known) => known.quantity += back.quantity,
                None => moved.push(LineReceipt { line: back.line, quantity: back.quantity }),
            }
        }
        order.settle();
        Ok(super::finish_order(scope, context, order, "returned", moved, self.reason.clone()))
    }

    fn check(&self, order: &Order) -> Result<(), Refusal> {
        let mut asked = std::collections::BTreeMap::new();
        for (index, back) in self.lines.iter().enumerate() {
            if !(1..=QUANTITY_MAX).contains(&back.quantity) {
                return Err(Refusal::OutOfRange);
            }
            let out = |line: &OrderLine| (line.shipped - line.returned) / line.per_item;
            let Some(returnable) = order.lines.iter().filter(|line| line.line == back.line).map(out).min()
            else {
                return Err(Refusal::UnknownLine { line: index, number: back.line });
            };
            let requested = asked.entry(back.line).or_insert(0);
            *requested += back.quantity;
            if *requested > returnable {
                return Err(Refusal::ExceedsReturnable { line: index, requested: *requested, returnable });
            }
        }
        Ok(())
    }
}

fn take_back(
    scope: &mut Scope<'_>,
    context: &Context,
    order: OrderId,
    line: &mut OrderLine,
    back: &ReturnLine,
) -> Result<(), Refusal> {
    let units = back.quantity * line.per_item;
    line.returned += units;
    let delta = match back.condition {
        Condition::Sellable => Quantities { on_hand: units, ..Quantities::default() },
        Condition::Damaged => Quantities { on_hand: units, unavailable: units, ..Quantities::default() },
        Condition::Discarded => return Ok(()),
    };
    let cause = Cause { reason: Some(back.condition.name().to_owned()), ..Cause::of(Holder::Order(order)) };
    shift(scope, context, line.key, MovementKind::Return, delta, &cause)?;
    Ok(())
}
