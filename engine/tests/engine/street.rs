//! The flows against a marketplace in memory: what is told, looked for, read back and paid for.

mod changes;
mod grants;
mod hearts;
mod log;
mod looks;
mod lows;
mod market;
mod pace;
mod peeks;
mod polls;

use std::sync::Arc;

use onhand_connector::{AppKeys, Endpoint, Secret};
use onhand_engine::Engine;
use onhand_engine::flows::{Attempt, FlowEnd, Flows, Outlet, SharedLimits};
use onhand_engine::jobs::LeaseGuard;
use onhand_engine::vault::Vault;
use onhand_rules::commands::channels::{MoveCursors, SeenListing, TakeListings};
use onhand_rules::commands::queue::{ClaimJobs, End, FinishJobs, JobEnd};
use onhand_rules::job::{JobState, KINDS};
use onhand_rules::shop::{ShopCursors, ShopSettings};
use onhand_rules::{EventBody, Job, Listing, Shop, ShopId};
use onhand_store::JobFilter;

use self::market::Market;
use crate::stage::{MAIN, Stage, done, open_shop, publishing, within};

/// An app's keys on a marketplace that stands at `api_url`.
fn keys(api_url: &str) -> AppKeys {
    AppKeys {
        id: "app".into(),
        secret: Secret::new("key"),
        webhook_secret: None,
        webhook_secret_before: None,
        service: None,
        api_url: api_url.into(),
        auth_url: None,
        consent_url: None,
        limits: Default::default(),
    }
}

/// A seller of the SKUs A and B, with shops on the marketplace.
struct Street {
    stage: Stage,
    engine: Engine,
    flows: Flows,
    market: Arc<Market>,
    /// The first is the one that sells A as the item `a`.
    shops: Vec<ShopId>,
}

/// Another process of the same seller.
fn flows(engine: &Engine, market: &Arc<Market>, api_url: &str) -> Flows {
    let outlet = Outlet { channel: market.clone(), app: Arc::new(keys(api_url)) };
    Flows::new(engine.clone(), vec![outlet], Vault::new([7; 32]), Arc::new(SharedLimits::new(engine.clone())))
}

impl Street {
    /// `units` of A, told to one shop that has the listing `a`.
    async fn open(stage: Stage, units: i64) -> Self {
        Self::with(stage, units, Market::new(&["1"]), "http://127.0.0.1:1").await
    }

    async fn with(stage: Stage, units: i64, market: Market, api_url: &str) -> Self {
        let engine = stage.engine().await;
        open_shop(&engine, &[("A", units), ("B", units)]).await;
        let market = Arc::new(market);
        let flows = flows(&engine, &market, api_url);
        // The marketplace of the tests sends the owner back at once: its page is the state.
        let state = flows.start_consent("street", None, "http://back").await.expect("a page");
        let settings = ShopSettings { location: MAIN.into(), ..ShopSettings::default() };
        let consented = flows.finish_consent("street", &state, "code", Vec::new(), settings).await;
        let shops = consented.expect("consent").shops;
        let now = engine.reads().now().await.unwrap();
        for shop in &shops {
            let cursors = ShopCursors { orders_until: now, ..ShopCursors::default() };
            done(&engine, MoveCursors { shop: *shop, cursors }).await;
        }
        let street = Self { stage, engine, flows, market, shops };
        street.list("a").await;
        assert_eq!(street.work("push_stock").await, 1);
        street
    }

    /// Lists the SKU of this name as an item of the first shop.
    async fn list(&self, item: &str) {
        self.list_in(item, item).await;
    }

    /// The same, as one of a unit that is written together.
    async fn list_in(&self, item: &str, unit: &str) {
        self.market.put_up(item);
        let one = SeenListing {
            item: item.into(),
            variant: "0".into(),
            seller_sku: item.to_uppercase(),
            title: item.into(),
            warehouses: Vec::new(),
            unit: unit.into(),
            stock: 0,
            promotion_reserved: Some(0),
            theirs: None,
        };
        done(&self.engine, TakeListings { shop: self.shop_id(), listings: vec![one] }).await;
    }

    fn shop_id(&self) -> ShopId {
        self.shops[0]
    }

    async fn shop(&self) -> Shop {
        self.engine.reads().shop(self.shop_id()).await.unwrap().expect("the shop")
    }

    async fn listing(&self, item: &str) -> Listing {
        let found = self.engine.reads().listing_by_key(self.shop_id(), item, "0").await.unwrap();
        found.expect("the listing")
    }

    async fn now(&self) -> i64 {
        self.engine.reads().now().await.unwrap()
    }

    /// What the publisher does after a change.
    async fn publish(&self, item: &str) {
        let listings = vec![(self.listing(item).await.id, self.now().await)];
        done(&self.engine, publishing(listings)).await;
    }

    /// Lets so much time pass on the ledger clock.
    async fn pass(&self, millis: i64) {
        self.stage.pass(millis).await;
    }

    async fn jobs(&self, kind: &str) -> Vec<Job> {
        let number = KINDS.iter().position(|known| *known == kind).expect("a kind") + 1;
        let kinds = vec![i16::try_from(number).unwrap()];
        let filter = JobFilter { kinds, state: Some(JobState::Ready), ..JobFilter::default() };
        self.engine.reads().jobs(&filter, 100).await.unwrap().rows
    }

    /// Runs what is due of this kind, each once; how many there were.
    async fn work(&self, kind: &str) -> usize {
        let now = self.now().await;
        let due: Vec<Job> = self.jobs(kind).await.into_iter().filter(|job| job.run_at <= now).collect();
        for job in &due {
            self.run(&self.flows, job).await;
        }
        due.len()
    }

    /// Runs a job as the runner would; how it ended, if the flow has not ended it well itself.
    async fn run(&self, flows: &Flows, job: &Job) -> Option<End> {
        let claim = ClaimJobs { owner: 1, lease_ms: 60_000, jobs: vec![job.id] };
        let (_, lease) = *done(&self.engine, claim).await.leases().first().expect("nobody else has it");
        let claimed_at = self.now().await;
        let guard = LeaseGuard::detached(job, claimed_at);
        let attempt = Attempt { job, lease, guard: &guard, claimed_at };
        match within("the end of a job", flows.run(attempt)).await {
            FlowEnd::Ended(End::Done { .. }) => None,
            FlowEnd::Ended(end) => Some(end),
            FlowEnd::End(end) => {
                let ends = vec![JobEnd { job: job.id, lease, end: end.clone() }];
                done(&self.engine, FinishJobs { ends }).await;
                Some(end)
            }
        }
    }

    /// The steps that were told of figures that are not ours, in order.
    async fn steps(&self) -> Vec<String> {
        let page = self.engine.reads().events(0, 1_000).await.unwrap();
        let step = |body: EventBody| match body {
            EventBody::ListingEdit { step, .. } => Some(step),
            _ => None,
        };
        page.rows.into_iter().filter_map(|event| step(event.body)).collect()
    }

    /// Uses up what can be saved up of requests to an endpoint.
    async fn exhaust(&self, endpoint: Endpoint) {
        let limiter = onhand_engine::limiter::Limiter::new(self.engine.clone());
        let (_, rate, burst) = self.market.limit(endpoint);
        let limit = onhand_engine::limiter::Limit::per_second(rate, burst);
        limiter.charge(self.shop_id(), endpoint.name(), limit, burst.ceil() as u32).await;
    }
}
