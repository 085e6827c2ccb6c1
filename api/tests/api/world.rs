//! A server on a free port over a private database, and a client for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use onhand_api::{Api, Settings};
use onhand_engine::Engine;
use onhand_engine::flows::Flows;
use onhand_store::{Store, StoreError};
use onhand_store_sqlite::{Options, SqliteStore, Synchronous};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, when the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem, when it is this one; its form is checked too.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{body}");
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["type"], format!("/problems/{code}"), "{body}");
        body
    }
}

/// One request in the making.
pub(crate) struct Call<'a> {
    world: &'a World,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw(body.to_string())
    }

    pub(crate) fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", "application/json")
    }

    /// The status alone; what follows is not read.
    pub(crate) async fn head(self) -> StatusCode {
        self.start().await.status()
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.start().await;
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    async fn start(self) -> reqwest::Response {
        let url = format!("{}{}", self.world.url, self.path);
        let mut request = self.world.client.request(self.method, url);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        request.send().await.unwrap()
    }
}

/// What is served: kept apart, so that a server can be stopped and started again over the same data.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) admin: String,
    pub(crate) engine: Engine,
    pub(crate) client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<std::io::Result<()>>>,
    api: Api,
    pub(crate) dir: Option<tempfile::TempDir>,
    settings: Settings,
    keys: AtomicU64,
    clock: Option<TestClock>,
}

/// The wall clock of a machine, set by a test.
#[derive(Clone, Default)]
pub(crate) struct TestClock(Arc<(AtomicI64, AtomicU64)>);

impl TestClock {
    /// Sets it, in milliseconds since 1970.
    pub(crate) fn set(&self, at: i64) {
        self.0.0.store(at, Ordering::SeqCst);
    }

    /// How often it was looked at.
    pub(crate) fn looks(&self) -> u64 {
        self.0.1.load(Ordering::SeqCst)
    }

    fn read(&self) -> i64 {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        self.0.0.load(Ordering::SeqCst)
    }
}

pub(crate) fn open(dir: PathBuf) -> Arc<dyn Store> {
    try_open(dir, None).unwrap()
}

fn try_open(dir: PathBuf, clock: Option<TestClock>) -> Result<Arc<dyn Store>, StoreError> {
    let mut options = Options::new(dir);
    if let Some(clock) = clock {
        options.clock = Arc::new(move || clock.read());
    }
    // Power is not cut in these tests; the stores' own tests cut it.
    options.synchronous = Synchronous::Normal;
    options.unsafe_durability = true;
    Ok(Arc::new(SqliteStore::open(options)?))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path().join("data"));
        let mut world = Self::over(store, settings).await;
        world.dir = Some(dir);
        world
    }

    /// Over SQLite on a machine with this clock.
    pub(crate) async fn with_clock(clock: &TestClock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = try_open(dir.path().join("data"), Some(clock.clone())).unwrap();
        let mut world = Self::over(store, Settings::default()).await;
        world.dir = Some(dir);
        world.clock = Some(clock.clone());
        world
    }

    pub(crate) async fn over(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self::with_flows(store, settings, |_| None).await
    }

    /// With marketplaces behind it.
    pub(crate) async fn with_flows(
        store: Arc<dyn Store>,
        settings: Settings,
        flows: impl FnOnce(&Engine) -> Option<Flows>,
    ) -> Self {
        let engine = Engine::start(
            store,
            onhand_engine::Settings {
                on_fatal: Arc::new(|why| panic!("{why}")),
                ..onhand_engine::Settings::default()
            },
        )
        .await
        .unwrap();
        onhand_api::prepare(&engine, &settings).await.unwrap();
        let secret = onhand_api::first_key(&engine).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let vault = onhand_engine::vault::Vault::new([7; 32]);
        let api = Api::with_flows(engine.clone(), settings.clone(), flows(&engine), Some(vault), None);
        let server = tokio::spawn(onhand_api::serve(api.clone(), listener, async {
            drop(stopped.await);
        }));
        Self {
            url: format!("http://{address}"),
            address,
            admin: secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default(),
            engine,
            client: reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build().unwrap(),
            stop: Some(stop),
            server: Some(server),
            api,
            dir: None,
            settings,
            keys: AtomicU64::new(0),
            clock: None,
        }
    }

    /// The listener for operators: its URL. It ends with the server.
    pub(crate) async fn operators(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(onhand_api::serve_admin(self.api.clone(), listener));
        url
    }

    /// Ends the server and starts another over the same directory.
    pub(crate) async fn restart(mut self) -> Self {
        let (dir, admin, settings) = (self.dir.take(), self.admin.clone(), self.settings.clone());
        let clock = self.clock.take();
        self.stop().await;
        let path = dir.as_ref().unwrap().path().join("data");
        drop(self);
        // Tasks that are about to see the end still hold the database.
        let store = loop {
            match try_open(path.clone(), clock.clone()) {
                Ok(store) => break store,
                Err(error) if error.to_string().contains("locked") => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        let mut world = Self::over(store, settings).await;
        world.dir = dir;
        world.admin = admin;
        world.clock = clock;
        world
    }

    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            server.await.unwrap().unwrap();
        }
        self.engine.stop().await;
    }

    /// A request with the admin's key and, if it changes state, a fresh idempotency key.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        let call = Call {
            world: self,
            method: method.parse().unwrap(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        };
        let call = call.header("authorization", &format!("Bearer {}", self.admin));
        if method == "GET" {
            return call;
        }
        call.key(&self.fresh())
    }

    /// An idempotency key that was not used before.
    pub(crate) fn fresh(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path).json(&body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path).json(&body).send().await
    }

    /// A simple SKU with so many units at the default location.
    pub(crate) async fn stocked(&self, sku: &str, units: i64) {
        self.post("/v1/skus", serde_json::json!({"sku": sku})).await.expect(201);
        if units > 0 {
            let body = serde_json::json!({"sku": sku, "quantity": units, "reason": "received"});
            self.post("/v1/stock/adjust", body).await.expect(200);
        }
    }

    /// The figures of a SKU at the default location: on_hand, reserved, allocated, unavailable, available.
    pub(crate) async fn figures(&self, sku: &str) -> [i64; 5] {
        let row = self.get(&format!("/v1/stock/{sku}/main")).await.expect(200);
        ["on_hand", "reserved", "allocated", "unavailable", "available"]
            .map(|name| row[name].as_i64().unwrap())
    }

    /// Every invariant holds.
    pub(crate) async fn assert_clean(&self) {
        let report = self.call("POST", "/v1/verify").send().await.expect(200);
        assert_eq!(report["clean"], true, "{report}");
    }

    /// An API key with these scopes: its id and its secret.
    pub(crate) async fn make_key(&self, scopes: &[&str]) -> (String, String) {
        let body = serde_json::json!({"name": "a test", "scopes": scopes});
        let made = self.post("/v1/api-keys", body).await.expect(201);
        (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
    }
}
