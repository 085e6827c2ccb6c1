//! Several runners over one PostgreSQL, which do not hear each other.

use std::time::Duration;

use onhand_engine::jobs::RunnerSettings;
use onhand_rules::commands::queue::ClaimJobs;

use super::desk::{Desk, asleep, dead, drained, enqueue, finished, job, quick, run, stop};
use crate::stage::{Stage, done, quiet, until};

/// One of three is stopped in the middle as if by a power cut: it never beats, never ends anything, never comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_three_runners_one_dies_and_nothing_is_lost() {
    let stage = Stage::postgres().await;
    let engines = [stage.engine().await, stage.replica(quiet()).await, stage.replica(quiet()).await];
    let desks = [Desk::new(), Desk::new(), Desk::new()];
    let mut jobs: Vec<_> = (0..8).map(|_| job("wait")).collect();
    jobs.extend((0..600).map(|n| job(&n.to_string())));
    enqueue(&engines[0], jobs).await;
    // The one that dies is first: it has eight jobs that it will never end.
    let eight = RunnerSettings { lanes: vec![("product_sync".into(), 8)], ..asleep() };
    let dying = run(&engines[2], &desks[2], eight);
    desks[2].starts(8).await;
    let settings = || RunnerSettings { rescue_every: Duration::from_millis(50), ..quick() };
    let living = [run(&engines[0], &desks[0], settings()), run(&engines[1], &desks[1], settings())];
    desks[0].open(8);
    desks[1].open(8);
    drained(&engines[0]).await;
    assert_eq!(finished(&engines[1]).await, 608);
    assert!(dead(&engines[0]).await.is_empty());
    let taken_over = engines.iter().map(|engine| engine.metrics().queue.rescues.get()).sum::<u64>();
    assert_eq!(taken_over, 8, "each lost lease was taken back by one of the two");
    let runs: u32 = desks.iter().map(|desk| desk.runs().values().sum::<u32>()).sum();
    assert_eq!(u64::from(runs), 608 + taken_over, "effects: one a job, and one more a takeover");
    assert!(desks[0].started() > 0 && desks[1].started() > 0, "both worked");
    // It was not dead after all: what it says now counts for nothing.
    desks[2].open(8);
    until("its ends are turned down", || engines[2].metrics().queue.stale_finishes.get() == 8).await;
    assert_eq!(finished(&engines[1]).await, 608);
    for runner in living.iter().chain([&dying]) {
        stop(runner).await;
    }
    stage.verify().await;
}

/// Nobody tells the second process that the first has enqueued something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_postgres_a_replica_finds_work_by_looking() {
    let stage = Stage::postgres().await;
    let (here, there) = (stage.engine().await, stage.replica(quiet()).await);
    let desk = Desk::new();
    let runner = run(&there, &desk, quick());
    for round in 1..=3 {
        enqueue(&here, vec![job("")]).await;
        desk.starts(round).await;
    }
    drained(&here).await;
    stop(&runner).await;
}

/// Claimers that see the same jobs do not both get them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_job_is_claimed_by_one() {
    let stage = Stage::postgres().await;
    let engines = [stage.engine().await, stage.replica(quiet()).await];
    let ids = enqueue(&engines[0], (0..100).map(|_| job("")).collect()).await;
    let claim = |owner| ClaimJobs { owner, lease_ms: 30_000, jobs: ids.clone() };
    let (one, other) = tokio::join!(done(&engines[0], claim(1)), done(&engines[1], claim(2)));
    assert_eq!(one.leases().len() + other.leases().len(), 100);
    stage.verify().await;
}
