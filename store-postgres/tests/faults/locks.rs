//! C6: writers that want the same rows.

use onhand_store::{Outcome, StoreError};
use onhand_testbed::Database;

use crate::shop::{assert_sound, database, open, options, order, stocked, writer};

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
