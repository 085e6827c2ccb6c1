//! Every sequence of commands up to a depth in small worlds: two SKUs with 0 to 2 units each. `World::run` checks every
//! invariant after every step; here only the ways through the world are made.
//!
//! Two ways that lead to the same rows are followed once: what may happen next depends on the rows alone.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use onhand_rules::commands::{Condition, Remainder};
use onhand_rules::payment::{PaymentEvent, write_payments};
use onhand_rules::{Command, OrderId, ReservationId};

use crate::commands::*;
use crate::harness::{START, World};

/// Depth of the search. One more costs about eight times the time.
const DEPTH: u8 = 6;

type Letter = fn(&World) -> Option<Command>;

/// Only while there is no such order; ids are never used twice.
fn once(world: &World, id: u128, command: impl Into<Command>) -> Option<Command> {
    let free =
        !world.orders.contains_key(&OrderId(id)) && !world.reservations.contains_key(&ReservationId(id));
    free.then(|| command.into())
}

/// Only when there is such an order: that unknown orders are refused is shown elsewhere.
fn on(world: &World, id: u128, command: impl Into<Command>) -> Option<Command> {
    let known =
        world.orders.contains_key(&OrderId(id)) || world.reservations.contains_key(&ReservationId(id));
    known.then(|| command.into())
}

/// Order 1 is the one that everything happens to, order 2 its rival, 3 a cart, 4 the order made of it, 5 an order of a
/// bundle of both SKUs.
const ALPHABET: [Letter; 36] = [
    |w| once(w, 1, place(1, &[("A", "L", 1), ("B", "L", 1)])),
    |w| once(w, 1, place(1, &[("A", "L", 1), ("A", "L", 1)])),
    |w| once(w, 2, place_confirmed(2, &[("A", "L", 1)])),
    |w| once(w, 2, place_forced(2, &[("A", "L", 2), ("B", "L", 1)])),
    |w| once(w, 2, place(2, &[("A", "L", 1)])),
    |w| once(w, 3, reserve(3, &[("A", "L", 1), ("B", "L", 1)])),
    |w| once(w, 3, reserve(3, &[("A", "L", 2)])),
    |w| once(w, 5, place(5, &[("BOX", "L", 1), ("A", "L", 1)])),
    |w| on(w, 1, confirm(1, None)),
    |w| on(w, 1, confirm(1, Some("p"))),
    |w| on(w, 5, confirm(5, Some("p"))),
    |w| on(w, 1, payment(1, "p", PaymentEvent::Pending)),
    |w| on(w, 1, payment(1, "q", PaymentEvent::Succeeded)),
    |w| on(w, 1, payment(1, "p", PaymentEvent::Failed { last: true })),
    |w| on(w, 1, payment(1, "p", PaymentEvent::Refunded { part: true })),
    |w| on(w, 1, payment(1, "p", PaymentEvent::Disputed)),
    |w| on(w, 1, payment(1, "p", PaymentEvent::DisputeLost)),
    |w| on(w, 1, cancel(1, &[])),
    |w| on(w, 1, cancel(1, &[(1, 1)])),
    |w| on(w, 2, cancel(2, &[])),
    |w| on(w, 1, ship(1, &[])),
    |w| on(w, 1, ship(1, &[(1, 1)])),
    |w| on(w, 2, ship(2, &[])),
    |w| on(w, 5, ship(5, &[(1, 1)])),
    |w| on(w, 1, deliver(1)),
    |w| on(w, 1, give_back(1, 1, 1, Condition::Sellable)),
    |w| on(w, 2, give_back(2, 1, 1, Condition::Damaged)),
    |w| on(w, 3, release(3, &[])),
    |w| on(w, 3, release(3, &[(1, 1)])),
    |w| on(w, 3, extend(3)),
    |w| once(w, 4, allocate(3, 4, &[], Remainder::Release)),
    |w| once(w, 4, allocate(3, 4, &[(1, 1)], Remainder::Hold)),
    |w| Some(onhand_rules::commands::ExpireHolds { holders: w.all_holders() }.into()),
    |_| Some(adjust("A", "L", 1).into()),
    |_| Some(adjust("A", "L", -1).into()),
    |_| Some(count("A", "L", 0).into()),
];

fn world(a: i64, b: i64, limit_of_a: i64) -> World {
    let mut world = World::new();
    world.run(location("L")).unwrap();
    world.run(sku("A")).unwrap();
    world.run(sku("B")).unwrap();
    world.run(bundle("BOX", &[("A", 1), ("B", 1)])).unwrap();
    if limit_of_a > 0 {
        world.run(limit("A", limit_of_a)).unwrap();
    }
    for (code, units) in [("A", a), ("B", b)] {
        if units > 0 {
            world.run(adjust(code, "L", units)).unwrap();
        }
    }
    world
}

/// What the future depends on: everything but versions, hashes and the names of operations.
fn print(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    (world.now - START).hash(&mut hasher);
    for row in world.stock.values() {
        let f = row.figures;
        (row.key, f.on_hand, f.reserved, f.allocated, f.unavailable).hash(&mut hasher);
    }
    for order in world.orders.values() {
        (order.id, order.state.name(), order.payment.name(), order.fulfilment.name()).hash(&mut hasher);
        (order.late, order.expires_at, &order.payment_reference).hash(&mut hasher);
        write_payments(&order.payments).hash(&mut hasher);
        for l in &order.lines {
            (l.line, l.part, l.reserved, l.allocated, l.short).hash(&mut hasher);
            (l.shipped, l.cancelled, l.expired, l.returned).hash(&mut hasher);
        }
    }
    for cart in world.reservations.values() {
        (cart.id, cart.state.name(), cart.expires_at, cart.extensions).hash(&mut hasher);
        for l in &cart.lines {
            (l.line, l.part, l.allocated, l.released, l.expired).hash(&mut hasher);
        }
    }
    hasher.finish()
}

struct Search {
    seen: HashMap<u64, u8>,
    steps: u64,
    done: u64,
}

impl Search {
    fn follow(&mut self, world: &World, left: u8) {
        let known = self.seen.entry(print(world)).or_insert(0);
        if *known >= left {
            return;
        }
        *known = left;
        // Time is a step like any other: to just before the holds end, to their end, and beyond.
        for wait in [HOLD - 1, 1] {
            let mut next = world.clone();
            next.now += wait;
            if left > 1 {
                self.follow(&next, left - 1);
            }
        }
        for letter in ALPHABET {
            let Some(command) = letter(world) else { continue };
            let mut next = world.clone();
            let result = next.run(command);
            self.steps += 1;
            if result.is_ok() {
                self.done += 1;
                if left > 1 {
                    self.follow(&next, left - 1);
                }
            }
        }
    }
}

fn explore(a: i64, b: i64, limit_of_a: i64, depth: u8) {
    let mut search = Search { seen: HashMap::new(), steps: 0, done: 0 };
    search.follow(&world(a, b, limit_of_a), depth);
    println!(
        "{a} of A, {b} of B, backorder {limit_of_a}: {} steps, {} done, {} worlds",
        search.steps,
        search.done,
        search.seen.len()
    );
    assert!(search.done * 4 > search.steps && search.done < search.steps, "both answers are tried");
}

macro_rules! worlds {
    ($($name:ident: $a:literal, $b:literal, $limit:literal;)+) => {
        $(#[test]
        fn $name() {
            explore($a, $b, $limit, DEPTH);
        })+
    };
}

worlds! {
    every_way_from_none_and_none: 0, 0, 0;
    every_way_from_none_and_one: 0, 1, 0;
    every_way_from_one_and_none: 1, 0, 0;
    every_way_from_one_and_one: 1, 1, 0;
    every_way_from_one_and_two: 1, 2, 0;
    every_way_from_two_and_one: 2, 1, 0;
    every_way_from_two_and_two: 2, 2, 0;
    every_way_from_one_and_one_with_backorder: 1, 1, 1;
}
