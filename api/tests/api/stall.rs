//! A server with a marketplace in memory behind it: it does what the test says, and real jobs talk to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use onhand_api::Settings;
use onhand_connector::{
    AppKeys, Call, Channel, Class, Consent, Endpoint, Facts, Failure, Grant, Hint, ItemOutcome, ListingKey,
    ListingPage, OrderPage, OrderWindow, PushItem, RawWebhook, Refused, RemoteLine, RemoteListing,
    RemoteOrder, RemoteReturn, RemoteStatus, Secret, Shipment, ShopInfo, StatusFlags, StockSeen, Verified,
};
use onhand_engine::Engine;
use onhand_engine::flows::{Flows, Outlet, SharedLimits};
use onhand_engine::jobs::{Runner, RunnerHandle, RunnerSettings};
use onhand_engine::vault::Vault;
use onhand_store::Store;
use serde_json::{Value, json};

use crate::world::{Answer, World};

const HOUR: i64 = 3_600_000;
/// Long enough for a busy machine; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct State {
    /// The account of the next consent.
    pub(crate) account: String,
    /// What is for sale: item, seller SKU and title. The item is the variation too.
    pub(crate) listings: Vec<(String, String, String)>,
    /// What buyers see, by item.
    pub(crate) stock: BTreeMap<String, i64>,
    pub(crate) orders: BTreeMap<String, RemoteOrder>,
    /// What it answers to the next requests about orders and to probes.
    pub(crate) refuses: Option<Failure>,
    /// What it was asked and told, oldest first.
    pub(crate) heard: Vec<String>,
}

pub(crate) struct Market {
    facts: Facts,
    state: Mutex<State>,
}

impl Market {
    fn new() -> Self {
        let facts = Facts {
            name: "stall",
            title: "Stall",
            push_items_max: 10,
            push_same_item: true,
            quantity_max: 1_000,
            read_items_max: 10,
            orders_max: 10,
            limits: Endpoint::ALL.map(|endpoint| (endpoint, 1_000.0, 1_000.0)).to_vec(),
            refresh_at: 0.75,
            restores_on_cancel: true,
            webhook_answer_ms: 1_000,
            lost_webhooks: false,
        };
        let state = State { account: "1".into(), ..State::default() };
        Self { facts, state: Mutex::new(state) }
    }

    pub(crate) fn now(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Puts something up for sale.
    pub(crate) fn sells(&self, item: &str, seller_sku: &str, title: &str) {
        self.now().listings.push((item.into(), seller_sku.into(), title.into()));
    }

    /// A paid order of so many units of each item.
    pub(crate) fn buys(&self, reference: &str, items: &[(&str, i64)]) {
        let line = |(item, quantity): &(&str, i64)| RemoteLine {
            ids: vec![format!("{reference}-{item}")],
            listing: ListingKey { item: (*item).into(), variant: (*item).into() },
            seller_sku: item.to_uppercase(),
            title: format!("A fine {item}"),
            quantity: *quantity,
            cancelled: 0,
            status: RemoteStatus::Confirmed,
            unit_minor: Some(250),
        };
        let order = RemoteOrder {
            reference: reference.into(),
            lines: items.iter().map(line).collect(),
            status: RemoteStatus::Confirmed,
            raw_status: "PAID".into(),
            known_status: true,
            flags: StatusFlags::default(),
            created_at: 1_000,
            updated_at: 1_000,
            currency: Some("MYR".into()),
            pay_before: None,
            ship_before: None,
        };
        self.now().orders.insert(reference.into(), order);
    }

    pub(crate) fn refuses(&self, class: Class, code: &str, retry_after: Option<Duration>) {
        let failure = Failure { retry_after, ..Failure::new(class, code, "the test wants it so") };
        self.now().refuses = Some(failure);
    }

    fn admit(&self, word: String) -> Result<MutexGuard<'_, State>, Failure> {
        let mut state = self.now();
        state.heard.push(word);
        state.refuses.clone().map_or(Ok(state), Err)
    }

    fn all(state: &State) -> Vec<RemoteListing> {
        let listing = |(item, seller_sku, title): &(String, String, String)| RemoteListing {
            key: ListingKey { item: item.clone(), variant: item.clone() },
            seller_sku: seller_sku.clone(),
            title: title.clone(),
            warehouses: Vec::new(),
            stock: state.stock.get(item).copied().unwrap_or(0),
            promotion_reserved: Some(0),
            theirs: None,
            active: true,
            updated_at: None,
        };
        state.listings.iter().map(listing).collect()
    }
}

fn grant(account: &str, now: i64) -> Grant {
    Grant {
        account: account.into(),
        name: format!("Shop <{account}>"),
        region: None,
        access_token: Secret::new("access"),
        refresh_token: Secret::new("refresh"),
        access_until: now + HOUR,
        refresh_until: None,
        grant_until: None,
        extra: None,
    }
}

#[async_trait]
impl Channel for Market {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn consent_url(&self, _call: &Call, state: &str, _redirect: &str) -> String {
        state.into()
    }
    async fn exchange(&self, call: &Call, _consent: &Consent) -> Result<Vec<Grant>, Failure> {
        Ok(vec![grant(&self.now().account, call.now)])
    }
    async fn refresh(&self, call: &Call) -> Result<Grant, Failure> {
        Ok(grant(&call.grant.as_ref().expect("a grant").account, call.now))
    }
    async fn probe(&self, _call: &Call) -> Result<ShopInfo, Failure> {
        self.admit("probe".into()).map(|_| ShopInfo { account: "1".into(), name: "1".into() })
    }
    async fn listings(&self, _call: &Call, _cursor: Option<&str>) -> Result<ListingPage, Failure> {
        Ok(ListingPage { listings: Self::all(&self.now()), next: None, total: None })
    }
    async fn item(&self, _call: &Call, item: &str) -> Result<Vec<RemoteListing>, Failure> {
        Ok(Self::all(&self.now()).into_iter().filter(|listing| listing.key.item == item).collect())
    }
    async fn push(&self, _call: &Call, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
        let mut state = self.now();
        for item in items {
            state.heard.push(format!("push {} {}", item.key.item, item.quantity));
            state.stock.insert(item.key.item.clone(), item.quantity);
        }
        Ok(items.iter().map(|_| Ok(())).collect())
    }
    async fn read_stock(&self, _call: &Call, listings: &[PushItem]) -> Result<Vec<StockSeen>, Failure> {
        let mut state = self.now();
        let seen = |item: &PushItem| {
            state.heard.push(format!("read {}", item.key.item));
            let stock = Ok(state.stock.get(&item.key.item).copied().unwrap_or(0));
            StockSeen { key: item.key.clone(), stock, promotion_reserved: 0 }
        };
        Ok(listings.iter().map(seen).collect())
    }
    async fn orders_changed(
        &self,
        _call: &Call,
        _window: OrderWindow,
        _cursor: Option<&str>,
    ) -> Result<OrderPage, Failure> {
        Ok(OrderPage { references: Vec::new(), next: None })
    }
    async fn orders(&self, _call: &Call, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
        let state = self.admit(format!("orders {}", references.join(",")))?;
        Ok(references.iter().filter_map(|reference| state.orders.get(reference)).cloned().collect())
    }
    async fn returns(&self, _call: &Call, _window: OrderWindow) -> Result<Vec<RemoteReturn>, Failure> {
        Ok(Vec::new())
    }
    async fn ship(&self, _call: &Call, shipment: &Shipment) -> Result<(), Failure> {
        let (carrier, tracking) = (shipment.carrier.as_deref(), shipment.tracking.as_deref());
        let what = format!(
            "ship {} [{}] by {} {}",
            shipment.reference,
            shipment.line_ids.join(","),
            carrier.unwrap_or("-"),
            tracking.unwrap_or("-")
        );
        self.admit(what).map(|_| ())
    }
    async fn answer_cancel(&self, _call: &Call, reference: &str, accept: bool) -> Result<(), Failure> {
        self.admit(format!("answer {reference} {accept}")).map(|_| ())
    }
    /// Signed with a word; the body names the account, a number of the delivery, and an order.
    fn verify(&self, _call: &Call, raw: &RawWebhook) -> Result<Verified, Refused> {
        if raw.header("x-sign") != Some("true") {
            return Err(Refused::Signature);
        }
        let body: Value = serde_json::from_slice(&raw.body).map_err(|_| Refused::Body("no JSON".into()))?;
        let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Ok(Verified {
            body: raw.body.clone(),
            dedupe: word("number"),
            account: word("account"),
            topic: "order".into(),
        })
    }
    fn hints(&self, webhook: &Verified) -> Result<Vec<Hint>, Refused> {
        let body: Value =
            serde_json::from_slice(&webhook.body).map_err(|_| Refused::Body("no JSON".into()))?;
        Ok(vec![Hint::Order { reference: body["order"].as_str().unwrap_or_default().to_owned() }])
    }
}

/// A server, the marketplace, and what runs the jobs between them.
pub(crate) struct Stall {
    pub(crate) world: World,
    pub(crate) market: Arc<Market>,
    runner: RunnerHandle,
}

fn flows(engine: &Engine, market: &Arc<Market>) -> Flows {
    let app = AppKeys {
        id: "app".into(),
        secret: Secret::new("key"),
        webhook_secret: None,
        webhook_secret_before: None,
        service: None,
        api_url: "http://127.0.0.1:1".into(),
        auth_url: None,
        consent_url: None,
        limits: BTreeMap::default(),
    };
    let outlet = Outlet { channel: market.clone(), app: Arc::new(app) };
    let limits = Arc::new(SharedLimits::new(engine.clone()));
    Flows::new(engine.clone(), vec![outlet], Vault::new([7; 32]), limits)
}

impl Stall {
    /// With one shop, `stall-1`, that sells the SKU `A` (10 units) as the item `a`, and something unmapped as `b`.
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::world::open(dir.path().join("data"));
        let mut stall = Self::over(store).await;
        stall.world.dir = Some(dir);
        stall
    }

    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        let market = Arc::new(Market::new());
        let mut runner = None;
        let world = World::with_flows(store, Settings::default(), |engine| {
            let flows = flows(engine, &market);
            let settings = RunnerSettings { timers: false, gauges_every: None, ..RunnerSettings::default() };
            runner = Some(Runner::start(engine.clone(), Arc::new(flows.clone()), settings).unwrap());
            Some(flows)
        })
        .await;
        let stall = Self { world, market, runner: runner.unwrap() };
        stall.world.stocked("A", 10).await;
        stall.market.sells("a", "A", "A fine thing");
        stall.market.sells("b", "B-unknown", "Another fine thing");
        stall.connect(json!({"channel": "stall"})).await;
        stall
            .until("the listings are read and told", async || {
                let listings = stall.list("/v1/listings").await;
                listings.len() == 2 && listings[0]["pushed"] == 10
            })
            .await;
        stall
    }

    /// The owner consents: to the page and back. What the last page says.
    pub(crate) async fn connect(&self, whom: Value) -> String {
        let (status, text) = self.consent(whom).await;
        assert_eq!(status, 200, "{text}");
        text
    }

    /// The same, whatever comes of it.
    pub(crate) async fn consent(&self, whom: Value) -> (u16, String) {
        let page = self.world.post("/v1/shops/connect", whom).await.expect(200);
        let state = page["url"].as_str().unwrap();
        let back = format!("/connect/stall/callback?state={state}&code=x&more=ignored");
        let answer = self.world.call("GET", &back).without("authorization").send().await;
        (answer.status.as_u16(), String::from_utf8(answer.bytes).unwrap())
    }

    /// The rows of the first page of a list.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let body = self.world.get(path).await.expect(200);
        body["data"].as_array().unwrap().clone()
    }

    /// A webhook of an order.
    pub(crate) async fn hook(&self, account: &str, number: &str, order: &str) -> Answer {
        let body = json!({"account": account, "number": number, "order": order});
        let call =
            self.world.call("POST", "/hooks/stall").without("authorization").without("idempotency-key");
        call.header("x-sign", "true").json(&body).send().await
    }

    /// Asks again until it is so.
    pub(crate) async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !so().await {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("{what}: never; heard {:?}", self.market.now().heard);
        }
    }

    /// Until no job waits or runs any more, but for looks back at pushes, which come seconds later.
    pub(crate) async fn idle(&self) {
        self.until("nothing is left to do", async || {
            self.list("/v1/jobs").await.iter().all(|job| job["kind"] == "read_back")
        })
        .await;
    }

    /// How often the marketplace heard this word.
    pub(crate) fn heard(&self, word: &str) -> usize {
        self.market.now().heard.iter().filter(|heard| heard.as_str() == word).count()
    }

    /// Everything that it heard.
    pub(crate) fn words(&self) -> BTreeSet<String> {
        self.market.now().heard.iter().cloned().collect()
    }

    pub(crate) async fn close(mut self) {
        self.runner.stop(Duration::from_secs(10)).await;
        self.world.stop().await;
    }
}
