//! The numbered invariants that can be checked on rows alone. Tests, the writer's own check and `onhand verify` share
//! them, so that what is proved is what is watched.

use std::fmt;

use crate::movement::Movement;
use crate::order::{Order, OrderState};
use crate::quantity::Quantities;
use crate::reservation::{Reservation, ReservationState};
use crate::stock::Stock;

/// A broken invariant: which, where and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The number in `docs/invariants.md`, for example `I1`.
    pub invariant: &'static str,
    /// What it concerns.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.invariant, self.subject, self.detail)
    }
}

fn violation(invariant: &'static str, subject: String, detail: String) -> Violation {
    Violation { invariant, subject, detail }
}

/// Follows the movements of one stock row from its first, and says what is wrong with each (I1, I2, I14, I15).
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Movements seen so far.
    pub version: i64,
    /// Sum of their deltas.
    pub figures: Quantities,
    /// Hash of the last.
    pub head: [u8; 32],
    /// Time of the last.
    pub at: i64,
}

impl Chain {
    /// Takes the next movement.
    pub fn follow(&mut self, movement: &Movement, found: &mut Vec<Violation>) {
        let subject = format!(
            "movement {} of SKU {} at location {}",
            movement.version, movement.key.sku.0, movement.key.location.0
        );
        let mut wrong = |invariant, detail: String| found.push(violation(invariant, subject.clone(), detail));
        if movement.version != self.version + 1 {
            wrong("I1", format!("follows movement {}", self.version));
        }
        match self.figures.plus(&movement.delta) {
            Ok(sum) if sum == movement.after => {}
            Ok(sum) => {
                wrong("I1", format!("says {:?} after it, the movements add up to {sum:?}", movement.after))
            }
            Err(_) => wrong("I1", "a figure falls below zero".to_owned()),
        }
        if movement.at < self.at {
            wrong("I14", format!("at {} is before the movement before it, {}", movement.at, self.at));
        }
        if movement.hash != movement.chain(&self.head) {
            wrong("I15", "does not fit the hash chain: it or a movement before it was edited".to_owned());
        }
        check_guard(movement, found);
        self.version = movement.version;
        self.figures = movement.after;
        self.head = movement.hash;
        self.at = movement.at;
    }

    /// Compares the end of the chain with the row (I1, I15).
    pub fn compare(&self, stock: &Stock, found: &mut Vec<Violation>) {
        let subject = format!("SKU {} at location {}", stock.key.sku.0, stock.key.location.0);
        let mut wrong = |invariant, detail| found.push(violation(invariant, subject.clone(), detail));
        if self.version != stock.version {
            wrong("I1", format!("is at version {}, its movements end at {}", stock.version, self.version));
        } else if self.figures != stock.figures {
            wrong("I1", format!("says {:?}, its movements add up to {:?}", stock.figures, self.figures));
        } else if self.head != stock.head {
            wrong("I15", "its head is not the hash of its last movement".to_owned());
        }
    }
}

/// A guarded movement must not pass the backorder limit (I2).
fn check_guard(movement: &Movement, found: &mut Vec<Violation>) {
    let beyond = -movement.backorder_limit - movement.after.available();
    if movement.kind.is_guarded() && beyond > 0 {
        found.push(violation(
            "I2",
            format!("movement {} of SKU {}", movement.version, movement.key.sku.0),
            format!("sold {beyond} more than there were"),
        ));
    }
}

/// Checks an order by itself (I5, and what its state implies of its lines and its money: I9, I10).
pub fn check_order(order: &Order, found: &mut Vec<Violation>) {
    if let Some(detail) = order.wrong_with_money() {
        found.push(violation("I10", order.id.to_string(), detail));
    }
    for line in order.lines.iter().filter(|line| !line.balances()) {
        let subject = format!("{} line {} part {}", order.id, line.line, line.part);
        found.push(violation("I5", subject, format!("does not add up: {line:?}")));
    }
    let sum = |f: fn(&crate::OrderLine) -> i64| order.lines.iter().map(f).sum::<i64>();
    let (reserved, allocated, shipped) = (sum(|l| l.reserved), sum(|l| l.allocated), sum(|l| l.shipped));
    let fits = match order.state {
        OrderState::Pending => allocated == 0 && shipped == 0 && reserved > 0 && order.expires_at.is_some(),
        OrderState::Confirmed => reserved == 0 && shipped == 0 && allocated > 0,
        OrderState::Processing => reserved == 0 && allocated > 0 && shipped > 0,
        OrderState::Shipped | OrderState::Delivered => reserved == 0 && allocated == 0 && shipped > 0,
        OrderState::Cancelled | OrderState::Expired => reserved == 0 && allocated == 0 && shipped == 0,
    };
    if !fits {
        let detail = format!(
            "is {} with {reserved} reserved, {allocated} allocated, {shipped} shipped",
            order.state.name()
        );
        found.push(violation("I9", order.id.to_string(), detail));
    }
}

/// Checks a reservation by itself (I4).
pub fn check_reservation(reservation: &Reservation, found: &mut Vec<Violation>) {
    for line in &reservation.lines {
        let parts = [line.allocated, line.released, line.outstanding(), line.released - line.expired];
        if parts.iter().any(|&units| units < 0) {
            let subject = format!("{} line {} part {}", reservation.id, line.line, line.part);
            found.push(violation("I4", subject, format!("does not add up: {line:?}")));
        }
    }
    let held = reservation.outstanding();
    if (reservation.state == ReservationState::Held) != (held > 0) {
        let detail = format!("is {} with {held} units held", reservation.state.name());
        found.push(violation("I4", reservation.id.to_string(), detail));
    }
}
