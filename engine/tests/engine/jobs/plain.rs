//! A job runs once, soon, and is kept as finished.

use std::time::{Duration, Instant};

use onhand_engine::jobs::RunnerSettings;
use onhand_rules::commands::queue::PutSetting;
use onhand_rules::job::NewJob;
use onhand_rules::setting::{Setting, kind_pause_key, lane_key};

use super::desk::{Desk, dead, drained, enqueue, finished, job, quick, run, running, stop};
use crate::stage::{Stage, done, on_both, until};

on_both!(
    jobs_run_once_and_are_kept_as_finished,
    an_idle_runner_picks_up_in_milliseconds,
    c7_polling_alone_suffices,
    a_job_of_later_waits_for_its_time_and_not_for_a_poll,
    lanes_and_pauses_change_while_it_runs,
);

async fn jobs_run_once_and_are_kept_as_finished(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let ids = enqueue(&engine, (0..250).map(|n| job(&n.to_string())).collect()).await;
    let runner = run(&engine, &desk, quick());
    drained(&engine).await;
    assert_eq!(desk.runs().len(), ids.len());
    assert!(desk.runs().values().all(|runs| *runs == 1));
    assert_eq!(finished(&engine).await, 250);
    assert!(dead(&engine).await.is_empty());
    until("the slots are free", || runner.running() == 0).await;
    assert_eq!(engine.metrics().queue.stale_finishes.get(), 0);
    stop(&runner).await;
    stage.verify().await;
}

async fn an_idle_runner_picks_up_in_milliseconds(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let runner = run(&engine, &desk, quick());
    let mut times = Vec::new();
    for round in 1..=40 {
        enqueue(&engine, vec![job("")]).await;
        let started = Instant::now();
        desk.starts(round).await;
        times.push(started.elapsed());
        drained(&engine).await;
    }
    times.sort();
    eprintln!("pickup p50 {:?}, max {:?}", times[20], times[39]);
    // A poll alone would take up to half a second.
    assert!(times[20] < Duration::from_millis(100), "{times:?}");
    stop(&runner).await;
}

async fn c7_polling_alone_suffices(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let runner = run(&engine, &desk, RunnerSettings { hints: false, ..quick() });
    for round in 1..=3 {
        enqueue(&engine, vec![job(""), job("")]).await;
        desk.starts(2 * round).await;
        drained(&engine).await;
    }
    assert_eq!(finished(&engine).await, 6);
    stop(&runner).await;
}

async fn a_job_of_later_waits_for_its_time_and_not_for_a_poll(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let runner = run(&engine, &desk, quick());
    let now = engine.reads().now().await.unwrap();
    enqueue(&engine, vec![NewJob { run_at: now + 300, ..job("later") }]).await;
    enqueue(&engine, vec![job("now")]).await;
    desk.starts(2).await;
    assert_eq!(desk.notes(), ["now", "later"]);
    let late = engine.reads().now().await.unwrap() - (now + 300);
    assert!((0..5_000).contains(&late), "{late}");
    stop(&runner).await;
}

async fn lanes_and_pauses_change_while_it_runs(stage: Stage) {
    let engine = stage.engine().await;
    let desk = Desk::new();
    let runner = run(&engine, &desk, quick());
    let lane = |concurrency, paused| PutSetting {
        key: lane_key("product_sync"),
        value: Some(Setting::Lane { concurrency, paused }),
    };
    done(&engine, lane(3, false)).await;
    // A change holds from the next look on, and a look may have been on its way: one job later it is over.
    enqueue(&engine, vec![job("")]).await;
    drained(&engine).await;
    enqueue(&engine, (0..5).map(|_| job("wait")).collect()).await;
    desk.starts(4).await;
    assert_eq!(running(&engine).await, 3, "three slots");
    let pause = |value| PutSetting { key: kind_pause_key("nothing"), value };
    done(&engine, pause(Some(Setting::KindPaused { reason: "a test".into() }))).await;
    desk.open(3);
    until("the first three are done", || runner.running() == 0).await;
    assert_eq!((desk.started(), running(&engine).await), (4, 0), "nobody claims what is paused");
    done(&engine, pause(None)).await;
    desk.starts(6).await;
    desk.open(2);
    drained(&engine).await;
    stop(&runner).await;
}
