//! Dead letters run again when somebody says so: each once, and not all at the same moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerSettings};
use onhand_engine::telemetry::ScheduleLabels;
use onhand_rules::commands::queue::{DiscardDead, End, ReplayDead};
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::retry::FailureClass;
use onhand_rules::{Job, JobId, Receipt};
use onhand_store::{DeadFilter, JobFilter};

use super::desk::{Desk, drained, enqueue, finished, job, quick, run, stop};
use crate::stage::{Stage, done, on_both, quiet, until};

on_both!(
    b11_more_than_ten_thousand_dead_are_replayed_once_by_two_who_ask_at_once,
    what_jobs_died_of_is_over_when_none_of_them_is_left,
);

const DEAD: usize = 10_050;

/// Wrong in itself, whatever it is.
struct Wrong;

#[async_trait]
impl Handlers for Wrong {
    async fn run(&self, _job: &Job, _lease: &LeaseGuard) -> Ended {
        let (class, code) = (FailureClass::Invalid, "wrong".to_owned());
        Ended::End(End::Failed { class, code, message: "as asked".into(), retry_after_ms: None, jitter: 0 })
    }
}

/// All dead jobs, page by page, with what repeats them.
async fn all_dead(engine: &onhand_engine::Engine) -> BTreeMap<JobId, Option<JobId>> {
    let mut all = BTreeMap::new();
    let mut filter = DeadFilter::default();
    loop {
        let page = engine.reads().dead_jobs(&filter, 1_000).await.expect("a read");
        filter.before = page.rows.last().map(|dead| dead.job.id);
        all.extend(page.rows.into_iter().map(|dead| (dead.job.id, dead.replayed_as)));
        if !page.more {
            return all;
        }
    }
}

async fn b11_more_than_ten_thousand_dead_are_replayed_once_by_two_who_ask_at_once(stage: Stage) {
    let engine = stage.engine().await;
    // Over PostgreSQL the second who asks is at another replica.
    let other = if stage.unknown_is_fatal() { engine.clone() } else { stage.replica(quiet()).await };
    enqueue(&engine, (0..DEAD).map(|n| job(&n.to_string())).collect()).await;
    let failing = Runner::start(engine.clone(), Arc::new(Wrong), quick()).expect("a runner");
    drained(&engine).await;
    stop(&failing).await;
    let dead: Vec<JobId> = all_dead(&engine).await.into_keys().collect();
    assert_eq!(dead.len(), DEAD, "none was evicted");

    let before = engine.reads().now().await.expect("a read");
    let ask = async |engine: &onhand_engine::Engine| {
        let mut replayed = Vec::new();
        for page in dead.chunks(500) {
            let replay = ReplayDead { dead: page.to_vec(), after_ms: 1_000, every_ms: 2 };
            match done(engine, replay).await {
                Receipt::Replayed { jobs } => replayed.extend(jobs),
                other => panic!("{other:?}"),
            }
        }
        replayed
    };
    let (one, two) = tokio::join!(ask(&engine), ask(&other));
    let all: Vec<(JobId, JobId)> = one.into_iter().chain(two).collect();
    assert_eq!(all.len(), DEAD, "each once");
    assert_eq!(all.iter().map(|(dead, _)| dead).collect::<BTreeSet<_>>().len(), DEAD);
    assert_eq!(all.iter().map(|(_, job)| job).collect::<BTreeSet<_>>().len(), DEAD);
    assert!(ask(&other).await.is_empty(), "asked for a third time");
    // They are let go one after the other, each five hundred for themselves.
    let mut starts = Vec::new();
    let mut filter = JobFilter::default();
    loop {
        let page = engine.reads().jobs(&filter, 1_000).await.expect("a read");
        filter.before = page.rows.last().map(|job| job.id);
        starts.extend(page.rows.iter().map(|job| job.run_at));
        if !page.more {
            break;
        }
    }
    assert_eq!(starts.len(), DEAD);
    assert!(starts.iter().all(|at| *at >= before + 1_000), "not at once");
    starts.sort_unstable();
    let most = starts.chunk_by(|one, other| one == other).map(<[i64]>::len).max().unwrap_or(0);
    assert!(most <= DEAD.div_ceil(500), "{most} at the same moment: more than one of each five hundred");

    let desk = Desk::new();
    let runner = run(&engine, &desk, quick());
    drained(&engine).await;
    stop(&runner).await;
    assert_eq!(desk.runs().len(), DEAD);
    assert!(desk.runs().values().all(|runs| *runs == 1), "each ran once");
    assert_eq!(finished(&engine).await, DEAD);
    let now = all_dead(&engine).await;
    assert_eq!(now.len(), DEAD, "they stay to be seen");
    assert!(now.values().all(Option::is_some), "and say what repeats them");
    stage.verify().await;
}

async fn what_jobs_died_of_is_over_when_none_of_them_is_left(stage: Stage) {
    let engine = stage.engine().await;
    enqueue(&engine, (0..3).map(|n| job(&n.to_string())).collect()).await;
    let failing = Runner::start(engine.clone(), Arc::new(Wrong), quick()).expect("a runner");
    drained(&engine).await;
    stop(&failing).await;
    let dead: Vec<JobId> = all_dead(&engine).await.into_keys().collect();
    let [replayed, later, discarded] = dead.as_slice() else { panic!("{dead:?}") };
    let key = Notice::key(NoticeKind::RetriesExhausted, "nothing:invalid:wrong");
    let is_open = async || engine.reads().notice(&key).await.expect("a read").expect("it is told").open;

    let desk = Desk::new();
    let runner = run(&engine, &desk, RunnerSettings { timers: true, ..quick() });
    let labels = ScheduleLabels { schedule: "watch_shops".to_owned() };
    // Of two looks the second has begun when the first was over.
    let two_looks = async || {
        for _ in 0..2 {
            let fired = engine.metrics().queue.fired.get_or_create(&labels).get();
            stage.pass(61_000).await;
            until("a look", || engine.metrics().queue.fired.get_or_create(&labels).get() > fired).await;
        }
    };
    two_looks().await;
    assert!(is_open().await, "three are left");
    done(&engine, DiscardDead { dead: vec![*discarded], reason: "old".into() }).await;
    done(&engine, ReplayDead { dead: vec![*replayed], after_ms: 0, every_ms: 0 }).await;
    desk.starts(1).await;
    two_looks().await;
    assert!(is_open().await, "one is left");
    let an_hour = 3_600_000;
    done(&engine, ReplayDead { dead: vec![*later], after_ms: an_hour, every_ms: 0 }).await;
    two_looks().await;
    assert!(is_open().await, "its repetition waits");
    stage.pass(an_hour).await;
    drained(&engine).await;
    two_looks().await;
    assert!(!is_open().await, "none is left");
    stop(&runner).await;
    stage.verify().await;
}
