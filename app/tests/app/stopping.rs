//! Signals: the first ends in good order, the second at once.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;

use onhand_connector::{Grant, Secret};
use onhand_engine::vault::Vault;
use onhand_engine::{Engine, Request, Settings};
use onhand_rules::commands::channels::ConnectShop;
use onhand_rules::commands::queue::{CancelJobs, EnqueueJobs, PutSetting};
use onhand_rules::job::{JobBody, JobState, NewJob};
use onhand_rules::setting::{Setting, lane_key};
use onhand_rules::shop::ShopSettings;
use onhand_rules::{Command, Job, Receipt, ShopId};
use onhand_store::{JobFilter, Outcome, Store};
use onhand_store_postgres::PostgresStore;
use onhand_store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::program::{PATIENCE, Place, Server};

/// Jobs that run at once.
const SLOTS: usize = 50;
/// Jobs that there are.
const JOBS: usize = 60;

async fn store(place: &Place) -> Arc<dyn Store> {
    let [_, address] = place.arguments();
    match place {
        Place::Postgres(_) => {
            let mut options = onhand_store_postgres::Options::new(address);
            // A build server may be busy.
            options.connect_timeout = PATIENCE;
            Arc::new(PostgresStore::connect(options).await.expect("a database"))
        }
        Place::Sqlite(_) => loop {
            // Tasks that are about to see the end of their engine still hold the database.
            match SqliteStore::open(onhand_store_sqlite::Options::new(address.clone())) {
                Ok(store) => return Arc::new(store),
                Err(error) => assert!(error.to_string().contains("locked"), "{error}"),
            }
            tokio::task::yield_now().await;
        },
    }
}

async fn done(engine: &Engine, command: impl Into<Command>) -> Receipt {
    match engine.submit(Request::internal(command)).await.expect("an answer").outcome {
        Outcome::Done(receipt) => receipt,
        Outcome::Refused(refusal) => panic!("{refusal}"),
    }
}

/// The grant of a shop, as its row keeps it.
fn sealed(vault: &Vault) -> String {
    let grant = Grant {
        account: "1".into(),
        name: "One".into(),
        region: None,
        access_token: Secret::new("access"),
        refresh_token: Secret::new("refresh"),
        access_until: i64::MAX,
        refresh_until: None,
        grant_until: None,
        extra: None,
    };
    let text = serde_json::to_vec(&grant).expect("JSON");
    vault.seal("shop/shopee/1", &text).expect("a sealed grant")
}

async fn jobs(engine: &Engine) -> Vec<Job> {
    engine.reads().jobs(&JobFilter::default(), 1_000).await.expect("jobs").rows
}

/// A shop whose orders are to be fetched: more than can be at once.
async fn much_to_do(place: &Place, files: &TempDir) {
    let vault = Vault::open(&files.path().join("onhand.key")).expect("a key");
    let engine = Engine::start(store(place).await, Settings::default()).await.expect("an engine");
    let connect = ConnectShop {
        state: None,
        code: "shopee-1".into(),
        channel: "shopee".into(),
        account: "1".into(),
        name: "One".into(),
        grant: sealed(&vault),
        access_until: i64::MAX,
        refresh_until: None,
        grant_until: None,
        settings: ShopSettings::default(),
    };
    done(&engine, connect).await;
    // What follows from a connection by itself is not what is looked at here, nor what the clock calls for.
    let all = jobs(&engine).await.into_iter().map(|job| job.id).collect();
    done(&engine, CancelJobs { jobs: all, reason: "a test".into() }).await;
    for kind in ["poll_orders", "poll_returns", "recover_webhooks", "sweep_drift", "compare_orders"] {
        let reason = "a test".to_owned();
        let key = onhand_rules::setting::kind_pause_key(kind);
        done(&engine, PutSetting { key, value: Some(Setting::KindPaused { reason }) }).await;
    }
    let lane = Setting::Lane { concurrency: SLOTS as u32, paused: false };
    done(&engine, PutSetting { key: lane_key("order_ingest"), value: Some(lane) }).await;
    let fetch = |number: usize| JobBody::FetchOrder { shop: ShopId(1), reference: format!("O-{number}") };
    let jobs = (0..JOBS).map(|n| NewJob { body: fetch(n), class: 1, run_at: 0, cause_at: None }).collect();
    done(&engine, EnqueueJobs { jobs }).await;
    engine.stop().await;
    drop(engine);
    // Until nobody holds the database any more.
    drop(store(place).await);
}

async fn b13_a_second_sigterm_puts_jobs_back_and_ends_at_once(place: Place) {
    let files = tempfile::tempdir().expect("a directory");
    let file = |name: &str| files.path().join(name).display().to_string();
    // A marketplace that takes every request and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let channels = format!(
        "[shopee]\nid = \"1\"\nsecret = \"s\"\napi_url = \"http://{address}\"\nlimits = {{ orders = 1000 }}\n"
    );
    std::fs::write(files.path().join("channels.toml"), channels).expect("a file");
    std::fs::write(files.path().join("onhand.key"), "07".repeat(32)).expect("a file");
    much_to_do(&place, &files).await;
    let (keys, secret) = (file("channels.toml"), file("onhand.key"));
    let mut server = Server::with(&place, &["--channels", &keys, "--secret-key-file", &secret], None);
    let held = async {
        let mut held = Vec::new();
        while held.len() < SLOTS {
            held.push(silent.accept().await.expect("a request"));
        }
        held
    };
    let _held = tokio::time::timeout(PATIENCE, held).await.expect("fifty jobs run");
    server.process.signal("TERM");
    server.process.line_with("stopping: ");
    assert!(!server.process.has_ended(), "it waits for its jobs");
    server.process.signal("TERM");
    assert_eq!(server.process.wait().code(), Some(128 + 15));
    let engine = Engine::start(store(&place).await, Settings::default()).await.expect("an engine");
    let left = jobs(&engine).await;
    let fetches: Vec<&Job> =
        left.iter().filter(|job| matches!(job.body, JobBody::FetchOrder { .. })).collect();
    assert_eq!(fetches.len(), JOBS, "none is lost");
    let now = engine.reads().now().await.expect("a time");
    for job in fetches {
        assert_eq!((job.state, job.attempts, job.crashes), (JobState::Ready, 0, 0), "{job:?}");
        assert!(job.run_at <= now, "at once: {job:?}");
    }
    let ran = left.iter().filter(|job| job.lease_number > 0).count();
    assert!(ran >= SLOTS, "they had been taken: {ran}");
    engine.stop().await;
}

#[tokio::test]
async fn b13_a_second_sigterm_puts_jobs_back_and_ends_at_once_sqlite() {
    b13_a_second_sigterm_puts_jobs_back_and_ends_at_once(Place::sqlite()).await;
}

#[tokio::test]
async fn b13_a_second_sigterm_puts_jobs_back_and_ends_at_once_postgres() {
    b13_a_second_sigterm_puts_jobs_back_and_ends_at_once(Place::postgres()).await;
}

/// A request whose body never comes keeps the server from ending in good order for as long as its settings say.
#[test]
fn a_second_signal_does_not_wait_for_requests_sqlite() {
    for (first, second, code) in
        [("TERM", "TERM", 128 + 15), ("TERM", "INT", 128 + 2), ("INT", "INT", 128 + 2)]
    {
        let place = Place::sqlite();
        let mut server = Server::with(&place, &["--stop-seconds", "3600", "--body-seconds", "3600"], None);
        let mut client = TcpStream::connect(server.url.trim_start_matches("http://")).expect("a connection");
        let key = server.api_key.clone().expect("a first key");
        let head = format!(
            "POST /v1/skus HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: k\r\n\
             Content-Type: application/json\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n"
        );
        client.write_all(head.as_bytes()).expect("sent");
        // The server asks for the body only once somebody reads it.
        let mut word = [0; 12];
        std::io::Read::read_exact(&mut client, &mut word).expect("an answer");
        assert_eq!(&word, b"HTTP/1.1 100");
        server.process.signal(first);
        server.process.line_with("stopping: ");
        assert!(!server.process.has_ended(), "it waits for the request");
        server.process.signal(second);
        assert_eq!(server.process.wait().code(), Some(code), "{first}, {second}");
        server.process.line_with("ending at once");
        assert!(place.run(&["verify"]).status.success(), "{first}, {second}");
    }
}
