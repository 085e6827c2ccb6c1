//! Pushes of a sale begin in the commit that makes them, while slots are free and nothing waits for them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use onhand_engine::Engine;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerHandle, RunnerSettings};
use onhand_engine::telemetry::CommandLabels;
use onhand_rules::commands::queue::PutSetting;
use onhand_rules::job::JobState;
use onhand_rules::setting::{Setting, kind_pause_key, lane_key};
use onhand_rules::{Job, JobBody, JobId, ShopId};
use onhand_store::faulty::Call;
use onhand_store::{JobFilter, StoreError};
use tokio::sync::{Semaphore, watch};

use crate::publisher::{connect, list, listing, marked, publish_from_here, published};
use crate::stage::{Stage, confirmed, done, on_both, open_shop, quiet, until, within};

on_both!(
    a_sale_is_told_without_a_claim,
    a_lane_has_no_more_slots_for_that,
    what_is_paused_waits_all_the_same,
    who_stops_leaves_nothing_leased,
);

/// As good as no gate.
const PERMITS: usize = 1_000;

/// Notes the pushes that start; each waits until it is let go.
struct Clerk {
    started: Mutex<Vec<(JobId, i64)>>,
    count: watch::Sender<usize>,
    gate: Semaphore,
}

#[async_trait]
impl Handlers for Clerk {
    async fn run(&self, job: &Job, lease: &LeaseGuard) -> Ended {
        if !matches!(job.body, JobBody::PushStock { .. }) {
            return Ended::obsolete();
        }
        let count = {
            let mut started = self.started.lock().unwrap();
            started.push(lease.key());
            started.len()
        };
        self.count.send_replace(count);
        self.gate.acquire().await.expect("open").forget();
        Ended::done()
    }
}

/// A shop with listings of A and B, and a runner.
struct Scene {
    engine: Engine,
    shop: ShopId,
    clerk: Arc<Clerk>,
    runner: RunnerHandle,
}

impl Scene {
    async fn open(engine: Engine) -> Self {
        open_shop(&engine, &[("A", 10_000), ("B", 10_000)]).await;
        let shop = connect(&engine, "shopee", "1").await;
        list(&engine, shop, &["A", "B"]).await;
        let (started, count) = (Mutex::default(), watch::channel(0).0);
        let clerk = Arc::new(Clerk { started, count, gate: Semaphore::new(0) });
        let settings = RunnerSettings { timers: false, gauges_every: None, ..RunnerSettings::default() };
        publish_from_here(&engine).await;
        let runner = Runner::start(engine.clone(), clerk.clone(), settings).expect("a runner");
        let scene = Self { engine, shop, clerk, runner };
        // The first figures.
        scene.drain().await;
        scene
    }

    fn started(&self) -> usize {
        self.clerk.started.lock().unwrap().len()
    }

    /// Lets everything go, until nothing waits and nothing runs.
    async fn drain(&self) {
        self.clerk.gate.add_permits(PERMITS);
        self.idle().await;
        self.clerk.gate.forget_permits(PERMITS);
    }

    async fn idle(&self) {
        within("the end of all jobs", async {
            while !self.engine.reads().jobs(&JobFilter::default(), 1).await.expect("a read").rows.is_empty()
                || self.runner.running() > 0
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn claims(&self) -> u64 {
        let labels = CommandLabels { command: "claim_jobs", outcome: "done" };
        self.engine.metrics().commands.get_or_create(&labels).get()
    }

    /// Sells one, and waits until it is marked and a push of it runs. Whether that took no claim.
    async fn sale_runs(&self, sku: &str) -> bool {
        let (claims, started) = (self.claims(), self.started());
        done(&self.engine, confirmed(sku, 1)).await;
        let mut count = self.clerk.count.subscribe();
        within("the push", count.wait_for(|now| *now > started)).await.expect("the clerk is there");
        // What runs may be the push of an earlier change, and this one's still on its way.
        published(&self.engine).await;
        self.claims() == claims
    }

    /// The claimer has seen that nothing waits: a sale is told without a claim, and lets go.
    async fn warm(&self) {
        while !self.sale_runs("A").await {
            self.drain().await;
        }
        self.drain().await;
    }

    async fn sell(&self, sku: &str) -> Job {
        let before = listing(&self.engine, self.shop, sku).await;
        done(&self.engine, confirmed(sku, 1)).await;
        marked(&self.engine, &before, sku).await;
        let filter = JobFilter { kinds: vec![1], ..JobFilter::default() };
        let jobs = self.engine.reads().jobs(&filter, 10).await.expect("a read").rows;
        let of = |job: &Job| matches!(&job.body, JobBody::PushStock { unit, .. } if *unit == format!("item-{sku}"));
        jobs.into_iter().find(of).expect("its push waits or runs")
    }
}

async fn a_sale_is_told_without_a_claim(stage: Stage) {
    let scene = Scene::open(stage.engine().await).await;
    within("a sale without a claim", scene.warm()).await;
    let (_, lease) = *scene.clerk.started.lock().unwrap().last().expect("it ran");
    assert_eq!(lease, 1);
    scene.runner.stop(Duration::ZERO).await;
    assert_eq!(scene.engine.metrics().queue.stale_finishes.get(), 0);
    stage.verify().await;
}

async fn a_lane_has_no_more_slots_for_that(stage: Stage) {
    let scene = Scene::open(stage.engine().await).await;
    let one = Setting::Lane { concurrency: 1, paused: false };
    done(&scene.engine, PutSetting { key: lane_key("inventory_update"), value: Some(one) }).await;
    within("a sale without a claim", scene.warm()).await;
    let started = scene.started();
    scene.sell("A").await;
    until("the only slot is taken", || scene.started() == started + 1).await;
    let other = scene.sell("B").await;
    assert_eq!((other.state, other.lease_number), (JobState::Ready, 0), "there is no second one");
    assert_eq!(scene.started(), started + 1);
    scene.drain().await;
    assert_eq!(scene.started(), started + 2, "it has run since");
    scene.runner.stop(Duration::ZERO).await;
    stage.verify().await;
}

async fn what_is_paused_waits_all_the_same(stage: Stage) {
    let scene = Scene::open(stage.engine().await).await;
    within("a sale without a claim", scene.warm()).await;
    let pause = |value| PutSetting { key: kind_pause_key("push_stock"), value };
    done(&scene.engine, pause(Some(Setting::KindPaused { reason: "a test".into() }))).await;
    let push = scene.sell("A").await;
    assert_eq!((push.state, push.lease_number), (JobState::Ready, 0));
    done(&scene.engine, pause(None)).await;
    scene.drain().await;
    scene.runner.stop(Duration::ZERO).await;
    stage.verify().await;
}

async fn who_stops_leaves_nothing_leased(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    let scene = Scene::open(engine).await;
    within("a sale without a claim", scene.warm()).await;
    // The commit that marks the listing and leases its push is on its way when the runner stops.
    let before = listing(&scene.engine, scene.shop, "A").await;
    let sale = plan.hold(Call::BeforeCommit);
    let selling = tokio::spawn({
        let engine = scene.engine.clone();
        async move { done(&engine, confirmed("A", 1)).await }
    });
    sale.reached().await;
    let mark = plan.hold(Call::BeforeCommit);
    sale.release();
    selling.await.expect("a sale");
    mark.reached().await;
    let stopping = tokio::spawn({
        let runner = scene.runner.clone();
        async move { runner.stop(Duration::ZERO).await }
    });
    tokio::task::yield_now().await;
    mark.release();
    within("the stop", stopping).await.expect("no panic");
    assert!(listing(&scene.engine, scene.shop, "A").await.desired > before.desired, "it is marked");
    let left = scene.engine.reads().jobs(&JobFilter::default(), 10).await.expect("a read").rows;
    assert!(left.iter().all(|job| job.state == JobState::Ready && job.crashes == 0), "{left:?}");
    assert_eq!(left.len(), 1, "and waits for the next process");
    stage.verify().await;
}

/// The commit is done, and its answer is lost: what it leased runs, once, and not when the lease is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_push_whose_lease_nobody_heard_of_runs_at_once() {
    let stage = Stage::postgres().await;
    let (engine, plan) = stage.faulty(quiet()).await;
    let scene = Scene::open(engine).await;
    within("a sale without a claim", scene.warm()).await;
    let started = scene.started();
    plan.fail_after(Call::AfterCommit, 1, StoreError::Unknown("a cable".into()));
    done(&scene.engine, confirmed("A", 1)).await;
    until("the push runs", || scene.started() == started + 1).await;
    until("the answer was lost", || plan.pending() == 0).await;
    scene.drain().await;
    assert_eq!(scene.started(), started + 1);
    let queue = &scene.engine.metrics().queue;
    assert_eq!((queue.rescues.get(), queue.stale_finishes.get()), (0, 0));
    scene.runner.stop(Duration::ZERO).await;
    stage.verify().await;
}
