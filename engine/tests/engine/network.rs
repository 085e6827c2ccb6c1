//! The network between the engine and PostgreSQL.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use onhand_engine::{Engine, SubmitError};
use onhand_store::Outcome;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{FaultProxy, Reaction};
use tokio::task::JoinSet;

use crate::stage::{
    Stage, buy, confirmed, figures, is_done, new_key, open_shop, outcome, quiet, request, submit, until,
    within,
};

/// The request as it goes over the wire. Without the end of the text it would be found in `read committed` too.
const COMMIT: &[u8] = b"commit\0";

/// An engine that reaches its database through a proxy that can break.
async fn through_a_proxy(stage: &Stage) -> (Engine, FaultProxy) {
    through_a_proxy_for(stage, Duration::from_secs(10)).await
}

/// One whose writer waits no longer than that for an answer of the database.
async fn through_a_proxy_for(stage: &Stage, write_timeout: Duration) -> (Engine, FaultProxy) {
    let url = stage.database().url();
    let (start, rest) = url.split_once('@').expect("user@host");
    let (address, name) = rest.split_once('/').expect("host/database");
    let target: SocketAddr = address.parse().expect("an address");
    let proxy = FaultProxy::start(target).await.expect("a proxy");
    let mut options = Options::new(format!("{start}@{}/{name}", proxy.address()));
    options.unsafe_durability = true;
    options.write_timeout = write_timeout;
    // The server's own patience ends nothing before ours does: its word would not arrive either.
    options.idle_timeout = Duration::from_secs(3_600);
    let store = PostgresStore::connect(options).await.expect("a database");
    (Engine::start(Arc::new(store), quiet()).await.expect("an engine"), proxy)
}

/// Asks with one key until there is an outcome, as a client should.
async fn insist(engine: &Engine, sku: &str) -> Outcome {
    let request = request(confirmed(sku, 1), &new_key());
    loop {
        match engine.submit(request.clone()).await {
            Ok(answer) => return answer.outcome,
            Err(SubmitError::Unavailable(_) | SubmitError::OutcomeUnknown | SubmitError::Busy) => {
                tokio::task::yield_now().await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_postgres_a_connection_cut_at_commit_gets_the_truth() {
    let stage = Stage::postgres().await;
    let (engine, proxy) = through_a_proxy(&stage).await;
    open_shop(&engine, &[("A", 100)]).await;
    for round in 1..=10 {
        let key = new_key();
        proxy.on_request(COMMIT, Reaction::CutAtReply);
        let answer = within("an answer", engine.submit(request(buy("A", 1), &key))).await;
        assert_eq!(proxy.triggered(), round);
        match &answer {
            Ok(answer) => assert!(is_done(&answer.outcome) && !answer.replayed),
            Err(error) => assert_eq!(*error, SubmitError::OutcomeUnknown),
        }
        // Whatever it was told, the retry gets the one outcome.
        let again = within("an answer", engine.submit(request(buy("A", 1), &key))).await.unwrap();
        assert!(is_done(&again.outcome) && (again.replayed || answer.is_err()));
        assert_eq!(figures(&engine, "A").await.1, i64::try_from(round).unwrap(), "once");
    }
    assert_eq!(engine.metrics().unknown_commits.get(), 10);
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_postgres_a_connection_cut_before_commit_did_nothing() {
    let stage = Stage::postgres().await;
    let (engine, proxy) = through_a_proxy(&stage).await;
    open_shop(&engine, &[("A", 100)]).await;
    let key = new_key();
    proxy.on_request(COMMIT, Reaction::CutBeforeRequest);
    let answer = within("an answer", engine.submit(request(buy("A", 1), &key))).await;
    assert_eq!(proxy.triggered(), 1);
    assert!(answer.is_err(), "nothing was committed, and nobody may be told so: {answer:?}");
    let again = within("an answer", engine.submit(request(buy("A", 1), &key))).await.unwrap();
    assert!(is_done(&again.outcome) && !again.replayed);
    assert_eq!(figures(&engine, "A").await, (100, 1, 0));
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e5_postgres_a_partition_is_answered_and_ends_by_itself() {
    let stage = Stage::postgres().await;
    let (engine, proxy) = through_a_proxy(&stage).await;
    open_shop(&engine, &[("A", 100)]).await;
    assert!(is_done(&submit(&engine, buy("A", 1)).await.unwrap().outcome));
    proxy.refuse();
    proxy.cut();
    // Everybody gets an answer, and it is not an outcome.
    for _ in 0..20 {
        let answer = submit(&engine, buy("A", 1)).await;
        assert!(
            matches!(answer, Err(SubmitError::Unavailable(_) | SubmitError::OutcomeUnknown)),
            "{answer:?}"
        );
    }
    assert!(!engine.is_writable());
    proxy.pass();
    until("it can write again", || engine.is_writable()).await;
    assert!(is_done(&submit(&engine, buy("A", 1)).await.unwrap().outcome));
    assert_eq!(figures(&engine, "A").await, (100, 2, 0), "none of the twenty was done");
    stage.verify().await;
}

/// A network that swallows answers tells nobody that they are gone: connections stay open, and only patience ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e5_postgres_a_silent_network_is_waited_for_so_long_and_no_longer() {
    let stage = Stage::postgres().await;
    open_shop(&stage.engine().await, &[("A", 100)]).await;
    // A machine that stands still for as long makes this writer give up, too: what must be done insists.
    let (engine, proxy) = through_a_proxy_for(&stage, Duration::from_millis(500)).await;
    assert!(is_done(&within("the first sale", insist(&engine, "A")).await));
    proxy.lose_replies();
    let answer = within("an answer", submit(&engine, confirmed("A", 1))).await;
    assert!(matches!(answer, Err(SubmitError::Unavailable(_))), "nothing was committed: {answer:?}");
    proxy.pass();
    assert!(is_done(&within("a sale after it", insist(&engine, "A")).await));
    assert_eq!(figures(&engine, "A").await, (100, 0, 2), "what nobody heard of was not done");
    stage.verify().await;
}

/// Everything that talks to the database is thrown out, again and again, while buyers buy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_postgres_terminated_connections_lose_and_double_nothing() {
    let stage = Stage::postgres().await;
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 1_000_000)]).await;
    let sold = Arc::new(AtomicI64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let mut buyers = JoinSet::new();
    for _ in 0..16 {
        let (engine, sold, over) = (engine.clone(), sold.clone(), over.clone());
        buyers.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                assert!(is_done(&insist(&engine, "A").await));
                sold.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    for round in 1..=5 {
        let target = sold.load(Ordering::SeqCst) + 50;
        until("buyers buy", || sold.load(Ordering::SeqCst) >= target).await;
        let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                         where datname = current_database() and pid <> pg_backend_pid()";
        let gone: i64 = stage.database().sql(terminate).unwrap().parse().unwrap();
        assert!(gone > 0, "round {round}");
    }
    let target = sold.load(Ordering::SeqCst) + 50;
    until("buyers buy again", || sold.load(Ordering::SeqCst) >= target).await;
    over.store(true, Ordering::SeqCst);
    while let Some(ended) = within("the buyers", buyers.join_next()).await {
        ended.unwrap();
    }
    assert_eq!(figures(&engine, "A").await, (1_000_000, 0, sold.load(Ordering::SeqCst)));
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_postgres_a_snapshot_that_somebody_holds_is_seen_and_stops_nobody() {
    let stage = Stage::postgres().await;
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 100)]).await;
    let (client, connection) =
        tokio_postgres::connect(stage.database().url(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
        .batch_execute("begin isolation level repeatable read; select count(*) from stock")
        .await
        .expect("a snapshot");
    for _ in 0..100 {
        assert!(is_done(&outcome(&engine, buy("A", 1)).await));
    }
    let held = within("the snapshot is old enough to be seen", async {
        loop {
            let age = engine.reads().oldest_snapshot_ms().await.expect("an age");
            if age > 0 {
                return age;
            }
        }
    });
    assert!(held.await > 0);
    client.batch_execute("rollback").await.expect("the end of the snapshot");
    within("the snapshot is gone", async {
        while engine.reads().oldest_snapshot_ms().await.expect("an age") > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (on_hand, reserved, allocated) = figures(&engine, "A").await;
    assert_eq!(on_hand - reserved - allocated, 0);
    engine.stop().await;
}
