//! A runner that stops in the middle of an order.

use std::sync::Arc;

use async_trait::async_trait;
use onhand_engine::flows::Flows;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerHandle, RunnerSettings};
use onhand_rules::commands::queue::PutSetting;
use onhand_rules::job::JobState;
use onhand_rules::setting::{Setting, kind_pause_key};
use onhand_rules::{Job, JobBody};
use onhand_store::JobFilter;
use onhand_store::faulty::Call;
use tokio::sync::watch;

use super::{Bazaar, LAZADA, SHOPEE, stop};
use crate::stage::{Stage, done, on_both, within};

on_both!(b13_who_stops_while_an_order_is_taken_leaves_no_push_leased,);

/// The flows, and how many of their fetches of orders have ended or were stopped.
struct Watched {
    flows: Flows,
    left: watch::Sender<u64>,
}

struct Leaves<'a>(&'a watch::Sender<u64>);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|left| *left += 1);
    }
}

#[async_trait]
impl Handlers for Watched {
    async fn run(&self, job: &Job, lease: &LeaseGuard) -> Ended {
        let fetches = matches!(job.body, JobBody::FetchOrder { .. });
        let _leaves = fetches.then(|| Leaves(&self.left));
        Handlers::run(&self.flows, job, lease).await
    }
}

/// Only the commit of a sale makes pushes here.
fn run(bazaar: &Bazaar) -> (RunnerHandle, watch::Receiver<u64>) {
    let watched = Watched { flows: bazaar.flows.clone(), left: watch::channel(0).0 };
    let left = watched.left.subscribe();
    let settings =
        RunnerSettings { publish: false, timers: false, gauges_every: None, ..RunnerSettings::default() };
    (Runner::start(bazaar.engine.clone(), Arc::new(watched), settings).expect("a runner"), left)
}

/// Its handler is stopped while the commit that marks the other shops and leases their pushes is on its way. How often the
/// push that was made had been leased.
async fn stopped_in_a_sale(bazaar: &Bazaar) -> i64 {
    let (runner, mut left) = run(bazaar);
    let before = bazaar.listing(LAZADA, "A").await.desired;
    let gate = &bazaar.gates[SHOPEE];
    let asked = gate.orders_asked();
    gate.hold_orders();
    bazaar.buy(SHOPEE, "A", 1).await;
    gate.asked_for_orders(asked + 1).await;
    let sale = bazaar.plan.hold(Call::BeforeCommit);
    gate.let_orders_go();
    within("the commit of the sale", sale.reached()).await;
    assert_eq!(*left.borrow_and_update(), 0, "it waits for its commit");
    let stopping = tokio::spawn({
        let runner = runner.clone();
        async move { stop(&runner).await }
    });
    within("the end of the handler", left.changed()).await.expect("it is watched");
    sale.release();
    stopping.await.expect("no panic");
    assert_eq!(bazaar.listing(LAZADA, "A").await.desired, before + 1, "it is marked");
    // A sale in the second of the last figure is told where it was made, too.
    let filter = JobFilter { kinds: vec![1], shop: Some(bazaar.shop_id(LAZADA)), ..JobFilter::default() };
    let pushes = bazaar.engine.reads().jobs(&filter, 10).await.expect("a read").rows;
    assert_eq!(pushes.len(), 1, "{pushes:#?}");
    assert_eq!((pushes[0].state, pushes[0].crashes), (JobState::Ready, 0), "it waits for the next process");
    pushes[0].lease_number
}

async fn b13_who_stops_while_an_order_is_taken_leaves_no_push_leased(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 100).await;
    for kind in ["read_back", "poll_orders"] {
        let value = Some(Setting::KindPaused { reason: "a test".into() });
        done(&bazaar.engine, PutSetting { key: kind_pause_key(kind), value }).await;
    }
    // A sale leases only when the claimer has seen that nothing waits, which it has not always when the order is there.
    let mut left = 100;
    within("a sale that leases", async {
        loop {
            let leases = stopped_in_a_sale(&bazaar).await;
            left -= 1;
            let (runner, _) = run(&bazaar);
            bazaar.until_it_shows(LAZADA, "A", left).await;
            within("the end of the fetch", async {
                while !bazaar.jobs("fetch_order").await.is_empty() || runner.running() > 0 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            stop(&runner).await;
            if leases > 0 {
                return;
            }
        }
    })
    .await;
    assert_eq!(bazaar.engine.metrics().queue.rescues.get(), 0, "no lease has run out");
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}
