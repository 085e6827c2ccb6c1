//! `onhand backup` and `restore`.

use std::os::unix::fs::PermissionsExt as _;

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

#[tokio::test]
async fn a_backup_of_a_running_server_is_restored_whole_postgres() {
    let place = Place::postgres();
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    shop.stock("A", 5).await;
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup.dump").display().to_string();
    let made = place.json(&["backup", &file, "--json"]);
    assert!(made["bytes"].as_u64() > Some(0), "{made}");
    let mode = std::fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may read it: {mode:o}");
    let twice = place.run(&["backup", &file]);
    assert_eq!(twice.status.code(), Some(1), "a backup never overwrites another");
    let left = std::fs::read_dir(scratch.path()).expect("a directory").count();
    assert_eq!(left, 1, "only the backup is there");
    // What happens later is not in it.
    shop.stock("B", 5).await;
    let over = place.run(&["restore", &file]);
    assert_eq!(over.status.code(), Some(1));
    assert!(errors(&over).contains("not empty"), "{}", errors(&over));
    let other = Place::postgres();
    let restored = other.json(&["restore", &file, "--json"]);
    assert_eq!(restored["verify"]["clean"], true, "{restored}");
    assert!(!restored["into"].to_string().contains("postgres:postgres"), "{restored}");
    let exported = String::from_utf8(other.run(&["export"]).stdout).expect("text");
    assert!(exported.contains("\nA,") && !exported.contains("\nB,"), "{exported}");
}

#[test]
fn what_is_no_backup_of_onhand_is_refused_postgres() {
    let strange = Place::postgres();
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("strange.dump").display().to_string();
    let refused = strange.run(&["backup", &file]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("none of Onhand's"), "{}", errors(&refused));
    std::fs::write(&file, b"PGDMP, and then nothing that it could be").expect("written");
    let refused = strange.run(&["restore", &file]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("pg_restore"), "{}", errors(&refused));
}
