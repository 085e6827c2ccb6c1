//! A seller's own edits once they are decided, by themselves or by a person; mappings that a person took away; webhooks.

use onhand_rules::commands::channels::{
    MapListing, Publish, PushOutcome, PushResult, RecordPush, RecordSeen, ResolveEdit, SeenListing,
    SeenStock, TakeListings, TakeWebhook, UpdateShop, Urgency,
};
use onhand_rules::commands::queue::End;
use onhand_rules::event::Was;
use onhand_rules::job::NewJob;
use onhand_rules::shop::{EditPolicy, ShopSettings, ShopState};
use onhand_rules::{EventBody, Inbox, JobBody, Receipt, Refusal, ShopId};

use crate::channels_world::{MINUTE, Market, SHOP, connect, seen};
use crate::commands::{adjust, place};
use EditPolicy::{Adopt, Cap, Reject};

/// Tells every listing what is available, as the pushes would.
pub(crate) fn push_all(world: &mut Market) {
    let units: Vec<_> = world
        .jobs
        .values()
        .filter_map(|job| match &job.body {
            JobBody::PushStock { shop, unit } => Some((job.id, *shop, unit.clone())),
            _ => None,
        })
        .collect();
    let quantity = world.figures("A").available();
    for (job, shop, unit) in units {
        let lease = world.claim(job);
        let outcome = PushOutcome::Acknowledged {
            quantity,
            enqueued_at: world.now,
            sent_at: world.now,
            limit_ms: 0,
            network_ms: 1,
        };
        let of_unit = world.listings.values().filter(|listing| listing.shop == shop && listing.unit == unit);
        let result = |id, desired| PushResult { listing: id, desired, outcome: outcome.clone() };
        let results = of_unit.map(|listing| result(listing.id, listing.desired)).collect();
        let end = End::Done { outcome: "pushed".into() };
        world.ok(RecordPush { job: (job, lease), shop, results, end });
    }
}

/// Two shops with a listing each, `i` and `k`, of SKU A, told 50 a minute ago.
fn two_shops(edits: EditPolicy) -> Market {
    let mut world = Market::with_shop(50);
    world.ok(connect("second", "2"));
    for shop in [SHOP, ShopId(2)] {
        let settings = ShopSettings { edits, ..ShopSettings::default() };
        let (expected_version, name, paused) = (None, None, None);
        world.ok(UpdateShop { shop, expected_version, name, settings: Some(settings), paused });
    }
    world.listings(&[("i", "A")]);
    let listings = vec![seen("k", "A")];
    world.ok(TakeListings { shop: ShopId(2), listings });
    push_all(&mut world);
    world.now += MINUTE;
    world
}

fn look(world: &mut Market, item: &str, stock: i64) {
    let listing = world.listing(item);
    let (shop, id, acked) = (listing.shop, listing.id, listing.acked);
    let one = SeenStock { listing: id, acked, stock: Some(stock), promotion_reserved: 0, before: None };
    world.ok(RecordSeen { shop, seen: vec![one], orders_until_now: true });
}

/// The seller sets a listing to a figure and leaves it so for five minutes.
fn edit(world: &mut Market, item: &str, stock: i64) {
    look(world, item, stock);
    world.now += 5 * MINUTE;
    look(world, item, stock);
}

/// What the publisher does after a change of stock, for one listing.
fn tell_again(world: &mut Market, item: &str) {
    let listings = vec![(world.listing(item).id, world.now)];
    world.ok(Publish { from: None, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None });
    push_all(world);
}

/// Whether somebody is asked about it.
fn escalated(world: &Market, item: &str) -> bool {
    let listing = world.listing(item);
    let asked = world.open(&format!("edit_escalated:{}", listing.id.0));
    assert_eq!(asked, listing.edit.as_ref().is_some_and(|edit| edit.escalated));
    asked
}

/// One wish may be set on two listings, one after the other: the second must not count again.
#[test]
fn h5_the_same_figure_on_a_second_listing_within_ten_minutes_is_left_to_a_person() {
    // The first is seen at 0 and decided at 5 minutes; the second is seen after so many milliseconds.
    let table = [(6 * MINUTE, true), (10 * MINUTE, true), (10 * MINUTE + 1, false), (20 * MINUTE, false)];
    for (after, asked) in table {
        let mut world = two_shops(Adopt);
        let start = world.now;
        edit(&mut world, "i", 40);
        assert_eq!(world.figures("A").on_hand, 40, "the first counts");
        // Three are gone before the second shop is told, and then the seller types his figure there too.
        world.ok(adjust("A", "main", -3));
        tell_again(&mut world, "k");
        world.now = start + after;
        edit(&mut world, "k", 40);
        assert_eq!(escalated(&world, "k"), asked, "after {after} ms");
        assert_eq!(world.figures("A").on_hand, if asked { 37 } else { 40 });
    }
}

#[test]
fn h5_the_same_figure_at_the_same_time_is_left_to_a_person() {
    let mut world = two_shops(Adopt);
    look(&mut world, "i", 40);
    look(&mut world, "k", 40);
    world.now += 5 * MINUTE;
    look(&mut world, "i", 40);
    assert!(escalated(&world, "i"));
    look(&mut world, "k", 40);
    assert!(escalated(&world, "k"));
    assert_eq!(world.figures("A").on_hand, 50, "neither counts by itself");
}

#[test]
fn h5_different_figures_on_two_listings_both_count() {
    let mut world = two_shops(Adopt);
    look(&mut world, "i", 40);
    look(&mut world, "k", 45);
    world.now += 5 * MINUTE;
    look(&mut world, "i", 40);
    look(&mut world, "k", 45);
    assert_eq!(world.figures("A").on_hand, 35, "by difference");
    assert!(!escalated(&world, "i") && !escalated(&world, "k"));
}

#[test]
fn h5_a_listing_that_sells_something_else_now_has_no_wish_left() {
    let mut world = two_shops(Adopt);
    edit(&mut world, "i", 40);
    let listing = world.listing("i").id;
    world.ok(MapListing { listing, expected_version: None, to: Some(("B".into(), 1)) });
    world.ok(MapListing { listing, expected_version: None, to: Some(("A".into(), 1)) });
    world.ok(adjust("A", "main", 10));
    push_all(&mut world);
    edit(&mut world, "k", 40);
    assert!(!escalated(&world, "k"));
}

/// Policy of the shop or of a person; stock, cap and what is told afterwards.
#[test]
fn h5_what_becomes_of_an_edit_is_what_was_wanted() {
    for by_person in [false, true] {
        for (policy, on_hand, cap) in [(Adopt, 40, None), (Cap, 50, Some(40)), (Reject, 50, None)] {
            let mut world = two_shops(if by_person { Adopt } else { policy });
            let listing = world.listing("i").id;
            let desired = world.listing("i").desired;
            look(&mut world, "i", 40);
            if by_person {
                let resolve = ResolveEdit { listing, policy };
                assert!(matches!(world.ok(resolve), Receipt::Kept { changed: true, .. }), "at once");
            } else {
                world.now += 5 * MINUTE;
                look(&mut world, "i", 40);
            }
            let what = format!("{policy:?}, by a person: {by_person}");
            let after = world.listing("i").clone();
            assert_eq!(world.figures("A").on_hand, on_hand, "{what}");
            assert_eq!(after.rule.as_ref().and_then(|rule| rule.cap), cap, "{what}");
            assert_eq!(
                (after.pushed, after.edit.is_some()),
                (Some(40), false),
                "what is there is known, {what}"
            );
            assert_eq!(after.desired, desired + 1, "and what should be there is told, {what}");
            assert!(after.dirty() && !world.open("drift") && !world.open("edit_escalated"), "{what}");
            assert!(
                matches!(world.run(ResolveEdit { listing, policy }), Err(Refusal::NotFound { .. })),
                "once"
            );
        }
    }
}

#[test]
fn h5_a_person_may_adopt_what_is_too_great_to_be_believed() {
    let mut world = two_shops(Adopt);
    edit(&mut world, "i", 150);
    assert!(escalated(&world, "i"));
    let listing = world.listing("i").id;
    world.ok(ResolveEdit { listing, policy: Adopt });
    assert_eq!(world.figures("A").on_hand, 150);
    assert!(!escalated(&world, "i"));
}

/// A difference up to 50, or 30 per cent of what was expected, is believed.
#[test]
fn h5_how_great_a_difference_is_believed() {
    for (stock, asked) in [(100, false), (101, true), (0, false)] {
        let mut world = two_shops(Adopt);
        edit(&mut world, "i", stock);
        assert_eq!(escalated(&world, "i"), asked, "50 became {stock}");
    }
    for (stock, asked) in [(350, false), (349, true), (650, false), (651, true)] {
        let mut world = two_shops(Adopt);
        world.ok(adjust("A", "main", 450));
        tell_again(&mut world, "i");
        world.now += MINUTE;
        edit(&mut world, "i", stock);
        assert_eq!(escalated(&world, "i"), asked, "500 became {stock}");
    }
}

#[test]
fn h5_nobody_adopts_units_that_are_promised() {
    let mut world = two_shops(Adopt);
    world.ok(place(1, &[("A", "main", 45)]));
    let listing = world.listing("i").id;
    look(&mut world, "i", 44);
    let answer = world.ok(ResolveEdit { listing, policy: Adopt });
    assert!(matches!(answer, Receipt::Kept { changed: false, .. }), "five are free, six would go");
    assert_eq!(world.figures("A").on_hand, 50);
    assert!(escalated(&world, "i"));
    world.ok(ResolveEdit { listing, policy: Reject });
    assert!(!escalated(&world, "i"));
    look(&mut world, "i", 44);
}

#[test]
fn what_a_person_unmapped_is_not_mapped_by_itself_again() {
    let mut world = Market::with_shop(5);
    world.listings(&[("i", "A")]);
    let listing = world.listing("i").id;
    let map = |to: Option<(&str, i64)>| MapListing {
        listing,
        expected_version: None,
        to: to.map(|(sku, units)| (sku.into(), units)),
    };
    assert!(world.listing("i").mapping.is_some_and(|mapping| mapping.automatic));
    world.ok(map(None));
    for _ in 0..2 {
        world.listings(&[("i", "A")]);
        assert!(world.listing("i").mapping.is_none() && world.listing("i").hands_off);
    }
    world.ok(map(Some(("A", 2))));
    let mapping = world.listing("i").mapping.expect("a mapping");
    assert_eq!((mapping.quantity, mapping.automatic, world.listing("i").hands_off), (2, false, false));
    world.listings(&[("i", "B")]);
    assert_eq!(world.listing("i").mapping, Some(mapping), "what a person said stays");
}

/// Step, from, to and whether it was automatic, of every event about listings.
fn mappings(world: &Market) -> Vec<(String, Was, Option<String>, Option<bool>)> {
    let told = world.events.iter().filter_map(|event| match event.body.clone() {
        EventBody::ListingChanged { step, from, sku, automatic, .. } => Some((step, from, sku, automatic)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_change_of_a_mapping_says_what_was_before_and_whether_it_was_automatic() {
    let mut world = Market::with_shop(5);
    world.listings(&[("i", "A"), ("k", "")]);
    let id = |world: &Market, item| world.listing(item).id;
    let map = |listing, to: Option<(&str, i64)>| MapListing {
        listing,
        expected_version: None,
        to: to.map(|(sku, units)| (sku.into(), units)),
    };
    let (i, k) = (id(&world, "i"), id(&world, "k"));
    world.ok(map(i, Some(("B", 3))));
    world.ok(map(i, None));
    world.ok(map(i, Some(("A", 1))));
    // The same again is no change.
    world.ok(map(i, Some(("A", 1))));
    // A reading that finds a seller SKU where there was none maps by itself; one that finds another leaves the mapping.
    world.listings(&[("k", "B")]);
    world.listings(&[("k", "nobody's")]);
    let was = |sku: &str, quantity| Was::Mapped { sku: sku.into(), quantity };
    let a = |text: &str| Some(text.to_owned());
    let told = |step: &str, from, to, automatic| (step.to_owned(), from, to, automatic);
    let mut should = vec![
        told("found", Was::Unmapped, a("A"), Some(true)),
        told("found", Was::NotTold, None, None),
        told("mapped", was("A", 1), a("B"), Some(false)),
        told("unmapped", was("B", 3), None, Some(false)),
        told("mapped", Was::Unmapped, a("A"), Some(false)),
        told("changed", Was::Unmapped, a("B"), Some(true)),
    ];
    assert_eq!(mappings(&world), should);
    // Another state is told, and is no change of the mapping.
    let theirs = SeenListing { theirs: Some("theirs".into()), ..seen("k", "B") };
    world.ok(TakeListings { shop: SHOP, listings: vec![theirs] });
    should.push(told("changed", Was::NotTold, a("B"), None));
    world.ok(map(k, None));
    should.push(told("unmapped", was("B", 1), None, Some(false)));
    assert_eq!(mappings(&world), should);
}

fn webhook(key: &str, shop: Option<ShopId>, reference: &str) -> TakeWebhook {
    let body = shop.map(|shop| JobBody::FetchOrder { shop, reference: reference.into() });
    TakeWebhook {
        inbox: Inbox {
            key: key.into(),
            channel: "shopee".into(),
            account: "1".into(),
            shop,
            topic: "order".into(),
            body: "{}".into(),
            deliveries: 0,
            received_at: 0,
        },
        jobs: body.map(|body| NewJob { body, class: 1, run_at: 0, cause_at: None }).into_iter().collect(),
        grant_ends: None,
        retry: false,
    }
}

fn fetches(world: &Market) -> usize {
    world.jobs.values().filter(|job| matches!(job.body, JobBody::FetchOrder { .. })).count()
}

#[test]
fn g1_a_hundred_deliveries_are_one_row_and_one_effect() {
    let mut world = Market::with_shop(5);
    for delivery in 0..100 {
        let answer = world.ok(webhook("shopee:x", Some(SHOP), "R"));
        assert_eq!(answer, Receipt::Webhook { duplicate: delivery > 0 });
        if delivery == 0 {
            // It is done before the next ones come.
            assert_eq!(fetches(&world), 1);
            world.jobs.clear();
        }
        world.now += 1_000;
    }
    assert_eq!((world.inbox.len(), world.inbox["shopee:x"].deliveries, fetches(&world)), (1, 100, 0));
    world.ok(webhook("shopee:y", Some(SHOP), "R"));
    assert_eq!((world.inbox.len(), fetches(&world)), (2, 1), "other news of the same order");
}

#[test]
fn g7_a_webhook_of_a_shop_that_nobody_knows_is_kept_and_starts_nothing() {
    let mut world = Market::empty();
    assert_eq!(world.ok(webhook("shopee:x", None, "R")), Receipt::Webhook { duplicate: false });
    assert_eq!((world.inbox["shopee:x"].shop, fetches(&world)), (None, 0));
    // A shop of that number is not there either: what would follow is for nobody.
    let lost = webhook("shopee:y", Some(ShopId(9)), "R");
    assert_eq!(world.ok(lost), Receipt::Webhook { duplicate: false });
    assert_eq!((world.inbox.len(), fetches(&world)), (2, 0));
}

#[test]
fn g7_an_order_that_nobody_has_heard_of_is_fetched() {
    let mut world = Market::with_shop(5);
    world.ok(webhook("shopee:x", Some(SHOP), "never heard of"));
    assert_eq!((fetches(&world), world.market.len()), (1, 0));
    assert_eq!(world.shops[&SHOP].health.webhook_at, Some(world.now));
}

#[test]
fn a_webhook_may_say_that_a_grant_ends() {
    let mut world = Market::with_shop(5);
    let day = 86_400_000;
    let soon = TakeWebhook { grant_ends: Some(world.now + 6 * day), ..webhook("1", Some(SHOP), "R") };
    // What is further away is kept, and told when it is time.
    let later = TakeWebhook { grant_ends: Some(world.now + 20 * day), ..webhook("0", Some(SHOP), "R") };
    world.ok(later);
    assert_eq!(
        (world.shops[&SHOP].grant_until, world.open("grant_ends")),
        (Some(world.now + 20 * day), false)
    );
    // The end of an access token that can be refreshed is no end of a grant.
    let token = world.shops[&SHOP].access_until;
    world.shops.get_mut(&SHOP).expect("the shop").refresh_until = Some(token + 9 * day);
    world.ok(TakeWebhook { grant_ends: Some(token), ..webhook("00", Some(SHOP), "R") });
    assert_eq!(
        (world.shops[&SHOP].grant_until, world.open("grant_ends")),
        (Some(world.now + 20 * day), false)
    );
    world.ok(soon);
    assert_eq!(world.shops[&SHOP].grant_until, Some(world.now + 6 * day));
    assert!(world.open("grant_ends") && world.shops[&SHOP].state == ShopState::Connected);
}
