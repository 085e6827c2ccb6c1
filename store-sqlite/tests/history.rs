//! The movements of one stock row, far enough to pass several marks of the table that finds them.
#![allow(clippy::expect_used, reason = "this is test code")]

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use onhand_rules::Movement;
use onhand_store::Reads;
use onhand_store_sqlite::{Options, SqliteStore};
use shop::{ROW, Shop};

/// Movements to make: three marks of 64 and some more.
const SALES: u64 = 201;
const START: i64 = 4_102_444_800_000;

/// A shop in which three movements each happen at the same time, ten milliseconds after the three before. So a mark is
/// the first of its time once, the last once and in between once.
async fn long_history(dir: &std::path::Path) -> (Shop, Vec<Movement>) {
    drop(Shop::new(dir).await);
    let time = Arc::new(AtomicI64::new(START));
    let mut options = Options::new(dir);
    let clock = Arc::clone(&time);
    options.clock = Arc::new(move || clock.load(Ordering::SeqCst));
    let mut shop = Shop::over(Arc::new(SqliteStore::open(options).expect("the database")));
    for number in (1..=SALES).step_by(3) {
        shop.sell(number, 3).await.expect("three sales");
        time.fetch_add(10, Ordering::SeqCst);
    }
    let all = shop.store.reads().movements_from(ROW, 0, 1000).await.expect("all of them");
    assert_eq!(all.len() as u64, SALES + 1);
    let versions: Vec<i64> = all.iter().map(|movement| movement.version).collect();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    (shop, all)
}

fn index(version: i64) -> usize {
    usize::try_from(version).expect("small")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_found_from_both_sides() {
    let dir = tempfile::tempdir().expect("a directory");
    let (shop, all) = long_history(dir.path()).await;
    let reads: &dyn Reads = shop.store.reads();
    let last = all.len() as i64;
    for version in 0..=last + 1 {
        let up = reads.movements_from(ROW, version, 3).await.expect("a read");
        let from = index(version).min(all.len());
        assert_eq!(up, all[from..(from + 3).min(all.len())], "above {version}");

        let down = reads.movements(ROW, Some(version), 3).await.expect("a read");
        let to = index((version - 1).max(0)).min(all.len());
        let wanted: Vec<Movement> = all[to.saturating_sub(3)..to].iter().rev().cloned().collect();
        assert_eq!(down.rows, wanted, "below {version}");
        assert_eq!(down.more, to > 3, "below {version}");
    }
    let newest = reads.movements(ROW, None, 1).await.expect("a read");
    assert_eq!(newest.rows, all[all.len() - 1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_time_finds_the_last_movement_before_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (shop, all) = long_history(dir.path()).await;
    let reads: &dyn Reads = shop.store.reads();
    let end = START + 10 * i64::try_from(SALES).expect("small");
    for at in (START - 5..end).step_by(5).chain([0, i64::MAX]) {
        let found = reads.movement_at(ROW, at).await.expect("a read");
        let wanted = all.iter().rfind(|movement| movement.at <= at);
        assert_eq!(found.as_ref(), wanted, "at {at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn movements_cannot_be_edited() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    let connection = rusqlite::Connection::open(dir.path().join("onhand.sqlite")).expect("a file");
    for sql in ["UPDATE movement SET note = 'nothing happened'", "DELETE FROM movement"] {
        let refused = connection.execute(sql, []).expect_err(sql);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}
