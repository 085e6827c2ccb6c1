//! The two state machines as tables: every event in every state, and what must come of it.
//!
//! A cell is the code of a refusal, or the state (and for orders the payment) after the step. `=` before it says that
//! nothing was written: a repeat that is not an error.

use onhand_rules::commands::{Condition, Remainder};
use onhand_rules::{Command, OrderId, Refusal, ReservationId};

use crate::commands::*;
use crate::harness::World;

const TWO_AND_ONE: [(&str, &str, i64); 2] = [("A", "L", 2), ("B", "L", 1)];

fn stocked() -> World {
    let mut world = World::new();
    world.run(location("L")).unwrap();
    for code in ["A", "B"] {
        world.run(sku(code)).unwrap();
        world.run(adjust(code, "L", 5)).unwrap();
    }
    world
}

/// Takes the goods away from under an expired hold.
fn sell_out(world: &mut World) {
    world.run(place_confirmed(50, &[("A", "L", 5)])).unwrap();
}

/// Order 1 in each state that the machine knows, by name.
fn order_in(state: &str) -> World {
    let mut world = stocked();
    world.run(place(1, &TWO_AND_ONE)).unwrap();
    let mut run = |command: Command| {
        world.run(command).unwrap();
    };
    match state {
        "pending" => {}
        "overdue" => world.now += HOLD,
        "expired" | "gone" | "refund" => {
            world.now += HOLD;
            world.run(expire(&[1], &[])).unwrap();
        }
        "confirmed" => run(confirm(1, None).into()),
        "paid" => run(confirm(1, Some("p")).into()),
        "processing" | "shipped" | "delivered" => {
            run(confirm(1, Some("p")).into());
            let parcel = if state == "processing" { ship(1, &[(1, 1)]) } else { ship(1, &[]) };
            run(parcel.into());
            if state == "delivered" {
                run(deliver(1).into());
            }
        }
        "cancelled" => run(cancel(1, &[]).into()),
        other => panic!("no state {other}"),
    }
    if matches!(state, "gone" | "refund") {
        sell_out(&mut world);
    }
    if state == "refund" {
        world.run(confirm(1, Some("p"))).unwrap();
    }
    world
}

/// Reservation 1 in each state.
fn cart_in(state: &str) -> World {
    let mut world = stocked();
    world.run(reserve(1, &TWO_AND_ONE)).unwrap();
    match state {
        "held" => {}
        "overdue" => world.now += HOLD,
        "part" => drop(world.run(allocate(1, 40, &[(1, 1)], Remainder::Hold)).unwrap()),
        "allocated" => drop(world.run(allocate(1, 40, &[], Remainder::Release)).unwrap()),
        "released" => drop(world.run(release(1, &[])).unwrap()),
        "expired" | "gone" => {
            world.now += HOLD;
            world.run(expire(&[], &[1])).unwrap();
        }
        other => panic!("no state {other}"),
    }
    if state == "gone" {
        sell_out(&mut world);
    }
    world
}

fn order_cell(state: &str, command: &Command) -> String {
    let mut world = order_in(state);
    let before = world.orders[&OrderId(1)].version;
    match world.run(command.clone()) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(_) => {
            let order = &world.orders[&OrderId(1)];
            let mark = if order.version == before { "=" } else { "" };
            format!("{mark}{}/{}", order.state.name(), order.payment.name())
        }
    }
}

fn cart_cell(state: &str, command: &Command) -> String {
    let mut world = cart_in(state);
    let before = world.reservations[&ReservationId(1)].version;
    match world.run(command.clone()) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(_) => {
            let cart = &world.reservations[&ReservationId(1)];
            let mark = if cart.version == before { "=" } else { "" };
            format!("{mark}{} {}", cart.state.name(), cart.outstanding())
        }
    }
}

/// Each event, then what comes of it and in which states.
const ORDERS: &str = "
confirm
    confirmed/none <- pending overdue expired
    insufficient_stock <- gone
    wrong_state <- refund cancelled
    =confirmed/none <- confirmed
    =confirmed/paid <- paid
    =processing/paid <- processing
    =shipped/paid <- shipped
    =delivered/paid <- delivered
pay p
    confirmed/paid <- pending overdue expired confirmed
    expired/refund_pending <- gone
    =expired/refund_pending <- refund
    =confirmed/paid <- paid
    =processing/paid <- processing
    =shipped/paid <- shipped
    =delivered/paid <- delivered
    cancelled/refund_pending <- cancelled
pay q
    confirmed/paid <- pending overdue expired confirmed
    expired/refund_pending <- gone
    duplicate_payment <- refund paid processing shipped delivered
    cancelled/refund_pending <- cancelled
cancel all
    cancelled/none <- pending overdue expired gone confirmed
    cancelled/refund_pending <- refund paid
    shipped/part_refund_pending <- processing
    wrong_state <- shipped delivered
    =cancelled/none <- cancelled
cancel 1 of line 1
    pending/none <- pending overdue
    wrong_state <- expired gone refund shipped delivered cancelled
    confirmed/none <- confirmed
    confirmed/part_refund_pending <- paid
    processing/part_refund_pending <- processing
cancel 9 of line 1
    exceeds_cancellable <- pending overdue confirmed paid processing
    wrong_state <- expired gone refund shipped delivered cancelled
cancel 1 of line 9
    unknown_line <- pending overdue confirmed paid processing
    wrong_state <- expired gone refund shipped delivered cancelled
ship all
    wrong_state <- pending overdue expired gone refund shipped delivered cancelled
    shipped/none <- confirmed
    shipped/paid <- paid processing
ship 1 of line 1
    wrong_state <- pending overdue expired gone refund shipped delivered cancelled
    processing/none <- confirmed
    processing/paid <- paid processing
ship 9 of line 1
    wrong_state <- pending overdue expired gone refund shipped delivered cancelled
    exceeds_shippable <- confirmed paid processing
deliver
    wrong_state <- pending overdue expired gone refund confirmed paid processing cancelled
    delivered/paid <- shipped
    =delivered/paid <- delivered
return 1 of line 1
    exceeds_returnable <- pending overdue expired gone refund confirmed paid cancelled
    processing/paid <- processing
    shipped/paid <- shipped
    delivered/paid <- delivered
sweep
    =pending/none <- pending
    expired/none <- overdue
    =expired/none <- expired gone
    =expired/refund_pending <- refund
    =confirmed/none <- confirmed
    =confirmed/paid <- paid
    =processing/paid <- processing
    =shipped/paid <- shipped
    =delivered/paid <- delivered
    =cancelled/none <- cancelled
";

const CARTS: &str = "
allocate all
    allocated 0 <- held overdue part expired
    not_held <- allocated released
    insufficient_stock <- gone
allocate 1, release the rest
    allocated 0 <- held overdue part expired
    not_held <- allocated released
    insufficient_stock <- gone
allocate 1, hold the rest
    held 2 <- held
    allocated 0 <- overdue expired
    held 1 <- part
    not_held <- allocated released
    insufficient_stock <- gone
allocate 9
    exceeds_reserved <- held overdue part expired gone
    not_held <- allocated released
release all
    released 0 <- held overdue
    allocated 0 <- part
    not_held <- allocated
    =released 0 <- released
    =expired 0 <- expired gone
release 1
    held 2 <- held overdue
    held 1 <- part
    not_held <- allocated
    =released 0 <- released
    =expired 0 <- expired gone
release 9
    exceeds_reserved <- held overdue part
    not_held <- allocated
    =released 0 <- released
    =expired 0 <- expired gone
extend
    held 3 <- held
    not_held <- overdue allocated released expired gone
    held 2 <- part
sweep
    =held 3 <- held
    expired 0 <- overdue
    =held 2 <- part
    =allocated 0 <- allocated
    =released 0 <- released
    =expired 0 <- expired gone
";

const ORDER_STATES: &str =
    "pending overdue expired gone refund confirmed paid processing shipped delivered cancelled";

const CART_STATES: &str = "held overdue part allocated released expired gone";

fn order_event(name: &str) -> Command {
    match name {
        "confirm" => confirm(1, None).into(),
        "pay p" => confirm(1, Some("p")).into(),
        "pay q" => confirm(1, Some("q")).into(),
        "cancel all" => cancel(1, &[]).into(),
        "cancel 1 of line 1" => cancel(1, &[(1, 1)]).into(),
        "cancel 9 of line 1" => cancel(1, &[(1, 9)]).into(),
        "cancel 1 of line 9" => cancel(1, &[(9, 1)]).into(),
        "ship all" => ship(1, &[]).into(),
        "ship 1 of line 1" => ship(1, &[(1, 1)]).into(),
        "ship 9 of line 1" => ship(1, &[(1, 9)]).into(),
        "deliver" => deliver(1).into(),
        "return 1 of line 1" => give_back(1, 1, 1, Condition::Sellable).into(),
        "sweep" => expire(&[1], &[]).into(),
        other => panic!("no event {other}"),
    }
}

fn cart_event(name: &str) -> Command {
    match name {
        "allocate all" => allocate(1, 41, &[], Remainder::Release).into(),
        "allocate 1, release the rest" => allocate(1, 41, &[(1, 1)], Remainder::Release).into(),
        "allocate 1, hold the rest" => allocate(1, 41, &[(1, 1)], Remainder::Hold).into(),
        "allocate 9" => allocate(1, 41, &[(1, 9)], Remainder::Hold).into(),
        "release all" => release(1, &[]).into(),
        "release 1" => release(1, &[(1, 1)]).into(),
        "release 9" => release(1, &[(1, 9)]).into(),
        "extend" => extend(1).into(),
        "sweep" => expire(&[], &[1]).into(),
        other => panic!("no event {other}"),
    }
}

/// Goes through a table; every event must name every state exactly once.
pub(crate) fn check(table: &str, states: &str, cell: impl Fn(&str, &str) -> String) {
    let mut event = "";
    let mut open: Vec<&str> = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty()) {
        let Some((wanted, named)) = line.split_once(" <- ") else {
            assert!(open.is_empty(), "{event} says nothing of {open:?}");
            event = line;
            open = states.split(' ').collect();
            continue;
        };
        for state in named.split(' ') {
            let known = open.iter().position(|name| *name == state).expect("a state, once");
            open.remove(known);
            assert_eq!(cell(state, event), wanted.trim(), "{event} when {state}");
        }
    }
    assert!(open.is_empty(), "{event} says nothing of {open:?}");
}

#[test]
fn i9_every_event_in_every_state_of_an_order() {
    check(ORDERS, ORDER_STATES, |state, event| order_cell(state, &order_event(event)));
}

#[test]
fn i4_every_event_in_every_state_of_a_reservation() {
    check(CARTS, CART_STATES, |state, event| cart_cell(state, &cart_event(event)));
}

/// Whoever comes late for one line gets it, whatever became of the others.
#[test]
fn a_late_choice_of_lines_needs_those_lines_only() {
    let mut world = stocked();
    world.run(sku("Z")).unwrap();
    world.run(bundle("BOX", &[("A", 2), ("B", 1)])).unwrap();
    world.run(adjust("Z", "L", 3)).unwrap();
    world.run(reserve(9, &[("Z", "L", 2), ("A", "L", 2), ("BOX", "L", 1)])).unwrap();
    world.now += HOLD;
    world.run(place_confirmed(50, &[("Z", "L", 3)])).unwrap();
    let before = world.figures("A", "L");
    // What is gone is refused by the line of the request that asks for it.
    let gone = world.run(allocate(9, 51, &[(2, 1), (1, 1)], Remainder::Hold)).unwrap_err();
    let Refusal::InsufficientStock { short } = gone else { panic!("{gone:?}") };
    assert_eq!((short[0].sku.as_str(), short[0].line, short[0].requested), ("Z", 1, 1));
    world.run(allocate(9, 52, &[(2, 1), (3, 1)], Remainder::Hold)).unwrap();
    let order = &world.orders[&OrderId(52)];
    assert!(order.late);
    let units: Vec<(i32, i64)> = order.lines.iter().map(|line| (line.line, line.allocated)).collect();
    let boxed = order.lines.iter().filter(|line| line.line == 3).count();
    assert_eq!(units[0], (2, 1));
    assert_eq!(units.len(), 1 + boxed, "{units:?}");
    assert!(world.figures("A", "L").reserved <= before.reserved, "nothing is held again for its own sake");
    let rest: i64 = world.reservations[&ReservationId(9)].lines.iter().map(|line| line.expired).sum();
    assert_eq!(rest, 2 + 1, "two of the first line and one of the second stay lost");
}
