//! What a shop is told: every small rule against a figure that is found by counting, the speed of sales, the publisher's
//! place, and stock that runs low.

use onhand_rules::commands::UpdateSku;
use onhand_rules::commands::channels::{
    Publish, SetListingRule, SetLowStock, TakeMarketOrder, UpdateShop, Urgency, WatchStock,
};
use onhand_rules::market_order::MarketStatus;
use onhand_rules::publish::{Basis, LastUnits, PublishRule, Sales, Velocity, figure};
use onhand_rules::setting::PUBLISHER;
use onhand_rules::{EventBody, JobBody, Quantities, Receipt, Refusal, Setting, ShopId};

use crate::channels_orders::one;
use crate::channels_world::{MINUTE, Market, SHOP};
use crate::commands::{adjust, place};

const HOUR: i64 = 60 * MINUTE;

/// By counting: the largest figure that every part of the rule allows.
fn counted(rule: &PublishRule, shop: ShopId, parts: &[(Quantities, i64)], sold: i64, maximum: i64) -> i64 {
    let of = |figures: &Quantities| match rule.basis {
        Basis::Available => figures.on_hand - figures.reserved - figures.allocated - figures.unavailable,
        Basis::Master => figures.on_hand - figures.allocated - figures.unavailable,
    };
    let sellable =
        |n: i64| !parts.is_empty() && parts.iter().all(|(figures, units)| n * units <= of(figures));
    let base = (1..).take_while(|n| sellable(*n)).count() as i64;
    if rule.last_units.is_some_and(|last| base <= last.units && last.shop != shop) {
        return 0;
    }
    let by_speed = rule.velocity.map_or(0, |velocity| {
        let enough =
            |units: &i64| units * 60 >= sold * i64::from(velocity.minutes) || *units == velocity.most;
        (0..).find(enough).unwrap()
    });
    let free = |n: i64| n + rule.buffer <= base && n + by_speed <= base;
    let rest = (1..).take_while(|n| free(*n)).count() as i64;
    let share = (1..=rest).take_while(|n| n * 100 <= rest * i64::from(rule.percent)).count() as i64;
    if share <= rule.zero_at {
        return 0;
    }
    (0..=share).filter(|n| rule.cap.is_none_or(|cap| *n <= cap) && *n <= maximum).max().unwrap()
}

fn stock(on_hand: i64, reserved: i64, allocated: i64) -> Quantities {
    Quantities { on_hand, reserved, allocated, ..Quantities::default() }
}

#[test]
fn every_small_rule_says_what_counting_says() {
    let parts = [
        vec![],
        vec![(stock(0, 0, 0), 1)],
        vec![(stock(1, 3, 0), 1)],
        vec![(stock(3, 1, 1), 1)],
        vec![(stock(5, 2, 0), 1)],
        vec![(stock(9, 0, 2), 1)],
        vec![(stock(9, 2, 0), 2)],
        vec![(stock(9, 1, 0), 1), (stock(7, 0, 1), 2)],
    ];
    let speeds = [None, Some(Velocity { minutes: 10, most: 3 }), Some(Velocity { minutes: 60, most: 99 })];
    let lasts = [None, Some((2, 1)), Some((2, 2)), Some((0, 2)), Some((5, 2))];
    let mut seen = 0;
    for parts in &parts {
        for basis in [Basis::Available, Basis::Master] {
            for (buffer, percent, zero_at) in choices(&[0, 1, 3], &[0, 33, 50, 99, 100], &[0, 1, 2]) {
                for (last, velocity, cap) in choices(&lasts, &speeds, &[None, Some(0), Some(2)]) {
                    for (sold, maximum) in [(0, 99), (1, 99), (7, 4), (30, 99)] {
                        let last_units = last.map(|(units, shop)| LastUnits { units, shop: ShopId(shop) });
                        let percent = percent as u8;
                        let rule = PublishRule { basis, last_units, buffer, velocity, percent, zero_at, cap };
                        let told = figure(&rule, SHOP, parts, sold, maximum);
                        let expected = counted(&rule, SHOP, parts, sold, maximum);
                        assert_eq!(told.quantity, expected, "{rule:?} {parts:?} {sold} {maximum}: {told:?}");
                        assert_eq!(told.steps.last().map(|step| step.value), Some(expected), "{told:?}");
                        assert_eq!(told.steps[0].rule, "basis");
                        let moves = told.steps.windows(2).all(|two| two[0].value > two[1].value);
                        assert!(moves, "a step that changes nothing, or raises: {told:?}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen, 8 * 2 * 45 * 45 * 4);
}

fn choices<A: Copy, B: Copy, C: Copy>(a: &[A], b: &[B], c: &[C]) -> Vec<(A, B, C)> {
    let pairs = a.iter().flat_map(|a| b.iter().map(|b| (*a, *b)));
    pairs.flat_map(|(a, b)| c.iter().map(move |c| (a, b, *c))).collect()
}

#[test]
fn the_larger_of_buffer_and_speed_is_kept_back_and_named() {
    let rule = |buffer| PublishRule {
        buffer,
        velocity: Some(Velocity { minutes: 15, most: 8 }),
        ..PublishRule::default()
    };
    let told = |buffer, sold| {
        let told = figure(&rule(buffer), SHOP, &[(stock(20, 0, 0), 1)], sold, 99);
        (told.quantity, told.steps.last().unwrap().rule.clone())
    };
    // Sold in an hour, kept back: a quarter, rounded up, eight at most.
    for (sold, kept) in [(1, 1), (4, 1), (5, 2), (12, 3), (32, 8), (33, 8), (i64::MAX, 8)] {
        assert_eq!(told(0, sold), (20 - kept, "velocity".to_owned()), "{sold} sold");
    }
    assert_eq!(told(0, 0), (20, "basis".to_owned()));
    assert_eq!(told(3, 12), (17, "buffer".to_owned()));
    assert_eq!(told(2, 12), (17, "velocity".to_owned()));
}

#[test]
fn the_speed_is_that_of_the_last_hour() {
    let mut sales = Sales::default();
    let start = 1_000 * HOUR;
    assert_eq!(sales.in_an_hour(start), 0);
    sales.add(6, start);
    sales.add(4, start + 30 * MINUTE);
    let table =
        [(0, 10), (59, 10), (60, 10), (61, 10), (66, 9), (90, 5), (119, 1), (120, 0), (180, 0), (9_000, 0)];
    for (minutes, sold) in table {
        let at = start + minutes * MINUTE;
        assert_eq!(sales.in_an_hour(at.max(start + 30 * MINUTE)), sold, "after {minutes} minutes");
    }
    sales.add(3, start + 90 * MINUTE);
    assert_eq!(sales.in_an_hour(start + 90 * MINUTE), 8, "5 of before and 3");
    assert_eq!(sales.in_an_hour(start + 150 * MINUTE), 2, "half of 3, rounded up");
    sales.add(1, start + 600 * MINUTE);
    assert_eq!(sales.in_an_hour(start + 600 * MINUTE), 1);
    let before = sales;
    sales.add(-5, start + 600 * MINUTE);
    assert_eq!(sales, before, "what comes back is no sale");
}

#[test]
fn orders_of_a_marketplace_make_the_speed_of_its_listing() {
    let mut world = Market::with_shop(50);
    world.listings(&[("i", "A"), ("j", "B")]);
    let order = |reference: &str, created_at| {
        let mut order: TakeMarketOrder = one(1, 0, MarketStatus::Confirmed);
        order.reference = reference.into();
        order.snapshot.created_at = created_at;
        order
    };
    let speed = |world: &Market, item: &str| world.listing(item).sales.in_an_hour(world.now);
    world.ok(order("1", world.now - 1_000));
    world.ok(order("1", world.now - 1_000));
    assert_eq!((speed(&world, "i"), speed(&world, "j")), (5, 0), "once, however often it is told");
    world.ok(order("2", world.now - HOUR));
    assert_eq!(speed(&world, "i"), 5, "an old order says nothing of today");
    world.ok(order("3", world.now - HOUR + 1));
    assert_eq!(speed(&world, "i"), 10);
}

#[test]
fn a_rule_that_cannot_be_meant_is_refused() {
    let mut world = Market::with_shop(5);
    world.listings(&[("i", "A")]);
    let listing = world.listing("i").id;
    let speed =
        |minutes, most| PublishRule { velocity: Some(Velocity { minutes, most }), ..PublishRule::default() };
    let last =
        |units| PublishRule { last_units: Some(LastUnits { units, shop: SHOP }), ..PublishRule::default() };
    let plain = PublishRule::default;
    let bad = [
        PublishRule { buffer: -1, ..plain() },
        PublishRule { percent: 101, ..plain() },
        PublishRule { zero_at: -1, ..plain() },
        PublishRule { cap: Some(-1), ..plain() },
        last(-1),
        speed(0, 1),
        speed(1_441, 1),
        speed(1, -1),
    ];
    for rule in bad {
        let of_listing = SetListingRule { listing, expected_version: None, rule: Some(rule.clone()) };
        assert_eq!(world.run(of_listing), Err(Refusal::OutOfRange), "{rule:?}");
        let settings = onhand_rules::shop::ShopSettings { rule: rule.clone(), ..Default::default() };
        let of_shop = UpdateShop {
            shop: SHOP,
            expected_version: None,
            name: None,
            settings: Some(settings),
            paused: None,
        };
        assert_eq!(world.run(of_shop), Err(Refusal::OutOfRange), "{rule:?}");
    }
    let desired = world.listing("i").desired;
    for rule in [speed(1, 0), speed(1_440, 7), last(0)] {
        let set = SetListingRule { listing, expected_version: None, rule: Some(rule) };
        world.ok(set.clone());
        assert_eq!(world.ok(set), Receipt::Kept { version: world.listing("i").version, changed: false });
    }
    assert_eq!(world.listing("i").desired, desired + 3, "each is told to the shop");
}

fn publish(world: &Market, from: Option<i64>, to: i64) -> Publish {
    let listings = vec![(world.listing("i").id, world.now)];
    Publish { from, to, listings, read_back: false, urgency: Urgency::Sale, slots: None }
}

fn place_of(world: &Market) -> i64 {
    match world.settings.get(PUBLISHER) {
        Some(Setting::Publisher { event }) => *event,
        None => 0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_publisher_moves_only_from_where_it_is_and_all_or_nothing() {
    let mut world = Market::with_shop(5);
    world.listings(&[("i", "A")]);
    let desired = world.listing("i").desired;
    let first = publish(&world, Some(0), 10);
    world.ok(first.clone());
    assert_eq!((place_of(&world), world.listing("i").desired), (10, desired + 1));
    // The other replica had looked at the same events.
    assert_eq!(world.run(first), Err(Refusal::StaleVersion { expected: 0, actual: 10 }));
    for (from, to) in [(0, 20), (9, 20), (11, 20), (10, 9)] {
        let again = publish(&world, Some(from), to);
        assert!(matches!(world.run(again), Err(Refusal::StaleVersion { actual: 10, .. })), "{from} to {to}");
    }
    assert_eq!((place_of(&world), world.listing("i").desired), (10, desired + 1), "nothing was marked");
    let now = publish(&world, None, 0);
    world.ok(now);
    assert_eq!((place_of(&world), world.listing("i").desired), (10, desired + 2), "now, wherever it is");
    let same = publish(&world, Some(10), 10);
    world.ok(same);
    let next = publish(&world, Some(10), 30);
    world.ok(next);
    assert_eq!(place_of(&world), 30);
}

#[test]
fn what_nobody_mapped_is_never_told() {
    let mut world = Market::with_shop(5);
    world.listings(&[("i", "no such SKU")]);
    let command = Publish { read_back: true, ..publish(&world, Some(0), 1) };
    assert_eq!(world.ok(command), Receipt::Kept { version: 1, changed: false });
    let told = |body: &JobBody| matches!(body, JobBody::PushStock { .. } | JobBody::ReadBack { .. });
    assert!(world.job(told).is_none());
}

fn set_low(sku: Option<&str>, units: Option<i64>) -> SetLowStock {
    SetLowStock { sku: sku.map(Into::into), units }
}

fn watch(world: &mut Market) -> bool {
    let (sku, location) = ("A".to_owned(), "main".to_owned());
    world.ok(WatchStock { sku, location });
    world.open("low_stock:A@main")
}

fn told_low(world: &Market) -> usize {
    let low = |body: &EventBody| matches!(body, EventBody::NoticeChanged { kind, .. } if kind == "low_stock");
    world.events.iter().filter(|event| low(&event.body)).count()
}

#[test]
fn low_stock_is_told_once_at_the_threshold_and_ends_above_it() {
    let mut world = Market::with_shop(6);
    assert!(!watch(&mut world), "nobody has set a threshold");
    world.ok(set_low(None, Some(5)));
    assert!(!watch(&mut world));
    world.ok(adjust("A", "main", -1));
    assert!(watch(&mut world), "at the threshold");
    world.ok(place(1, &[("A", "main", 2)]));
    assert!(watch(&mut world) && watch(&mut world));
    assert_eq!(told_low(&world), 1, "said once");
    assert_eq!(world.notices["low_stock:A@main"].count, 1);
    world.ok(adjust("A", "main", 2));
    assert!(watch(&mut world), "what is reserved is not available");
    world.ok(adjust("A", "main", 1));
    assert!(!watch(&mut world), "above");
    assert!(!watch(&mut world));
    assert_eq!(told_low(&world), 2);
    world.ok(adjust("A", "main", -6));
    assert!(watch(&mut world), "and again");
    assert_eq!(told_low(&world), 3);
}

#[test]
fn a_threshold_of_its_own_counts_instead_and_at_once() {
    let mut world = Market::with_shop(6);
    let open = |world: &Market| world.open("low_stock:A@main");
    world.ok(set_low(Some("A"), Some(6)));
    assert!(open(&world), "the rows are looked at when it is set");
    world.ok(set_low(Some("A"), Some(5)));
    assert!(!open(&world));
    world.ok(set_low(None, Some(10)));
    assert!(!watch(&mut world), "its own, not that of all");
    world.ok(set_low(Some("A"), None));
    assert!(open(&world), "that of all again");
    world.ok(set_low(None, None));
    assert!(!watch(&mut world), "none");
    world.ok(set_low(None, Some(0)));
    assert!(!watch(&mut world));
    world.ok(adjust("A", "main", -6));
    assert!(watch(&mut world), "0 is when nothing is left");
    world.ok(UpdateSku { code: "A".into(), archived: Some(true), ..UpdateSku::default() });
    assert!(!watch(&mut world), "what is no longer sold is not missed");
}

#[test]
fn thresholds_have_bounds_and_unknown_rows_are_not_low() {
    let mut world = Market::with_shop(0);
    assert_eq!(world.run(set_low(None, Some(-1))), Err(Refusal::OutOfRange));
    assert!(matches!(world.run(set_low(Some("X"), Some(1))), Err(Refusal::NotFound { .. })));
    world.ok(set_low(Some("A"), Some(3)));
    assert_eq!(world.ok(set_low(Some("A"), Some(3))), Receipt::Kept { version: 0, changed: false });
    assert!(!watch(&mut world), "no stock of it was ever recorded: unknown is not zero");
    world.ok(WatchStock { sku: "X".into(), location: "main".into() });
    world.ok(WatchStock { sku: "A".into(), location: "nowhere".into() });
    assert_eq!(told_low(&world), 0);
}
