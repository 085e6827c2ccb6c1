//! Rows of the queue and the channels that no command made: `verify` finds them or the store refuses them, and a job that
//! cannot be read stops nobody.

use onhand_rules::commands::queue::{End, FinishJobs, JobEnd};
use onhand_rules::job::{JobFailure, JobState, Lease};
use onhand_rules::market_order::{MarketLine, MarketOrderState, MarketSnapshot, MarketStatus};
use onhand_rules::retry::{FailureClass, Spent};
use onhand_rules::{
    Changes, DeadJob, Inbox, Job, JobBody, JobId, Listing, MarketOrder, OrderId, Receipt, ShopId, SkuId,
    SyncChanges, Tracked,
};

use super::Fixture;
use super::channels::market;
use super::queue::{claim, enqueue, nothing};
use super::world::{START, World};
use crate::error::StoreError;
use crate::sync_reads::{ClaimFilter, DeadFilter, JobFilter};
use crate::verify::verify;

/// What the breaks are made of: rows as the rules make them.
struct Victims {
    job: Job,
    listing: Listing,
}

fn new<T>(row: T) -> Vec<Tracked<T>> {
    vec![Tracked { before: None, now: Some(row) }]
}

fn job(victims: &Victims, id: u128, change: impl FnOnce(&mut Job)) -> SyncChanges {
    let mut now = Job { id: JobId(id), ..victims.job.clone() };
    change(&mut now);
    SyncChanges { jobs: new(now), ..SyncChanges::default() }
}

fn dead(victims: &Victims, id: JobId, replayed_as: Option<JobId>) -> SyncChanges {
    let spent = Spent::default();
    let failure =
        JobFailure { class: FailureClass::Invalid, code: "E".into(), message: "no".into(), at: START, spent };
    let job = Job { id, ..victims.job.clone() };
    let row = DeadJob { job, died_at: START, failure, replayed_as, discarded: None };
    SyncChanges { dead: new(row), ..SyncChanges::default() }
}

fn listing(victims: &Victims, change: impl FnOnce(&mut Listing)) -> SyncChanges {
    let before = victims.listing.clone();
    let mut now = Listing { version: before.version + 1, ..before.clone() };
    change(&mut now);
    SyncChanges { listings: vec![Tracked { before: Some(before), now: Some(now) }], ..SyncChanges::default() }
}

fn market_order(reference: &str, change: impl FnOnce(&mut MarketOrder)) -> SyncChanges {
    let snapshot = MarketSnapshot {
        lines: Vec::<MarketLine>::new(),
        status: MarketStatus::Pending,
        raw_status: "UNPAID".into(),
        known_status: true,
        cancel_requested: Some(false),
        updated_at: 1,
        created_at: 1,
        currency: None,
        completed: false,
        returning: false,
    };
    let mut row = MarketOrder {
        shop: ShopId(1),
        reference: reference.into(),
        state: MarketOrderState::Applied,
        snapshot,
        applied: Vec::new(),
        waits_for: Vec::new(),
        trouble: None,
        refusal: None,
        stale_news: 0,
        job: None,
        version: 1,
        received_at: START,
        updated_at: START,
    };
    change(&mut row);
    SyncChanges { market_orders: new(row), ..SyncChanges::default() }
}

fn webhook(shop: i64, deliveries: i64) -> SyncChanges {
    let row = Inbox {
        key: format!("shopee:{shop}:{deliveries}"),
        channel: "shopee".into(),
        account: "9".into(),
        shop: Some(ShopId(shop)),
        topic: "3".into(),
        body: "{}".into(),
        deliveries,
        received_at: START,
    };
    SyncChanges { inbox: new(row), ..SyncChanges::default() }
}

type Break = (&'static str, fn(&Victims) -> SyncChanges);

const LEASE: Lease = Lease { owner: 1, until: START, deadline: START, since: START };

/// The invariant that is broken, and how.
const BREAKS: [Break; 21] = [
    ("I12", |v| listing(v, |row| row.acked = row.desired + 1)),
    ("I12", |v| listing(v, |row| row.acked = -1)),
    ("I12", |v| listing(v, |row| (row.pushed, row.pushed_at) = (Some(1), None))),
    ("I12", |v| {
        listing(v, |row| {
            if let Some(mapping) = &mut row.mapping {
                mapping.quantity = 0;
            }
        })
    }),
    ("I17", |v| job(v, 1, |job| job.state = JobState::Running)),
    ("I17", |v| job(v, 2, |job| job.lease = Some(LEASE))),
    ("I17", |v| job(v, 3, |job| (job.state, job.lease) = (JobState::Running, Some(LEASE)))),
    ("I17", |v| job(v, 4, |job| job.class = 5)),
    ("I17", |v| job(v, 5, |job| job.attempts = -1)),
    ("I17", |v| job(v, 6, |job| job.crashes = -1)),
    ("I17", |v| job(v, 7, |job| job.lease_number = -1)),
    ("I18", |v| {
        let push = || JobBody::PushStock { shop: ShopId(1), unit: "u".into() };
        let mut both = job(v, 8, |job| job.body = push());
        both.jobs.extend(job(v, 9, |job| job.body = push()).jobs);
        both
    }),
    ("I19", |v| dead(v, JobId(20), Some(JobId(21)))),
    ("I19", |v| dead(v, v.job.id, None)),
    ("I20", |v| listing(v, |row| row.shop = ShopId(78))),
    ("I20", |v| {
        listing(v, |row| {
            if let Some(mapping) = &mut row.mapping {
                mapping.sku = SkuId(4_000);
            }
        })
    }),
    ("I20", |_| market_order("W1", |row| row.waits_for = vec![("a".into(), "b".into())])),
    ("I20", |_| market_order("W2", |row| row.state = MarketOrderState::WaitsForMapping)),
    ("I20", |_| market_order("W3", |row| row.shop = ShopId(79))),
    ("I20", |_| market_order("W4", |row| row.version = 0)),
    ("I20", |_| webhook(80, 1)),
];

pub(super) async fn verify_finds_what_is_broken_of_the_queue(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    market(&mut world).await;
    let id = enqueue(&mut world, vec![nothing(1, 2, 0)]).await[0];
    world.verify().await;
    let mut let_through = 0;
    for (number, (invariant, broken)) in BREAKS.into_iter().enumerate() {
        let listing = world.reads().listing_by_key(ShopId(1), "a", "red\tXL").await.unwrap();
        // One that has left for another shop is as good.
        let listing = match listing {
            Some(listing) => listing,
            None => world.reads().listing_by_key(ShopId(1), "b", "red\tXL").await.unwrap().unwrap(),
        };
        let victims = Victims { job: world.reads().job(id).await.unwrap().unwrap(), listing };
        let before = verify(world.reads(), &mut |_| ()).await.unwrap();
        let changes = Changes { sync: broken(&victims), ..Changes::default() };
        let session = world.driver.session();
        let now = session.begin().await.unwrap();
        let mut result = session.write(&changes, &[], now).await;
        if result.is_ok() {
            result = session.commit().await.map(|_| ());
        }
        let after = verify(world.reads(), &mut |_| ()).await.unwrap();
        match result {
            Err(StoreError::Rejected(_) | StoreError::Conflict(_)) => {
                assert_eq!(after.violations, before.violations, "break {number}");
            }
            Err(other) => panic!("break {number} of {invariant}: {other}"),
            Ok(()) => {
                let_through += 1;
                let mut new = after.violations.iter().filter(|found| !before.violations.contains(found));
                let found = new.any(|violation| violation.invariant == invariant);
                assert!(found, "break {number} of {invariant} was not found: {after:#?}");
            }
        }
    }
    assert!(let_through >= 9, "the walls refuse so much that this test tests little: {let_through}");
    assert!(let_through <= 12, "the walls let through what they must refuse: {let_through}");
    let lost = onhand_rules::market_order::AppliedLine {
        item: "a".into(),
        variant: String::new(),
        listing: onhand_rules::ListingId(1),
        order: OrderId(4_000),
        line: 1,
        quantity: 1,
        per_unit: 1,
        cancelled: 1,
        shipped: 1,
    };
    let changes = Changes { sync: market_order("W5", |row| row.applied = vec![lost]), ..Changes::default() };
    let session = world.driver.session();
    let now = session.begin().await.unwrap();
    session.write(&changes, &[], now).await.unwrap();
    session.commit().await.unwrap();
    let report = verify(world.reads(), &mut |_| ()).await.unwrap();
    let of_it = report.violations.iter().filter(|found| found.subject == "order W5 of shop 1");
    assert_eq!(
        of_it.count(),
        2,
        "an order that does not exist, and a line that does not add up: {report:#?}"
    );
}

pub(super) async fn b10_a_job_that_cannot_be_read_dies_and_stops_nobody(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let ids = enqueue(&mut world, (1..=5).map(|n| nothing(1, 2, START + n)).collect()).await;
    let at = START + 10;
    world.at(at).await;
    let megabyte = "x".repeat(1 << 20);
    for (number, set) in [
        (1, "body = '{\"id\": \"job_'".to_owned()),
        (2, "kind = 99, body = '{\"kind\":\"teleport\"}'".to_owned()),
        (3, format!("body = '{{{megabyte}'")),
        (4, "shop = 0, body = '{}'".to_owned()),
    ] {
        (world.fixture.sql)(format!("update job set {set} where run_at = {}", START + number)).await;
    }
    // They are found among the others, in their places; also the one of a kind that nobody knows.
    let filter = ClaimFilter { kinds: vec![15], ..ClaimFilter::default() };
    let found = world.reads().claimable(&filter, at, 100).await.unwrap().jobs;
    assert_eq!(found.len(), 5);
    let listed = world.reads().jobs(&JobFilter::default(), 100).await.unwrap().rows;
    assert_eq!(listed.len(), 5);
    let unreadable = |job: &&Job| matches!(job.body, JobBody::Unreadable { .. });
    assert_eq!(listed.iter().filter(unreadable).count(), 4);
    let teleport = world.reads().job(ids[1]).await.unwrap().unwrap();
    assert_eq!((teleport.body.number(), teleport.body.shop()), (99, Some(ShopId(1))));
    assert!(matches!(&teleport.body, JobBody::Unreadable { text, .. } if text.contains("teleport")));
    let shopless = world.reads().job(ids[3]).await.unwrap().unwrap();
    assert_eq!((shopless.body.number(), shopless.body.shop()), (15, None));
    // Claimed like any other, and ended as the runner ends them.
    let leases = world.done(claim(7, &ids)).await.leases();
    assert_eq!(leases.len(), 5);
    let undecodable = || End::Failed {
        class: FailureClass::Undecodable,
        code: "undecodable".into(),
        message: "cannot be read".into(),
        retry_after_ms: None,
        jitter: 0,
    };
    let mut ends: Vec<JobEnd> =
        leases.into_iter().map(|(job, lease)| JobEnd { job, lease, end: undecodable() }).collect();
    ends[4].end = End::Done { outcome: "done".into() };
    let Receipt::Jobs { stale, dead } = world.done(FinishJobs { ends }).await else { panic!("no end") };
    assert_eq!((stale, dead), (Vec::new(), ids[..4].to_vec()));
    let filter = DeadFilter { class: Some(FailureClass::Undecodable), ..DeadFilter::default() };
    let rows = world.reads().dead_jobs(&filter, 100).await.unwrap().rows;
    assert_eq!(rows.len(), 4);
    let kept = rows.iter().find(|row| row.job.id == ids[2]).unwrap();
    assert!(matches!(&kept.job.body, JobBody::Unreadable { text, .. } if text.contains(&megabyte)));
    assert_eq!(world.reads().dead_groups().await.unwrap().iter().map(|group| group.count).sum::<i64>(), 4);
    world.verify().await;
    // Dead and finished ones that a newer program wrote are listed too.
    for table in ["job_dead", "job_done"] {
        (world.fixture.sql)(format!("update {table} set body = '{{'")).await;
    }
    assert_eq!(world.reads().dead_jobs(&DeadFilter::default(), 100).await.unwrap().rows.len(), 4);
    assert_eq!(
        world.reads().dead_job(ids[0]).await.unwrap().unwrap().failure.class,
        FailureClass::Undecodable
    );
    assert_eq!(world.reads().done_jobs(None, 100).await.unwrap().rows.len(), 1);
    assert_eq!(world.reads().done_job(ids[4]).await.unwrap().unwrap().outcome, "done");
}
