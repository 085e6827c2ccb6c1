//! The payment axis as a table: every event in every state, and what must come of it. A cell reads as in `machines.rs`:
//! the code of a refusal, or the state and the payment after the step, `=` when nothing was written.

use onhand_rules::order::{OrderState, PaymentState};
use onhand_rules::payment::{PAYMENTS_MAX, PaymentEvent, read_payments, write_payments};
use onhand_rules::{Order, OrderId, Receipt, Refusal};

use crate::commands::*;
use crate::harness::World;

const ALL: PaymentEvent = PaymentEvent::Refunded { part: false };
const PART: PaymentEvent = PaymentEvent::Refunded { part: true };
const TRY_AGAIN: PaymentEvent = PaymentEvent::Failed { last: false };
const FAILED: PaymentEvent = PaymentEvent::Failed { last: true };

/// Every event, by its name in the table.
const EVENTS: [(&str, PaymentEvent); 11] = [
    ("pending", PaymentEvent::Pending),
    ("authorised", PaymentEvent::Authorised),
    ("succeeded", PaymentEvent::Succeeded),
    ("failed", TRY_AGAIN),
    ("failed for good", FAILED),
    ("canceled", PaymentEvent::Canceled),
    ("refunded", ALL),
    ("part refunded", PART),
    ("disputed", PaymentEvent::Disputed),
    ("won", PaymentEvent::DisputeWon),
    ("lost", PaymentEvent::DisputeLost),
];

fn event(name: &str) -> PaymentEvent {
    EVENTS.iter().find(|(known, _)| *known == name).expect("an event").1
}

fn order(world: &World) -> &Order {
    &world.orders[&OrderId(1)]
}

fn pay(world: &mut World, reference: &str, event: PaymentEvent) {
    world.run(payment(1, reference, event)).unwrap();
}

/// Order 1 of two A, of which there are two, in each state of goods and money.
fn order_in(state: &str) -> World {
    let mut world = World::new();
    world.run(location("L")).unwrap();
    world.run(sku("A")).unwrap();
    world.run(adjust("A", "L", 2)).unwrap();
    world.run(place(1, &[("A", "L", 2)])).unwrap();
    let paid = |world: &mut World| drop(world.run(confirm(1, Some("p"))).unwrap());
    match state {
        "new" => {}
        "begun" => pay(&mut world, "p", PaymentEvent::Pending),
        "set-aside" => pay(&mut world, "p", PaymentEvent::Authorised),
        "tried" => pay(&mut world, "p", TRY_AGAIN),
        "overdue" => world.now += HOLD,
        "expired" | "gone" | "owed" => {
            world.now += HOLD;
            world.run(expire(&[1], &[])).unwrap();
            if state != "expired" {
                world.run(place_confirmed(50, &[("A", "L", 1)])).unwrap();
            }
            if state == "owed" {
                paid(&mut world);
            }
        }
        "unpaid" => drop(world.run(confirm(1, None)).unwrap()),
        "cancelled" => drop(world.run(cancel(1, &[])).unwrap()),
        "given-up" => pay(&mut world, "p", FAILED),
        paid_state => {
            paid(&mut world);
            further(&mut world, paid_state);
        }
    }
    world
}

fn further(world: &mut World, state: &str) {
    match state {
        "paid" => {}
        "cut" => drop(world.run(cancel(1, &[(1, 1)])).unwrap()),
        "part-back" => pay(world, "p", PART),
        "back" => pay(world, "p", ALL),
        "disputed" => pay(world, "p", PaymentEvent::Disputed),
        "won" => pay(world, "p", PaymentEvent::DisputeWon),
        "lost" => pay(world, "p", PaymentEvent::DisputeLost),
        "twice" => pay(world, "q", PaymentEvent::Succeeded),
        "packing" => drop(world.run(ship(1, &[(1, 1)])).unwrap()),
        "shipped" => drop(world.run(ship(1, &[])).unwrap()),
        other => panic!("no state {other}"),
    }
}

const STATES: &str = "new begun set-aside tried overdue expired gone owed unpaid cancelled given-up paid cut part-back \
                      back disputed won lost twice packing shipped";

fn cell(state: &str, name: &str) -> String {
    let (reference, name) = name.split_once(": ").expect("a payment and what happened to it");
    let mut world = order_in(state);
    let before = order(&world).version;
    match world.run(payment(1, reference, event(name))) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(_) => {
            let order = order(&world);
            let mark = if order.version == before { "=" } else { "" };
            format!("{mark}{}/{}", order.state.name(), order.payment.name())
        }
    }
}

const TABLE: &str = "
p: pending
    pending/pending <- new tried overdue
    =pending/pending <- begun
    =pending/authorised <- set-aside
    expired/pending <- expired gone
    =expired/refund_pending <- owed
    confirmed/pending <- unpaid
    cancelled/pending <- cancelled
    =cancelled/failed <- given-up
    =confirmed/paid <- paid won
    =confirmed/part_refund_pending <- cut twice
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    =confirmed/disputed <- disputed
    =processing/paid <- packing
    =shipped/paid <- shipped
p: authorised
    pending/authorised <- new begun tried overdue
    =pending/authorised <- set-aside
    expired/authorised <- expired gone
    =expired/refund_pending <- owed
    confirmed/authorised <- unpaid
    cancelled/authorised <- cancelled
    =cancelled/failed <- given-up
    =confirmed/paid <- paid won
    =confirmed/part_refund_pending <- cut twice
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    =confirmed/disputed <- disputed
    =processing/paid <- packing
    =shipped/paid <- shipped
p: succeeded
    confirmed/paid <- new begun set-aside tried overdue expired unpaid
    expired/refund_pending <- gone
    =expired/refund_pending <- owed
    cancelled/refund_pending <- cancelled given-up
    =confirmed/paid <- paid won
    =confirmed/part_refund_pending <- cut twice
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    =confirmed/disputed <- disputed
    =processing/paid <- packing
    =shipped/paid <- shipped
p: failed
    pending/failed <- new begun set-aside overdue
    =pending/failed <- tried
    expired/failed <- expired gone
    =expired/refund_pending <- owed
    confirmed/failed <- unpaid
    cancelled/failed <- cancelled
    =cancelled/failed <- given-up
    =confirmed/paid <- paid won
    =confirmed/part_refund_pending <- cut twice
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    =confirmed/disputed <- disputed
    =processing/paid <- packing
    =shipped/paid <- shipped
p: failed for good
    cancelled/failed <- new begun set-aside tried cancelled
    expired/failed <- overdue expired gone
    =expired/refund_pending <- owed
    confirmed/failed <- unpaid
    =cancelled/failed <- given-up
    =confirmed/paid <- paid won
    =confirmed/part_refund_pending <- cut twice
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    =confirmed/disputed <- disputed
    =processing/paid <- packing
    =shipped/paid <- shipped
p: canceled
    cancelled/canceled <- new begun set-aside tried cancelled given-up
    expired/canceled <- overdue expired gone
    =expired/refund_pending <- owed
    confirmed/canceled <- unpaid
    =confirmed/paid <- paid won
    =confirmed/part_refund_pending <- cut twice
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    =confirmed/disputed <- disputed
    =processing/paid <- packing
    =shipped/paid <- shipped
p: refunded
    not_paid <- new begun set-aside tried overdue expired gone unpaid cancelled given-up
    expired/refunded <- owed
    confirmed/refunded <- paid cut part-back won
    =confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    confirmed/refund_pending <- twice
    processing/refunded <- packing
    shipped/refunded <- shipped
p: part refunded
    not_paid <- new begun set-aside tried overdue expired gone unpaid cancelled given-up
    =expired/refund_pending <- owed
    confirmed/part_refunded <- paid cut won
    =confirmed/part_refunded <- part-back
    =confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    confirmed/part_refund_pending <- twice
    processing/part_refunded <- packing
    shipped/part_refunded <- shipped
p: disputed
    not_paid <- new begun set-aside tried overdue expired gone unpaid cancelled given-up
    expired/disputed <- owed
    confirmed/disputed <- paid cut part-back back twice
    =confirmed/disputed <- disputed
    =confirmed/paid <- won
    =confirmed/refunded <- lost
    processing/disputed <- packing
    shipped/disputed <- shipped
p: won
    not_paid <- new begun set-aside tried overdue expired gone unpaid cancelled given-up
    expired/refund_pending <- owed
    confirmed/paid <- paid disputed
    confirmed/part_refund_pending <- cut twice
    confirmed/part_refunded <- part-back
    confirmed/refunded <- back
    =confirmed/paid <- won
    =confirmed/refunded <- lost
    processing/paid <- packing
    shipped/paid <- shipped
p: lost
    not_paid <- new begun set-aside tried overdue expired gone unpaid cancelled given-up
    expired/refunded <- owed
    confirmed/refunded <- paid cut part-back back disputed won
    =confirmed/refunded <- lost
    confirmed/refund_pending <- twice
    processing/refunded <- packing
    shipped/refunded <- shipped
q: pending
    pending/pending <- new begun set-aside tried overdue
    expired/pending <- expired gone
    expired/refund_pending <- owed
    confirmed/pending <- unpaid
    cancelled/pending <- cancelled given-up
    confirmed/paid <- paid won
    confirmed/part_refund_pending <- cut
    confirmed/part_refunded <- part-back
    confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    =confirmed/part_refund_pending <- twice
    processing/paid <- packing
    shipped/paid <- shipped
q: authorised
    pending/authorised <- new begun set-aside tried overdue
    expired/authorised <- expired gone
    expired/refund_pending <- owed
    confirmed/authorised <- unpaid
    cancelled/authorised <- cancelled given-up
    confirmed/paid <- paid won
    confirmed/part_refund_pending <- cut
    confirmed/part_refunded <- part-back
    confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    =confirmed/part_refund_pending <- twice
    processing/paid <- packing
    shipped/paid <- shipped
q: succeeded
    confirmed/paid <- new begun set-aside tried overdue expired unpaid
    expired/refund_pending <- gone owed
    cancelled/refund_pending <- cancelled given-up
    confirmed/part_refund_pending <- paid cut part-back won
    confirmed/refund_pending <- back lost
    confirmed/disputed <- disputed
    =confirmed/part_refund_pending <- twice
    processing/part_refund_pending <- packing
    shipped/part_refund_pending <- shipped
q: failed
    pending/failed <- new tried overdue
    pending/pending <- begun
    pending/authorised <- set-aside
    expired/failed <- expired gone
    expired/refund_pending <- owed
    confirmed/failed <- unpaid
    cancelled/failed <- cancelled given-up
    confirmed/paid <- paid won
    confirmed/part_refund_pending <- cut
    confirmed/part_refunded <- part-back
    confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    =confirmed/part_refund_pending <- twice
    processing/paid <- packing
    shipped/paid <- shipped
q: failed for good
    cancelled/failed <- new cancelled given-up
    pending/pending <- begun
    pending/authorised <- set-aside
    pending/failed <- tried
    expired/failed <- overdue expired gone
    expired/refund_pending <- owed
    confirmed/failed <- unpaid
    confirmed/paid <- paid won
    confirmed/part_refund_pending <- cut
    confirmed/part_refunded <- part-back
    confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    =confirmed/part_refund_pending <- twice
    processing/paid <- packing
    shipped/paid <- shipped
q: canceled
    cancelled/canceled <- new cancelled given-up
    pending/pending <- begun
    pending/authorised <- set-aside
    pending/failed <- tried
    expired/canceled <- overdue expired gone
    expired/refund_pending <- owed
    confirmed/canceled <- unpaid
    confirmed/paid <- paid won
    confirmed/part_refund_pending <- cut
    confirmed/part_refunded <- part-back
    confirmed/refunded <- back lost
    confirmed/disputed <- disputed
    =confirmed/part_refund_pending <- twice
    processing/paid <- packing
    shipped/paid <- shipped
q: refunded
    not_paid <- new begun set-aside tried overdue expired gone owed unpaid cancelled
    not_paid <- given-up paid cut part-back back disputed won lost packing shipped
    confirmed/paid <- twice
q: part refunded
    not_paid <- new begun set-aside tried overdue expired gone owed unpaid cancelled
    not_paid <- given-up paid cut part-back back disputed won lost packing shipped
    =confirmed/part_refund_pending <- twice
q: disputed
    not_paid <- new begun set-aside tried overdue expired gone owed unpaid cancelled
    not_paid <- given-up paid cut part-back back disputed won lost packing shipped
    confirmed/disputed <- twice
q: won
    not_paid <- new begun set-aside tried overdue expired gone owed unpaid cancelled
    not_paid <- given-up paid cut part-back back disputed won lost packing shipped
    confirmed/part_refund_pending <- twice
q: lost
    not_paid <- new begun set-aside tried overdue expired gone owed unpaid cancelled
    not_paid <- given-up paid cut part-back back disputed won lost packing shipped
    confirmed/paid <- twice
";

#[test]
fn i10_every_event_in_every_state_of_the_money() {
    crate::machines::check(TABLE, STATES, cell);
}

/// Providers say things twice, and late. Said again at once, nothing is written and the answer is the same.
#[test]
fn i10_every_event_twice_is_once() {
    for state in STATES.split_whitespace() {
        for reference in ["p", "q"] {
            for (name, event) in EVENTS {
                let mut world = order_in(state);
                let Ok(first) = world.run(payment(1, reference, event)) else { continue };
                let version = order(&world).version;
                let again = world.run(payment(1, reference, event)).unwrap();
                assert_eq!(order(&world).version, version, "{name} of {reference} when {state}");
                assert_eq!(again, first, "{name} of {reference} when {state}");
            }
        }
    }
}

/// The end of a dispute may be told before its beginning.
#[test]
fn i10_a_dispute_ends_the_same_in_every_order_of_arrival() {
    use PaymentEvent::{DisputeLost, DisputeWon, Disputed};
    let told = |events: &[PaymentEvent]| {
        let mut world = order_in("cut");
        events.iter().for_each(|&event| pay(&mut world, "p", event));
        order(&world).payment.name()
    };
    assert_eq!(told(&[Disputed]), "disputed");
    for events in [[Disputed, DisputeWon], [DisputeWon, Disputed]] {
        assert_eq!(told(&events), "part_refund_pending", "what it was before: {events:?}");
    }
    for events in [[Disputed, DisputeLost], [DisputeLost, Disputed], [DisputeWon, DisputeLost]] {
        assert_eq!(told(&events), "refunded", "{events:?}");
    }
}

#[test]
fn i10_a_dispute_stops_the_goods_and_nothing_else() {
    let mut world = order_in("disputed");
    let before = world.figures("A", "L");
    let refusal = world.run(ship(1, &[])).unwrap_err();
    assert_eq!(refusal, Refusal::PaymentDisputed { payment_reference: "p".into() });
    world.run(cancel(1, &[(1, 1)])).unwrap();
    assert_eq!(order(&world).payment, PaymentState::Disputed, "it is still the bank's to say");
    assert_eq!(world.figures("A", "L").allocated, before.allocated - 1);
    let mut forced = world.clone();
    forced.run(onhand_rules::commands::ShipOrder { despite_dispute: true, ..ship(1, &[]) }).unwrap();
    assert_eq!(order(&forced).state, OrderState::Shipped);
    pay(&mut world, "p", PaymentEvent::DisputeWon);
    assert_eq!(order(&world).payment, PaymentState::PartRefundPending, "of what was cancelled meanwhile");
    world.run(ship(1, &[])).unwrap();
    // A second payment is disputed as well as a first.
    let mut world = order_in("twice");
    pay(&mut world, "q", PaymentEvent::Disputed);
    let refusal = world.run(ship(1, &[])).unwrap_err();
    assert_eq!(refusal, Refusal::PaymentDisputed { payment_reference: "q".into() });
}

/// The units stay held for as long as any payment may still bring money, and not longer.
#[test]
fn i10_the_last_payment_that_fails_gives_the_units_back() {
    let mut world = order_in("begun");
    pay(&mut world, "q", TRY_AGAIN);
    pay(&mut world, "p", PaymentEvent::Canceled);
    assert_eq!((order(&world).state, world.figures("A", "L").reserved), (OrderState::Pending, 2));
    assert_eq!(order(&world).payment_reference.as_deref(), Some("q"));
    pay(&mut world, "q", FAILED);
    assert_eq!((order(&world).state, world.figures("A", "L").reserved), (OrderState::Cancelled, 0));
    // Money that comes in spite of all that goes back; the order is not revived.
    pay(&mut world, "p", PaymentEvent::Succeeded);
    let now = order(&world);
    assert_eq!((now.state, now.payment), (OrderState::Cancelled, PaymentState::RefundPending));
    assert_eq!(world.figures("A", "L").available(), 2);
}

/// Whoever tells of a second payment hears what becomes of that one, not of the first.
#[test]
fn i10_a_second_payment_goes_back() {
    let mut world = order_in("shipped");
    let told = world.run(payment(1, "q", PaymentEvent::Succeeded)).unwrap();
    let Receipt::Order { payment: all, beside, .. } = told else { panic!("{told:?}") };
    assert_eq!((all, beside), (PaymentState::PartRefundPending, Some(PaymentState::RefundPending)));
    assert_eq!(order(&world).payment_reference.as_deref(), Some("p"));
    world.run(confirm(1, Some("q"))).expect("it is known by now");
    pay(&mut world, "q", ALL);
    assert_eq!(order(&world).payment, PaymentState::Paid);
    assert_eq!(world.run(confirm(1, Some("r"))).unwrap_err().code(), "duplicate_payment");
}

#[test]
fn i10_so_many_payments_are_remembered_and_no_money_is_forgotten() {
    let mut world = order_in("paid");
    for number in 0..2 * PAYMENTS_MAX {
        pay(&mut world, &format!("try-{number}"), TRY_AGAIN);
    }
    assert_eq!(order(&world).payments.len(), PAYMENTS_MAX);
    for number in 1..PAYMENTS_MAX {
        pay(&mut world, &format!("twice-{number}"), PaymentEvent::Succeeded);
    }
    assert!(order(&world).payments.iter().all(|payment| payment.brought_money()));
    let refusal = world.run(payment(1, "one-more", PaymentEvent::Succeeded)).unwrap_err();
    assert_eq!(refusal, Refusal::OutOfRange);
}

#[test]
fn payments_are_read_as_they_were_written() {
    for state in STATES.split_whitespace() {
        let mut world = order_in(state);
        pay(&mut world, "later", PaymentEvent::Pending);
        let payments = &order(&world).payments;
        assert_eq!(&read_payments(write_payments(payments).as_deref()).unwrap(), payments);
    }
    assert_eq!(write_payments(&[]), None);
    assert!(read_payments(Some("[{}]")).is_err());
}

/// Each way in which the money of an order can be wrong is found, and a sound order is not accused.
#[test]
fn i10_money_that_does_not_fit_is_found() {
    let found = |order: &Order| {
        let mut found = Vec::new();
        onhand_rules::invariant::check_order(order, &mut found);
        found.iter().filter(|violation| violation.invariant == "I10").count()
    };
    let bent = |state: &str, bend: fn(&mut Order)| {
        let mut order = order(&order_in(state)).clone();
        assert_eq!(found(&order), 0, "{state}");
        bend(&mut order);
        found(&order)
    };
    assert_eq!(
        bent("cancelled", |o| (o.payment, o.payment_reference) = (PaymentState::Paid, Some("p".into()))),
        1
    );
    assert_eq!(bent("new", |o| (o.payment, o.payment_reference) = (PaymentState::Paid, Some("p".into()))), 1);
    assert_eq!(bent("begun", |o| o.payment = PaymentState::Canceled), 1);
    assert_eq!(bent("paid", |o| o.payment = PaymentState::RefundPending), 1);
    assert_eq!(bent("paid", |o| o.payment_reference = None), 1);
    assert_eq!(bent("owed", |o| o.payment = PaymentState::PartRefunded), 1);
    assert_eq!(bent("disputed", |o| o.payment = PaymentState::Paid), 1);
    assert_eq!(bent("twice", |o| o.payments[1].state = PaymentState::Paid), 1);
    let kept = |o: &mut Order| (o.payment, o.payments[1].state) = (PaymentState::Paid, PaymentState::Paid);
    assert_eq!(bent("twice", kept), 1);
    assert_eq!(bent("twice", |o| o.payment_reference = Some("q".into())), 1);
}
