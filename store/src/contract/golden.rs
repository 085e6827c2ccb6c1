//! A fixed list of commands, and the dump that it must leave: to the byte the same on every store.

use onhand_rules::access::ScopeName;
use onhand_rules::commands::{
    Condition, CreateApiKey, Expected, PlaceOrder, Reason, Remainder, ReturnLine, ReturnOrder, RevokeApiKey,
    StockItem, UpdateLocation, UpdateSku,
};
use onhand_rules::payment::PaymentEvent;
use onhand_rules::{ApiKeyId, OrderId};

use super::Fixture;
use super::commands::*;
use super::driver::Request;
use super::world::{START, World, api_key};

/// The dump that [`script`] leaves.
const GOLDEN: &str = include_str!("golden.txt");

/// Times and what happens then: every command at least once, every axis of every state.
pub(super) fn script() -> Vec<(i64, Vec<Request>)> {
    let mut number = 0;
    let mut batches = vec![
        (START, catalogue()),
        (START + 1, goods()),
        (START + 2, orders()),
        (START + 3, steps()),
        (START + 4, reservations()),
        // The holds of the first minute are over: swept, confirmed late, and taken by another buyer.
        (START + HOLD + 2, late()),
        (START + 3 * HOLD, after()),
        (START + 3 * HOLD + 1, payments()),
    ];
    for request in batches.iter_mut().flat_map(|(_, batch)| batch) {
        number += 1;
        request.key = Some(format!("key-{number:03}"));
    }
    batches
}

fn catalogue() -> Vec<Request> {
    vec![
        Request::of(location("HQ")),
        Request::of(location("SHOP")),
        Request::of(location("OLD")),
        Request::of(sku("PEN")),
        Request::of(sku("pen")),
        Request::of(sku("0042")),
        Request::of(sku("INK")),
        Request::of(bundle("SET", &[("PEN", 2), ("INK", 1)])),
        Request::of(bundle("TEN", &[("INK", 10)])),
        Request::of(limit("0042", 5)),
        Request::of(UpdateSku {
            code: "SET".into(),
            components: Some(vec![("INK".into(), 1), ("PEN".into(), 3)]),
            ..UpdateSku::default()
        }),
        Request::of(UpdateSku {
            code: "pen".into(),
            name: Some("Ünïcode \u{202e}reversed\u{202c} \"quoted\"\tpen".into()),
            archived: Some(true),
            ..UpdateSku::default()
        }),
        Request::of(UpdateLocation {
            code: "OLD".into(),
            name: Some("Closed".into()),
            archived: Some(true),
            expected_version: Some(1),
        }),
        Request::of(sku("PEN")),
        Request::of(CreateApiKey { scopes: ScopeName::ALL.to_vec(), expires_at: None, ..api_key(1, None) }),
        Request::of(api_key(2, Some(1))),
        Request::of(api_key(3, None)),
        Request::of(RevokeApiKey { id: ApiKeyId(3) }),
    ]
}

fn goods() -> Vec<Request> {
    vec![
        Request::of(adjust("PEN", "HQ", 40)),
        Request::of(adjust("INK", "HQ", 100)),
        Request::of(adjust("PEN", "SHOP", 3)),
        Request::of(adjust("PEN", "HQ", -1)),
        Request::of(restate("PEN", "HQ", 2)),
        Request::of(restate("PEN", "HQ", -1)),
        Request::of(count("INK", "HQ", 90)),
        Request::of(transfer("PEN", "HQ", "SHOP", 5)),
        Request::of(one(StockItem::Set {
            sku: "INK".into(),
            location: "SHOP".into(),
            on_hand: 7,
            expected: Expected::OnHand(0),
            reason: Reason::Import,
            note: Some("opening stock".into()),
        })),
        Request::of(adjust("PEN", "HQ", -1_000)),
        Request::of(adjust("PEN", "OLD", 1)),
        Request::of(adjust("SET", "HQ", 1)),
    ]
}

fn orders() -> Vec<Request> {
    vec![
        Request::of(place(101, &[("PEN", "HQ", 2), ("SET", "HQ", 2), ("PEN", "HQ", 1)])),
        Request::of(place(102, &[("PEN", "SHOP", 8)])),
        Request::of(place_confirmed(103, &[("INK", "HQ", 10), ("PEN", "HQ", 1)])).from(8),
        Request::of(place_forced(104, &[("INK", "SHOP", 9)])),
        Request::of(place(105, &[("0042", "HQ", 4)])),
        Request::of(place(106, &[("0042", "HQ", 4)])),
        Request::of(place(101, &[("PEN", "HQ", 1)])),
        Request::of(PlaceOrder { reference: None, currency: None, ..place(107, &[("TEN", "HQ", 1)]) }),
        Request::of(place(108, &[("PEN", "HQ", 1)])),
    ]
}

fn steps() -> Vec<Request> {
    vec![
        Request::of(confirm(101, Some("pay-101"))),
        Request::of(confirm(101, Some("pay-101"))),
        Request::of(confirm(101, Some("another"))),
        Request::of(cancel(101, &[(2, 1)])),
        Request::of(ship(101, &[(1, 2), (2, 1)])),
        Request::of(ship(103, &[(1, 4)])),
        Request::of(cancel(103, &[])),
        Request::of(ship(104, &[])),
        Request::of(adjust("INK", "SHOP", 5)),
        Request::of(ship(104, &[])),
        Request::of(deliver(104)),
        Request::of(give_back(104, 1, 2, Condition::Damaged)),
        Request::of(ReturnOrder {
            lines: vec![
                ReturnLine { line: 1, quantity: 1, condition: Condition::Sellable },
                ReturnLine { line: 1, quantity: 1, condition: Condition::Discarded },
            ],
            ..give_back(104, 1, 1, Condition::Sellable)
        }),
        Request::of(cancel(108, &[])),
        Request::of(confirm(108, Some("pay-108"))),
        Request::of(cancel(999, &[])),
    ]
}

fn reservations() -> Vec<Request> {
    vec![
        Request::of(reserve(201, &[("PEN", "HQ", 4), ("SET", "HQ", 1)])),
        Request::of(reserve(202, &[("INK", "HQ", 5)])).from(8),
        Request::of(reserve(203, &[("INK", "HQ", 6)])),
        Request::of(reserve(204, &[("PEN", "HQ", 3)])),
        Request::of(reserve(205, &[("PEN", "HQ", 1_000)])),
        Request::of(extend(202)),
        Request::of(release(201, &[(1, 1)])),
        Request::of(allocate(201, 301, &[(1, 2)], Remainder::Hold)),
        Request::of(allocate(203, 302, &[(1, 4)], Remainder::Release)),
        Request::of(release(204, &[])),
        Request::of(release(204, &[])),
        Request::of(release(203, &[])),
    ]
}

fn late() -> Vec<Request> {
    vec![
        Request::of(expire(&[107], &[202])),
        Request::of(place(109, &[("PEN", "SHOP", 7)])),
        Request::of(confirm(102, Some("pay-102"))),
        Request::of(confirm(105, Some("pay-105"))),
        Request::of(reserve(206, &[("INK", "HQ", 2)])),
    ]
}

fn after() -> Vec<Request> {
    vec![
        Request::of(allocate(202, 303, &[], Remainder::Release)),
        Request::of(allocate(206, 304, &[(1, 1)], Remainder::Hold)),
        Request::of(cancel(107, &[])),
        Request::of(count("INK", "HQ", 1)),
        Request::of(count("INK", "HQ", 60)),
        Request {
            key: None,
            actor: onhand_rules::PrincipalId::SYSTEM,
            ..Request::of(expire(&[109], &[201]))
        },
        Request::of(confirm(109, None)),
        Request::of(cancel(304, &[])),
    ]
}

fn payments() -> Vec<Request> {
    let told = |order, reference, event| Request::of(payment(order, reference, event));
    let place = |id| Request::of(place(id, &[("INK", "HQ", 1)]));
    vec![
        told(105, "second", PaymentEvent::Succeeded),
        told(105, "second", PaymentEvent::Succeeded),
        told(105, "second", PaymentEvent::Disputed),
        Request::of(ship(105, &[])),
        told(101, "pay-101", PaymentEvent::Refunded { part: true }),
        told(102, "pay-102", PaymentEvent::Refunded { part: false }),
        told(102, "pay-102", PaymentEvent::Failed { last: true }),
        told(103, "pay-103", PaymentEvent::DisputeWon),
        told(108, "pay-108", PaymentEvent::DisputeLost),
        told(304, "another", PaymentEvent::Disputed),
        told(999, "nobody", PaymentEvent::Pending),
        place(110),
        told(110, "begun", PaymentEvent::Pending),
        told(110, "tried", PaymentEvent::Failed { last: false }),
        place(111),
        told(111, "set aside", PaymentEvent::Authorised),
        place(112),
        told(112, "given up", PaymentEvent::Failed { last: true }),
        place(113),
        told(113, "called off", PaymentEvent::Canceled),
        place(114),
        told(114, "paid", PaymentEvent::Succeeded),
    ]
}

pub(super) async fn a_fixed_list_gives_the_committed_dump(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    for (at, batch) in script() {
        world.at(at).await;
        world.batch(&batch).await;
    }
    world.equals_memory().await;
    world.verify().await;
    let dump = world.dump().await;
    // To renew the committed text after a deliberate change of the rules: name a file to write it to.
    if let Some(path) = std::env::var_os("ONHAND_NEW_GOLDEN") {
        std::fs::write(path, &dump).expect("the new golden text");
        return;
    }
    for (number, (is, should)) in (1..).zip(dump.lines().zip(GOLDEN.lines())) {
        assert_eq!(is, should, "line {number} of the dump");
    }
    assert_eq!(dump.lines().count(), GOLDEN.lines().count(), "lines of the dump");
    assert!(world.reads().order(OrderId(101)).await.unwrap().is_some());
}
