//! What happens again and again happens once in the fleet.

use std::time::Duration;

use onhand_engine::Engine;
use onhand_engine::jobs::RunnerSettings;
use onhand_engine::telemetry::ScheduleLabels;
use onhand_rules::commands::channels::MoveCursors;
use onhand_rules::commands::queue::PutSetting;
use onhand_rules::setting::{Setting, kind_pause_key, schedule_key};
use onhand_rules::shop::ShopCursors;
use onhand_store::JobFilter;

use super::desk::{Desk, quick, run, stop};
use crate::publisher::connect;
use crate::stage::{HOUR, Stage, done, on_both, open_shop, quiet, until, within};

on_both!(
    b12_two_leaders_fire_once,
    b12_three_hours_missed_are_made_up_for_once,
    listings_are_imported_once_a_day_unless_somebody_did,
);

fn with_timers() -> RunnerSettings {
    RunnerSettings { timers: true, ..quick() }
}

fn fired(engine: &Engine, name: &str) -> u64 {
    let labels = ScheduleLabels { schedule: name.to_owned() };
    engine.metrics().queue.fired.get_or_create(&labels).get()
}

/// Nothing of it runs, so that what was enqueued can be counted.
async fn hold_still(engine: &Engine) {
    for kind in ["poll_orders", "sweep_drift", "import_listings", "refresh_grant", "poll_returns"] {
        let value = Some(Setting::KindPaused { reason: "a test".into() });
        done(engine, PutSetting { key: kind_pause_key(kind), value }).await;
    }
}

/// Whether a schedule is due is asked twice: by the leader before it submits anything (`timers::due`), and by the command,
/// which a leader that was paused in between may submit late (`FireSchedule`). Each of the two suffices here; unit tests and
/// the tests of the rules see each alone.
async fn b12_two_leaders_fire_once(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[]).await;
    hold_still(&engine).await;
    // Two leaders of one process look at the same second; over PostgreSQL the second is a replica.
    let other = if stage.unknown_is_fatal() { engine.clone() } else { stage.replica(quiet()).await };
    let leaders = [run(&engine, &Desk::new(), with_timers()), run(&other, &Desk::new(), with_timers())];
    // Not 0, which means that the row is not there: a leader's first attempt may still be on its way.
    let every_second = |name: &str| PutSetting {
        key: schedule_key(name),
        value: Some(Setting::Schedule { every_ms: 1_000, next_at: 1 }),
    };
    let total = |name: &str| {
        let here = fired(&engine, name);
        if stage.unknown_is_fatal() { here } else { here + fired(&other, name) }
    };
    until("the first round", || total("watch_shops") == 1 && total("purge_done") == 1).await;
    done(&engine, every_second("watch_shops")).await;
    until("three more rounds", || total("watch_shops") >= 4).await;
    for leader in &leaders {
        stop(leader).await;
    }
    let rows = engine.reads().settings(&schedule_key("watch_shops")).await.unwrap();
    let Some((_, Setting::Schedule { every_ms, next_at })) = rows.first() else { panic!("a row") };
    assert_eq!(*every_ms, 1_000, "the row says how often, not the binary");
    assert!(*next_at > 0);
    assert_eq!(total("purge_done"), 1, "two leaders, one hour, once");
}

async fn b12_three_hours_missed_are_made_up_for_once(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[]).await;
    hold_still(&engine).await;
    let shop = connect(&engine, "shopee", "1001").await;
    // Past the time by which shops start apart.
    stage.pass(2 * 60_000).await;
    let first = run(&engine, &Desk::new(), with_timers());
    until("the first polls", || fired(&engine, "poll_orders") == 1 && fired(&engine, "sweep_drift") == 1)
        .await;
    stop(&first).await;
    stage.pass(3 * HOUR).await;
    let second = run(&engine, &Desk::new(), with_timers());
    until("what was missed", || fired(&engine, "poll_orders") == 2 && fired(&engine, "purge_done") == 2)
        .await;
    // It looks again and again; nothing is due but what is made due. What concerns nobody is looked at first, so the second
    // time that it fires, a whole look has passed in between.
    let value = Some(Setting::Schedule { every_ms: 1_000, next_at: 1 });
    done(&engine, PutSetting { key: schedule_key("purge_done"), value }).await;
    for count in 3..=4 {
        stage.pass(2_000).await;
        until("another look", || fired(&engine, "purge_done") >= count).await;
    }
    assert_eq!((fired(&engine, "poll_orders"), fired(&engine, "poll_returns")), (2, 2));
    let polls = JobFilter { kinds: vec![5], shop: Some(shop), ..JobFilter::default() };
    assert_eq!(
        engine.reads().jobs(&polls, 10).await.unwrap().rows.len(),
        1,
        "one poll, however often it was asked for"
    );
    within("the stop", second.stop(Duration::ZERO)).await;
    stage.verify().await;
}

async fn listings_are_imported_once_a_day_unless_somebody_did(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[]).await;
    hold_still(&engine).await;
    connect(&engine, "shopee", "1001").await;
    let looked_at = connect(&engine, "shopee", "1002").await;
    stage.pass(26 * HOUR).await;
    let imported_at = engine.reads().now().await.unwrap() - HOUR;
    let cursors = ShopCursors { imported_at, ..ShopCursors::default() };
    done(&engine, MoveCursors { shop: looked_at, cursors }).await;
    let runner = run(&engine, &Desk::new(), with_timers());
    // What concerns nobody is looked at first: when it fires again, all shops have been looked at.
    until("an import", || fired(&engine, "import_listings") == 1).await;
    let value = Some(Setting::Schedule { every_ms: 1_000, next_at: 1 });
    done(&engine, PutSetting { key: schedule_key("purge_done"), value }).await;
    for count in 2..=3 {
        stage.pass(2_000).await;
        until("another look", || fired(&engine, "purge_done") >= count).await;
    }
    assert_eq!(fired(&engine, "import_listings"), 1);
    // A day after that somebody looked.
    stage.pass(24 * HOUR).await;
    until("both", || fired(&engine, "import_listings") == 3).await;
    within("the stop", runner.stop(Duration::ZERO)).await;
    stage.verify().await;
}
