//! Listings that go, and units that promotions put aside.

use onhand_rules::commands::channels::{
    Publish, PushOutcome, RaiseNotice, RecordSeen, SeenListing, SeenStock, TakeListings, Urgency,
};
use onhand_rules::job::JobFailure;
use onhand_rules::listing::ListingState;
use onhand_rules::notice::NoticeKind;
use onhand_rules::retry::{FailureClass, Spent};
use onhand_rules::{JobBody, NoticeBody};

use crate::channels::{command, look, push, told};
use crate::channels_world::{MINUTE, Market, SHOP, seen};

/// A push tells no less than a promotion has put aside, so what it could not tell is told when that falls.
#[test]
fn h8_what_a_promotion_gives_back_is_told_in_the_transaction_that_sees_it() {
    for by_import in [false, true] {
        let see = |world: &mut Market, promotion_reserved: i64| match by_import {
            true => {
                let found = SeenListing { promotion_reserved: Some(promotion_reserved), ..seen("i", "A") };
                drop(world.ok(TakeListings { shop: SHOP, listings: vec![found] }));
            }
            false => look(world, 50, promotion_reserved, false),
        };
        let mut world = told();
        see(&mut world, 8);
        assert!(!world.listing("i").dirty(), "more is put aside: a write would be refused");
        let told = NoticeBody::ListingPromotion { title: "Tee".into(), aside: 8, left: 5 };
        let subject = world.listing("i").id.0.to_string();
        world.ok(RaiseNotice::open(subject, Some(SHOP), told));
        see(&mut world, 3);
        assert!(
            world.listing("i").dirty() && world.open("listing_trouble"),
            "the push decides what is left of it"
        );
        push(&mut world, 50);
        see(&mut world, 0);
        assert!(world.listing("i").dirty());
        assert!(!world.open("listing_trouble"), "and then nothing is left of it");
        push(&mut world, 50);
        see(&mut world, 0);
        assert!(!world.listing("i").dirty(), "said once");
    }
}

/// Whether a push was told so, or a look saw it.
#[test]
fn h8_a_listing_that_is_gone_is_said_to_be_and_told_again_when_it_is_back() {
    for by_push in [true, false] {
        let mut world = told();
        let id = world.listing("i").id;
        let listings = vec![(id, world.now)];
        world.ok(Publish {
            from: None,
            to: 0,
            listings,
            read_back: false,
            urgency: Urgency::Sale,
            slots: None,
        });
        if by_push {
            let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
            let lease = world.claim(job);
            let mut record = command(&world, lease, 0);
            record.results[0].outcome = PushOutcome::Gone;
            world.ok(record);
        } else {
            let acked = world.listing("i").acked;
            let gone = SeenStock { listing: id, acked, stock: None, promotion_reserved: 0, before: None };
            for _ in 0..2 {
                world.ok(RecordSeen { shop: SHOP, seen: vec![gone], orders_until_now: false });
            }
        }
        let listing = world.listing("i");
        assert_eq!((listing.state, listing.dirty(), listing.dirty_since), (ListingState::Gone, false, 0));
        assert_eq!(listing.acked, listing.desired, "nothing is owed there");
        let listings = vec![(id, world.now)];
        world.ok(Publish {
            from: None,
            to: 0,
            listings,
            read_back: false,
            urgency: Urgency::Sale,
            slots: None,
        });
        assert!(!world.listing("i").dirty(), "nor by what changes later");
        let notice = world.notices.values().find(|notice| notice.kind == NoticeKind::ListingTrouble);
        assert!(notice.is_some_and(|notice| notice.open && notice.count == 1), "{notice:?}");
        world.listings(&[("i", "A")]);
        assert!(world.listing("i").dirty(), "what it shows is nobody's figure");
        assert!(!world.open("listing_trouble"), "by a push: {by_push}");
        if by_push {
            let job = world.job(|body| matches!(body, JobBody::PushStock { .. }));
            assert!(job.is_some(), "somebody tells it");
        }
    }
}

#[test]
fn h8_the_end_of_a_promotion_does_not_hide_another_trouble() {
    let mut world = told();
    look(&mut world, 50, 8, false);
    let id = world.listing("i").id;
    world.listings.get_mut(&id).expect("the listing").trouble = Some("E-1: no".into());
    let told = NoticeBody::ListingRefused { title: "Tee".into(), code: "E-1".into(), said: "no".into() };
    world.ok(RaiseNotice::open(id.0.to_string(), Some(SHOP), told));
    look(&mut world, 50, 0, false);
    assert!(world.listing("i").dirty() && world.open("listing_trouble"));
}

/// The first look sees that more is put aside than before; the others see that it still is.
#[test]
fn h8_what_a_campaign_has_put_aside_is_no_edit_however_long_it_lasts() {
    let mut world = told();
    for _ in 0..4 {
        look(&mut world, 42, 8, true);
        let listing = world.listing("i");
        assert!(listing.edit.is_none() && !listing.dirty(), "{listing:?}");
        assert!(world.open("drift"), "it is said what is put aside");
        world.now += 5 * MINUTE;
    }
    assert_eq!(world.figures("A").on_hand, 50);
}

/// Told 50 while eight were put aside beside them: after the promotion 58 are on sale.
#[test]
fn h8_units_that_come_back_on_top_are_known_to_be_there() {
    let mut world = told();
    look(&mut world, 50, 8, false);
    look(&mut world, 58, 0, false);
    let listing = world.listing("i");
    assert_eq!((listing.pushed, listing.dirty(), listing.edit.is_none()), (Some(58), true, true));
}

/// Goods in the marketplace's own warehouses, a kit: a write would be refused for ever.
#[test]
fn a_listing_whose_stock_is_theirs_is_told_nothing_and_says_why() {
    let mut world = told();
    let take = |world: &mut Market, theirs: Option<&str>| {
        let found = SeenListing { theirs: theirs.map(str::to_owned), ..seen("i", "A") };
        drop(world.ok(TakeListings { shop: SHOP, listings: vec![found] }));
    };
    let change = |world: &mut Market| {
        let listings = vec![(world.listing("i").id, world.now)];
        world.ok(Publish {
            from: None,
            to: 0,
            listings,
            read_back: false,
            urgency: Urgency::Sale,
            slots: None,
        });
    };
    change(&mut world);
    assert!(world.listing("i").dirty());
    take(&mut world, Some("a kit"));
    change(&mut world);
    let listing = world.listing("i");
    assert_eq!((listing.state, listing.dirty()), (ListingState::Theirs, false));
    assert_eq!(listing.trouble.as_deref(), Some("a kit"));
    assert!(listing.mapping.is_some(), "what it sells is known");
    take(&mut world, None);
    let listing = world.listing("i");
    assert_eq!((listing.state, listing.dirty(), &listing.trouble), (ListingState::Active, true, &None));
    // A new one is so from the beginning.
    let found = SeenListing { theirs: Some("a kit".into()), ..seen("k", "B") };
    world.ok(TakeListings { shop: SHOP, listings: vec![found] });
    assert_eq!((world.listing("k").state, world.listing("k").dirty()), (ListingState::Theirs, false));
}

/// Where an answer does not say what a promotion has put aside, it is what it was.
#[test]
fn an_import_that_does_not_know_of_promotions_ends_none() {
    let mut world = told();
    look(&mut world, 50, 8, false);
    let found = SeenListing { promotion_reserved: None, ..seen("i", "A") };
    world.ok(TakeListings { shop: SHOP, listings: vec![found] });
    assert_eq!((world.listing("i").promotion_reserved, world.listing("i").dirty()), (8, false));
}

/// A write that named the old places was refused, or will be.
#[test]
fn a_push_goes_on_at_once_when_the_places_of_stock_are_known() {
    let mut world = told();
    let listings = vec![(world.listing("i").id, world.now)];
    world.ok(Publish { from: None, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None });
    let id = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let failure = JobFailure {
        class: FailureClass::Conflict,
        code: "places".into(),
        message: String::new(),
        at: world.now,
        spent: Spent::default(),
    };
    let job = world.jobs.get_mut(&id).expect("the push");
    (job.attempts, job.last_failure, job.run_at) = (4, Some(failure), world.now + MINUTE);
    let found = SeenListing { warehouses: vec!["east".into()], ..seen("i", "A") };
    world.ok(TakeListings { shop: SHOP, listings: vec![found] });
    assert_eq!(world.jobs[&id].run_at, world.now);
}
