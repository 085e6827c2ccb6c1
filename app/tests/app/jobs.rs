//! `onhand jobs` and `onhand replay-failed`.

use std::sync::Arc;

use onhand_engine::{Engine, Request, Settings};
use onhand_rules::commands::channels::ConnectShop;
use onhand_rules::commands::queue::{CancelJobs, ClaimJobs, End, EnqueueJobs, FinishJobs, JobEnd};
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::ShopSettings;
use onhand_rules::{Command, JobId, Receipt, ShopId};
use onhand_store::Outcome;
use onhand_store_sqlite::{Options, SqliteStore};

use crate::program::{Place, Server, errors, onhand, text};

async fn done(engine: &Engine, command: impl Into<Command>) -> Receipt {
    match engine.submit(Request::internal(command)).await.expect("an answer").outcome {
        Outcome::Done(receipt) => receipt,
        Outcome::Refused(refusal) => panic!("{refusal}"),
    }
}

/// A database with a shop and three dead jobs of it. Nobody can order a job to die from outside, so the engine makes them
/// before the program starts.
async fn graveyard() -> Place {
    let place = Place::sqlite();
    let [_, dir] = place.arguments();
    let store = SqliteStore::open(Options::new(dir.clone())).expect("a database");
    let engine = Engine::start(Arc::new(store), Settings::default()).await.expect("an engine");
    done(
        &engine,
        ConnectShop {
            state: None,
            code: "shopee-1".into(),
            channel: "shopee".into(),
            account: "1".into(),
            name: "One".into(),
            grant: "sealed".into(),
            access_until: i64::MAX,
            refresh_until: None,
            grant_until: None,
            settings: ShopSettings::default(),
        },
    )
    .await;
    // What follows from a connection by itself is not what is looked at here.
    let page = engine.reads().jobs(&onhand_store::JobFilter::default(), 100).await.expect("jobs");
    let jobs = page.rows.into_iter().map(|job| job.id).collect();
    done(&engine, CancelJobs { jobs, reason: "a test".into() }).await;
    for (name, class) in
        [("a", FailureClass::Invalid), ("b", FailureClass::Invalid), ("c", FailureClass::Forbidden)]
    {
        die(&engine, name, class).await;
    }
    engine.stop().await;
    drop(engine);
    // Tasks that are about to see the end still hold the database.
    while let Err(error) = SqliteStore::open(Options::new(dir.clone())) {
        assert!(error.to_string().contains("locked"), "{error}");
        tokio::task::yield_now().await;
    }
    place
}

async fn die(engine: &Engine, name: &str, class: FailureClass) {
    let body = JobBody::FetchOrder { shop: ShopId(1), reference: name.into() };
    let job = NewJob { body, class: 1, run_at: 0, cause_at: None };
    let Receipt::Enqueued { jobs } = done(engine, EnqueueJobs { jobs: vec![job] }).await else {
        panic!("no")
    };
    let jobs: Vec<JobId> = jobs;
    let leases = done(engine, ClaimJobs { owner: 1, lease_ms: 60_000, jobs }).await.leases();
    let (code, message) = ("wrong".to_owned(), format!("order {name} is wrong"));
    let ends = leases.into_iter().map(|(job, lease)| {
        let (code, message) = (code.clone(), message.clone());
        let end = End::Failed { class, code, message, retry_after_ms: None, jitter: 0 };
        JobEnd { job, lease, end }
    });
    done(engine, FinishJobs { ends: ends.collect() }).await;
}

#[tokio::test]
async fn dead_jobs_are_counted_and_replayed_only_when_that_is_said() {
    let place = graveyard().await;
    let listed = place.json(&["jobs", "--state", "dead", "--shop", "shopee-1", "--json"]);
    assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(3), "{listed}");
    let table = text(&place.run(&["jobs", "--state", "dead"]));
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines.len() == 4, "{table}");
    assert!(table.contains("shopee-1") && table.contains("invalid wrong: order a is wrong"), "{table}");
    assert!(text(&place.run(&["jobs", "--lane", "order_ingest"])).contains("no jobs"));

    let nothing_said = place.run(&["replay-failed"]);
    assert!(!nothing_said.status.success() && errors(&nothing_said).contains("--all"));
    let counted = place.json(&["replay-failed", "--all", "--dry-run", "--json"]);
    assert_eq!((&counted["dead"], &counted["replayed"]), (&3.into(), &0.into()), "{counted}");
    let unsure = place.run(&["replay-failed", "--all"]);
    assert!(!unsure.status.success() && errors(&unsure).contains("add --yes"), "{}", errors(&unsure));
    assert!(text(&unsure).contains("2  fetch_order  invalid  wrong"), "{}", text(&unsure));
    assert_eq!(place.json(&["jobs", "--state", "dead", "--json"])["jobs"].as_array().map(Vec::len), Some(3));

    let some = place.json(&["replay-failed", "--class", "invalid", "--yes", "--per-second", "2", "--json"]);
    assert_eq!((&some["dead"], &some["replayed"]), (&2.into(), &2.into()), "{some}");
    let ready = place.json(&["jobs", "--kind", "fetch_order", "--json"]);
    let at = |index: usize| ready["jobs"][index]["run_at"].as_str().expect("a time").to_owned();
    assert_ne!(at(0), at(1), "paced: half a second apart");
    let rest = place.json(&["replay-failed", "--cause", "wrong", "--yes", "--json"]);
    assert_eq!(rest["replayed"], 1, "{rest}");
    let none = place.json(&["replay-failed", "--all", "--yes", "--json"]);
    assert_eq!((&none["dead"], &none["replayed"]), (&0.into(), &0.into()), "each once");
}

#[tokio::test]
async fn jobs_are_shown_and_paused_through_a_server() {
    let place = graveyard().await;
    let server = Server::start(&place);
    let admin = server.api_key.clone().expect("a first key");
    let through = |arguments: &[&str]| {
        let output = onhand()
            .args(arguments)
            .args(["--url", &server.url])
            .env("ONHAND_API_KEY", &admin)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", errors(&output));
        text(&output)
    };
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&through(&[arguments, &["--json"]].concat())).expect("one JSON object")
    };
    json(&["jobs", "pause", "kind", "fetch_order"]);
    json(&["jobs", "pause", "lane", "order_ingest"]);
    json(&["jobs", "pause", "shop", "shopee-1"]);
    json(&["replay-failed", "--class", "forbidden", "--yes"]);
    let job = json(&["jobs", "--state", "ready", "--lane", "order_ingest"])["jobs"][0]["id"].clone();
    let shown = through(&["jobs", "show", job.as_str().expect("an id")]);
    for reason in ["shopee-1 is paused", "the lane order_ingest is paused", "fetch_order is paused"] {
        assert!(shown.contains(reason), "{reason}: {shown}");
    }
    assert!(shown.contains("tries: 0 have failed"), "{shown}");
    json(&["jobs", "resume", "kind", "fetch_order"]);
    json(&["jobs", "resume", "lane", "order_ingest"]);
    json(&["jobs", "resume", "shop", "shopee-1"]);
    let shown = json(&["jobs", "show", job.as_str().expect("an id")]);
    assert_eq!(shown["waits"], serde_json::json!([]));
    let limited = through(&["jobs", "--state", "dead", "--limit", "1"]);
    assert!(limited.contains("the newest 1 only"), "{limited}");
    let wrong =
        onhand().args(["jobs", "show", "none", "--url", &server.url]).env("ONHAND_API_KEY", &admin).output();
    assert!(errors(&wrong.expect("the program starts")).contains("not_found"));
}
