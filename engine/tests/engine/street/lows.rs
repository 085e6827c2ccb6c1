//! Stock that runs low is told by whoever follows the feed.

use std::sync::Arc;
use std::time::Duration;

use onhand_engine::jobs::{Runner, RunnerSettings};
use onhand_rules::commands::channels::SetLowStock;
use onhand_rules::notice::{Notice, NoticeKind};

use super::Street;
use crate::stage::{Stage, confirmed, done, on_both, receive, within};

on_both!(stock_that_runs_low_is_told_once_and_its_end_too);

async fn stock_that_runs_low_is_told_once_and_its_end_too(stage: Stage) {
    let street = Street::open(stage, 10).await;
    let settings = RunnerSettings { timers: false, gauges_every: None, ..RunnerSettings::default() };
    let runner = Runner::start(street.engine.clone(), Arc::new(street.flows.clone()), settings).unwrap();
    done(&street.engine, SetLowStock { sku: None, units: Some(3) }).await;
    done(&street.engine, SetLowStock { sku: Some("B".into()), units: Some(9) }).await;
    let told = async |sku: &str, open: bool| {
        let key = Notice::key(NoticeKind::LowStock, &format!("{sku}@main"));
        within("the notice", async {
            loop {
                match street.engine.reads().notice(&key).await.unwrap() {
                    Some(notice) if notice.open == open => return notice,
                    _ => tokio::task::yield_now().await,
                }
            }
        })
        .await
    };
    done(&street.engine, confirmed("B", 1)).await;
    told("B", true).await;
    let key = Notice::key(NoticeKind::LowStock, "A@main");
    assert_eq!(street.engine.reads().notice(&key).await.unwrap(), None, "ten are there");
    done(&street.engine, confirmed("A", 7)).await;
    let notice = told("A", true).await;
    done(&street.engine, confirmed("A", 1)).await;
    done(&street.engine, receive("B", 5)).await;
    told("B", false).await;
    assert_eq!(street.engine.reads().notice(&key).await.unwrap(), Some(notice), "said once");
    done(&street.engine, receive("A", 5)).await;
    told("A", false).await;
    within("the stop", runner.stop(Duration::ZERO)).await;
    street.stage.verify().await;
}
