//! Random commands against the plain model of `model.rs`, and against the whole text that `memory.rs` leaves.

use std::collections::BTreeMap;

use onhand_rules::Command;
use onhand_rules::commands::Remainder;
use onhand_rules::payment::PaymentEvent;

use super::Fixture;
use super::commands::*;
use super::driver::Request;
use super::model::{Figures, How, Model, Spot};
use super::world::{START, World};
use crate::ops::Outcome;
use crate::reads::StockFilter;

const SKUS: [&str; 3] = ["A", "B", "C"];
const PLACES: [&str; 2] = ["L", "M"];
const BUNDLE: [(&str, i64); 2] = [("B", 1), ("A", 2)];

/// Numbers from a seed (splitmix64): the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.next() % from.len() as u64).unwrap()]
    }
}

/// A command, and what it does to the model; `None` when it must be refused.
struct Step {
    command: Command,
    apply: Box<dyn FnOnce(Model) -> Option<Model> + Send>,
}

impl Step {
    fn of(command: impl Into<Command>, apply: impl FnOnce(Model) -> Option<Model> + Send + 'static) -> Self {
        Self { command: command.into(), apply: Box::new(apply) }
    }
}

/// Everything that a run remembers.
struct Run {
    dice: Dice,
    model: Model,
    now: i64,
    ids: u128,
    /// Names of orders and carts so far.
    orders: Vec<u128>,
    carts: Vec<u128>,
}

type Lines = Vec<(&'static str, &'static str, i64)>;

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            model: Model { limits: [("C", 3)].into(), ..Model::default() },
            now: START,
            ids: 0,
            orders: Vec::new(),
            carts: Vec::new(),
        }
    }

    /// Lines with repeated SKUs and bundles, and what they take.
    fn lines(&mut self) -> (Lines, BTreeMap<Spot, i64>) {
        let (mut lines, mut wanted) = (Vec::new(), BTreeMap::new());
        for _ in 0..=self.dice.below(3) {
            let (sku, place) = (self.dice.pick(&["A", "B", "C", "BOX"]), self.dice.pick(&PLACES));
            let items = 1 + self.dice.below(4);
            lines.push((sku, place, items));
            let parts: &[(&'static str, i64)] = if sku == "BOX" { &BUNDLE } else { &[(sku, 1)] };
            for &(part, each) in parts {
                *wanted.entry((part, place)).or_insert(0) += items * each;
            }
        }
        (lines, wanted)
    }

    fn step(&mut self) -> Step {
        let spot = (self.dice.pick(&SKUS), self.dice.pick(&PLACES));
        self.ids += 1;
        let (id, now) = (self.ids, self.now);
        match self.dice.below(17) {
            0..=2 => {
                let delta = match self.dice.below(16) - 4 {
                    0 => 5,
                    delta => delta,
                };
                Step::of(adjust(spot.0, spot.1, delta), move |model| model.adjust(spot, delta, false))
            }
            3 => {
                let counted = self.dice.below(12);
                Step::of(count(spot.0, spot.1, counted), move |model| {
                    let delta = counted - model.rows.get(&spot).map_or(0, |row| row.on_hand);
                    model.adjust(spot, delta, true)
                })
            }
            4 => {
                let units = self.dice.below(7) - 3;
                Step::of(restate(spot.0, spot.1, units), move |model| model.set_aside(spot, units))
            }
            5..=7 => self.take(id),
            8 => {
                let (lines, wanted) = self.lines();
                self.carts.push(id);
                let how = How::Held { due: now + HOLD };
                Step::of(reserve(id, &lines), move |model| model.hold(id, &wanted, how, now))
            }
            9 => {
                let order = self.order();
                let payment = format!("pay-{order}");
                Step::of(confirm(order, Some(&payment)), move |model| model.confirm(order, order, now))
            }
            10 => {
                let order = self.order();
                Step::of(cancel(order, &[]), move |model| Some(model.give_up(order)))
            }
            11 => {
                let order = self.order();
                Step::of(ship(order, &[]), move |model| model.ship(order))
            }
            12 => {
                let cart = self.cart();
                self.orders.push(id);
                let command = allocate(cart, id, &[], Remainder::Release);
                Step::of(command, move |model| model.confirm(cart, id, now))
            }
            13..=15 => self.payment(),
            _ => {
                let cart = self.cart();
                Step::of(release(cart, &[]), move |model| Some(model.release(cart)))
            }
        }
    }

    /// Something happens to one of two payments of an order: the one that confirms, or another that never does.
    fn payment(&mut self) -> Step {
        let (order, now) = (self.order(), self.now);
        let name = |name: &str| format!("{name}-{order}");
        match self.dice.below(3) {
            0 => {
                let told = payment(order, &name("pay"), PaymentEvent::Succeeded);
                Step::of(told, move |model| model.confirm(order, order, now))
            }
            1 => {
                let told = payment(order, &name("try"), PaymentEvent::Failed { last: true });
                Step::of(told, move |model| Some(model.give_up_pending(order, now)))
            }
            _ => {
                let (event, which) = self.dice.pick(&[
                    (PaymentEvent::Refunded { part: true }, "pay"),
                    (PaymentEvent::Refunded { part: false }, "pay"),
                    (PaymentEvent::DisputeWon, "pay"),
                    (PaymentEvent::Pending, "try"),
                ]);
                Step::of(payment(order, &name(which), event), Some)
            }
        }
    }

    fn take(&mut self, id: u128) -> Step {
        let (lines, wanted) = self.lines();
        let now = self.now;
        let (how, order) = match self.dice.below(5) {
            0 => (How::Forced, place_forced(id, &lines)),
            1 | 2 => (How::Confirmed, place_confirmed(id, &lines)),
            _ => (How::Held { due: now + HOLD }, place(id, &lines)),
        };
        self.orders.push(id);
        Step::of(order, move |model| model.hold(id, &wanted, how, now))
    }

    /// Mostly a recent one, sometimes one that was refused, rarely one that never was.
    fn order(&mut self) -> u128 {
        let recent = self.orders.len().saturating_sub(6);
        if recent == self.orders.len() { 0 } else { self.dice.pick(&self.orders[recent..]) }
    }

    fn cart(&mut self) -> u128 {
        let recent = self.carts.len().saturating_sub(4);
        if recent == self.carts.len() { 0 } else { self.dice.pick(&self.carts[recent..]) }
    }

    /// Holds the outcome against what the model expects. Where the model leaves the state of an order aside (it knows
    /// only units), a step that would move nothing may be refused or not.
    fn settle(&mut self, step: Step, outcome: &Outcome) {
        match (outcome, (step.apply)(self.model.clone())) {
            (Outcome::Done(_), Some(after)) => self.model = after,
            (Outcome::Refused(_), None) => {}
            (Outcome::Refused(refusal), Some(after)) => {
                let code = refusal.code();
                let same = after.rows == self.model.rows;
                assert!(same && code != "insufficient_stock", "refused with {code}: {:?}", step.command);
            }
            (Outcome::Done(receipt), None) => panic!("{:?} was done: {receipt:?}", step.command),
        }
    }

    async fn compare(&self, world: &World) {
        let rows = world.reads().stock(&StockFilter::default(), 100).await.unwrap().rows;
        for (spot, _) in self.model.rows.iter().filter(|(_, figures)| **figures != Figures::default()) {
            let there = rows.iter().any(|row| (row.sku.as_str(), row.location.as_str()) == *spot);
            assert!(there, "there is no stock row for {spot:?}");
        }
        for row in &rows {
            let figures = row.stock.figures;
            let spot = |s: &&Spot| s.0 == row.sku && s.1 == row.location;
            let found = self.model.rows.keys().find(spot).map(|s| self.model.rows[s]).unwrap_or_default();
            let wanted = (found.on_hand, found.reserved, found.allocated, found.unavailable);
            let is = (figures.on_hand, figures.reserved, figures.allocated, figures.unavailable);
            assert_eq!(
                is, wanted,
                "{} at {}: on_hand, reserved, allocated, unavailable",
                row.sku, row.location
            );
        }
    }
}

async fn world(fixture: Fixture) -> World {
    let mut world = World::mirrored(fixture).await;
    world.stock(&PLACES, &[("A", 0), ("B", 0), ("C", 0)]).await;
    world.batch(&[Request::of(bundle("BOX", &BUNDLE)), Request::of(limit("C", 3))]).await;
    world
}

pub(super) async fn figures_agree_with_a_plain_model(fixture: Fixture) {
    let mut world = world(fixture).await;
    let mut run = Run::new(20_261_121);
    for _ in 0..260 {
        if run.dice.below(5) == 0 {
            run.now += 1 + run.dice.below(HOLD / 2);
            world.at(run.now).await;
        }
        let step = run.step();
        let outcome = world.outcome(step.command.clone()).await;
        run.settle(step, &outcome);
        run.compare(&world).await;
        world.equals_memory().await;
        world.verify().await;
    }
}

pub(super) async fn figures_agree_in_large_batches(fixture: Fixture) {
    let mut world = world(fixture).await;
    let mut run = Run::new(42);
    for _ in 0..25 {
        run.now += 1 + run.dice.below(HOLD);
        world.at(run.now).await;
        // Swept first, so that no hold is over while the batch is decided.
        let due = world.reads().due(run.now, 1_000).await.unwrap();
        world.done(onhand_rules::commands::ExpireHolds { holders: due }).await;
        let names: Vec<u128> = run.model.holders.keys().copied().collect();
        let now = run.now;
        names.into_iter().for_each(|id| run.model.expire(id, now));
        let mut steps: Vec<Option<Step>> = (0..20).map(|_| Some(run.step())).collect();
        let commands = steps.iter().flatten().map(|step| Request::of(step.command.clone()));
        let outcomes = world.batch(&commands.collect::<Vec<_>>()).await;
        for &index in &world.driver.order {
            run.settle(steps[index].take().expect("decided once"), &outcomes[index]);
        }
        run.compare(&world).await;
        world.equals_memory().await;
        world.verify().await;
    }
}
