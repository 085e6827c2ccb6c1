//! A job that a handler ends itself is not lost when the heart finds it ended.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use onhand_engine::Engine;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerSettings};
use onhand_rules::commands::queue::{End, EnqueueJobs, FinishJobs, JobEnd};
use onhand_rules::job::NewJob;
use onhand_rules::{Job, JobBody, Receipt};
use tokio::sync::Semaphore;

use crate::stage::{Stage, done, on_both, until, within};

on_both!(a_job_that_ends_itself_is_not_lost);

/// `own`: ends itself and waits; anything else only waits.
struct Waits {
    engine: Engine,
    gate: Semaphore,
    ended: Semaphore,
}

#[async_trait]
impl Handlers for Waits {
    async fn run(&self, job: &Job, lease: &LeaseGuard) -> Ended {
        let own = matches!(&job.body, JobBody::Nothing { note, .. } if note == "own");
        if own {
            lease.ending();
            let (job, lease) = lease.key();
            let end = own_end();
            done(&self.engine, FinishJobs { ends: vec![JobEnd { job, lease, end }] }).await;
            self.ended.add_permits(1);
        }
        self.gate.acquire().await.expect("open").forget();
        if own { Ended::AlreadyEnded(own_end()) } else { Ended::done() }
    }
}

fn own_end() -> End {
    End::Done { outcome: "done".into() }
}

async fn a_job_that_ends_itself_is_not_lost(stage: Stage) {
    let engine = stage.engine().await;
    let (gate, ended) = (Semaphore::new(0), Semaphore::new(0));
    let waits = Arc::new(Waits { engine: engine.clone(), gate, ended });
    let settings = RunnerSettings {
        beat: Duration::from_millis(10),
        publish: false,
        timers: false,
        gauges_every: None,
        ..RunnerSettings::default()
    };
    let runner = Runner::start(engine.clone(), waits.clone(), settings).expect("a runner");
    let job = |note: &str| {
        let body = JobBody::Nothing { shop: None, note: note.into() };
        NewJob { body, class: 2, run_at: 0, cause_at: None }
    };
    let jobs = vec![job("own"), job("other")];
    let Receipt::Enqueued { jobs } = done(&engine, EnqueueJobs { jobs }).await else { panic!("two jobs") };
    within("its end", waits.ended.acquire()).await.expect("open").forget();
    // The other one's lease shows that the heart has beaten twice since.
    let leased_until = async || {
        let job = engine.reads().job(jobs[1]).await.expect("a read").expect("it waits");
        job.lease.map_or(0, |lease| lease.until)
    };
    let mut last = leased_until().await;
    for _beat in 0..2 {
        within("a beat", async {
            while leased_until().await <= last {
                tokio::task::yield_now().await;
            }
        })
        .await;
        last = leased_until().await;
    }
    assert_eq!(engine.metrics().queue.leases_lost.get(), 0);
    assert_eq!(runner.running(), 2, "its slot is its own until it says so");
    waits.gate.add_permits(2);
    until("both are over", || runner.running() == 0).await;
    assert_eq!(engine.metrics().queue.leases_lost.get(), 0);
    within("the stop", runner.stop(Duration::ZERO)).await;
}
