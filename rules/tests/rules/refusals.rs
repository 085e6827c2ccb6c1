//! Every refusal is said at least once, and says what it should.

use onhand_rules::commands::{
    ChangeStock, Condition, Expected, Reason, Remainder, ReturnOrder, StockItem, UpdateLocation, UpdateSku,
};
use onhand_rules::payment::PaymentEvent;
use onhand_rules::refusal::Short;
use onhand_rules::{Command, Refusal};

use crate::commands::*;
use crate::harness::World;

/// How many refusals there are.
const REFUSALS: usize = 29;

/// A new refusal must be numbered here, and then said by a command below.
fn number(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::InsufficientStock { .. } => 0,
        Refusal::UnknownSku { .. } => 1,
        Refusal::UnknownLocation { .. } => 2,
        Refusal::ArchivedSku { .. } => 3,
        Refusal::ArchivedLocation { .. } => 4,
        Refusal::SkuExists { .. } => 5,
        Refusal::LocationExists { .. } => 6,
        Refusal::NestedBundle { .. } => 7,
        Refusal::KindIsFixed { .. } => 8,
        Refusal::BundleHasNoStock { .. } => 9,
        Refusal::DuplicateReference { .. } => 10,
        Refusal::NotFound { .. } => 11,
        Refusal::StaleVersion { .. } => 12,
        Refusal::StaleExpected { .. } => 13,
        Refusal::OutOfRange => 14,
        Refusal::NotHeld { .. } => 15,
        Refusal::ExceedsReserved { .. } => 16,
        Refusal::ExtensionLimit { .. } => 17,
        Refusal::WrongState { .. } => 18,
        Refusal::UnknownLine { .. } => 19,
        Refusal::ExceedsCancellable { .. } => 20,
        Refusal::ExceedsShippable { .. } => 21,
        Refusal::ExceedsReturnable { .. } => 22,
        Refusal::NotOnHand { .. } => 23,
        Refusal::DuplicatePayment { .. } => 24,
        Refusal::Repeated { .. } => 25,
        Refusal::NotPaid { .. } => 26,
        Refusal::PaymentDisputed { .. } => 27,
        Refusal::UnlikelyCount { .. } => 28,
        Refusal::EmailTaken { .. }
        | Refusal::LastOwner
        | Refusal::OwnersOnly
        | Refusal::LinkSpent
        | Refusal::WrongCode
        | Refusal::TooManyTries { .. } => panic!("said in identity.rs"),
        Refusal::JobTooLarge { .. } => panic!("said in queue_schedules.rs"),
    }
}

fn world() -> World {
    let mut world = World::new();
    for code in ["L", "M", "OLD"] {
        world.run(location(code)).unwrap();
    }
    for code in ["A", "B", "GONE"] {
        world.run(sku(code)).unwrap();
        world.run(adjust(code, "L", 10)).unwrap();
    }
    world.run(bundle("BOX", &[("A", 2), ("B", 1)])).unwrap();
    let (code, archived) = ("GONE".to_owned(), Some(true));
    world.run(UpdateSku { code, archived, ..UpdateSku::default() }).unwrap();
    let code = "OLD".to_owned();
    world.run(UpdateLocation { code, archived, ..UpdateLocation::default() }).unwrap();
    world.run(place_confirmed(1, &[("A", "L", 2)])).unwrap();
    world.run(reserve(1, &[("A", "L", 2)])).unwrap();
    world.run(reserve(2, &[("A", "L", 1)])).unwrap();
    world.run(release(2, &[])).unwrap();
    world.run(reserve(3, &[("A", "L", 1)])).unwrap();
    for _ in 0..3 {
        world.run(extend(3)).unwrap();
    }
    world.run(place_forced(2, &[("B", "L", 11)])).unwrap();
    world.run(place_confirmed(3, &[("A", "L", 1)])).unwrap();
    world.run(payment(3, "pay-3", PaymentEvent::Disputed)).unwrap();
    world
}

fn set(expected: Expected) -> Command {
    let (sku, location) = ("A".into(), "L".into());
    one(StockItem::Set { sku, location, on_hand: 1, expected, reason: Reason::Correction, note: None }).into()
}

/// The change at a version.
fn matched(version: i64, change: ChangeStock) -> Command {
    let each = change.items.into_iter().map(|item| StockItem::Matched { version, item: Box::new(item) });
    ChangeStock { items: each.collect() }.into()
}

fn components(code: &str, components: &[(&str, i64)]) -> Command {
    let components = Some(components.iter().map(|(part, units)| ((*part).into(), *units)).collect());
    UpdateSku { code: code.into(), components, ..UpdateSku::default() }.into()
}

/// A command and the code of what it must be refused with.
fn cases() -> Vec<(&'static str, Command)> {
    let stale = onhand_rules::commands::CancelOrder { expected_version: Some(9), ..cancel(1, &[]) };
    let twice = ReturnOrder {
        lines: Vec::new(),
        expected_version: Some(9),
        ..give_back(1, 1, 1, Condition::Sellable)
    };
    vec![
        ("insufficient_stock", place(9, &[("A", "L", 6)]).into()),
        ("insufficient_stock", place(9, &[("BOX", "L", 1)]).into()),
        ("insufficient_stock", adjust("A", "L", -6).into()),
        ("insufficient_stock", restate("A", "L", 6).into()),
        ("insufficient_stock", transfer("B", "L", "M", 1).into()),
        ("unknown_sku", place(9, &[("a", "L", 1)]).into()),
        ("unknown_sku", adjust("none", "L", 1).into()),
        ("unknown_sku", bundle("NEW", &[("none", 1)]).into()),
        ("unknown_location", reserve(9, &[("A", "l", 1)]).into()),
        ("unknown_location", count("A", "none", 1).into()),
        ("archived_sku", place(9, &[("GONE", "L", 1)]).into()),
        ("archived_location", place(9, &[("A", "OLD", 1)]).into()),
        ("archived_location", adjust("A", "OLD", 1).into()),
        ("archived_location", transfer("A", "L", "OLD", 1).into()),
        ("sku_exists", sku("A").into()),
        ("location_exists", location("L").into()),
        ("nested_bundle", bundle("NEW", &[("BOX", 1)]).into()),
        ("kind_is_fixed", components("A", &[("B", 1)])),
        ("kind_is_fixed", components("BOX", &[])),
        ("bundle_has_no_stock", adjust("BOX", "L", 1).into()),
        ("duplicate_reference", place(1, &[("A", "L", 1)]).into()),
        ("duplicate_reference", allocate(1, 1, &[], Remainder::Release).into()),
        ("not_found", deliver(9).into()),
        ("not_found", extend(9).into()),
        ("not_found", limit("none", 1).into()),
        ("stale_version", stale.into()),
        ("stale_version", twice.into()),
        ("stale_version", set(Expected::Version(1))),
        ("stale_version", matched(9, transfer("A", "L", "M", 1))),
        ("stale_expected", set(Expected::OnHand(9))),
        ("unlikely_count", count("A", "L", 101).into()),
        ("out_of_range", place(9, &[("A", "L", 0)]).into()),
        ("out_of_range", place(9, &[("A", "L", -1)]).into()),
        ("out_of_range", place(9, &[("A", "L", i64::MAX)]).into()),
        ("out_of_range", reserve(9, &[("A", "L", 1_000_000_001)]).into()),
        ("out_of_range", cancel(1, &[(1, 0)]).into()),
        ("out_of_range", give_back(1, 1, -1, Condition::Sellable).into()),
        ("out_of_range", adjust("A", "L", i64::MIN).into()),
        ("out_of_range", count("A", "L", -1).into()),
        ("out_of_range", restate("A", "L", -1).into()),
        ("out_of_range", transfer("A", "L", "L", 1).into()),
        ("out_of_range", transfer("A", "L", "M", -1).into()),
        ("out_of_range", limit("A", -1).into()),
        ("out_of_range", bundle("NEW", &[("A", 0)]).into()),
        ("not_held", extend(2).into()),
        ("not_held", allocate(2, 9, &[], Remainder::Release).into()),
        ("exceeds_reserved", release(1, &[(1, 3)]).into()),
        ("exceeds_reserved", allocate(1, 9, &[(1, 3)], Remainder::Hold).into()),
        ("extension_limit", extend(3).into()),
        ("wrong_state", deliver(1).into()),
        ("unknown_line", cancel(1, &[(2, 1)]).into()),
        ("unknown_line", ship(1, &[(2, 1)]).into()),
        ("unknown_line", release(1, &[(2, 1)]).into()),
        ("unknown_line", give_back(1, 2, 1, Condition::Damaged).into()),
        ("exceeds_cancellable", cancel(1, &[(1, 3)]).into()),
        ("exceeds_shippable", ship(1, &[(1, 3)]).into()),
        ("exceeds_returnable", give_back(1, 1, 1, Condition::Discarded).into()),
        ("not_on_hand", ship(2, &[]).into()),
        ("repeated", ship(1, &[(1, 1), (1, 1)]).into()),
        ("repeated", bundle("NEW", &[("A", 1), ("A", 2)]).into()),
    ]
}

/// The same of what is about money.
fn money() -> Vec<(&'static str, Command)> {
    vec![
        ("duplicate_payment", confirm(1, Some("another")).into()),
        ("not_paid", payment(1, "another", PaymentEvent::Refunded { part: false }).into()),
        ("payment_disputed", ship(3, &[]).into()),
    ]
}

#[test]
fn every_refusal_is_said() {
    let mut said = [false; REFUSALS];
    for (code, command) in cases().into_iter().chain(money()) {
        let refusal = world().run(command.clone()).expect_err(code);
        assert_eq!(refusal.code(), code, "{command:?}");
        assert!(!refusal.to_string().is_empty());
        said[number(&refusal)] = true;
    }
    let silent: Vec<usize> = (0..REFUSALS).filter(|number| !said[*number]).collect();
    assert!(silent.is_empty(), "nothing is refused with these: {silent:?}");
}

/// F6: every short row is named, with the sum over all lines and what could be had.
#[test]
fn i7_every_short_row_is_listed() {
    let mut world = world();
    world.run(adjust("B", "L", 5)).unwrap();
    let wanted = [("A", "L", 3), ("B", "L", 1), ("BOX", "L", 2), ("B", "L", 2)];
    let refusal = world.run(place(9, &wanted)).unwrap_err();
    let short = |line, sku: &str, requested, available| Short {
        line,
        sku: sku.into(),
        location: "L".into(),
        requested,
        available,
    };
    assert_eq!(refusal, Refusal::InsufficientStock { short: vec![short(0, "A", 7, 4), short(1, "B", 5, 4)] });
}
