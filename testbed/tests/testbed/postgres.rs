use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use onhand_testbed::{Durability, Postgres};

fn data_directory(server: &Postgres) -> String {
    server.sql("postgres", "show data_directory").unwrap()
}

/// The server answers as the settings say, and nothing stays behind.
#[test]
fn starts_and_leaves_nothing_behind() {
    let server = Postgres::start(Durability::Fast).unwrap();
    assert_eq!(server.sql("postgres", "show fsync").unwrap(), "off");
    assert_eq!(server.sql("postgres", "show listen_addresses").unwrap(), "127.0.0.1");
    let url = server.create_database("shop \"one\"").unwrap();
    assert!(url.starts_with("postgres://onhand@127.0.0.1:"));
    assert!(server.create_database("shop \"one\"").is_err(), "a name is taken once");
    let data = data_directory(&server);
    assert!(Path::new(&data).exists());
    drop(server);
    assert!(!Path::new(&data).parent().unwrap().exists());
}

#[test]
fn committed_rows_survive_a_power_cut() {
    let server = Postgres::start(Durability::Full).unwrap();
    assert_eq!(server.sql("postgres", "show fsync").unwrap(), "on");
    assert_eq!(server.sql("postgres", "show synchronous_commit").unwrap(), "on");
    server.sql("postgres", "create table t (n int); insert into t values (7)").unwrap();
    server.kill9().unwrap();
    assert!(server.sql("postgres", "select 1").is_err(), "nobody answers");
    server.restart().unwrap();
    assert_eq!(server.sql("postgres", "select n from t").unwrap(), "7");
    server.stop().unwrap();
    assert!(server.sql("postgres", "select 1").is_err());
    server.restart().unwrap();
    assert_eq!(server.sql("postgres", "select n from t").unwrap(), "7");
}

#[test]
fn a_shared_server_cannot_be_killed_and_its_databases_go() {
    let server = Postgres::shared(Durability::Fast).unwrap();
    assert!(server.kill9().is_err());
    assert!(server.stop().is_err());
    let (one, two) = (server.fresh_database().unwrap(), server.fresh_database().unwrap());
    assert_ne!(one.url(), two.url());
    one.sql("create table t (n int)").unwrap();
    let name = one.name().to_owned();
    drop(one);
    let left = server.sql("postgres", &format!("select count(*) from pg_database where datname = '{name}'"));
    assert_eq!(left.unwrap(), "0");
}

/// The watchdog's whole purpose: the owner gets no chance to clean up.
#[test]
fn a_killed_owner_leaves_nothing_behind() {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_private-postgres"))
        .arg("shop")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split('"').find(|part| part.starts_with("postgres://")).unwrap().to_owned();
    let psql = |sql: &str| Command::new("psql").args(["-XAtq", "-d", &url, "-c", sql]).output().unwrap();
    let data = String::from_utf8(psql("show data_directory").stdout).unwrap().trim().to_owned();
    assert!(Path::new(&data).exists(), "{data}");
    owner.kill().unwrap();
    owner.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Path::new(&data).parent().unwrap().exists() {
        assert!(Instant::now() < deadline, "{data} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!psql("select 1").status.success(), "nobody answers");
}
