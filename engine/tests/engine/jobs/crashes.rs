//! Workers that die, sleep, hang or panic; databases that are away when a job ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use onhand_engine::Request;
use onhand_engine::jobs::RunnerSettings;
use onhand_rules::commands::queue::{ClaimJobs, End, FinishJobs, FireSchedule, JobEnd, RescueJobs};
use onhand_rules::job::{JobState, NewJob};
use onhand_rules::retry::FailureClass;
use onhand_rules::{JobBody, JobId, Receipt};
use onhand_store::StoreError;
use onhand_store::faulty::Call;

use super::desk::{Desk, asleep, becomes, dead, drained, enqueue, finished, job, quick, run, running, stop};
use crate::stage::{Stage, done, on_both, quiet, until, within};

on_both!(
    b1_who_sleeps_through_his_lease_cannot_finish,
    b2_the_rescuer_never_reopens_what_is_finished,
    b3_who_hangs_is_ended_by_his_deadline_and_is_poison_in_the_end,
    b3_a_blocked_executor_does_not_stop_the_heart,
    b4_a_panic_concerns_one_job,
    b4_three_panics_are_poison,
    b5_a_restarted_worker_is_another_one,
    b6_a_slot_is_free_when_the_end_is_durable,
    b10_a_job_that_cannot_be_read_dies_and_the_next_one_runs,
    b13_who_is_stopped_puts_back_what_he_had_unburnt,
    b13_a_second_stop_does_not_wait_for_the_first,
    q1_a_job_is_there_exactly_if_its_cause_is,
    the_queue_survives_a_database_that_goes_away,
);

/// Claims as a process that is never heard of again.
async fn claim_and_vanish(engine: &onhand_engine::Engine, job: JobId, lease_ms: i64) -> i64 {
    done(engine, ClaimJobs { owner: 7, lease_ms, jobs: vec![job] }).await.leases()[0].1
}

fn ends(job: JobId, lease: i64) -> FinishJobs {
    FinishJobs { ends: vec![JobEnd { job, lease, end: End::Done { outcome: "done".into() } }] }
}

async fn b1_who_sleeps_through_his_lease_cannot_finish(stage: Stage) {
    let engine = stage.engine().await;
    let (desk, other) = (Desk::new(), Desk::new());
    let id = enqueue(&engine, vec![job("wait")]).await[0];
    let one_slot = RunnerSettings { lanes: vec![("product_sync".into(), 1)], ..asleep() };
    let sleeper = run(&engine, &desk, one_slot);
    desk.starts(1).await;
    let awake = run(&engine, &other, quick());
    other.starts(1).await;
    let (first, second) = (desk.started.lock().unwrap()[0].1, other.started.lock().unwrap()[0].1);
    assert!(second > first, "the number of the lease rises: {first}, {second}");
    // The sleeper wakes up and finishes.
    desk.open(1);
    let metrics = &engine.metrics().queue;
    until("the late end is turned down", || metrics.stale_finishes.get() == 1).await;
    until("its slot is free", || sleeper.running() == 0).await;
    becomes(&engine, id, "the other one still has it", |job| {
        job.is_some_and(|job| job.state == JobState::Running && job.lease_number == second)
    })
    .await;
    assert_eq!(finished(&engine).await, 0);
    other.open(1);
    drained(&engine).await;
    assert_eq!((finished(&engine).await, metrics.stale_finishes.get(), metrics.rescues.get()), (1, 1, 1));
    assert_eq!((desk.started(), other.started()), (1, 1), "taken over once");
    stop(&sleeper).await;
    stop(&awake).await;
    stage.verify().await;
}

async fn b2_the_rescuer_never_reopens_what_is_finished(stage: Stage) {
    let engine = stage.engine().await;
    let notes = ["finishes first", "is rescued first", "fails first", "fails and is taken again"];
    let ids = enqueue(&engine, notes.map(job).into()).await;
    let mut leases = Vec::new();
    for id in &ids {
        leases.push((*id, claim_and_vanish(&engine, *id, 0).await));
    }
    let now = engine.reads().now().await.unwrap();
    let mut seen = engine.reads().lost_leases(now + 1, 10).await.unwrap();
    seen.sort();
    leases.sort();
    assert_eq!(seen, leases);
    // Between the look and the command. Of a job that ends well nothing is left to rescue; one that fails waits in the same
    // row, with the number of the lease that ended it, and may be somebody else's by then.
    done(&engine, ends(leases[0].0, leases[0].1)).await;
    let fails = |(job, lease): (JobId, i64)| {
        let (class, code) = (FailureClass::Conflict, "first".to_owned());
        let end = End::Failed { class, code, message: String::new(), retry_after_ms: None, jitter: 0 };
        JobEnd { job, lease, end }
    };
    done(&engine, FinishJobs { ends: vec![fails(leases[2]), fails(leases[3])] }).await;
    stage.pass(1_000).await;
    let taken = claim_and_vanish(&engine, leases[3].0, 0).await;
    let rescued = done(&engine, RescueJobs { jobs: seen }).await;
    let stale = vec![leases[0].0, leases[2].0, leases[3].0];
    assert_eq!(rescued, Receipt::Jobs { stale, dead: vec![] });
    assert_eq!(engine.reads().job(leases[0].0).await.unwrap(), None, "it stays finished");
    for (id, state, lease) in
        [(leases[2].0, JobState::Ready, leases[2].1), (leases[3].0, JobState::Running, taken)]
    {
        let job = engine.reads().job(id).await.unwrap().unwrap();
        assert_eq!((job.state, job.lease_number, job.attempts, job.crashes), (state, lease, 1, 0), "{job:?}");
    }
    // And the other way round.
    let late = done(&engine, ends(leases[1].0, leases[1].1)).await;
    assert_eq!(late, Receipt::Jobs { stale: vec![leases[1].0], dead: vec![] });
    let job = engine.reads().job(leases[1].0).await.unwrap().unwrap();
    assert_eq!((job.state, job.crashes, job.attempts), (JobState::Ready, 1, 0));
    // Nor does it end the next one's attempt.
    stage.pass(STEP).await;
    let next = claim_and_vanish(&engine, leases[1].0, 60_000).await;
    let later = done(&engine, ends(leases[1].0, leases[1].1)).await;
    assert_eq!(later, Receipt::Jobs { stale: vec![leases[1].0], dead: vec![] });
    let job = engine.reads().job(leases[1].0).await.unwrap().unwrap();
    assert_eq!((job.state, job.lease_number), (JobState::Running, next));
    assert_eq!(finished(&engine).await, 1);
    stage.verify().await;
}

async fn b4_a_panic_concerns_one_job(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let mut jobs = vec![job("panic")];
    jobs.extend((0..50).map(|n| job(&n.to_string())));
    let bad = enqueue(&engine, jobs).await[0];
    let runner = run(&engine, &desk, quick());
    until("all others are done", || desk.ended.load(Ordering::SeqCst) == 50).await;
    becomes(&engine, bad, "the panic is kept", |job| {
        job.is_some_and(|job| job.state == JobState::Ready && job.crashes == 1)
    })
    .await;
    let failure = engine.reads().job(bad).await.unwrap().unwrap().last_failure.unwrap();
    assert_eq!((failure.code.as_str(), failure.message.contains("as asked")), ("panic", true));
    until("every slot is free", || runner.running() == 0).await;
    let before = desk.started();
    enqueue(&engine, (0..10).map(|_| job("wait")).collect()).await;
    // Ten wait at once: no slot was lost with the panic. The bad job may come again in between.
    until("ten run at once", || desk.started() >= before + 10 && runner.running() >= 10).await;
    desk.open(10);
    stop(&runner).await;
    stage.verify().await;
}

async fn b5_a_restarted_worker_is_another_one(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let first = run(&engine, &desk, quick());
    stop(&first).await;
    let id = enqueue(&engine, vec![job("left behind")]).await[0];
    claim_and_vanish(&engine, id, 50).await;
    let second = run(&engine, &desk, quick());
    assert_ne!(first.owner(), second.owner());
    desk.starts(1).await;
    drained(&engine).await;
    assert_eq!((finished(&engine).await, engine.metrics().queue.rescues.get()), (1, 1));
    stop(&second).await;
}

async fn b6_a_slot_is_free_when_the_end_is_durable(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    let desk = Desk::new();
    enqueue(&engine, vec![job("wait"), job("after")]).await;
    let one_slot = RunnerSettings { lanes: vec![("product_sync".into(), 1)], ..quick() };
    let runner = run(&engine, &desk, one_slot);
    desk.starts(1).await;
    let gate = plan.hold(Call::BeforeCommit);
    plan.fail(Call::BeforeCommit, StoreError::Unavailable("gone".into()));
    desk.open(1);
    // The end is on its way: the handler is through, its slot is not.
    within("the end's commit", gate.reached()).await;
    assert_eq!((desk.ended.load(Ordering::SeqCst), runner.running(), desk.started()), (1, 1, 1));
    gate.release();
    desk.starts(2).await;
    drained(&engine).await;
    assert!(desk.runs().values().all(|runs| *runs == 1), "nothing ran twice");
    assert_eq!((finished(&engine).await, engine.metrics().queue.stale_finishes.get()), (2, 0));
    assert_eq!(plan.pending(), 0);
    stop(&runner).await;
    stage.verify().await;
}

/// As a store gives it out whose row names a kind that only a newer program knows.
async fn b10_a_job_that_cannot_be_read_dies_and_the_next_one_runs(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let text = "{\"kind\":\"teleport\"}".to_owned();
    let body = JobBody::Unreadable { number: 99, shop: None, dedupe: None, text };
    enqueue(&engine, vec![NewJob { body: body.clone(), ..job("") }, job("")]).await;
    let runner = run(&engine, &desk, quick());
    drained(&engine).await;
    let dead = dead(&engine).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (dead[0].failure.class, dead[0].failure.code.as_str()),
        (FailureClass::Undecodable, "undecodable")
    );
    assert_eq!(dead[0].job.body, body, "what was found is kept with it");
    assert_eq!((finished(&engine).await, desk.started()), (1, 1));
    stop(&runner).await;
    stage.verify().await;
}

async fn b13_who_is_stopped_puts_back_what_he_had_unburnt(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let ids = enqueue(&engine, (0..60).map(|_| job("wait")).collect()).await;
    let fifty = RunnerSettings { lanes: vec![("product_sync".into(), 50)], ..quick() };
    let runner = run(&engine, &desk, fifty);
    desk.starts(50).await;
    desk.open(20);
    until("twenty are done", || desk.ended.load(Ordering::SeqCst) == 20).await;
    desk.starts(60).await;
    stop(&runner).await;
    assert_eq!((runner.running(), running(&engine).await, finished(&engine).await), (0, 0, 20));
    let now = engine.reads().now().await.unwrap();
    let mut back = 0;
    for id in ids {
        let Some(job) = engine.reads().job(id).await.unwrap() else { continue };
        assert_eq!((job.state, job.attempts, job.crashes), (JobState::Ready, 0, 0));
        assert!(job.run_at <= now, "at once");
        back += 1;
    }
    assert_eq!(back, 40);
    // Whoever starts next runs them at once.
    desk.open(40);
    let next = run(&engine, &desk, quick());
    drained(&engine).await;
    assert_eq!(finished(&engine).await, 60);
    stop(&next).await;
    stage.verify().await;
}

async fn b13_a_second_stop_does_not_wait_for_the_first(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let ids = enqueue(&engine, vec![job("wait"), job("wait")]).await;
    let runner = run(&engine, &desk, quick());
    desk.starts(2).await;
    let patient = runner.clone();
    let first = tokio::spawn(async move { patient.stop(Duration::from_secs(3_600)).await });
    // Within the grace what ends by itself is done.
    desk.open(1);
    until("one is done", || runner.running() == 1).await;
    assert!(!first.is_finished());
    stop(&runner).await;
    within("the first stop", first).await.unwrap();
    assert_eq!((finished(&engine).await, running(&engine).await), (1, 0));
    for id in ids {
        let Some(job) = engine.reads().job(id).await.unwrap() else { continue };
        assert_eq!((job.attempts, job.crashes), (0, 0), "put back, and not ended by its deadline");
    }
}

/// The row of a schedule stands for what a job follows from.
async fn q1_a_job_is_there_exactly_if_its_cause_is(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    let fire = || {
        Request::internal(FireSchedule {
            name: "x".into(),
            fire_at: None,
            every_ms: 60_000,
            jobs: vec![job("")],
        })
    };
    let there = async || {
        let causes = engine.reads().settings("schedule:").await.unwrap().len();
        let jobs = engine.reads().jobs(&onhand_store::JobFilter::default(), 10).await.unwrap().rows.len();
        (causes, jobs)
    };
    for call in [Call::Begin, Call::Find, Call::Write, Call::BeforeCommit] {
        plan.fail(call, StoreError::Unavailable("killed".into()));
        engine.submit(fire()).await.unwrap_err();
        assert_eq!(there().await, (0, 0), "{call:?}");
    }
    if stage.unknown_is_fatal() {
        engine.submit(fire()).await.unwrap();
    } else {
        plan.fail(Call::AfterCommit, StoreError::Unknown("killed".into()));
        engine.submit(fire()).await.unwrap_err();
    }
    assert_eq!(there().await, (1, 1));
    // Asked again, nothing is there twice.
    engine.submit(fire()).await.unwrap();
    assert_eq!((there().await, plan.pending()), ((1, 1), 0));
    stage.verify().await;
}

async fn the_queue_survives_a_database_that_goes_away(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    let desk = Desk::new();
    enqueue(&engine, (0..30).map(|n| job(&n.to_string())).collect()).await;
    for call in [Call::Begin, Call::Begin, Call::Find, Call::Write, Call::BeforeCommit] {
        plan.fail(call, StoreError::Unavailable("away".into()));
    }
    let runner = run(&engine, &desk, quick());
    drained(&engine).await;
    assert_eq!((finished(&engine).await, plan.pending()), (30, 0));
    assert!(desk.runs().values().all(|runs| *runs == 1));
    stop(&runner).await;
}

const STEP: i64 = 61_000;

/// A handler that hangs keeps its heartbeat, so only its deadline ends it.
async fn b3_who_hangs_is_ended_by_his_deadline_and_is_poison_in_the_end(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let id = enqueue(&engine, vec![job("hang")]).await[0];
    let beating = RunnerSettings {
        beat: Duration::from_millis(20),
        lanes: vec![("product_sync".into(), 1)],
        ..quick()
    };
    let runner = run(&engine, &desk, beating);
    for crash in 1..=3 {
        desk.starts(crash).await;
        let lease = desk.started.lock().unwrap()[crash - 1].1;
        stage.pass(STEP).await;
        becomes(&engine, id, "it is taken away", |job| {
            job.is_none_or(|job| job.state == JobState::Ready || job.lease_number > lease)
        })
        .await;
        until("its slot is free", || runner.running() == 0 || desk.started() > crash).await;
        stage.pass(STEP).await;
    }
    until("it is dead", || engine.metrics().queue.rescues.get() == 3).await;
    let dead = dead(&engine).await;
    assert_eq!((dead.len(), dead[0].job.crashes, desk.started()), (1, 3, 3));
    // The one slot works.
    enqueue(&engine, vec![job("next")]).await;
    desk.starts(4).await;
    stop(&runner).await;
    stage.verify().await;
}

async fn b4_three_panics_are_poison(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    enqueue(&engine, vec![job("panic")]).await;
    let runner = run(&engine, &desk, quick());
    for crash in 1..=3 {
        desk.starts(crash).await;
        until("its end", || runner.running() == 0).await;
        stage.pass(STEP).await;
    }
    let dead = dead(&engine).await;
    assert_eq!((dead.len(), dead[0].failure.code.as_str(), dead[0].job.crashes), (1, "panic", 3));
    stop(&runner).await;
}

/// A thread that is not given back costs the thread, not the leases of others.
async fn b3_a_blocked_executor_does_not_stop_the_heart(stage: Stage) {
    let engine = stage.engine().await;
    // Who looks on has connections of his own: those of the blocked may be blocked with it.
    let onlooker = if stage.unknown_is_fatal() { engine.clone() } else { stage.replica(quiet()).await };
    let desk = Desk::new();
    let ids = enqueue(&engine, vec![job("block"), job("block")]).await;
    // Long enough for a claim on a machine that is busy: a lease that is lost before its job has begun blocks nothing.
    let short = RunnerSettings { lease: Duration::from_secs(3), beat: Duration::from_millis(50), ..quick() };
    // Both threads of its executor are blocked; the test looks from another one.
    let workers = std::thread::spawn({
        let (engine, desk) = (engine.clone(), desk.clone());
        move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = runtime.unwrap();
            let runner = runtime.block_on(async { run(&engine, &desk, short) });
            (runtime, runner)
        }
    });
    desk.starts(2).await;
    let (runtime, runner) = workers.join().unwrap();
    let until_of =
        async |id| onlooker.reads().job(id).await.unwrap().and_then(|job| job.lease).map(|l| l.until);
    for id in ids {
        let first = until_of(id).await.expect("a lease");
        within("three heartbeats", async {
            while until_of(id).await.expect("still a lease") < first + 900 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(engine.metrics().queue.leases_lost.get(), 0);
    // More than the two: on a busy machine a lease this short may be lost from here on, and its job runs once more.
    desk.open(20);
    drained(&onlooker).await;
    stop(&runner).await;
    assert_eq!(finished(&onlooker).await, 2);
    runtime.shutdown_background();
}
