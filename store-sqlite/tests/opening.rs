//! When a database is opened, and when it is refused (faults A11, A13, A14, A15).
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is test code"
)]

mod shop;

use std::io::{BufRead, BufReader};
use std::path::Path;

use onhand_store::{Store, StoreError};
use onhand_store_sqlite::migrate::{self, MIGRATIONS, Migration};
use onhand_store_sqlite::{Options, SqliteStore, Synchronous, check_version};
use shop::{Shop, role, spawn};

fn refusal(dir: &Path) -> String {
    match SqliteStore::open(Options::new(dir)) {
        Err(StoreError::Broken(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

/// Runs in a process of its own; see [`shop::child`].
#[test]
fn child() {
    let Some((role, dir)) = role() else { return };
    match role.as_str() {
        "hold" => {
            let _store = SqliteStore::open(Options::new(dir)).expect("a database");
            println!("\nopened");
            // Until somebody kills us.
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).expect("standard input");
        }
        "migrate" => {
            let mut connection = rusqlite::Connection::open(dir.join("onhand.sqlite")).expect("a file");
            println!("\nmigrating");
            migrate::apply(&mut connection, &[MIGRATIONS, &[ENDLESS]].concat(), 0).expect("never");
        }
        other => panic!("no such role: {other}"),
    }
}

/// Waits until a child says a line.
fn until(child: &mut std::process::Child, wanted: &str) {
    let out = child.stdout.take().expect("its output");
    let said = BufReader::new(out).lines().map_while(Result::ok).any(|line| line == wanted);
    assert!(said, "the child never said {wanted:?}");
}

#[test]
fn a11_a_second_process_is_refused_and_a_stale_lock_is_taken_over() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut first = spawn("hold", dir.path(), &[]);
    until(&mut first, "opened");
    let why = refusal(dir.path());
    assert!(why.contains(&format!("locked by process {}", first.id())), "{why}");
    first.kill().expect("kill -9");
    first.wait().expect("its end");
    let left = std::fs::read_to_string(dir.path().join("lock")).expect("the lock file stays behind");
    assert_eq!(left.trim(), first.id().to_string());
    SqliteStore::open(Options::new(dir.path())).expect("the lock died with its process");
}

#[test]
fn a11_one_process_cannot_open_it_twice_either() {
    let dir = tempfile::tempdir().expect("a directory");
    let _first = SqliteStore::open(Options::new(dir.path())).expect("a database");
    let why = refusal(dir.path());
    assert!(why.contains("locked by process"), "{why}");
}

#[test]
fn a13_unsafe_durability_is_refused_unless_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut options = Options::new(dir.path());
    options.synchronous = Synchronous::Normal;
    match SqliteStore::open(options.clone()) {
        Err(StoreError::Broken(why)) => assert!(why.contains("--unsafe-durability"), "{why}"),
        other => panic!("not refused: {other:?}"),
    }
    options.unsafe_durability = true;
    let durability = SqliteStore::open(options).expect("asked for").durability();
    assert!(!durability.safe);
    assert!(durability.settings.contains("synchronous=NORMAL"), "{durability:?}");
}

#[test]
fn a13_full_durability_is_shown() {
    let dir = tempfile::tempdir().expect("a directory");
    let durability = SqliteStore::open(Options::new(dir.path())).expect("a database").durability();
    assert!(durability.safe);
    assert_eq!(durability.settings, "journal_mode=WAL synchronous=FULL");
    assert_eq!(durability.version, rusqlite::version());
}

#[test]
fn a14_a_library_with_the_wal_reset_bug_is_refused() {
    for old in ["3.7.0", "3.40.1", "3.50.9", "3.51.0", "3.51.2", "", "three"] {
        match check_version(old) {
            Err(StoreError::Broken(why)) => assert!(why.contains("WAL-reset"), "{why}"),
            other => panic!("{old} was accepted: {other:?}"),
        }
    }
    for good in ["3.51.3", "3.51.10", "3.52.0", "3.54.1", "4.0.0"] {
        check_version(good).expect(good);
    }
    check_version(rusqlite::version()).expect("the library that is built in");
}

fn edit(dir: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(dir.join("onhand.sqlite")).expect("a file");
    connection.execute_batch(sql).expect(sql);
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    edit(dir.path(), "INSERT INTO migration VALUES (99, '0099_future.sql', 'abc', 0)");
    let why = refusal(dir.path());
    assert!(why.contains("schema 99 (0099_future.sql)") && why.contains("use a newer onhand"), "{why}");
    edit(dir.path(), "DELETE FROM migration WHERE number = 99");
    Shop::open(dir.path()).holds_exactly(0).await;
}

#[test]
fn a15_a_migration_with_other_contents_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(SqliteStore::open(Options::new(dir.path())).expect("a database"));
    edit(dir.path(), "UPDATE migration SET checksum = 'abc' WHERE number = 1");
    let why = refusal(dir.path());
    assert!(why.contains("other contents"), "{why}");
}

#[test]
fn a15_a_database_of_another_program_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    edit(dir.path(), "CREATE TABLE recipe (name TEXT)");
    let why = refusal(dir.path());
    assert!(why.contains("not one of Onhand"), "{why}");
}

/// A step that changes something and then never comes to its end.
const ENDLESS: Migration = Migration {
    number: 99,
    name: "0099_endless.sql",
    sql: "ALTER TABLE sku ADD COLUMN half TEXT;
          CREATE TABLE half (x INTEGER);
          INSERT INTO half SELECT x FROM (
              WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n
          );",
};

#[tokio::test(flavor = "multi_thread")]
async fn a15_a_migration_that_is_killed_half_way_never_happened() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    let mut killed = spawn("migrate", dir.path(), &[]);
    until(&mut killed, "migrating");
    // The pages of the step that do not fit the cache go into the log: then it is in the middle.
    let log = shop::log_of(dir.path());
    while std::fs::metadata(&log).map_or(0, |file| file.len()) < 1 << 20 {
        assert!(killed.try_wait().expect("its state").is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    killed.kill().expect("kill -9");
    killed.wait().expect("its end");

    let shop = Shop::open(dir.path());
    shop.holds_exactly(0).await;
    drop(shop);
    let connection = rusqlite::Connection::open(dir.path().join("onhand.sqlite")).expect("a file");
    let half: i64 = connection
        .query_row(
            "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = 'half')
                  + (SELECT count(*) FROM pragma_table_info('sku') WHERE name = 'half')
                  + (SELECT count(*) FROM migration WHERE number = 99)",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(half, 0, "something of the half migration is there");
}

#[test]
fn a15_a_migration_that_fails_leaves_nothing() {
    let mut connection = rusqlite::Connection::open_in_memory().expect("a database");
    let broken = Migration {
        number: 2,
        name: "0002_broken.sql",
        sql: "CREATE TABLE fine (x INTEGER); INSERT INTO nowhere VALUES (1);",
    };
    let why = migrate::apply(&mut connection, &[MIGRATIONS[0], broken], 0).expect_err("it is broken");
    assert!(why.to_string().contains("0002_broken.sql"), "{why}");
    let there: Vec<String> = connection
        .prepare("SELECT name FROM migration UNION ALL SELECT name FROM sqlite_schema WHERE name = 'fine'")
        .expect("a statement")
        .query_map([], |row| row.get(0))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("names");
    assert_eq!(there, ["0001_ledger.sql"]);
}
