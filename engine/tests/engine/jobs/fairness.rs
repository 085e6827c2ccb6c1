//! Nobody waits because somebody else has much to do.

use onhand_engine::jobs::RunnerSettings;
use onhand_engine::telemetry::CommandLabels;
use onhand_rules::commands::queue::BlockBucket;
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, ShopId};
use onhand_store::JobFilter;

use super::desk::{Desk, drained, enqueue, finished, job, of_shop, quick, run, stop};
use crate::stage::{Stage, done, on_both, within};

on_both!(
    b7_small_shops_do_not_wait_for_a_large_one,
    b7_a_better_class_goes_first_and_starves_nobody,
    b8_a_blocked_shop_burns_nothing_and_holds_up_nobody,
);

async fn b7_small_shops_do_not_wait_for_a_large_one(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    enqueue(&engine, (0..3_000).map(|_| of_shop(Some(1), "large")).collect()).await;
    enqueue(&engine, (2..=51).map(|shop| of_shop(Some(shop), "small")).collect()).await;
    let runner = run(&engine, &desk, RunnerSettings { claim_max: 20, ..quick() });
    desk.starts(400).await;
    stop(&runner).await;
    let notes = desk.notes();
    let last = notes.iter().rposition(|note| note == "small").expect("they ran");
    let small = notes.iter().filter(|note| *note == "small").count();
    assert_eq!(small, 50);
    assert!(last < 150, "the last of fifty small shops started as number {last}");
}

async fn b7_a_better_class_goes_first_and_starves_nobody(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let of_class = |class, note: &str| NewJob { class, ..job(note) };
    enqueue(&engine, (0..20).map(|_| of_class(4, "last")).collect()).await;
    enqueue(&engine, (0..400).map(|_| of_class(1, "first")).collect()).await;
    let runner = run(&engine, &desk, quick());
    drained(&engine).await;
    stop(&runner).await;
    let notes = desk.notes();
    let early = notes[..160].iter().filter(|note| *note == "last").count();
    // One of eight goes to the class that would wait: 20 in 160, give or take those that start side by side.
    assert!((12..=20).contains(&early), "{early} of the last class among the first 160");
}

async fn b8_a_blocked_shop_burns_nothing_and_holds_up_nobody(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let block = |retry_after_ms| BlockBucket {
        shop: ShopId(1),
        endpoint: "stock".into(),
        retry_after_ms: Some(retry_after_ms),
        lift: false,
    };
    done(&engine, block(600_000)).await;
    let push = |shop, unit: usize| NewJob {
        body: JobBody::PushStock { shop: ShopId(shop), unit: unit.to_string() },
        ..job("")
    };
    enqueue(&engine, (0..2_000).map(|unit| push(1, unit)).collect()).await;
    enqueue(&engine, (0..50).map(|unit| push(2, unit)).collect()).await;
    // Another endpoint of the blocked shop.
    let fetch = JobBody::FetchOrder { shop: ShopId(1), reference: "1".into() };
    enqueue(&engine, vec![NewJob { body: fetch, ..job("") }]).await;
    let runner = run(&engine, &desk, quick());
    within("the others", async {
        while finished(&engine).await < 51 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let waiting = async || {
        let filter = JobFilter { shop: Some(ShopId(1)), ..JobFilter::default() };
        engine.reads().jobs(&filter, 5_000).await.unwrap().rows
    };
    let rows = waiting().await;
    assert_eq!(rows.len(), 2_000);
    assert!(rows.iter().all(|job| job.attempts == 0 && job.lease_number == 0), "not one of them was claimed");
    // The claimer does not spin on what it may not have: it never claimed in vain.
    let labels = CommandLabels { command: "claim_jobs", outcome: "done" };
    let claims = engine.metrics().commands.get_or_create(&labels).get();
    assert!(claims <= 51, "{claims} claims for 51 jobs");
    stop(&runner).await;
    stage.verify().await;
}
