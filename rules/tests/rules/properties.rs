//! The invariants by number: each once by an example that has gone wrong elsewhere, and all of them together over random
//! sequences with bundles, repeated SKUs, backorder limits and two locations (`World::run` checks every one of them
//! after every step).

use onhand_rules::commands::{Condition, Remainder, ReturnLine, ReturnOrder};
use onhand_rules::holding::{Cause, shift};
use onhand_rules::order::OrderState;
use onhand_rules::{
    Command, Context, Holder, LocationId, Movement, MovementKind, OpId, Order, OrderId, PrincipalId,
    Quantities, Reservation, ReservationId, SkuId, StockKey, Tracked, Working,
};
use proptest::prelude::*;

use crate::commands::*;
use crate::harness::World;

fn world(goods: &[(&str, i64)]) -> World {
    let mut world = World::new();
    for code in ["L", "M"] {
        world.run(location(code)).unwrap();
    }
    for (code, units) in goods {
        world.run(sku(code)).unwrap();
        if *units > 0 {
            world.run(adjust(code, "L", *units)).unwrap();
        }
    }
    world
}

fn order(world: &World, id: u128) -> &Order {
    &world.orders[&OrderId(id)]
}

fn cart(world: &World, id: u128) -> &Reservation {
    &world.reservations[&ReservationId(id)]
}

#[test]
fn i2_lines_of_one_sku_are_summed_before_the_guard() {
    let mut world = world(&[("A", 3)]);
    assert!(world.run(place(1, &[("A", "L", 2), ("A", "L", 2)])).is_err());
    world.run(place(1, &[("A", "L", 2), ("A", "L", 1)])).unwrap();
    assert!(world.run(place(2, &[("A", "L", 1)])).is_err());
}

#[test]
fn i2_a_bundle_and_its_own_component_share_the_stock() {
    let mut world = world(&[("A", 5), ("B", 9)]);
    world.run(bundle("BOX", &[("A", 2), ("B", 1)])).unwrap();
    assert!(world.run(place(1, &[("BOX", "L", 2), ("A", "L", 2)])).is_err());
    world.run(place(1, &[("BOX", "L", 2), ("A", "L", 1)])).unwrap();
    assert_eq!(world.figures("A", "L").available(), 0);
}

#[test]
fn i2_a_backorder_limit_is_the_floor_and_no_more() {
    let mut world = world(&[("A", 2)]);
    world.run(limit("A", 3)).unwrap();
    world.run(place(1, &[("A", "L", 5)])).unwrap();
    assert_eq!(world.figures("A", "L").available(), -3);
    assert!(world.run(place(2, &[("A", "L", 1)])).is_err());
    // The limit holds for each row, also for one that does not exist yet.
    world.run(place(2, &[("A", "M", 3)])).unwrap();
    assert!(world.run(reserve(3, &[("A", "M", 1)])).is_err());
    // It is for promises, not for goods: what is promised cannot be taken out, and what is not there cannot be sent.
    assert!(world.run(adjust("A", "L", -1)).is_err());
    world.run(confirm(1, None)).unwrap();
    assert!(world.run(ship(1, &[])).is_err());
    world.run(ship(1, &[(1, 2)])).unwrap();
}

/// `shift` looks once more by itself, should a command ever forget `guard`.
#[test]
fn i2_the_second_guard_stands_alone() {
    let world = world(&[("A", 2)]);
    let row = *world.stock.values().next().unwrap();
    let mut working = Working::default();
    working.stock.insert(row.key, Tracked::loaded(Some(row)));
    working.skus.insert(row.key.sku, Tracked::loaded(world.skus.values().next().cloned()));
    working.locations.insert(row.key.location, Tracked::loaded(world.locations.values().next().cloned()));
    let context = Context { now: world.now, op: OpId(1), actor: PrincipalId(1), trace: None };
    let mut take = |kind, delta| {
        let mut scope = working.scope();
        shift(&mut scope, &context, row.key, kind, delta, &Cause::default()).is_ok()
    };
    let reserved = |units| Quantities { reserved: units, ..Quantities::default() };
    let allocated = |units| Quantities { allocated: units, ..Quantities::default() };
    assert!(take(MovementKind::Reserve, reserved(2)) && !take(MovementKind::Reserve, reserved(3)));
    assert!(take(MovementKind::AllocateDirect, allocated(2)));
    assert!(!take(MovementKind::AllocateDirect, allocated(3)));
    assert!(take(MovementKind::ForcedOrder, allocated(3)), "a marketplace order is a fact");
    assert!(!take(MovementKind::Release, reserved(-1)), "no figure goes below zero");
}

#[test]
fn i2_only_facts_go_below_zero() {
    let mut world = world(&[("A", 2)]);
    world.run(place_forced(1, &[("A", "L", 3)])).unwrap();
    assert_eq!(order(&world, 1).lines[0].short, 1);
    world.run(count("A", "L", 0)).unwrap();
    assert_eq!(world.figures("A", "L").available(), -3);
    for command in [place(2, &[("A", "L", 1)]), place_confirmed(2, &[("A", "L", 1)])] {
        assert!(world.run(command).is_err());
    }
}

/// The harness compares what is told with what crosses; here the limit crosses, not the figures.
#[test]
fn i2_a_lowered_limit_opens_a_shortfall() {
    let mut world = world(&[("A", 1)]);
    world.run(limit("A", 5)).unwrap();
    world.run(place(1, &[("A", "L", 4)])).unwrap();
    world.run(limit("A", 0)).unwrap();
    assert_eq!(world.figures("A", "L").available(), -3);
    world.run(limit("A", 3)).unwrap();
}

#[test]
fn i4_a_hold_past_due_is_not_sold_late_and_not_sold_twice() {
    let mut world = world(&[("A", 1)]);
    world.run(place(1, &[("A", "L", 1)])).unwrap();
    world.now += HOLD - 1;
    assert!(world.run(place(2, &[("A", "L", 1)])).is_err(), "the hold is still on");
    world.now += 1;
    // Nobody has swept: the buyer who comes in time has it, the one who comes late has the money back.
    world.run(place(2, &[("A", "L", 1)])).unwrap();
    assert_eq!(order(&world, 1).state, OrderState::Expired);
    world.run(confirm(1, Some("p"))).unwrap();
    assert_eq!(order(&world, 1).payment.name(), "refund_pending");
    world.run(confirm(2, Some("q"))).unwrap();
    // Goods that come back later do not revive an order whose money goes back.
    world.run(adjust("A", "L", 5)).unwrap();
    world.run(confirm(1, Some("p"))).unwrap();
    assert_eq!(order(&world, 1).state, OrderState::Expired);
}

#[test]
fn i4_a_late_confirmation_takes_the_goods_if_they_are_there() {
    let mut world = world(&[("A", 2), ("B", 1)]);
    world.run(place(1, &[("A", "L", 2), ("B", "L", 1)])).unwrap();
    world.run(cancel(1, &[(1, 1)])).unwrap();
    world.now += HOLD;
    world.run(confirm(1, Some("p"))).unwrap();
    let found = order(&world, 1);
    assert!(found.late && found.state == OrderState::Confirmed);
    // What the buyer had cancelled does not come back with it.
    assert_eq!((found.lines[0].allocated, found.lines[0].cancelled), (1, 1));
}

#[test]
fn i4_units_of_a_cart_go_to_one_order_each() {
    let mut world = world(&[("A", 5)]);
    world.run(reserve(1, &[("A", "L", 4)])).unwrap();
    world.run(allocate(1, 11, &[(1, 1)], Remainder::Hold)).unwrap();
    world.run(allocate(1, 12, &[(1, 2)], Remainder::Hold)).unwrap();
    assert!(world.run(allocate(1, 13, &[(1, 2)], Remainder::Hold)).is_err());
    world.run(release(1, &[])).unwrap();
    assert_eq!(cart(&world, 1).state.name(), "allocated");
    assert_eq!(world.figures("A", "L").allocated, 3);
    assert_eq!(world.figures("A", "L").available(), 2);
}

#[test]
fn i5_parcels_cancellations_and_returns_add_up() {
    let mut world = world(&[("A", 10)]);
    world.run(place_confirmed(1, &[("A", "L", 6), ("A", "L", 3)])).unwrap();
    world.run(ship(1, &[(1, 2)])).unwrap();
    world.run(cancel(1, &[(1, 1), (2, 3)])).unwrap();
    world.run(ship(1, &[])).unwrap();
    let lines: Vec<_> = order(&world, 1).lines.iter().map(|l| (l.shipped, l.cancelled)).collect();
    assert_eq!(lines, [(5, 1), (0, 3)]);
    let back = |quantity, condition| ReturnLine { line: 1, quantity, condition };
    let lines =
        vec![back(2, Condition::Sellable), back(1, Condition::Damaged), back(1, Condition::Discarded)];
    world.run(ReturnOrder { lines, ..give_back(1, 1, 1, Condition::Sellable) }).unwrap();
    let figures = world.figures("A", "L");
    assert_eq!((figures.on_hand, figures.unavailable), (8, 1));
    // Nothing is restocked twice: one was not sent back yet, and each comes back once.
    assert!(world.run(give_back(1, 1, 2, Condition::Sellable)).is_err());
    let lines = vec![back(1, Condition::Sellable), back(1, Condition::Damaged)];
    assert!(world.run(ReturnOrder { lines, ..give_back(1, 1, 1, Condition::Sellable) }).is_err());
    world.run(give_back(1, 1, 1, Condition::Sellable)).unwrap();
    assert_eq!(order(&world, 1).fulfilment.name(), "returned");
}

#[test]
fn i5_a_cancelled_order_restores_no_shipped_unit() {
    let mut world = world(&[("A", 4)]);
    world.run(place_confirmed(1, &[("A", "L", 4)])).unwrap();
    world.run(ship(1, &[(1, 3)])).unwrap();
    world.run(cancel(1, &[])).unwrap();
    let figures = world.figures("A", "L");
    assert_eq!((figures.on_hand, figures.allocated, figures.available()), (1, 0, 1));
    assert_eq!(order(&world, 1).fulfilment.name(), "intercept");
}

/// F6: 200 lines, of which the last but one lacks stock.
#[test]
fn i7_an_order_holds_every_line_or_none() {
    let codes: Vec<String> = (0..200).map(|number| format!("S{number:03}")).collect();
    let goods: Vec<(&str, i64)> =
        codes.iter().enumerate().map(|(number, code)| (code.as_str(), i64::from(number != 198))).collect();
    let mut world = world(&goods);
    let wanted: Vec<(&str, &str, i64)> = codes.iter().map(|code| (code.as_str(), "L", 1)).collect();
    let before = format!("{:?}", world.stock);
    assert!(world.run(reserve(1, &wanted)).is_err());
    assert!(world.run(place(1, &wanted)).is_err());
    assert_eq!(format!("{:?}", world.stock), before);
    assert!(world.orders.is_empty() && world.reservations.is_empty());
}

/// D1: the clock of the ledger is the store's affair, but a movement is never earlier than the one before it.
#[test]
fn i14_time_does_not_go_back_within_a_row() {
    let mut world = world(&[("A", 4)]);
    world.run(place(1, &[("A", "L", 1)])).unwrap();
    world.now -= 50_000;
    world.run(place(2, &[("A", "L", 1)])).unwrap();
    world.run(cancel(1, &[])).unwrap();
    let row = world.stock.values().next().unwrap();
    assert!(row.changed_at > world.now);
}

#[test]
fn i14_an_extension_is_bounded_and_a_hold_past_due_has_none() {
    let mut world = world(&[("A", 4)]);
    world.run(reserve(1, &[("A", "L", 1)])).unwrap();
    for _ in 0..3 {
        world.now += HOLD;
        // Before the first extension the hold is just over.
        if world.now >= cart(&world, 1).expires_at {
            assert!(world.run(extend(1)).is_err());
            world.now -= 1;
        }
        world.run(extend(1)).unwrap();
    }
    assert!(world.run(extend(1)).is_err());
}

/// A silent edit of any field of a movement must show.
#[test]
fn i15_every_field_is_in_the_hash() {
    let figures = Quantities { on_hand: 1, reserved: 2, allocated: 3, unavailable: 4 };
    let movement = Movement {
        key: StockKey { sku: SkuId(1), location: LocationId(2) },
        version: 3,
        kind: MovementKind::Adjust,
        delta: figures,
        after: figures,
        backorder_limit: 4,
        holder: None,
        op: OpId(5),
        actor: PrincipalId(6),
        reason: Some("a".into()),
        note: Some("b".into()),
        at: 7,
        hash: [0; 32],
    };
    let edits: [fn(&mut Movement); 20] = [
        |m| m.key.sku.0 += 1,
        |m| m.key.location.0 += 1,
        |m| m.version += 1,
        |m| m.kind = MovementKind::Set,
        |m| m.delta.on_hand += 1,
        |m| m.delta.reserved += 1,
        |m| m.delta.allocated += 1,
        |m| m.delta.unavailable += 1,
        |m| m.after.on_hand += 1,
        |m| m.after.reserved += 1,
        |m| m.after.allocated += 1,
        |m| m.after.unavailable += 1,
        |m| m.backorder_limit += 1,
        |m| m.holder = Some(Holder::Order(OrderId(0))),
        |m| m.holder = Some(Holder::Reservation(ReservationId(0))),
        |m| m.op.0 += 1,
        |m| m.actor.0 += 1,
        |m| m.at += 1,
        |m| (m.reason, m.note) = (Some("ab".into()), None),
        |m| (m.reason, m.note) = (Some(String::new()), Some("ab".into())),
    ];
    let mut hashes = vec![movement.chain(&[0; 32]), movement.chain(&[1; 32])];
    for edit in edits {
        let mut edited = movement.clone();
        edit(&mut edited);
        hashes.push(edited.chain(&[0; 32]));
    }
    let note = Movement { note: Some("c".into()), ..movement };
    hashes.push(note.chain(&[0; 32]));
    let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len());
}

#[test]
fn i1_a_move_between_locations_makes_and_loses_nothing() {
    let mut world = world(&[("A", 5)]);
    world.run(place(1, &[("A", "L", 2)])).unwrap();
    assert!(world.run(transfer("A", "L", "M", 4)).is_err(), "two are promised");
    world.run(transfer("A", "L", "M", 3)).unwrap();
    assert_eq!((world.figures("A", "L").on_hand, world.figures("A", "M").on_hand), (2, 3));
}

/// A command by numbers: proptest makes them smaller one by one when something is wrong.
type Dice = (u8, u8, u8, u8, i64);

const SKUS: [&str; 4] = ["A", "B", "BOX", "C"];
const PLACES: [&str; 2] = ["L", "M"];

fn command(world: &mut World, (what, which, sku, place_, units): Dice) -> Option<Command> {
    let code = SKUS[usize::from(sku) % 4];
    let simple = ["A", "B", "C"][usize::from(sku) % 3];
    let at = PLACES[usize::from(place_) % 2];
    let id = u128::from(which % 6) + 1;
    let wanted = [(code, at, units), ("A", "L", 1), (code, at, 1)];
    let wanted = &wanted[..1 + usize::from(place_ / 2) % 3];
    let (order, cart) = (OrderId(id), ReservationId(id));
    let (new_order, new_cart) = (!world.orders.contains_key(&order), !world.reservations.contains_key(&cart));
    Some(match what % 24 {
        0 | 1 if new_order => place(id, wanted).into(),
        2 if new_order => place_confirmed(id, wanted).into(),
        3 if new_order => place_forced(id, wanted).into(),
        4 if new_cart => reserve(id, wanted).into(),
        5 => confirm(id, None).into(),
        6 | 7 => confirm(id, Some("p")).into(),
        8 => cancel(id, &[]).into(),
        9 => cancel(id, &[(1, units)]).into(),
        10 => ship(id, &[]).into(),
        11 => ship(id, &[(1, units)]).into(),
        12 => deliver(id).into(),
        13 => give_back(id, 1, units, Condition::Sellable).into(),
        14 => give_back(id, 1, units, Condition::Damaged).into(),
        15 => release(id, &[]).into(),
        16 => release(id, &[(1, units)]).into(),
        17 if new_order => allocate(u128::from(sku % 6) + 1, id, &[], Remainder::Release).into(),
        18 if new_order => allocate(u128::from(sku % 6) + 1, id, &[(1, units)], Remainder::Hold).into(),
        19 => onhand_rules::commands::ExpireHolds { holders: world.all_holders() }.into(),
        20 => adjust(simple, at, units * 3 - 4).into(),
        21 => count(simple, at, units).into(),
        22 => restate(simple, at, units - 2).into(),
        23 if place_ % 2 == 0 => limit(simple, units).into(),
        23 => extend(id).into(),
        _ => {
            world.now += i64::from(which) * HOLD / 100;
            return None;
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i1_to_i15_hold_over_random_sequences(
        dice in prop::collection::vec((0u8..26, any::<u8>(), any::<u8>(), any::<u8>(), 1i64..6), 1..120)
    ) {
        let mut world = world(&[("A", 6), ("B", 4), ("C", 3)]);
        world.run(bundle("BOX", &[("B", 1), ("A", 2)])).unwrap();
        world.run(adjust("A", "M", 4)).unwrap();
        world.run(limit("C", 2)).unwrap();
        for roll in dice {
            if let Some(command) = command(&mut world, roll) {
                // Refused or done: what matters is what `run` checks.
                let _either = world.run(command);
            }
        }
    }
}
