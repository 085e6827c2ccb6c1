//! More than there is room for: connections, requests that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use onhand_engine::jobs::RunnerSettings;
use onhand_engine::telemetry::CommandLabels;
use onhand_engine::{Engine, Settings, SubmitError};
use onhand_rules::ShopId;
use onhand_store::faulty::Call;
use onhand_store::{ListingFilter, StoreError};
use onhand_store_postgres::{Options, PostgresStore};
use tokio::task::JoinSet;

use super::desk::{Desk, drained, enqueue, finished, job, quick, run, stop};
use crate::stage::{
    Stage, buy, figures, is_done, new_key, on_both, open_shop, quiet, request, row, submit, until, within,
};

on_both!(b15_a_flood_is_admitted_to_a_bound_and_nothing_acknowledged_is_lost);

/// Requests of the flood.
const FLOOD: usize = 20_000;
/// Commands that may wait.
const ROOM: usize = 500;

/// The writer is stopped at a commit while the flood comes.
async fn b15_a_flood_is_admitted_to_a_bound_and_nothing_acknowledged_is_lost(stage: Stage) {
    let settings = Settings { queue_max: ROOM, batch_max: 64, ..quiet() };
    let (engine, plan) = stage.faulty(settings).await;
    open_shop(&engine, &[("A", 100_000)]).await;
    let gate = plan.hold(Call::BeforeCommit);
    let first = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(request(buy("A", 1), &new_key())).await })
    };
    within("the writer", gate.reached()).await;
    let turned_away = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    for _ in 0..FLOOD {
        let (engine, turned_away) = (engine.clone(), turned_away.clone());
        flood.spawn(async move {
            let answer = engine.submit(request(buy("A", 1), &new_key())).await;
            if answer == Err(SubmitError::Busy) {
                turned_away.fetch_add(1, Ordering::SeqCst);
            }
            answer
        });
    }
    // Whoever finds no room is told at once, while nothing moves.
    until("the rest is turned away", || turned_away.load(Ordering::SeqCst) >= FLOOD - ROOM).await;
    assert_eq!(engine.metrics().queue_depth.get(), i64::try_from(ROOM).unwrap(), "no more than that is kept");
    // One batch meets a database that is away: its callers get no yes.
    plan.fail(Call::Begin, StoreError::Unavailable("for a moment".into()));
    gate.release();
    let mut taken = i64::from(is_done(&first.await.unwrap().expect("it was held, and done").outcome));
    let mut unavailable = 0;
    while let Some(answer) = within("an answer", flood.join_next()).await {
        match answer.unwrap() {
            Ok(answer) => taken += i64::from(is_done(&answer.outcome)),
            Err(SubmitError::Busy) => {}
            Err(SubmitError::Unavailable(_)) => unavailable += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(turned_away.load(Ordering::SeqCst), FLOOD - ROOM, "exactly as much as there is room for");
    assert!(unavailable <= 64, "one batch");
    assert_eq!(figures(&engine, "A").await.1, taken, "what was acknowledged, and nothing else");
    until("there is room again", || engine.metrics().queue_depth.get() == 0).await;
    assert!(is_done(&submit(&engine, buy("A", 1)).await.expect("an answer").outcome));
    assert_eq!(row(&engine, "A").await.figures.reserved, taken + 1);
    stage.verify().await;
}

/// One connection for all reading, and it is taken: jobs keep their leases all the same, for the heart has its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_postgres_one_connection_for_all_readers_is_enough() {
    let stage = Stage::postgres().await;
    let mut options = Options::new(stage.database().url());
    options.unsafe_durability = true;
    options.read_connections = 1;
    let store = PostgresStore::connect(options).await.expect("a database");
    let engine = Engine::start(Arc::new(store), quiet()).await.expect("an engine");
    open_shop(&engine, &[("A", 1_000)]).await;
    let settings =
        RunnerSettings { lease: Duration::from_millis(600), beat: Duration::from_millis(100), ..quick() };
    let desk = Desk::new();
    let runner = run(&engine, &desk, settings);
    enqueue(&engine, (0..5).map(|_| job("wait")).collect()).await;
    desk.starts(5).await;
    // Whoever reads waits for a table, and with the connection, for several lengths of a lease.
    let (mut client, connection) =
        tokio_postgres::connect(stage.database().url(), tokio_postgres::NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let lock = client.transaction().await.expect("a transaction");
    lock.batch_execute("lock table listing in access exclusive mode").await.expect("a lock");
    let mut readers = JoinSet::new();
    for _ in 0..50 {
        let (by_key, lists) = (engine.clone(), engine.clone());
        readers.spawn(async move { by_key.reads().listings_of_unit(ShopId(1), "u").await.is_ok() });
        readers.spawn(async move { lists.reads().listings(&ListingFilter::default(), 1).await.is_ok() });
    }
    let labels = CommandLabels { command: "beat_jobs", outcome: "done" };
    let beats = || engine.metrics().commands.get_or_create(&labels).get();
    let before = beats();
    until("twenty heartbeats", || beats() >= before + 20).await;
    lock.rollback().await.expect("an end");
    drop(client);
    connection.await.expect("no panic").expect("a good end");
    while let Some(reader) = within("a reader", readers.join_next()).await {
        let _answered_or_in_vain = reader.unwrap();
    }
    assert_eq!(engine.metrics().queue.rescues.get(), 0, "no lease was lost");
    assert_eq!(desk.started(), 5, "nothing was started twice");
    desk.open(5);
    drained(&engine).await;
    assert_eq!(finished(&engine).await, 5);
    assert_eq!(engine.metrics().queue.stale_finishes.get(), 0);
    assert!(is_done(&submit(&engine, buy("A", 1)).await.expect("an answer").outcome));
    stop(&runner).await;
    stage.verify().await;
}
