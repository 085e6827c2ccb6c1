//! The whole inside against the whole outside: publisher, runner, flows and the real connectors, over real sockets against
//! the sandbox, which shares no code with them.

mod announcements;
mod answers;
mod catalogue;
mod edits;
mod hooks;
mod network;
mod orders;
mod pending;
mod polls;
mod pushes;
mod stops;
mod turnstile;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use onhand_connector::{AppKeys, Endpoint, Secret};
use onhand_engine::flows::{Attempt, FlowEnd, Flows, Outlet, SharedLimits};
use onhand_engine::jobs::{LeaseGuard, Runner, RunnerHandle, RunnerSettings};
use onhand_engine::vault::Vault;
use onhand_engine::{Engine, Request};
use onhand_rules::commands::queue::{ClaimJobs, End, FinishJobs, JobEnd, RescueJobs};
use onhand_rules::job::{JobState, KINDS};
use onhand_rules::shop::{PollFirst, ShopSettings};
use onhand_rules::{EventBody, Job, Listing, MarketOrder, Shop, ShopId};
use onhand_sandbox::{Market, Options, RateLimits, Sandbox};
use onhand_store::faulty::{Call, FaultPlan};
use onhand_store::{DeadFilter, JobFilter, ListingFilter, StoreError};
use serde_json::{Value, json};

use self::hooks::Hooks;
use self::turnstile::Turnstile;
use crate::publisher::publish_from_here;
use crate::stage::{MAIN, Stage, done, figures, in_time, open_shop, quiet, receive, within};

const SHOPEE: &str = "shopee";
const TIKTOK: &str = "tiktok";
const LAZADA: &str = "lazada";
const REDIRECT: &str = "http://127.0.0.1:9/back";

fn market_of(channel: &str) -> Market {
    match channel {
        SHOPEE => Market::Shopee,
        TIKTOK => Market::Tiktok,
        _ => Market::Lazada,
    }
}

/// A seller of A and B with a shop on some of the marketplaces, and everything between.
struct Bazaar {
    stage: Stage,
    engine: Engine,
    /// What goes wrong with the database.
    plan: FaultPlan,
    flows: Flows,
    sandbox: Sandbox,
    web: reqwest::Client,
    hooks: Hooks,
    gates: BTreeMap<&'static str, Arc<Turnstile>>,
    shops: BTreeMap<&'static str, ShopId>,
}

/// How it is to be.
struct Plan {
    channels: &'static [&'static str],
    units: i64,
    poll_first: PollFirst,
}

impl Default for Plan {
    fn default() -> Self {
        Self { channels: &[SHOPEE], units: 100, poll_first: PollFirst::Auto }
    }
}

/// The keys of our app; requests go to `address` if it is given.
fn keys(sandbox: &Sandbox, market: Market, address: Option<&str>) -> AppKeys {
    let (app, urls) = (sandbox.app(market), sandbox.urls().market(market));
    let rest = if market == Market::Lazada { "/rest" } else { "" };
    AppKeys {
        id: app.app_id.clone(),
        secret: Secret::new(&app.secret),
        webhook_secret: (market == Market::Shopee).then(|| Secret::new(&app.push_secret)),
        webhook_secret_before: None,
        service: (market == Market::Tiktok).then(|| app.service_id.clone()),
        api_url: format!("{}{rest}", address.unwrap_or(&urls.api)),
        auth_url: Some(format!("{}{rest}", urls.auth)),
        consent_url: Some(urls.consent.clone()),
        // The limits of marketplaces are the business of other tests.
        limits: Endpoint::ALL.map(|endpoint| (endpoint, 1_000)).into(),
    }
}

impl Bazaar {
    /// Shops on these marketplaces that list A and B, are mapped, and show so many of each. Nothing runs.
    async fn open(stage: Stage, channels: &'static [&'static str], units: i64) -> Self {
        Self::with(stage, Plan { channels, units, ..Plan::default() }).await
    }

    async fn with(stage: Stage, plan: Plan) -> Self {
        let hooks = Hooks::start().await;
        let urls = plan.channels.iter().map(|channel| (market_of(channel), hooks.url(channel)));
        let options = Options {
            catalogue: false,
            webhook_urls: urls.collect(),
            // Five minutes become less than a second.
            time_scale: 0.002,
            limits: RateLimits::Off,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let (engine, faults) = stage.faulty(quiet()).await;
        open_shop(&engine, &[("A", plan.units), ("B", plan.units)]).await;
        let mut gates = BTreeMap::new();
        for channel in onhand_channels::all() {
            let name = channel.facts().name;
            if plan.channels.contains(&name) {
                gates.insert(name, Arc::new(Turnstile::new(channel)));
            }
        }
        let outlet = |(name, gate): (&&'static str, &Arc<Turnstile>)| Outlet {
            channel: gate.clone(),
            app: Arc::new(keys(&sandbox, market_of(name), None)),
        };
        let outlets = gates.iter().map(outlet).collect();
        let limits = Arc::new(SharedLimits::new(engine.clone()));
        let flows = Flows::new(engine.clone(), outlets, Vault::new([7; 32]), limits);
        hooks.serve(flows.clone());
        let web = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let web = web.build().expect("a client");
        let shops = BTreeMap::new();
        let mut bazaar = Self { stage, engine, plan: faults, flows, sandbox, web, hooks, gates, shops };
        for sku in ["A", "B"] {
            bazaar.put_up(sku).await;
        }
        for channel in plan.channels {
            let shop = bazaar.connect(channel, plan.poll_first).await;
            bazaar.shops.insert(channel, shop);
            assert_eq!(bazaar.work("import_listings").await, 1);
        }
        bazaar.work("push_stock").await;
        for channel in plan.channels {
            assert_eq!(bazaar.shows(channel, "A").await, plan.units);
        }
        publish_from_here(&bazaar.engine).await;
        bazaar
    }

    /// Lists a new item with one variation of this code in every shop of the sandbox.
    async fn put_up(&self, seller_sku: &str) {
        let variant = json!({"seller_sku": seller_sku, "options": [], "stock": 0});
        let item = json!({"title": format!("Item {seller_sku}"), "axes": [], "variants": [variant]});
        self.control("catalogue", &json!({"items": [item]})).await;
    }

    /// Walks through the consent page as a browser would.
    async fn connect(&self, channel: &str, poll_first: PollFirst) -> ShopId {
        let page = self.flows.start_consent(channel, None, REDIRECT).await.expect("a page");
        // TikTok's redirect is registered in its console; the sandbox has no console and takes it from here.
        let registered = if channel == TIKTOK { format!("&redirect_uri={REDIRECT}") } else { String::new() };
        let response = self.web.get(format!("{page}{registered}&auto=1")).send().await.expect("a redirect");
        let back = response.headers()["location"].to_str().expect("text").to_owned();
        let back = reqwest::Url::parse(&back).expect("an address");
        let parameters: Vec<(String, String)> = back.query_pairs().into_owned().collect();
        let get = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).expect("a parameter")
        };
        let (state, code) = (get("state"), get("code"));
        let settings = ShopSettings { location: MAIN.into(), poll_first, ..ShopSettings::default() };
        let consented = self.flows.finish_consent(channel, &state, &code, parameters, settings).await;
        consented.expect("consent").shops[0]
    }

    /// Publisher and runner, without timers.
    fn run(&self) -> RunnerHandle {
        self.run_with(RunnerSettings { timers: false, gauges_every: None, ..RunnerSettings::default() })
    }

    fn run_with(&self, settings: RunnerSettings) -> RunnerHandle {
        Runner::start(self.engine.clone(), Arc::new(self.flows.clone()), settings).expect("a runner")
    }

    fn shop_id(&self, channel: &str) -> ShopId {
        self.shops[channel]
    }

    async fn shop(&self, channel: &str) -> Shop {
        self.engine.reads().shop(self.shop_id(channel)).await.expect("a read").expect("the shop")
    }

    async fn listing(&self, channel: &str, seller_sku: &str) -> Listing {
        let filter = ListingFilter { shop: Some(self.shop_id(channel)), ..ListingFilter::default() };
        let page = self.engine.reads().listings(&filter, 100).await.expect("a read");
        let found = page.rows.into_iter().find(|listing| listing.seller_sku == seller_sku);
        found.expect("the listing")
    }

    async fn market_order(&self, channel: &str, reference: &str) -> Option<MarketOrder> {
        self.engine.reads().market_order(self.shop_id(channel), reference).await.expect("a read")
    }

    /// Available units of a SKU.
    async fn available(&self, sku: &str) -> i64 {
        let (on_hand, reserved, allocated) = figures(&self.engine, sku).await;
        on_hand - reserved - allocated
    }

    async fn now(&self) -> i64 {
        self.engine.reads().now().await.expect("a read")
    }

    // The sandbox ------------------------------------------------------------------------------------------------

    async fn send(&self, path: &str, body: &Value) -> (bool, Value) {
        let url = format!("{}/control/{path}", self.sandbox.urls().control);
        let response = self.web.post(url).json(body).send().await.expect("an answer");
        let good = response.status().is_success();
        let text = response.text().await.expect("a body");
        (good, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") })
    }

    async fn control(&self, path: &str, body: &Value) -> Value {
        let (good, answer) = self.send(path, body).await;
        assert!(good, "{path}: {answer}");
        answer
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("{}/control/{path}", self.sandbox.urls().control);
        let text = self.web.get(url).send().await.expect("an answer").text().await.expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn fault(&self, channel: &str, mut fault: Value) {
        fault["market"] = json!(channel);
        self.control("faults", &fault).await;
    }

    async fn end_faults(&self) {
        let url = format!("{}/control/faults", self.sandbox.urls().control);
        self.web.delete(url).send().await.expect("an answer");
    }

    /// A buyer orders, if it is there; the number of his order.
    async fn try_buy(&self, channel: &str, sku: &str, units: i64, pay: bool) -> Option<String> {
        let cart = json!({"market": channel, "lines": [{"seller_sku": sku, "quantity": units}], "pay": pay});
        let (good, answer) = self.send("orders", &cart).await;
        good.then(|| answer["order"].as_str().expect("a number").to_owned())
    }

    async fn buy(&self, channel: &str, sku: &str, units: i64) -> String {
        self.try_buy(channel, sku, units, true).await.expect("it is there")
    }

    async fn act(&self, order: &str, action: &str) {
        self.control(&format!("orders/{order}/{action}"), &json!({})).await;
    }

    async fn remote(&self, channel: &str, sku: &str, history: u32) -> Value {
        let path = format!("listings?market={channel}&seller_sku={sku}&history={history}");
        self.look(&path).await["listings"][0].clone()
    }

    /// What buyers see.
    async fn shows(&self, channel: &str, sku: &str) -> i64 {
        self.remote(channel, sku, 0).await["stock"].as_i64().expect("a figure")
    }

    /// Waits until buyers see this, and nothing is left to be told.
    async fn until_it_shows(&self, channel: &str, sku: &str, stock: i64) {
        let shown = in_time(async {
            while self.shows(channel, sku).await != stock || self.listing(channel, sku).await.dirty() {
                tokio::task::yield_now().await;
            }
        });
        if shown.await.is_some() {
            return;
        }
        // What keeps it is not seen in a name of a test.
        let shows = self.shows(channel, sku).await;
        let (now, listing) = (self.now().await, self.listing(channel, sku).await);
        let jobs = self.engine.reads().jobs(&JobFilter::default(), 100).await;
        panic!("{channel} shows {shows} of {sku} and not {stock} at {now}: {listing:#?}, {jobs:#?}");
    }

    // Jobs -------------------------------------------------------------------------------------------------------

    async fn jobs(&self, kind: &str) -> Vec<Job> {
        let number = KINDS.iter().position(|known| *known == kind).expect("a kind") + 1;
        let kinds = vec![i16::try_from(number).expect("a small number")];
        let filter = JobFilter { kinds, state: Some(JobState::Ready), ..JobFilter::default() };
        self.engine.reads().jobs(&filter, 100).await.expect("a read").rows
    }

    /// Runs the jobs of a kind that are due, once each; how many there were.
    async fn work(&self, kind: &str) -> usize {
        let now = self.now().await;
        let due: Vec<Job> = self.jobs(kind).await.into_iter().filter(|job| job.run_at <= now).collect();
        for job in &due {
            self.attempt(job).await;
        }
        due.len()
    }

    /// One attempt at a job, as the runner would; how it ended, unless the flow ended it well itself.
    async fn attempt(&self, job: &Job) -> Option<End> {
        self.attempt_with(&self.flows, job).await
    }

    async fn attempt_with(&self, flows: &Flows, job: &Job) -> Option<End> {
        let lease = self.claim(job, 60_000).await;
        match self.flow(flows, job, lease).await {
            FlowEnd::Ended(End::Done { .. }) => None,
            FlowEnd::Ended(end) => Some(end),
            FlowEnd::End(end) => {
                let ends = vec![JobEnd { job: job.id, lease, end: end.clone() }];
                done(&self.engine, FinishJobs { ends }).await;
                Some(end)
            }
        }
    }

    async fn claim(&self, job: &Job, lease_ms: i64) -> i64 {
        let claim = ClaimJobs { owner: 1, lease_ms, jobs: vec![job.id] };
        done(&self.engine, claim).await.leases().first().expect("nobody else has it").1
    }

    async fn flow(&self, flows: &Flows, job: &Job, lease: i64) -> FlowEnd {
        let claimed_at = self.now().await;
        let guard = LeaseGuard::detached(job, claimed_at);
        let attempt = Attempt { job, lease, guard: &guard, claimed_at };
        within("the end of a job", flows.run(attempt)).await
    }

    /// An attempt whose process is killed before anything is durable. The job as it waits again.
    async fn killed_before(&self, job: &Job) -> Job {
        for _ in 0..20 {
            self.plan.fail_after(Call::BeforeCommit, 1, StoreError::Unavailable("killed".into()));
        }
        self.killed_in(job).await
    }

    /// An attempt whose process is killed in its middle: its end is never told, and whatever the plan holds for the database
    /// has happened. The job as it waits again.
    async fn killed_in(&self, job: &Job) -> Job {
        let lease = self.claim(job, 1_000).await;
        let _never_told = self.flow(&self.flows, job, lease).await;
        assert!(self.plan.pending() > 0, "it was over before it could be killed");
        while self.plan.pending() > 0 {
            let _refused = self.engine.submit(Request::internal(receive("B", 1))).await;
        }
        self.rescued(job, lease).await
    }

    /// An attempt whose process is killed when its effect is durable and its end is not. The job as it waits again.
    async fn killed_after(&self, job: &Job) -> Job {
        let lease = self.claim(job, 1_000).await;
        assert!(matches!(self.flow(&self.flows, job, lease).await, FlowEnd::End(_)), "nobody hears of it");
        self.rescued(job, lease).await
    }

    async fn rescued(&self, job: &Job, lease: i64) -> Job {
        self.stage.pass(2_000).await;
        done(&self.engine, RescueJobs { jobs: vec![(job.id, lease)] }).await;
        self.stage.pass(60_000).await;
        self.engine.reads().job(job.id).await.expect("a read").expect("it waits again")
    }

    async fn until_taken(&self, channel: &str, reference: &str) -> MarketOrder {
        within("the order", async {
            loop {
                if let Some(order) = self.market_order(channel, reference).await {
                    return order;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Nothing died.
    async fn nothing_is_dead(&self) {
        let dead = self.engine.reads().dead_jobs(&DeadFilter::default(), 100).await.expect("a read").rows;
        assert!(dead.is_empty(), "{dead:#?}");
    }

    /// The steps that were told of figures that are not ours, in order.
    async fn steps(&self) -> Vec<String> {
        let page = self.engine.reads().events(0, 1_000).await.expect("a read");
        let step = |body: EventBody| match body {
            EventBody::ListingEdit { step, .. } => Some(step),
            _ => None,
        };
        page.rows.into_iter().filter_map(|event| step(event.body)).collect()
    }
}

/// A stop that gives nobody time.
async fn stop(runner: &RunnerHandle) {
    within("the stop", runner.stop(Duration::ZERO)).await;
}
