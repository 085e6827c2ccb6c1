//! What a sale on a marketplace marks in its own commit, and what it leaves to the publisher.

use std::collections::BTreeSet;

use onhand_rules::commands::channels::{FreeSlots, SetListingRule, TakeListings, TakeMarketOrder};
use onhand_rules::job::JobState;
use onhand_rules::market_order::MarketStatus;
use onhand_rules::publish::PublishRule;
use onhand_rules::{EventBody, Job, JobBody, ListingId, Receipt, ShopId};

use crate::channels_edits::push_all;
use crate::channels_orders::one;
use crate::channels_world::{MINUTE, Market, SHOP, connect, seen};
use crate::commands::{adjust, bundle, place};

const SECOND: ShopId = ShopId(2);

/// Two shops: `i` and `k` sell A, `j` sells B, and `box` in the second shop a bundle of A and B. All were told a minute ago.
fn world() -> Market {
    let mut world = Market::with_shop(50);
    world.ok(bundle("BOX", &[("A", 2), ("B", 1)]));
    world.ok(connect("second", "2"));
    world.listings(&[("i", "A"), ("j", "B")]);
    world.ok(TakeListings { shop: SECOND, listings: vec![seen("k", "A"), seen("box", "BOX")] });
    push_all(&mut world);
    world.now += MINUTE;
    world
}

/// So many units of A, sold at the first shop.
fn sale(world: &Market, reference: &str, quantity: i64) -> TakeMarketOrder {
    let mut order = one(1, 0, MarketStatus::Confirmed);
    order.reference = reference.into();
    order.snapshot.created_at = world.now;
    order.snapshot.lines[0].quantity = quantity;
    order
}

/// The listings that have something to be told.
fn dirty(world: &Market) -> BTreeSet<&str> {
    world.listings.values().filter(|listing| listing.dirty()).map(|listing| listing.item.as_str()).collect()
}

/// The listings that the last event of A's row says were dealt with.
fn told(world: &Market) -> BTreeSet<&str> {
    let of_a = world.events.iter().rev().find_map(|event| match &event.body {
        EventBody::StockChanged { sku, told, .. } if sku == "A" => Some(told.clone()),
        _ => None,
    });
    let item = |id: &ListingId| world.listings[id].item.as_str();
    of_a.expect("A has changed").iter().map(item).collect()
}

fn items<const N: usize>(of: [&str; N]) -> BTreeSet<&str> {
    BTreeSet::from(of)
}

fn pushes(receipt: Receipt) -> Vec<Job> {
    match receipt {
        Receipt::MarketOrder { pushes, .. } => pushes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sale_marks_the_other_shops_and_leaves_its_own_that_shows_it() {
    let mut world = world();
    let order = sale(&world, "1", 5);
    world.ok(order.clone());
    assert_eq!(dirty(&world), items(["k", "box"]), "i has taken five off itself, j is of B");
    assert_eq!(told(&world), items(["i", "k", "box"]));
    assert_eq!(world.listing("k").dirty_since, world.now);
    // The same news again changes no stock, and so nothing is told.
    push_all(&mut world);
    world.ok(order);
    assert_eq!(dirty(&world), items([]));
}

#[test]
fn its_own_shop_is_told_where_it_shows_another_figure() {
    let mut world = world();
    let rule = Some(PublishRule { percent: 50, ..PublishRule::default() });
    let listing = world.listing("i").id;
    world.ok(SetListingRule { listing, expected_version: None, rule });
    push_all(&mut world);
    let order = sale(&world, "1", 5);
    world.ok(order);
    assert_eq!(dirty(&world), items(["i", "k", "box"]), "half of 45 is not 50 less 5");
    assert_eq!(told(&world), items(["i", "k", "box"]));
}

#[test]
fn what_the_batch_changed_later_is_looked_at_again() {
    let mut world = world();
    let order = sale(&world, "1", 5);
    let later = place(1, &[("A", "main", 3)]);
    for result in world.batch(vec![order.into(), later.into()]) {
        result.expect("both are done");
    }
    assert_eq!(dirty(&world), items(["k", "box"]));
    assert_eq!(told(&world), items([]), "i was judged by a figure that is not the last one");
    // The other way round the sale has seen all of it.
    let mut world = self::world();
    let order = sale(&world, "1", 5);
    for result in world.batch(vec![place(1, &[("A", "main", 3)]).into(), order.into()]) {
        result.expect("both are done");
    }
    assert_eq!((dirty(&world), told(&world)), (items(["i", "k", "box"]), items(["i", "k", "box"])));
}

#[test]
fn two_sales_of_one_batch_mark_once_and_judge_twice() {
    let mut world = world();
    let desired = world.listing("k").desired;
    let (first, mut second) = (sale(&world, "1", 5), sale(&world, "2", 1));
    second.shop = SECOND;
    second.snapshot.lines[0].item = "k".into();
    for result in world.batch(vec![first.into(), second.into()]) {
        result.expect("both are done");
    }
    assert_eq!(world.listing("k").desired, desired + 1, "its push reads what both have made of it");
    assert_eq!(dirty(&world), items(["i", "k", "box"]), "i shows what was sold elsewhere, too");
    assert_eq!(told(&world), items(["i", "k", "box"]));
}

#[test]
fn a_refused_sale_has_told_nothing() {
    let mut world = world();
    let mut refused = sale(&world, "1", 5);
    refused.shop = ShopId(9);
    let results = world.batch(vec![adjust("A", "main", 1).into(), refused.into()]);
    assert!(results[0].is_ok() && results[1].is_err(), "{results:?}");
    assert_eq!((dirty(&world), told(&world)), (items([]), items([])), "that is the publisher's");
}

#[test]
fn pushes_begin_in_free_slots_of_shops_that_are_open() {
    let mut world = world();
    let slots = |count, shops: &[ShopId]| {
        let shops = shops.iter().copied().collect();
        Some(FreeSlots { owner: 7, lease_ms: 30_000, count, shops })
    };
    let running = |world: &Market| world.jobs.values().filter(|job| job.state == JobState::Running).count();
    let order = TakeMarketOrder { slots: slots(9, &[SHOP]), ..sale(&world, "1", 1) };
    assert_eq!(pushes(world.ok(order)), [], "the second shop is not open");
    push_all(&mut world);
    let order = TakeMarketOrder { slots: slots(1, &[SHOP, SECOND]), ..sale(&world, "2", 1) };
    let begun = pushes(world.ok(order));
    assert_eq!((begun.len(), running(&world)), (1, 1), "of two pushes one has a slot");
    assert_eq!(begun[0].lease.map(|lease| lease.owner), Some(7));
    let waits = |job: &&Job| {
        job.state == JobState::Ready && matches!(job.body, JobBody::PushStock { shop: SECOND, .. })
    };
    assert_eq!(world.jobs.values().filter(waits).count(), 1, "the other waits for the claimer");
    // One that runs already is told over after its end, and not begun twice.
    let order = TakeMarketOrder { slots: slots(9, &[SHOP, SECOND]), ..sale(&world, "3", 1) };
    let more = pushes(world.ok(order));
    assert!(more.len() == 1 && more[0].id != begun[0].id, "{more:?}");
    assert!(world.jobs[&begun[0].id].again);
}
