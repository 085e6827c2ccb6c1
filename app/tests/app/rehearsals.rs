//! A flash sale rehearsed by the real program, which starts itself a second time, is killed, and proves what came of it.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Place, Process, Server, errors, onhand, run};
use crate::shop::{Answer, Shop};

/// How long anything may take on a busy build server.
const PATIENCE: Duration = Duration::from_secs(120);

/// The invariants of a report, which must all be there.
fn invariants(rehearsal: &Value) -> Vec<&str> {
    let list = rehearsal["report"]["invariants"].as_array().expect("invariants");
    list.iter().filter(|one| one["holds"] == true).filter_map(|one| one["name"].as_str()).collect()
}

const ALL: [&str; 8] = [
    "sold_within_pool",
    "claims_add_up",
    "acknowledged_kept",
    "nobody_twice",
    "outcomes_known",
    "stock_adds_up",
    "promised_is_sold",
    "ledger_verifies",
];

/// What is so after every rehearsal, whatever happened in it.
fn everything_adds_up(rehearsal: &Value, units: u64) {
    assert_eq!(invariants(rehearsal), ALL, "{rehearsal}");
    assert_eq!(rehearsal["report"]["holds"], true, "{rehearsal}");
    let count = |name: &str| rehearsal["counts"][name].as_u64().expect("a count");
    assert!(count("orders") > 0 && count("orders") <= units, "{rehearsal}");
    assert_eq!(count("claims"), count("orders") + count("releases"), "{rehearsal}");
    assert_eq!(count("held"), 0, "{rehearsal}");
    assert_eq!(count("unanswered"), count("found_done") + count("done_after"), "{rehearsal}");
    assert!(count("refused") > 0, "{rehearsal}");
    assert_eq!(rehearsal["report"]["stock"]["on_hand"], units, "{rehearsal}");
    // Each claim and what became of it was told twice.
    assert_eq!(rehearsal["report"]["asked_again"], 2 * count("claims"), "{rehearsal}");
    assert!(rehearsal["points"].as_array().expect("points").len() > 1, "{rehearsal}");
}

#[test]
fn a1_a_flash_sale_is_killed_at_half_time_and_nothing_is_lost_sqlite() {
    let arguments = ["rehearse", "--units", "300", "--buyers", "600", "--seconds", "3", "--kill", "--json"];
    let output = run(&arguments);
    assert!(output.status.success(), "{}", errors(&output));
    let rehearsal: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    everything_adds_up(&rehearsal, 300);
    let kills = rehearsal["kills"].as_array().expect("kills");
    assert_eq!(kills.len(), 1, "{rehearsal}");
    assert!(kills[0]["claims"].as_u64() >= Some(150), "{rehearsal}");
    assert!(kills[0]["ready_ms"].as_f64() > Some(0.0), "{rehearsal}");
    // Buyers noticed: the half that had not paid yet wanted to while nobody was there.
    assert!(rehearsal["counts"]["unanswered"].as_u64() > Some(0), "{rehearsal}");
}

/// Asks for the rehearsal until it stands where it should.
async fn until(shop: &Shop, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let now = shop.get(&format!("/v1/rehearsals/{id}")).await;
        assert_eq!(now.status, 200, "{now:?}");
        if is(&now.body) {
            return now.body;
        }
        assert_ne!(now.body["state"], "failed", "{now:?}");
        assert!(begun.elapsed() < PATIENCE, "{now:?}");
        tokio::task::yield_now().await;
    }
}

async fn start(shop: &Shop, plan: &Value) -> Answer {
    shop.post("/v1/rehearsals", "not needed", plan).await
}

#[tokio::test]
async fn a_rehearsal_is_killed_through_the_api_and_the_house_is_not_touched_sqlite() {
    let place = Place::sqlite();
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, &server.api_key.clone().expect("a first key"));
    let started = start(&shop, &json!({"units": 40, "buyers": 90, "seconds": 4, "seed": 7})).await;
    assert_eq!((started.status, &started.body["state"]), (201, &json!("starting")), "{started:?}");
    let id = started.body["id"].as_str().expect("an id").to_owned();
    let second = start(&shop, &json!({})).await;
    assert_eq!((second.status, second.code()), (409, "rehearsal_runs"));
    until(&shop, &id, |now| now["state"] == "selling" && now["counts"]["claims"].as_u64() > Some(0)).await;
    let kill = format!("/v1/rehearsals/{id}/kill");
    assert_eq!(shop.post(&kill, "not needed", &json!({})).await.status, 200);
    until(&shop, &id, |now| now["kills"][0]["ready_ms"].is_f64()).await;
    let done = until(&shop, &id, |now| now["state"] == "done").await;
    everything_adds_up(&done, 40);
    let late = shop.post(&kill, "not needed", &json!({})).await;
    assert_eq!((late.status, late.code()), (409, "rehearsal_is_not_selling"));
    let listed = shop.get("/v1/rehearsals").await;
    assert_eq!(listed.body["data"], json!([done]));
    // Not a SKU, not an order, not an event of it is ours.
    for path in ["/v1/skus", "/v1/orders", "/v1/stock"] {
        assert_eq!(shop.get(path).await.body["data"], json!([]), "{path}");
    }
    shop.assert_clean().await;
}

/// A server whose temporary directories are all in `temporary`, rehearsing for two minutes.
async fn rehearsing(place: &Place, temporary: &Path) -> (Process, SocketAddr) {
    let ready = temporary.join("ready.json");
    let mut command = onhand();
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--ready-file"]);
    command.arg(&ready).args(place.arguments()).env("TMPDIR", temporary);
    let mut process = Process::start(command);
    process.line_with("\"ready; ");
    let told: Value = serde_json::from_slice(&std::fs::read(&ready).expect("a file")).expect("JSON");
    std::fs::remove_file(&ready).expect("removed");
    let shop = Shop::new(told["url"].as_str().expect("a URL"), told["api_key"].as_str().expect("a key"));
    let started = start(&shop, &json!({"units": 5, "buyers": 20, "seconds": 120})).await;
    let id = started.body["id"].as_str().expect("an id").to_owned();
    until(&shop, &id, |now| now["state"] == "selling").await;
    let scratch = std::fs::read_dir(temporary).expect("a directory").next().expect("one").expect("read");
    let its = std::fs::read(scratch.path().join("ready.json")).expect("the rehearsal's own server is ready");
    let its: Value = serde_json::from_slice(&its).expect("JSON");
    let url = its["url"].as_str().expect("a URL").trim_start_matches("http://").to_owned();
    (process, url.parse().expect("an address"))
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).expect("a directory").next().is_none()
}

#[tokio::test]
async fn a_server_that_is_killed_takes_its_rehearsal_with_it_sqlite() {
    let (place, temporary) = (Place::sqlite(), tempfile::tempdir().expect("a directory"));
    let (mut process, its) = rehearsing(&place, temporary.path()).await;
    process.kill();
    let begun = Instant::now();
    while TcpStream::connect(its).is_ok() || !is_empty(temporary.path()) {
        assert!(begun.elapsed() < PATIENCE, "the rehearsal's server or its data stayed behind");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_leaves_nothing_of_its_rehearsal_behind_sqlite() {
    let (place, temporary) = (Place::sqlite(), tempfile::tempdir().expect("a directory"));
    let (mut process, its) = rehearsing(&place, temporary.path()).await;
    process.terminate();
    assert!(process.wait().success());
    assert!(is_empty(temporary.path()));
    assert!(TcpStream::connect(its).is_err());
}
