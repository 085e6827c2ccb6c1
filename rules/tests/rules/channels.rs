//! Shops, listings, pushes and edits.

use onhand_rules::commands::channels::{
    DisconnectShop, PushOutcome, PushResult, RecordPush, RecordSeen, RenewGrant, SeenStock,
};
use onhand_rules::commands::queue::{End, FinishJobs, JobEnd, RescueJobs};
use onhand_rules::{JobBody, Receipt};

use crate::channels_world::{MINUTE, Market, SHOP};
use crate::commands::adjust;

/// A world whose listing `i` of SKU A was told 50.
fn told() -> Market {
    let mut world = Market::with_shop(50);
    world.listings(&[("i", "A")]);
    assert_eq!(push(&mut world, 50), Receipt::Jobs { stale: Vec::new(), dead: Vec::new() });
    world.now += MINUTE;
    world
}

fn command(world: &Market, lease: i64, quantity: i64) -> RecordPush {
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let listing = world.listing("i");
    let outcome = PushOutcome::Acknowledged {
        quantity,
        enqueued_at: world.now,
        sent_at: world.now,
        limit_ms: 0,
        network_ms: 1,
    };
    let results = vec![PushResult { listing: listing.id, desired: listing.desired, outcome }];
    RecordPush { job: (job, lease), shop: SHOP, results, end: End::Done { outcome: "pushed".into() } }
}

fn push(world: &mut Market, quantity: i64) -> Receipt {
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let lease = world.claim(job);
    let record = command(world, lease, quantity);
    world.ok(record)
}

fn read(world: &mut Market, stock: i64, orders_until_now: bool) {
    let listing = world.listing("i");
    let one = SeenStock {
        listing: listing.id,
        acked: listing.acked,
        stock: Some(stock),
        promotion_reserved: 0,
        before: None,
    };
    world.ok(RecordSeen { shop: SHOP, seen: vec![one], orders_until_now });
}

#[test]
fn h5_a_figure_that_returns_in_time_changes_nothing() {
    let mut world = told();
    read(&mut world, 40, true);
    world.now += 4 * MINUTE;
    read(&mut world, 50, true);
    world.now += 4 * MINUTE;
    assert!(world.listing("i").edit.is_none());
    assert_eq!(world.figures("A").on_hand, 50);
}

#[test]
fn h5_a_figure_that_stands_counts_once_and_by_difference() {
    let mut world = told();
    read(&mut world, 40, true);
    world.ok(adjust("A", "main", -3));
    world.now += 5 * MINUTE - 1;
    read(&mut world, 40, true);
    assert_eq!(world.figures("A").on_hand, 47, "not before its time");
    world.now += 1;
    read(&mut world, 40, true);
    assert_eq!(world.figures("A").on_hand, 37, "what was sold meanwhile stays sold");
    push(&mut world, 37);
    world.now += 10 * MINUTE;
    read(&mut world, 37, true);
    assert_eq!(world.figures("A").on_hand, 37);
}

#[test]
fn h5_figures_that_keep_changing_end_after_a_quarter_of_an_hour() {
    let mut world = told();
    for minute in 0..15 {
        read(&mut world, 30 + minute, true);
        assert_eq!(world.figures("A").on_hand, 50);
        world.now += MINUTE;
    }
    read(&mut world, 45, true);
    assert_eq!(world.figures("A").on_hand, 45);
}

#[test]
fn h5_a_great_difference_is_left_to_a_person() {
    let mut world = told();
    for _ in 0..2 {
        read(&mut world, 150, true);
        world.now += 5 * MINUTE;
    }
    assert_eq!(world.figures("A").on_hand, 50);
    assert!(world.open("edit_escalated"));
}

#[test]
fn h7_what_was_read_before_our_push_showed_is_no_edit() {
    let mut world = Market::with_shop(50);
    world.listings(&[("i", "A")]);
    push(&mut world, 50);
    world.now += 1_000;
    read(&mut world, 50, true);
    assert!(world.listing("i").edit.is_none());
    read(&mut world, 40, false);
    assert!(world.listing("i").edit.is_none(), "without the orders up to now it may be a sale");
}

#[test]
fn b1_a_worker_without_the_lease_changes_nothing() {
    let mut world = Market::with_shop(50);
    world.listings(&[("i", "A")]);
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let lease = world.claim(job);
    world.now += 31_000;
    world.ok(RescueJobs { jobs: vec![(job, lease)] });
    world.now += MINUTE;
    let second = world.claim(job);
    let late = command(&world, lease, 99);
    assert_eq!(world.ok(late), Receipt::Jobs { stale: vec![job], dead: Vec::new() });
    assert_eq!(world.listing("i").pushed, None);
    let right = command(&world, second, 50);
    world.ok(right);
    assert_eq!(world.listing("i").pushed, Some(50));
}

#[test]
fn b2_of_the_rescuer_and_the_worker_one_wins() {
    for rescuer_first in [true, false] {
        let mut world = Market::with_shop(50);
        world.listings(&[("i", "A")]);
        let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
        let lease = world.claim(job);
        world.now += 31_000;
        let rescue = RescueJobs { jobs: vec![(job, lease)] };
        let end = End::Done { outcome: "done".into() };
        let finish = FinishJobs { ends: vec![JobEnd { job, lease, end }] };
        let answers = if rescuer_first {
            [world.ok(rescue), world.ok(finish)]
        } else {
            [world.ok(finish), world.ok(rescue)]
        };
        let lost = Receipt::Jobs { stale: vec![job], dead: Vec::new() };
        assert_eq!((answers[0] == lost, answers[1] == lost), (false, true));
    }
}

#[test]
fn h4_of_two_refreshers_one_wins() {
    let mut world = Market::with_shop(0);
    let renew = |grant: &str| RenewGrant {
        shop: SHOP,
        from_number: 1,
        grant: grant.into(),
        access_until: 1,
        refresh_until: None,
        grant_until: None,
    };
    world.ok(renew("mine"));
    assert!(world.run(renew("theirs")).is_err());
    assert_eq!(world.shops[&SHOP].grant, "mine");
    let gone = |from_number| DisconnectShop { shop: SHOP, from_number, reason: "401".into() };
    world.ok(gone(Some(1)));
    assert!(!world.open("shop_disconnected"), "the grant that failed is not in use any more");
    world.ok(gone(Some(2)));
    let told = world.events.len();
    world.ok(gone(Some(2)));
    assert_eq!(world.events.len(), told, "said once");
}

#[test]
fn only_an_exact_seller_sku_of_one_listing_maps_by_itself() {
    let mut world = Market::with_shop(0);
    world.listings(&[("1", "a"), ("2", "A "), ("3", " A"), ("4", ""), ("5", "B"), ("6", "B"), ("7", "А")]);
    assert!(world.listings.values().all(|listing| listing.mapping.is_none()));
    world.listings(&[("8", "A")]);
    assert!(world.listing("8").mapping.is_some());
}
