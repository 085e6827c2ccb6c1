//! C6: writers that want the same rows.

use onhand_rules::commands::UpdateSku;
use onhand_rules::commands::queue::{ClaimJobs, EnqueueJobs};
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, Needs, Receipt, ShopId, Working};
use onhand_store::contract::Request;
use onhand_store::{Outcome, StoreError};
use onhand_testbed::Database;

use crate::shop::{assert_sound, catalogue, database, open, options, order, receive, stocked, writer};

const SKUS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

fn deadlocks(database: &Database<'_>) -> String {
    database.sql("select deadlocks from pg_stat_database where datname = current_database()").unwrap()
}

/// Carts with the same SKUs in every order, from four writers at once. Waiting is allowed, deadlock is not: every replica
/// takes locks in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_reversed_carts_never_deadlock() {
    const ROUNDS: usize = 60;
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut first = writer(&store, 1).await;
    stocked(&mut first, &SKUS, 1_000_000).await;
    let writers: Vec<_> = (0..4_usize)
        .map(|number| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let mut driver = writer(&store, 10 + number as u128).await;
                for round in 0..ROUNDS {
                    let mut cart = SKUS;
                    cart.rotate_left(round % SKUS.len());
                    if number % 2 == 1 {
                        cart.reverse();
                    }
                    let id = (number * ROUNDS + round + 1) as u128;
                    // Two orders, so that new references come in opposite orders too.
                    let mut batch = vec![order(id * 2, &cart), order(id * 2 + 1, &cart)];
                    if number % 2 == 1 {
                        batch.reverse();
                    }
                    loop {
                        match driver.batch(&batch).await {
                            Ok(outcomes) => {
                                assert!(
                                    outcomes.iter().all(|o| matches!(o, Outcome::Done(_))),
                                    "{outcomes:?}"
                                );
                                break;
                            }
                            Err(StoreError::Conflict(text)) => {
                                assert!(!text.contains("40P01"), "a deadlock: {text}");
                            }
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert_eq!(deadlocks(&database), "0");
    let rows = store.reads().stock(&Default::default(), 9).await.unwrap().rows;
    let sold = i64::try_from(4 * ROUNDS * 2).unwrap();
    assert!(rows.iter().all(|row| row.stock.figures.reserved == sold), "{rows:?}");
    assert_sound(&store).await;
}

/// A row that somebody keeps locked delays a batch for so long and no longer, and is then a reason to try again.
#[tokio::test(flavor = "multi_thread")]
async fn c6_a_lock_that_is_never_released_is_a_conflict() {
    let database = database().await;
    let mut options = options(database.url());
    options.lock_timeout = std::time::Duration::from_millis(200);
    let store = open(options).await;
    let (mut one, mut two) = (writer(&store, 1).await, writer(&store, 2).await);
    stocked(&mut one, &["A"], 100).await;
    let key = store.reads().stock(&Default::default(), 1).await.unwrap().rows[0].stock.key;
    let needs = onhand_rules::Needs { stock: [key].into(), ..Default::default() };
    let mut working = onhand_rules::Working::default();
    let session = one.session();
    session.begin().await.unwrap();
    session.find(&needs, &mut working).await.unwrap();
    session.lock(&needs, &mut working).await.unwrap();
    let waited = two.batch(&[order(1, &["A"])]).await;
    assert!(matches!(&waited, Err(StoreError::Conflict(text)) if text.contains("55P03")), "{waited:?}");
    one.session().rollback().await.unwrap();
    two.batch(&[order(1, &["A"])]).await.unwrap();
    assert_sound(&store).await;
}

/// A stock row copies the backorder limit of its SKU when it is made. Made while the limit changes, it must not keep the
/// old one: the change updates only rows that it can see.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_a_stock_row_made_while_its_limit_changes_has_the_new_limit() {
    const ROUNDS: usize = 60;
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut first = writer(&store, 1).await;
    let codes: Vec<String> = (0..ROUNDS).map(|round| format!("S{round}")).collect();
    catalogue(&mut first, &codes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let limit = |code: &String| {
        let (code, backorder_limit) = (code.clone(), Some(7));
        Request::of(UpdateSku { code, backorder_limit, ..UpdateSku::default() })
    };
    let scripts: [Vec<Request>; 2] =
        [codes.iter().map(|code| receive(code, 5)).collect(), codes.iter().map(limit).collect()];
    let writers = (10..).zip(scripts).map(|(number, script)| {
        let (store, barrier) = (std::sync::Arc::clone(&store), std::sync::Arc::clone(&barrier));
        tokio::spawn(async move {
            let mut driver = writer(&store, number).await;
            for request in script {
                barrier.wait().await;
                let outcomes = driver.insist(&[request]).await;
                assert!(matches!(outcomes[0], Outcome::Done(_)), "{outcomes:?}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer");
    }
    let rows = store.reads().stock(&Default::default(), 2 * ROUNDS).await.unwrap().rows;
    assert_eq!(rows.len(), ROUNDS);
    for row in rows {
        assert_eq!(row.stock.backorder_limit, 7, "the limit of {}", row.sku);
    }
    assert_sound(&store).await;
}

/// Between being found and being locked a job is asked for again: a finisher that did not see the wish would forget it.
#[tokio::test]
async fn c6_a_job_that_changed_before_it_was_locked_is_read_again() {
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut other = writer(&store, 1).await;
    let push = NewJob {
        body: JobBody::PushStock { shop: ShopId(1), unit: "u".into() },
        class: 1,
        run_at: 0,
        cause_at: None,
    };
    let ask = || Request::of(EnqueueJobs { jobs: vec![push.clone()] });
    let Outcome::Done(Receipt::Enqueued { jobs }) = other.insist(&[ask()]).await.remove(0) else {
        panic!("not enqueued")
    };
    let claim = ClaimJobs { owner: 7, lease_ms: 30_000, jobs: jobs.clone() };
    other.insist(&[Request::of(claim)]).await;
    let again = |working: &Working| working.sync.jobs[&jobs[0]].now.as_ref().unwrap().again;
    let mut needs = Needs::default();
    needs.sync.jobs.insert(jobs[0]);
    let (mut session, mut working) = (store.session().await.unwrap(), Working::default());
    session.begin().await.unwrap();
    session.find(&needs, &mut working).await.unwrap();
    assert!(!again(&working));
    other.insist(&[ask()]).await;
    session.lock(&needs, &mut working).await.unwrap();
    assert!(again(&working));
    session.rollback().await.unwrap();
}
