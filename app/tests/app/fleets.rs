//! Several processes over one PostgreSQL, with marketplaces: one is killed in the middle of a storm.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onhand_sandbox::{Market, Options, RateLimits, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use crate::program::{Place, Server};
use crate::shop::Shop;

const SKUS: usize = 24;
const UNITS: i64 = 40;
/// Attempts to buy.
const STORM: u64 = 600;
/// Long enough for a busy machine, and for the leases of the killed to run out; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(180);

/// What stands before the replicas: a connection goes to the next one that takes it.
struct Balancer {
    url: String,
    replicas: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let replicas: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let all = replicas.clone();
        tokio::spawn(async move {
            for turn in 0.. {
                let Ok((mut client, _)) = listener.accept().await else { return };
                let mut order = all.lock().expect("unlocked").clone();
                let first = turn % order.len().max(1);
                order.rotate_left(first);
                tokio::spawn(async move {
                    for replica in order {
                        if let Ok(mut server) = TcpStream::connect(replica).await {
                            // It ends when one of them has enough.
                            drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                            return;
                        }
                    }
                });
            }
        });
        Self { url, replicas }
    }
}

struct Town {
    sandbox: Sandbox,
    web: reqwest::Client,
    shop: Shop,
}

impl Town {
    async fn control(&self, path: &str, body: &Value) {
        let url = format!("{}/control/{path}", self.sandbox.urls().control);
        let answer = self.web.post(url).json(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {:?}", answer.text().await);
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("{}/control/{path}", self.sandbox.urls().control);
        let bytes = self.web.get(url).send().await.expect("an answer").bytes().await.expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// The owner agrees on the marketplace's page and comes back.
    async fn connect(&self, market: Market) {
        let body = json!({"channel": market.name()});
        let page = self.shop.post("/v1/shops/connect", &format!("connect-{}", market.name()), &body).await;
        let page = page.body["url"].as_str().expect("a page").to_owned();
        let answer = self.web.get(format!("{page}&auto=1")).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    async fn available(&self, sku: &str) -> i64 {
        self.shop.get(&format!("/v1/stock/{sku}/main")).await.body["available"].as_i64().expect("a figure")
    }

    /// Listings that show something else than the rule says: code, marketplace, shown, what should be.
    async fn wrong(&self) -> Vec<(String, String, i64, i64)> {
        let mut wrong = Vec::new();
        for sku in self.look("report").await["skus"].as_array().expect("a list") {
            let code = sku["seller_sku"].as_str().expect("a code");
            let right = self.available(code).await.max(0);
            for listing in sku["listings"].as_array().expect("a list") {
                let shown = listing["stock"].as_i64().expect("a figure");
                if shown != right {
                    wrong.push((code.to_owned(), listing["market"].to_string(), shown, right));
                }
            }
        }
        wrong
    }

    /// Pushes that wait or run.
    async fn owed(&self) -> usize {
        let jobs = self.shop.get("/v1/jobs?kind=push_stock&limit=200").await;
        jobs.body["data"].as_array().expect("a list").len()
    }

    /// Waits until every listing shows what the rule says and nothing is left to tell.
    async fn until_true(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (wrong, owed) = (self.wrong().await, self.owed().await);
            if wrong.is_empty() && owed == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{owed} pushes are owed, and wrong are {wrong:?}");
        }
    }
}

fn code(number: usize) -> String {
    format!("SKU-{number:02}")
}

/// The file that `--channels` reads. The limits are those of a seller for whom they are no matter.
fn channels(sandbox: &Sandbox) -> String {
    let mut text = String::new();
    for market in Market::ALL {
        let (app, urls) = (sandbox.app(market), sandbox.urls().market(market));
        let rest = if market == Market::Lazada { "/rest" } else { "" };
        text.push_str(&format!(
            "[{}]\nid = {:?}\nsecret = {:?}\nwebhook_secret = {:?}\nservice = {:?}\napi_url = \"{}{rest}\"\nauth_url = \"{}{rest}\"\n",
            market.name(), app.app_id, app.secret, app.push_secret, app.service_id, urls.api, urls.auth,
        ));
        if market != Market::Shopee {
            text.push_str(&format!("consent_url = {:?}\n", urls.consent));
        }
        text.push_str("limits = { listings = 1000, stock = 1000, orders = 1000 }\n");
    }
    text
}

async fn sandbox(balancer: &Balancer) -> Sandbox {
    let hook = |market: Market| (market, format!("{}/hooks/{}", balancer.url, market.name()));
    let options = Options {
        catalogue: false,
        webhook_urls: Market::ALL.map(hook).into(),
        tiktok_redirect: Some(format!("{}/connect/tiktok/callback", balancer.url)),
        // What was not acknowledged comes again within a second instead of five minutes.
        time_scale: 0.002,
        limits: RateLimits::Off,
        ..Options::default()
    };
    Sandbox::start(options).await.expect("a sandbox")
}

fn replica(place: &Place, files: &TempDir, balancer: &Balancer) -> Server {
    let file = |name: &str| files.path().join(name).display().to_string();
    let (keys, secret) = (file("channels.toml"), file("onhand.key"));
    let flags = ["--channels", &keys, "--secret-key-file", &secret, "--public-url", &balancer.url];
    let server = Server::with(place, &flags, None);
    let address = server.url.trim_start_matches("http://").parse().expect("an address");
    balancer.replicas.lock().expect("unlocked").push(address);
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_one_of_three_replicas_is_killed_in_a_storm_postgres() {
    let balancer = Balancer::start().await;
    let (place, files) = (Place::postgres(), tempfile::tempdir().expect("a directory"));
    let sandbox = sandbox(&balancer).await;
    std::fs::write(files.path().join("channels.toml"), channels(&sandbox)).expect("a file");
    std::fs::write(files.path().join("onhand.key"), "07".repeat(32)).expect("a file");
    let mut replicas: Vec<Server> = (0..3).map(|_| replica(&place, &files, &balancer)).collect();
    let key = replicas[0].api_key.clone().expect("a first key");
    let shop = Shop::new(&replicas[0].url, &key);
    let web = reqwest::Client::builder().no_proxy().build().expect("a client");
    let town = Town { sandbox, web, shop };
    for number in 0..SKUS {
        let sku = code(number);
        town.shop.stock(&sku, UNITS).await;
        let variant = json!({"seller_sku": sku, "options": [], "stock": 0});
        let item = json!({"title": sku, "axes": [], "variants": [variant]});
        town.control("catalogue", &json!({"items": [item]})).await;
    }
    for market in Market::ALL {
        town.connect(market).await;
    }
    town.until_true().await;
    // The storm, and in its middle one of them is gone without a word, with whatever it has in its hands.
    let buyers = json!({"rate": 80.0, "limit": STORM, "abandon": 0.0, "cancel": 0.1, "cod": 0.1});
    town.control("buyers", &buyers).await;
    let attempts = async || town.look("buyers").await["attempts"].as_u64().expect("a number");
    let deadline = Instant::now() + PATIENCE;
    while attempts().await < STORM / 3 {
        assert!(Instant::now() < deadline, "nobody buys");
    }
    replicas[2].process.kill();
    while attempts().await < STORM {
        assert!(Instant::now() < deadline, "nobody buys any more");
    }
    every_order_was_applied_once(&town).await;
    town.until_true().await;
    // Whatever the killed one had told or was to tell is over now; nothing comes after.
    assert!(town.wrong().await.is_empty());
    let dead = town.shop.get("/v1/jobs?state=dead").await;
    assert_eq!(dead.body["data"], json!([]), "{dead:?}");
    town.shop.assert_clean().await;
    town.sandbox.stop().await;
}

/// Every order of the marketplaces is here, and took what it says, once.
async fn every_order_was_applied_once(town: &Town) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut different = Vec::new();
        for sku in town.look("report").await["skus"].as_array().expect("a list") {
            let code = sku["seller_sku"].as_str().expect("a code");
            let sold = sku["sold"].as_i64().expect("a figure");
            let here = UNITS - town.available(code).await;
            if here != sold {
                different.push((code.to_owned(), sold, here));
            }
        }
        let orders = town.look("orders?limit=100000&brief=true").await["orders"].as_array().map(Vec::len);
        let mut known = 0;
        let mut cursor = String::new();
        loop {
            let page = town.shop.get(&format!("/v1/market-orders?limit=200{cursor}")).await.body;
            known += page["data"].as_array().expect("a list").len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if different.is_empty() && orders == Some(known) {
            assert!(known > 100, "a storm: {known}");
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{orders:?} orders, {known} here; (code, sold, here): {different:?}"
        );
    }
}
