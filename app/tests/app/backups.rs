//! `onhand backup` and `restore`.

use serde_json::Value;

use crate::program::{Place, Server, errors};
use crate::shop::Shop;

#[tokio::test]
async fn a_backup_of_a_running_server_is_restored_whole_sqlite() {
    let place = Place::sqlite();
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    shop.stock("A", 5).await;
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup.sqlite").display().to_string();
    let made = place.json(&["backup", &file, "--json"]);
    assert!(made["bytes"].as_u64() > Some(0), "{made}");
    let twice = place.run(&["backup", &file]);
    assert_eq!(twice.status.code(), Some(1), "a backup never overwrites another");
    // What happens later is not in it.
    shop.stock("B", 5).await;
    let other = Place::sqlite();
    let restored = other.json(&["restore", &file, "--json"]);
    assert_eq!(restored["verify"]["clean"], true, "{restored}");
    let again = other.run(&["restore", &file]);
    assert_eq!(again.status.code(), Some(1));
    assert!(errors(&again).contains("not empty"), "{}", errors(&again));
    let exported = String::from_utf8(other.run(&["export"]).stdout).expect("text");
    assert!(exported.contains("\nA,") && !exported.contains("\nB,"), "{exported}");
}

#[test]
fn a_damaged_backup_is_refused_sqlite() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), b"not a database at all, but long enough to look at").expect("written");
    let refused = Place::sqlite().run(&["restore", &file.path().display().to_string()]);
    assert_eq!(refused.status.code(), Some(1), "{}", errors(&refused));
}

#[test]
fn postgres_is_left_to_its_own_tools() {
    let place = Place::postgres();
    let refused = place.run(&["backup", "x"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("pg_dump"), "{}", errors(&refused));
    let migrated: Value = place.json(&["migrate", "--json"]);
    assert_eq!(migrated["durability"]["database"], "postgres", "{migrated}");
}
