//! Files that were damaged while nobody had them open (faults A8, A9), backups and file modes.
#![allow(clippy::expect_used, reason = "this is test code")]

mod shop;

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use onhand_store::StoreError;
use onhand_store::verify::verify;
use onhand_store_sqlite::{Options, SqliteStore, backup_of, restore};
use shop::{Shop, crashed_copy, log_of};

/// A shop that sold `orders`, one to a transaction, and then crashed.
async fn crashed(orders: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let mut shop = Shop::new(dir.path()).await;
    for number in 1..=orders {
        shop.sell(number, 1).await.expect("a sale");
    }
    crashed_copy(dir.path())
}

fn open(dir: &Path) -> (Shop, bool) {
    let store = SqliteStore::open(Options::new(dir)).expect("the database");
    let torn = store.recovery().expect("there is a log").torn;
    (Shop::over(Arc::new(store)), torn)
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_a_whole_log_loses_nothing() {
    let dir = crashed(20).await;
    let (shop, torn) = open(dir.path());
    assert!(!torn);
    shop.holds_exactly(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_garbage_after_the_log_loses_nothing_and_is_told() {
    let dir = crashed(20).await;
    let mut log = OpenOptions::new().append(true).open(log_of(dir.path())).expect("the log");
    log.write_all(&[0xa5; 10_000]).expect("garbage");
    let (shop, torn) = open(dir.path());
    assert!(torn, "nobody was told");
    shop.holds_exactly(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_a_log_that_was_cut_off_keeps_every_commit_before_the_cut() {
    let dir = crashed(20).await;
    let log = OpenOptions::new().write(true).open(log_of(dir.path())).expect("the log");
    let length = log.metadata().expect("its length").len();
    log.set_len(length - 1).expect("a cut");
    let (mut shop, torn) = open(dir.path());
    assert!(torn, "nobody was told");
    shop.holds_exactly(19).await;
    shop.sell(20, 1).await.expect("business goes on");
    shop.holds_exactly(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_damage_inside_the_log_keeps_every_commit_before_it() {
    let dir = crashed(20).await;
    let path = log_of(dir.path());
    let mut log = OpenOptions::new().read(true).write(true).open(&path).expect("the log");
    let middle = log.metadata().expect("its length").len() * 3 / 4;
    flip(&mut log, middle);
    let (mut shop, torn) = open(dir.path());
    assert!(torn, "nobody was told");
    let kept = u64::try_from(shop.reserved().await).expect("no less than none");
    assert!((1..20).contains(&kept), "{kept} kept");
    shop.holds_exactly(kept).await;
    shop.sell(kept + 1, 1).await.expect("business goes on");
}

fn flip(file: &mut File, at: u64) {
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).expect("a place");
    file.read_exact(&mut byte).expect("a byte");
    byte[0] ^= 0x20;
    file.seek(SeekFrom::Start(at)).expect("a place");
    file.write_all(&byte).expect("a byte");
}

/// A database in one file, without a log.
async fn closed(orders: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let mut shop = Shop::new(dir.path()).await;
    shop.sell(1, orders).await.expect("sales");
    drop(shop);
    assert!(!log_of(dir.path()).exists(), "closing leaves one file");
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_a_flipped_bit_in_a_movement_is_named() {
    let dir = closed(50).await;
    let path = dir.path().join("onhand.sqlite");
    let bytes = std::fs::read(&path).expect("the file");
    let note = b"the opening stock of this shop";
    let mut file = OpenOptions::new().read(true).write(true).open(&path).expect("the file");
    // A page that was split may keep a stale copy in its unused part.
    for (at, _) in bytes.windows(note.len()).enumerate().filter(|(_, window)| window == note) {
        flip(&mut file, at as u64);
    }
    drop(file);
    let shop = Shop::open(dir.path());
    let report = verify(shop.store.reads(), &mut |_| ()).await.expect("verify");
    let named = report
        .violations
        .iter()
        .any(|found| found.invariant == "I15" && found.subject.contains("movement 1 "));
    assert!(named, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_a_damaged_page_is_found() {
    let dir = closed(500).await;
    let path = dir.path().join("onhand.sqlite");
    let mut file = OpenOptions::new().read(true).write(true).open(&path).expect("the file");
    let pages = file.metadata().expect("its length").len() / 4096;
    // The number of cells of a page in the middle of the file.
    flip(&mut file, pages / 2 * 4096 + 4);
    drop(file);
    let shop = Shop::open(dir.path());
    let found = shop.store.reads().audit_files().await;
    assert!(
        found.as_ref().is_err() || found.as_ref().is_ok_and(|messages| !messages.is_empty()),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a12_a_backup_made_in_use_is_restored_elsewhere() {
    let dir = tempfile::tempdir().expect("a directory");
    let copies = tempfile::tempdir().expect("a directory");
    let mut shop = Shop::new(dir.path()).await;
    shop.sell(1, 10).await.expect("sales");
    let to = copies.path().join("monday.sqlite");
    backup_of(dir.path(), &to).expect("a backup");
    shop.sell(11, 1).await.expect("later than the backup");
    let again = backup_of(dir.path(), &to);
    assert!(matches!(again, Err(StoreError::Broken(_))), "overwrote a backup: {again:?}");

    let target = copies.path().join("restored");
    restore(&to, &target).expect("a restore");
    Shop::open(&target).holds_exactly(10).await;
    let over = restore(&to, &target);
    assert!(matches!(over, Err(StoreError::Broken(_))), "overwrote a database: {over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a12_a_damaged_backup_is_not_restored() {
    let dir = closed(500).await;
    let path = dir.path().join("onhand.sqlite");
    let mut file = OpenOptions::new().read(true).write(true).open(&path).expect("the file");
    let pages = file.metadata().expect("its length").len() / 4096;
    flip(&mut file, pages / 2 * 4096 + 4);
    drop(file);
    let target = dir.path().join("restored");
    let result = restore(&path, &target);
    assert!(matches!(result, Err(StoreError::Broken(_))), "{result:?}");
    assert!(!target.exists(), "something was restored");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    let _shop = Shop::new(dir.path()).await;
    let copy = dir.path().join("copy.sqlite");
    backup_of(dir.path(), &copy).expect("a backup");
    let names = ["onhand.sqlite", "onhand.sqlite-wal", "onhand.sqlite-shm", "lock", "copy.sqlite"];
    for name in names {
        let mode = std::fs::metadata(dir.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}
