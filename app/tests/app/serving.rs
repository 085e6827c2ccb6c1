//! `onhand serve`, `config`, `demo`: starting, stopping, refusing to start.

use std::time::Instant;

use onhand_testbed::{Durability, Postgres};
use serde_json::{Value, json};

use crate::program::{PATIENCE, Place, Server, errors, run, text};
use crate::shop::Shop;

async fn serves_and_stops_in_good_order(place: Place) {
    let mut server = Server::start(&place);
    let key = server.api_key.clone().expect("a key on the first start");
    let shop = Shop::new(&server.url, &key);
    shop.stock("A", 5).await;
    assert_eq!(Shop::new(&server.url, "ohk_guess").get("/v1/stock").await.status, 401);
    server.process.terminate();
    assert_eq!(server.process.wait().code(), Some(0));
    let again = Server::start(&place);
    assert_eq!(again.api_key, None, "shown once");
    let stock = Shop::new(&again.url, &key).get("/v1/stock/A/main").await;
    assert_eq!(stock.body["on_hand"], 5, "{stock:?}");
}

#[tokio::test]
async fn serves_and_stops_in_good_order_sqlite() {
    serves_and_stops_in_good_order(Place::sqlite()).await;
}

#[tokio::test]
async fn serves_and_stops_in_good_order_postgres() {
    serves_and_stops_in_good_order(Place::postgres()).await;
}

/// Nothing runs jobs here; what happened before there was a threshold is passed over, and what happens after it is followed,
/// also when the server stopped in between.
async fn low_stock_is_told_without_marketplaces(place: Place) {
    let mut server = Server::start(&place);
    let key = server.api_key.clone().expect("a key on the first start");
    let shop = Shop::new(&server.url, &key);
    for sku in ["A", "B"] {
        shop.stock(sku, 5).await;
    }
    let set = shop.patch("/v1/low-stock", "low", &json!({"units": 4})).await;
    assert_eq!(set.status, 200, "{set:?}");
    let is_told = async |shop: &Shop, sku: &str| {
        let subject = format!("{sku}@main");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let open = shop.get("/v1/notices?open=true").await;
            let open = open.body["data"].as_array().expect("a list").clone();
            if open
                .iter()
                .any(|notice| notice["kind"] == "low_stock" && notice["subject"] == subject.as_str())
            {
                return open.len();
            }
            assert!(Instant::now() < deadline, "{sku} runs low and nobody is told: {open:?}");
        }
    };
    assert_eq!(shop.order("A", "one-of-A").await.expect("an answer").status, 201);
    assert_eq!(is_told(&shop, "A").await, 1, "and of B there are enough");
    // The last change before the end is seen by whoever follows next.
    assert_eq!(shop.order("B", "one-of-B").await.expect("an answer").status, 201);
    server.process.terminate();
    assert_eq!(server.process.wait().code(), Some(0));
    let again = Server::start(&place);
    assert_eq!(is_told(&Shop::new(&again.url, &key), "B").await, 2);
}

#[tokio::test]
async fn low_stock_is_told_without_marketplaces_sqlite() {
    low_stock_is_told_without_marketplaces(Place::sqlite()).await;
}

#[tokio::test]
async fn low_stock_is_told_without_marketplaces_postgres() {
    low_stock_is_told_without_marketplaces(Place::postgres()).await;
}

#[test]
fn two_servers_that_start_at_once_make_one_first_key_postgres() {
    let place = Place::postgres();
    let keys = std::thread::scope(|scope| {
        let one = scope.spawn(|| Server::start(&place).api_key);
        let two = scope.spawn(|| Server::start(&place).api_key);
        [one.join().expect("started"), two.join().expect("started")]
    });
    assert_eq!(keys.iter().flatten().count(), 1, "exactly one of two replicas");
}

#[test]
fn a11_a_second_process_is_refused_and_a_stale_lock_is_not_sqlite() {
    let place = Place::sqlite();
    let mut server = Server::start(&place);
    let second = place.run(&["verify"]);
    assert_eq!(second.status.code(), Some(1));
    let expected = format!("locked by process {}", server.process.pid());
    assert!(errors(&second).contains(&expected), "{}", errors(&second));
    server.process.kill();
    let after = place.run(&["verify"]);
    assert!(after.status.success(), "{}", errors(&after));
}

#[tokio::test]
async fn a13_unsafe_settings_need_a_flag_and_are_shown_sqlite() {
    let place = Place::sqlite();
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0", "--sqlite-synchronous", "normal"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("--unsafe-durability"), "{}", errors(&refused));
    let server = Server::with(&place, &["--sqlite-synchronous", "normal", "--unsafe-durability"], None);
    assert_unsafe_is_shown(&server).await;
}

#[tokio::test]
async fn a13_unsafe_settings_need_a_flag_and_are_shown_postgres() {
    let lax = Postgres::shared(Durability::Fast).expect("a private PostgreSQL");
    let place = Place::Postgres(lax.fresh_database().expect("a database"));
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("--unsafe-durability"), "{}", errors(&refused));
    assert_unsafe_is_shown(&Server::with(&place, &["--unsafe-durability"], None)).await;
}

async fn assert_unsafe_is_shown(server: &Server) {
    let shop = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    let ready = shop.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["durable"]), (200, &Value::Bool(false)), "{ready:?}");
}

#[test]
fn an_address_in_use_is_said_and_nothing_is_made_sqlite() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let place = Place::sqlite();
    let refused = place.run(&["serve", "--listen", &address]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains(&format!("cannot listen at {address}")), "{}", errors(&refused));
    assert!(Server::start(&place).api_key.is_some(), "the first key was not lost");
}

/// The address for operators is there when it is named, in use or not, and ends with the server.
#[tokio::test]
async fn s37_operators_have_an_address_of_their_own_sqlite() {
    let place = Place::sqlite();
    let admin = format!("127.0.0.1:{}", onhand_testbed::free_port().expect("a port"));
    let mut server = Server::with(&place, &["--admin-listen", &admin], None);
    let key = server.api_key.clone().expect("a first key");
    let (public, operators) = (Shop::new(&server.url, &key), Shop::new(&format!("http://{admin}"), &key));
    assert_eq!(public.get("/metrics").await.status, 404);
    assert_eq!(Shop::new(&server.url, "ohk_guess").get("/readyz").await.body, json!({"status": "ready"}));
    assert_eq!(operators.get("/readyz").await.body["durable"], true);
    assert_eq!(operators.get("/v1/stock").await.status, 404);
    server.process.terminate();
    assert_eq!(server.process.wait().code(), Some(0));
    let taken = std::net::TcpListener::bind(&admin).expect("it is free again");
    // Commands with the same settings start a server of their own, which needs no such address.
    let beside = place.run(&["keys", "list", "--admin-listen", &admin]);
    assert!(beside.status.success(), "{}", errors(&beside));
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", &admin]);
    assert!(errors(&refused).contains(&format!("cannot listen at {admin}")), "{}", errors(&refused));
    drop(taken);
}

#[test]
fn settings_are_shown_with_their_origin() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "batch_max = 7\nlisten = \"127.0.0.1:1\"\n").expect("written");
    let path = file.path().display().to_string();
    let shown = crate::program::json(&["config", "--json", "--config", &path, "--listen", "127.0.0.1:2"]);
    let of = |name: &str| {
        let all = shown["settings"].as_array().expect("settings");
        all.iter().find(|one| one["name"] == name).expect("the setting").clone()
    };
    assert_eq!(
        (of("listen")["value"].as_str(), of("listen")["origin"].as_str()),
        (Some("127.0.0.1:2"), Some("flag"))
    );
    assert_eq!(
        (of("batch_max")["value"].as_str(), of("batch_max")["origin"].as_str()),
        (Some("7"), Some("file"))
    );
    assert_eq!(of("queue_max")["origin"], "default");
}

#[test]
fn the_description_of_the_api_is_printed() {
    let output = run(&["openapi"]);
    let document: Value = serde_json::from_str(&text(&output)).expect("JSON");
    assert!(document["paths"]["/v1/orders"]["post"].is_object());
}

fn demo_sells_and_verifies(place: &Place) {
    let demo = ["demo", "--direct", "--seconds", "3", "--rate", "100", "--json", "--listen", "127.0.0.1:0"];
    let report = place.json(&demo);
    assert!(report["orders_accepted"].as_u64() > Some(20), "{report}");
    assert_eq!((&report["oversold"], &report["verify"]["clean"]), (&0.into(), &true.into()), "{report}");
    assert_eq!(report["failed"], 0, "{report}");
}

#[test]
fn demo_sells_and_verifies_sqlite() {
    demo_sells_and_verifies(&Place::sqlite());
}

#[test]
fn demo_sells_and_verifies_postgres() {
    demo_sells_and_verifies(&Place::postgres());
}
