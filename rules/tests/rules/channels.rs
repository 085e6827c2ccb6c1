//! Shops, listings, pushes and edits.

use onhand_rules::commands::channels::{
    DisconnectShop, Publish, PushOutcome, PushResult, RecordPush, RecordSeen, RenewGrant, SeenStock, Urgency,
};
use onhand_rules::commands::queue::{End, FinishJobs, JobEnd, RescueJobs};
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::Disconnection;
use onhand_rules::{EventBody, JobBody, Receipt};

use crate::channels_world::{MINUTE, Market, SHOP};
use crate::commands::adjust;

/// A world whose listing `i` of SKU A was told 50.
pub(crate) fn told() -> Market {
    let mut world = Market::with_shop(50);
    world.listings(&[("i", "A")]);
    assert_eq!(push(&mut world, 50), Receipt::Jobs { stale: Vec::new(), dead: Vec::new() });
    world.now += MINUTE;
    world
}

pub(crate) fn command(world: &Market, lease: i64, quantity: i64) -> RecordPush {
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

pub(crate) fn push(world: &mut Market, quantity: i64) -> Receipt {
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let lease = world.claim(job);
    let record = command(world, lease, quantity);
    world.ok(record)
}

fn read(world: &mut Market, stock: i64, orders_until_now: bool) {
    look(world, stock, 0, orders_until_now);
}

/// Reads the figure, and the units that a promotion has put aside.
pub(crate) fn look(world: &mut Market, stock: i64, promotion_reserved: i64, orders_until_now: bool) {
    let listing = world.listing("i");
    let (listing, acked) = (listing.id, listing.acked);
    let one = SeenStock { listing, acked, stock: Some(stock), promotion_reserved, before: None };
    world.ok(RecordSeen { shop: SHOP, seen: vec![one], orders_until_now });
}

#[test]
fn a_look_that_shows_nothing_new_is_not_written_each_time() {
    let mut world = told();
    read(&mut world, 50, false);
    let first = world.listing("i").clone();
    assert_eq!(first.seen_at, Some(world.now), "the first since the figure was told");
    world.now += MINUTE - 1;
    read(&mut world, 50, false);
    assert_eq!(*world.listing("i"), first, "within a minute");
    world.now += 1;
    read(&mut world, 50, false);
    assert_eq!(world.listing("i").seen_at, Some(world.now));
    read(&mut world, 49, false);
    assert_eq!(world.listing("i").seen, Some(49), "news at once");
    read(&mut world, 50, false);
    let listings = vec![(world.listing("i").id, world.now)];
    world.ok(Publish { from: None, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None });
    world.now += 1;
    push(&mut world, 50);
    let told = world.listing("i").pushed_at;
    world.now += 1;
    read(&mut world, 50, false);
    assert!(world.listing("i").seen_at > told, "the first look since that figure was told");
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
    for (after_ms, lost) in [(1_000, false), (29_999, false), (30_000, true)] {
        let mut world = told();
        let id = world.listing("i").id;
        let from = None;
        let listings = vec![(id, world.now)];
        world.ok(Publish { from, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None });
        push(&mut world, 45);
        world.now += after_ms;
        read(&mut world, 50, true);
        let listing = world.listing("i");
        assert!(listing.edit.is_none() && world.figures("A").on_hand == 50, "it is what we told before");
        assert_eq!(listing.dirty(), lost, "after {after_ms} ms: told again only when it must show");
        assert_eq!(world.open("drift"), lost, "after {after_ms} ms");
    }
}

#[test]
fn h7_without_the_orders_up_to_now_it_may_be_a_sale() {
    let mut world = told();
    read(&mut world, 40, false);
    assert!(world.listing("i").edit.is_none());
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

/// The row of a job that was asked for again stays, with the number of the lease that ended it.
#[test]
fn b2_a_job_that_was_done_and_asked_for_again_is_not_rescued() {
    for taken_again in [false, true] {
        let mut world = Market::with_shop(50);
        world.listings(&[("i", "A")]);
        let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
        let first = world.claim(job);
        let listings = vec![(world.listing("i").id, world.now)];
        let (from, urgency) = (None, Urgency::Sale);
        world.ok(Publish { from, to: 0, listings, read_back: false, urgency, slots: None });
        world.now += 31_000;
        // The rescuer has looked; now the worker ends it.
        let end = End::Done { outcome: "done".into() };
        world.ok(FinishJobs { ends: vec![JobEnd { job, lease: first, end }] });
        if taken_again {
            world.claim(job);
            world.now += 31_000;
        }
        let before = world.jobs[&job].clone();
        let rescued = world.ok(RescueJobs { jobs: vec![(job, first)] });
        assert_eq!(
            rescued,
            Receipt::Jobs { stale: vec![job], dead: Vec::new() },
            "taken again: {taken_again}"
        );
        assert_eq!(world.jobs[&job], before);
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
    let gone = |from_number| DisconnectShop { shop: SHOP, from_number, why: Disconnection::of("401") };
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

/// Ends the attempt at the push of `i` so.
fn end_push(world: &mut Market, outcome: PushOutcome, end: End) -> Receipt {
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let lease = world.claim(job);
    let listing = world.listing("i");
    let results = vec![PushResult { listing: listing.id, desired: listing.desired, outcome }];
    world.ok(RecordPush { job: (job, lease), shop: SHOP, results, end })
}

fn no_answer() -> End {
    let (code, message) = ("timeout".into(), "no answer in time".into());
    End::Failed { class: FailureClass::Network, code, message, retry_after_ms: None, jitter: 0 }
}

/// Told 50; 47 was sent without an answer, and 45 acknowledged after it.
fn doubtful() -> Market {
    let mut world = told();
    world.ok(adjust("A", "main", -3));
    mark(&mut world);
    end_push(&mut world, PushOutcome::Unanswered { quantity: 47, trouble: None }, no_answer());
    assert!(world.listing("i").in_doubt());
    world.ok(adjust("A", "main", -2));
    mark(&mut world);
    world.now += MINUTE;
    push(&mut world, 45);
    assert!(!world.listing("i").in_doubt(), "something was acknowledged since");
    world
}

fn mark(world: &mut Market) {
    let listings = vec![(world.listing("i").id, world.now)];
    world.ok(Publish { from: None, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None });
}

fn steps(world: &Market) -> Vec<&str> {
    fn step(body: &EventBody) -> Option<&str> {
        match body {
            EventBody::ListingEdit { step, .. } => Some(step),
            _ => None,
        }
    }
    world.events.iter().map(|event| &event.body).filter_map(step).collect()
}

#[test]
fn e2_a_figure_that_arrives_late_is_told_over_at_once_and_never_counts() {
    let mut world = doubtful();
    world.now += 30_000;
    read(&mut world, 47, false);
    assert_eq!(steps(&world), [""; 0], "not before the orders up to now are known");
    read(&mut world, 47, true);
    assert_eq!(steps(&world), ["late_write"]);
    let listing = world.listing("i");
    assert!(listing.dirty() && listing.edit.is_none());
    assert_eq!(listing.pushed, Some(47), "what stands there is known, so 45 differs from it");
    push(&mut world, 45);
    world.now += 30_000;
    read(&mut world, 45, true);
    assert_eq!((steps(&world), world.figures("A").on_hand), (vec!["late_write"], 45));
}

#[test]
fn e2_what_cannot_arrive_any_more_is_forgotten() {
    let mut world = doubtful();
    assert_eq!(world.listing("i").unanswered.len(), 1);
    world.now += 15 * MINUTE;
    read(&mut world, 45, true);
    assert_eq!(world.listing("i").unanswered, []);
    read(&mut world, 47, true);
    assert_eq!(steps(&world), ["suspected"], "the seller's, by then");
}

#[test]
fn e2_a_figure_in_doubt_is_remembered_until_something_is_acknowledged() {
    let mut world = told();
    mark(&mut world);
    for quantity in 0..20 {
        end_push(&mut world, PushOutcome::Unanswered { quantity: quantity / 2, trouble: None }, no_answer());
        world.now += 60 * MINUTE;
        if quantity == 8 {
            world.ok(FinishJobs { ends: Vec::new() });
        }
        if world.job(|body| matches!(body, JobBody::PushStock { .. })).is_none() {
            break;
        }
    }
    let listing = world.listing("i");
    assert!(listing.in_doubt(), "however long ago");
    assert!(listing.unanswered.len() <= 8);
    let figures: Vec<_> = listing.unanswered.iter().map(|write| write.quantity).collect();
    assert_eq!(figures, (0..5).map(Some).collect::<Vec<_>>(), "each once");
    assert_eq!(listing.trouble, None);
}

#[test]
fn e2_a_worker_that_died_leaves_a_doubt_of_any_figure() {
    let mut world = told();
    world.ok(adjust("A", "main", -3));
    mark(&mut world);
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let lease = world.claim(job);
    world.now += MINUTE;
    world.ok(RescueJobs { jobs: vec![(job, lease)] });
    world.now += MINUTE;
    push(&mut world, 47);
    world.now += 30_000;
    read(&mut world, 12, true);
    assert_eq!(steps(&world), ["late_write"]);
    assert!(world.listing("i").dirty());
}

#[test]
fn e2_who_lost_the_lease_ends_nothing_and_is_remembered() {
    let mut world = told();
    world.ok(adjust("A", "main", -3));
    mark(&mut world);
    let job = world.job(|body| matches!(body, JobBody::PushStock { .. })).expect("a push").id;
    let lost = world.claim(job);
    let late = command(&world, lost, 47);
    world.now += MINUTE;
    world.ok(RescueJobs { jobs: vec![(job, lost)] });
    world.now += MINUTE;
    world.ok(adjust("A", "main", -2));
    mark(&mut world);
    push(&mut world, 45);
    let before = world.listing("i").clone();
    assert_eq!(world.ok(late), Receipt::Jobs { stale: vec![job], dead: Vec::new() });
    let after = world.listing("i").clone();
    assert_eq!((after.pushed, after.acked), (before.pushed, before.acked));
    assert!(after.unanswered.iter().any(|write| write.quantity == Some(47)));
    // Any figure is believed for two minutes, this one for longer.
    world.now += 5 * MINUTE;
    read(&mut world, 47, true);
    assert_eq!(steps(&world), ["late_write"]);
}

#[test]
fn a_push_that_was_refused_wholly_is_a_failure_of_its_cause() {
    let mut world = told();
    mark(&mut world);
    let (code, message) = ("no_such_price".to_owned(), "m".to_owned());
    let end = End::Failed {
        class: FailureClass::Invalid,
        code: code.clone(),
        message: message.clone(),
        retry_after_ms: None,
        jitter: 0,
    };
    let ended = end_push(&mut world, PushOutcome::Failed { code, message, again: false }, end);
    let Receipt::Jobs { dead, .. } = ended else { panic!("{ended:?}") };
    assert_eq!(dead.len(), 1);
    assert!(world.listing("i").dirty(), "and the sweep finds it");
    assert!(world.open("listing_trouble") && world.open("retries_exhausted"));
}

#[test]
fn who_wants_it_told_now_does_not_wait_for_a_delay_to_end() {
    let mut world = told();
    mark(&mut world);
    let sent = PushOutcome::Unanswered { quantity: 50, trouble: None };
    end_push(&mut world, sent, no_answer());
    let due = |world: &Market| {
        world.job(|body| matches!(body, JobBody::PushStock { .. })).map(|job| job.run_at - world.now)
    };
    assert_eq!(due(&world), Some(500));
    mark(&mut world);
    assert_eq!(due(&world), Some(500), "a sale waits like the others");
    let listings = vec![(world.listing("i").id, world.now)];
    world.ok(Publish {
        from: None,
        to: 0,
        listings,
        read_back: false,
        urgency: Urgency::Person,
        slots: None,
    });
    assert_eq!(due(&world), Some(0));
}
