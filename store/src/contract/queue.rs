//! The queue: every way in which a job changes, on the store and on plain maps, to the line of the dump.

use onhand_rules::commands::queue::{
    BeatJobs, BlockBucket, CancelJobs, ClaimJobs, DiscardDead, End, EnqueueJobs, FinishJobs, FireSchedule,
    JobEnd, PurgeDone, PutSetting, ReplayDead, RescueJobs, TakeTokens,
};
use onhand_rules::job::{JobState, NewJob};
use onhand_rules::retry::FailureClass;
use onhand_rules::setting::{Setting, lane_key, schedule_key};
use onhand_rules::{Changes, Job, JobBody, JobId, Receipt, ShopId, SyncChanges, Tracked};

use super::Fixture;
use super::driver::Request;
use super::world::{FEW, START, World};
use crate::error::StoreError;
use crate::sync_reads::{ClaimFilter, DeadFilter, JobFilter};

/// Length of leases.
const LEASE: i64 = 30_000;
const OWNER: u128 = 0xabc;

/// A job that does nothing, of one shop.
pub(super) fn nothing(shop: i64, class: i16, run_at: i64) -> NewJob {
    let note = format!("\u{1f4e6} \"{shop}\"\t{class}");
    NewJob { body: JobBody::Nothing { shop: Some(ShopId(shop)), note }, class, run_at, cause_at: None }
}

fn push(unit: &str) -> NewJob {
    let body = JobBody::PushStock { shop: ShopId(1), unit: unit.into() };
    NewJob { body, class: 2, run_at: 0, cause_at: Some(START - 5) }
}

pub(super) fn claim(owner: u128, jobs: &[JobId]) -> ClaimJobs {
    ClaimJobs { owner, lease_ms: LEASE, jobs: jobs.to_vec() }
}

fn end(job: JobId, lease: i64, end: End) -> FinishJobs {
    FinishJobs { ends: vec![JobEnd { job, lease, end }] }
}

fn done() -> End {
    End::Done { outcome: "done".into() }
}

fn failed(class: FailureClass) -> End {
    let (code, message) = ("E-1".into(), "they said \"no\"\n".into());
    End::Failed { class, code, message, retry_after_ms: None, jitter: 0 }
}

pub(super) async fn enqueue(world: &mut World, jobs: Vec<NewJob>) -> Vec<JobId> {
    match world.done(EnqueueJobs { jobs }).await {
        Receipt::Enqueued { jobs } => jobs,
        other => panic!("{other:?}"),
    }
}

async fn leases(world: &mut World, jobs: &[JobId]) -> Vec<(JobId, i64)> {
    world.done(claim(OWNER, jobs)).await.leases()
}

/// Those whose lease was somebody else's.
async fn stale(world: &mut World, ends: FinishJobs) -> Vec<JobId> {
    match world.done(ends).await {
        Receipt::Jobs { stale, .. } => stale,
        other => panic!("{other:?}"),
    }
}

async fn job(world: &World, id: JobId) -> Job {
    world.reads().job(id).await.unwrap().expect("a job")
}

/// One that was given up at once.
async fn dead(world: &mut World) -> JobId {
    let id = enqueue(world, vec![nothing(3, 3, 0)]).await[0];
    let lease = leases(world, &[id]).await[0].1;
    world.done(end(id, lease, failed(FailureClass::Invalid))).await;
    id
}

pub(super) async fn jobs_go_through_every_state(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    let kept = enqueue(&mut world, (0..5).map(|n| nothing(n, 2, 0)).collect()).await;
    let keyed = Request::of(EnqueueJobs { jobs: vec![nothing(9, 9, START + 5)] }).keyed("traced");
    world.batch(&[keyed]).await;
    let got = leases(&mut world, &kept).await;
    assert_eq!(got, kept.iter().map(|id| (*id, 1)).collect::<Vec<_>>());
    world.done(BeatJobs { owner: OWNER, jobs: got.clone(), lease_ms: 2 * LEASE }).await;
    world.equals_memory().await;
    world.done(end(kept[0], 1, done())).await;
    world.done(end(kept[1], 1, failed(FailureClass::Server))).await;
    world.done(end(kept[2], 1, failed(FailureClass::Invalid))).await;
    world.done(end(kept[3], 1, End::Snooze { until: START + 7 })).await;
    world.equals_memory().await;
    // The lease of the fifth ends: found, and taken away.
    world.at(START + 2 * LEASE).await;
    let lost = world.reads().lost_leases(START + 2 * LEASE, 9).await.unwrap();
    assert_eq!(lost, [(kept[4], 1)]);
    world.done(RescueJobs { jobs: lost }).await;
    world.equals_memory().await;
    assert_eq!(job(&world, kept[4]).await.crashes, 1);
    assert!(world.reads().done_job(kept[0]).await.unwrap().is_some());
    assert!(world.reads().job(kept[0]).await.unwrap().is_none());
    world.done(CancelJobs { jobs: vec![kept[3]], reason: "not wanted".into() }).await;
    // A dead one is repeated once, however often that is asked for; another one is given up for good.
    let other = dead(&mut world).await;
    for _ in 0..2 {
        world.done(ReplayDead { dead: vec![kept[2]], after_ms: 0, every_ms: 10 }).await;
        world.equals_memory().await;
    }
    world.done(DiscardDead { dead: vec![other], reason: "nobody wants it".into() }).await;
    world.equals_memory().await;
    assert!(world.reads().dead_groups().await.unwrap().is_empty(), "neither is open");
    world.done(PurgeDone { before: START + 1 }).await;
    world.equals_memory().await;
    assert!(world.reads().done_job(kept[0]).await.unwrap().is_none(), "finished long ago");
    assert!(world.reads().done_job(kept[3]).await.unwrap().is_some(), "cancelled just now");
    world.verify().await;
}

pub(super) async fn one_job_for_one_key(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    let ids = enqueue(&mut world, vec![push("u1"), push("u2"), push("u1")]).await;
    assert_eq!(ids[0], ids[2], "in one batch");
    assert_eq!(enqueue(&mut world, vec![push("u1")]).await, [ids[0]], "while it waits");
    let lease = leases(&mut world, &ids[..1]).await[0].1;
    assert_eq!(enqueue(&mut world, vec![push("u1")]).await, [ids[0]], "while it runs");
    world.equals_memory().await;
    world.done(end(ids[0], lease, done())).await;
    let again = job(&world, ids[0]).await;
    assert_eq!((again.state, again.lease_number), (JobState::Ready, 1), "it runs once more");
    // The second is done; a new one takes its key, in the batch in which it leaves.
    let lease = leases(&mut world, &ids[1..2]).await[0].1;
    let batch =
        [Request::of(end(ids[1], lease, done())), Request::of(EnqueueJobs { jobs: vec![push("u2")] })];
    world.batch(&batch).await;
    world.equals_memory().await;
    let there = world.reads().jobs(&JobFilter::default(), 9).await.unwrap().rows;
    assert_eq!(there.len(), 2);
    assert!(there.iter().all(|job| job.id != ids[1]), "{there:?}");
    world.verify().await;
}

pub(super) async fn a_late_finisher_changes_nothing(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    let id = enqueue(&mut world, vec![nothing(1, 2, 0)]).await[0];
    leases(&mut world, &[id]).await;
    assert_eq!(leases(&mut world, &[id]).await, [], "somebody has it");
    world.at(START + LEASE).await;
    world.done(RescueJobs { jobs: vec![(id, 1)] }).await;
    let rescued = world.dump().await;
    for late in [done(), failed(FailureClass::Server), End::Snooze { until: 0 }] {
        assert_eq!(stale(&mut world, end(id, 1, late)).await, [id], "it waits again");
        assert_eq!(world.dump().await, rescued);
    }
    world.at(START + 3 * LEASE).await;
    assert_eq!(leases(&mut world, &[id]).await, [(id, 2)]);
    assert_eq!(stale(&mut world, end(id, 1, done())).await, [id], "another lease runs");
    assert_eq!(stale(&mut world, end(id, 2, done())).await, []);
    assert_eq!(stale(&mut world, end(id, 2, done())).await, [id], "twice");
    world.equals_memory().await;
}

/// Writes a job past the rules, and expects that nothing of it is there afterwards.
async fn write_stale(world: &mut World, before: Job, now: Option<Job>) {
    let unchanged = world.dump().await;
    let jobs = vec![Tracked { before: Some(before), now }];
    let changes = Changes { sync: SyncChanges { jobs, ..SyncChanges::default() }, ..Changes::default() };
    let session = world.driver.session();
    let at = session.begin().await.unwrap();
    let mut result = session.write(&changes, &[], at).await;
    if result.is_ok() {
        result = session.commit().await.map(|_| ());
    }
    assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}");
    assert_eq!(world.dump().await, unchanged);
}

pub(super) async fn b2_a_job_that_is_not_as_it_was_loaded_is_a_conflict(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let id = enqueue(&mut world, vec![nothing(1, 2, 0)]).await[0];
    let ready = job(&world, id).await;
    leases(&mut world, &[id]).await;
    let running = job(&world, id).await;
    // Somebody else has claimed it: whoever saw it ready may neither claim nor cancel it.
    write_stale(&mut world, ready.clone(), Some(running.clone())).await;
    write_stale(&mut world, ready, None).await;
    // It was rescued: its lease number is still the one that the late finisher has, but it does not run any more.
    world.at(START + LEASE).await;
    world.done(RescueJobs { jobs: vec![(id, 1)] }).await;
    let rescued = job(&world, id).await;
    assert_eq!((rescued.state, rescued.lease_number), (JobState::Ready, running.lease_number));
    write_stale(&mut world, running.clone(), None).await;
    write_stale(&mut world, running.clone(), Some(rescued)).await;
    // It runs again by another lease.
    world.at(START + 3 * LEASE).await;
    assert_eq!(leases(&mut world, &[id]).await, [(id, 2)]);
    write_stale(&mut world, running, None).await;
}

fn filter(kinds: &[i16]) -> ClaimFilter {
    ClaimFilter { kinds: kinds.to_vec(), ..ClaimFilter::default() }
}

pub(super) async fn claimable_jobs_are_the_heads_of_their_groups(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    let (late, early) = (START + 1_000, START + 10);
    let wanted = vec![
        nothing(1, 2, late + 7),
        nothing(1, 2, early + 1),
        nothing(1, 2, early),
        nothing(1, 2, early + 2),
        nothing(1, 3, early),
        nothing(2, 2, early),
        push("u"),
    ];
    let ids = enqueue(&mut world, wanted).await;
    let found = |filter: ClaimFilter| {
        let reads = world.fixture.store.clone();
        async move {
            let mut found = reads.reads().claimable(&filter, late, FEW).await.unwrap();
            found.jobs.sort_by_key(|job| (job.kind, job.shop, job.class, job.run_at, job.id));
            (found.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), found.next_at)
        }
    };
    let nothings = vec![ids[2], ids[1], ids[4], ids[5]];
    assert_eq!(found(filter(&[15])).await, (nothings, Some(late + 7)), "two of each group, due longest");
    assert_eq!(found(filter(&[1, 15])).await.0, [ids[6], ids[2], ids[1], ids[4], ids[5]]);
    assert_eq!(found(filter(&[])).await, (Vec::new(), None));
    let without_shops = ClaimFilter { without_shops: vec![ShopId(1)], ..filter(&[1, 15]) };
    assert_eq!(found(without_shops).await, (vec![ids[5]], None));
    let without = ClaimFilter { without: vec![(15, ShopId(1))], ..filter(&[1, 15]) };
    assert_eq!(found(without).await, (vec![ids[6], ids[5]], None));
    world.at(late).await;
    let got = leases(&mut world, &[ids[0], ids[2], ids[6]]).await;
    assert_eq!(got, [(ids[2], 1), (ids[6], 1)], "the first is not due yet");
    let found = world.reads().claimable(&filter(&[1, 15]), late, 9).await.unwrap();
    assert!(found.jobs.iter().all(|job| ![ids[2], ids[6]].contains(&job.id)), "{found:?}");
}

pub(super) async fn settings_of_the_queue_are_kept(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    let lane = Setting::Lane { concurrency: 3, paused: true };
    world.done(PutSetting { key: lane_key("order_ingest"), value: Some(lane.clone()) }).await;
    world.done(PutSetting { key: lane_key("zzz"), value: Some(lane.clone()) }).await;
    world.done(PutSetting { key: lane_key("zzz"), value: None }).await;
    assert_eq!(world.reads().settings("lane:").await.unwrap(), [(lane_key("order_ingest"), lane)]);
    let tokens = |want, spent| TakeTokens {
        shop: ShopId(1),
        endpoint: "stock".into(),
        rate: 1_000,
        burst: 3_000,
        want,
        spent,
    };
    for (want, spent) in [(2, 0), (5, 0), (0, 4), (1, 0)] {
        world.outcome(tokens(want, spent)).await;
        world.equals_memory().await;
    }
    let block =
        BlockBucket { shop: ShopId(1), endpoint: "stock".into(), retry_after_ms: Some(9_000), lift: false };
    world.done(block).await;
    // A schedule fires once for each of its times, whoever says so first.
    let fire = |fire_at| FireSchedule {
        name: "poll".into(),
        fire_at,
        every_ms: 1_000,
        jobs: vec![NewJob { cause_at: None, ..push("all") }],
    };
    world.outcome(fire(None)).await;
    let Some(Setting::Schedule { next_at, .. }) =
        world.reads().settings(&schedule_key("poll")).await.unwrap().pop().map(|(_, row)| row)
    else {
        panic!("no schedule")
    };
    world.at(next_at.max(START)).await;
    let twice = [Request::of(fire(Some(next_at))), Request::of(fire(Some(next_at)))];
    world.batch(&twice).await;
    world.equals_memory().await;
    assert_eq!(world.reads().settings("bucket:").await.unwrap().len(), 1);
    assert_eq!(world.reads().settings("").await.unwrap().len(), 3);
}

pub(super) async fn job_lists_and_pages(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    let mut ids = enqueue(&mut world, (0..5).map(|n| nothing(1 + n % 2, 2, 0)).collect()).await;
    ids.sort();
    ids.reverse();
    let mut filter = JobFilter { kinds: vec![15], ..JobFilter::default() };
    let (mut listed, mut pages) = (Vec::new(), 0);
    loop {
        let page = world.reads().jobs(&filter, FEW).await.unwrap();
        listed.extend(page.rows.iter().map(|job| job.id));
        filter.before = listed.last().copied();
        pages += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!((listed, pages), (ids.clone(), 3));
    leases(&mut world, &ids[..2]).await;
    for (state, wanted) in [(JobState::Running, &ids[..2]), (JobState::Ready, &ids[2..])] {
        let filter = JobFilter { state: Some(state), ..JobFilter::default() };
        let listed = world.reads().jobs(&filter, 9).await.unwrap().rows;
        assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), wanted, "{state:?}");
    }
    let of_shop = JobFilter { shop: Some(ShopId(2)), state: Some(JobState::Running), ..JobFilter::default() };
    let running = world.reads().jobs(&of_shop, 9).await.unwrap().rows;
    assert!(running.iter().all(|job| job.body.shop() == Some(ShopId(2))) && running.len() == 1);
    let counts = world.reads().job_counts().await.unwrap();
    assert_eq!(counts.iter().map(|row| row.count).sum::<i64>(), 5);
    for id in &ids[..2] {
        world.done(end(*id, 1, done())).await;
    }
    let page = world.reads().done_jobs(None, 1).await.unwrap();
    let before = Some((page.rows[0].ended_at, page.rows[0].job.id));
    let second = world.reads().done_jobs(before, 1).await.unwrap();
    assert_eq!((page.rows[0].job.id, page.more), (ids[0], true));
    assert_eq!((second.rows[0].job.id, second.more), (ids[1], false));
    dead_pages(&mut world).await;
}

async fn dead_pages(world: &mut World) {
    let mut gone = Vec::new();
    for minute in 0..3 {
        world.at(START + 60_000 * (1 + minute)).await;
        gone.push(dead(world).await);
    }
    gone.sort();
    gone.reverse();
    let cause = DeadFilter {
        kind: Some(15),
        class: Some(FailureClass::Invalid),
        code: Some("E-1".into()),
        open: true,
        ..DeadFilter::default()
    };
    let page = world.reads().dead_jobs(&cause, FEW).await.unwrap();
    let rest = DeadFilter { before: page.rows.last().map(|row| row.job.id), ..cause.clone() };
    let rest = world.reads().dead_jobs(&rest, FEW).await.unwrap();
    let listed: Vec<JobId> = page.rows.iter().chain(&rest.rows).map(|row| row.job.id).collect();
    assert_eq!((listed, page.more, rest.more), (gone.clone(), true, false));
    let elsewhere = DeadFilter { code: Some("E-2".into()), ..cause };
    assert!(world.reads().dead_jobs(&elsewhere, FEW).await.unwrap().rows.is_empty());
    let group = world.reads().dead_groups().await.unwrap().remove(0);
    assert_eq!((group.kind, group.class, group.code.as_str()), (15, FailureClass::Invalid, "E-1"));
    assert_eq!((group.count, group.first_at, group.last_at), (3, START + 60_000, START + 180_000));
    assert_eq!((group.message.as_str(), group.shops.as_slice()), ("they said \"no\"\n", &[ShopId(3)][..]));
    world.done(ReplayDead { dead: gone, after_ms: 5, every_ms: 10 }).await;
    world.equals_memory().await;
}
