//! A change of stock becomes the pushes of the listings that it concerns: once, soon, whoever does it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use onhand_engine::Engine;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerHandle, RunnerSettings};
use onhand_rules::commands::channels::{
    ConnectShop, NoteHealth, Publish, SeenListing, TakeListings, UpdateShop, Urgency,
};
use onhand_rules::commands::queue::{ClaimJobs, End, FinishJobs, JobEnd, PutSetting};
use onhand_rules::commands::{ChangeStock, CreateSku, PlaceOrder};
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::publish::PublishRule;
use onhand_rules::retry::FailureClass;
use onhand_rules::setting::{PUBLISHER, Setting, kind_pause_key};
use onhand_rules::shop::ShopSettings;
use onhand_rules::{Job, JobBody, JobId, Listing, Receipt, ShopId};
use onhand_store::faulty::Call;
use onhand_store::{JobFilter, StoreError};

use crate::stage::{Stage, buy, confirmed, done, on_both, open_shop, quiet, receive, until, within};

on_both!(
    a_sale_marks_the_listings_of_the_sku_and_of_its_bundles,
    q1_a_change_that_nobody_published_is_published_by_the_next,
    a_new_rule_of_a_shop_concerns_all_its_listings,
    a_shortfall_is_told_and_its_end_too,
    what_an_import_changes_waits_behind_what_sells,
    what_waits_after_failures_is_tried_when_its_shop_answers_again,
);

/// Runs nothing: the tests look at what waits.
struct Idle;

#[async_trait]
impl Handlers for Idle {
    async fn run(&self, _job: &Job, _lease: &LeaseGuard) -> Ended {
        Ended::done()
    }
}

/// Publishes, and claims nothing.
async fn publish(engine: &Engine) -> RunnerHandle {
    for kind in ["push_stock", "import_listings", "read_back", "poll_orders", "poll_returns"] {
        let value = Some(Setting::KindPaused { reason: "a test".into() });
        done(engine, PutSetting { key: kind_pause_key(kind), value }).await;
    }
    start(engine)
}

fn start(engine: &Engine) -> RunnerHandle {
    let settings = RunnerSettings { timers: false, gauges_every: None, ..RunnerSettings::default() };
    Runner::start(engine.clone(), Arc::new(Idle), settings).expect("a runner")
}

pub(crate) async fn connect(engine: &Engine, channel: &str, account: &str) -> ShopId {
    let now = engine.reads().now().await.expect("a read");
    let command = ConnectShop {
        state: None,
        code: format!("{channel}-{account}"),
        channel: channel.into(),
        account: account.into(),
        name: "A shop".into(),
        grant: "sealed".into(),
        access_until: now + 100 * crate::stage::HOUR,
        refresh_until: None,
        grant_until: None,
        settings: ShopSettings::default(),
    };
    match done(engine, command).await {
        Receipt::Shop { id, .. } => id,
        other => panic!("{other:?}"),
    }
}

/// Listings whose seller SKUs are the SKUs.
pub(crate) async fn list(engine: &Engine, shop: ShopId, skus: &[&str]) {
    let listings = skus
        .iter()
        .map(|sku| SeenListing {
            item: format!("item-{sku}"),
            variant: "0".into(),
            seller_sku: (*sku).into(),
            title: (*sku).into(),
            warehouses: Vec::new(),
            unit: format!("item-{sku}"),
            stock: 0,
            promotion_reserved: Some(0),
            theirs: None,
        })
        .collect();
    done(engine, TakeListings { shop, listings }).await;
}

pub(crate) async fn listing(engine: &Engine, shop: ShopId, sku: &str) -> Listing {
    let found = engine.reads().listing_by_key(shop, &format!("item-{sku}"), "0").await.expect("a read");
    found.expect("the listing")
}

/// A runner that starts now begins to publish with what happens from here on. Otherwise it begins with the making of the stage,
/// and marks are still to come for a while after its first jobs are done.
pub(crate) async fn publish_from_here(engine: &Engine) {
    let to = engine.reads().feed_head().await.expect("a read");
    let (listings, read_back, urgency, slots) = (Vec::new(), false, Urgency::Bulk, None);
    done(engine, Publish { from: Some(0), to, listings, read_back, urgency, slots }).await;
}

/// Waits until the publisher has marked what concerns everything that is committed now.
pub(crate) async fn published(engine: &Engine) {
    let head = engine.reads().feed_head().await.expect("a read");
    within("the publisher", async {
        loop {
            let row = engine.reads().settings(PUBLISHER).await.expect("a read").pop();
            if row.is_some_and(|(_, row)| matches!(row, Setting::Publisher { event } if event >= head)) {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until the listing was marked more often than before.
pub(crate) async fn marked(engine: &Engine, before: &Listing, sku: &str) -> Listing {
    within("the mark", async {
        loop {
            let now = listing(engine, before.shop, sku).await;
            if now.desired > before.desired {
                return now;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Sells one of a SKU whose listing is then marked; everything before is published by then.
async fn caught_up(engine: &Engine, shop: ShopId, sku: &str) -> Listing {
    let before = listing(engine, shop, sku).await;
    done(engine, confirmed(sku, 1)).await;
    let mut now = marked(engine, &before, sku).await;
    // The mark may have been that of an earlier change.
    published(engine).await;
    now.desired = listing(engine, shop, sku).await.desired;
    now
}

async fn a_sale_marks_the_listings_of_the_sku_and_of_its_bundles(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 100), ("B", 100)]).await;
    let components = vec![("A".to_owned(), 2), ("B".to_owned(), 1)];
    done(&engine, CreateSku { code: "AAB".into(), name: "Set".into(), components, backorder_limit: 0 }).await;
    let shop = connect(&engine, "shopee", "1").await;
    list(&engine, shop, &["A", "B", "AAB"]).await;
    let runner = publish(&engine).await;
    caught_up(&engine, shop, "B").await;
    let (a, b) = (listing(&engine, shop, "A").await, listing(&engine, shop, "B").await);
    let set = listing(&engine, shop, "AAB").await;
    done(&engine, confirmed("A", 1)).await;
    marked(&engine, &set, "AAB").await;
    let sold = marked(&engine, &a, "A").await;
    assert!(sold.dirty() && sold.dirty_since > 0);
    assert_eq!(listing(&engine, shop, "B").await.desired, b.desired, "B was not sold");
    let pushes = JobFilter { kinds: vec![1], shop: Some(shop), ..JobFilter::default() };
    assert_eq!(engine.reads().jobs(&pushes, 10).await.unwrap().rows.len(), 3, "one a unit, however often");
    let mut times = Vec::new();
    let mut before = sold;
    for _ in 0..20 {
        let started = Instant::now();
        done(&engine, buy("A", 1)).await;
        before = marked(&engine, &before, "A").await;
        times.push(started.elapsed());
    }
    times.sort();
    eprintln!("from the order to the mark: p50 {:?}, max {:?}", times[10], times[19]);
    assert!(times[10] < Duration::from_millis(200), "it is woken, it does not poll: {times:?}");
    runner.stop(Duration::ZERO).await;
    stage.verify().await;
}

/// Killed between the sale and its publication, and between the publication and its answer.
async fn q1_a_change_that_nobody_published_is_published_by_the_next(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    let shop = connect(&engine, "shopee", "1").await;
    list(&engine, shop, &["A"]).await;
    let runner = publish(&engine).await;
    let before = caught_up(&engine, shop, "A").await;
    runner.stop(Duration::ZERO).await;
    done(&engine, confirmed("A", 1)).await;
    assert_eq!(listing(&engine, shop, "A").await.desired, before.desired, "nobody follows");
    for _ in 0..3 {
        plan.fail(Call::BeforeCommit, StoreError::Unavailable("killed".into()));
    }
    if !stage.unknown_is_fatal() {
        plan.fail(Call::AfterCommit, StoreError::Unknown("killed".into()));
    }
    let next = start(&engine);
    let after = marked(&engine, &before, "A").await;
    until("it has failed as often as it was told to", || plan.pending() == 0).await;
    assert_eq!(after.desired, before.desired + 1, "marked once");
    next.stop(Duration::ZERO).await;
    stage.verify().await;
}

async fn a_new_rule_of_a_shop_concerns_all_its_listings(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 10), ("B", 10)]).await;
    let (shop, other) = (connect(&engine, "shopee", "1").await, connect(&engine, "lazada", "2").await);
    list(&engine, shop, &["A", "B"]).await;
    list(&engine, other, &["A"]).await;
    let runner = publish(&engine).await;
    caught_up(&engine, shop, "B").await;
    let (a, b) = (listing(&engine, shop, "A").await, listing(&engine, shop, "B").await);
    let theirs = listing(&engine, other, "A").await;
    let rule = PublishRule { buffer: 3, ..PublishRule::default() };
    let settings = Some(ShopSettings { rule, ..ShopSettings::default() });
    done(&engine, UpdateShop { shop, expected_version: None, name: None, settings, paused: None }).await;
    marked(&engine, &a, "A").await;
    marked(&engine, &b, "B").await;
    assert_eq!(listing(&engine, other, "A").await.desired, theirs.desired, "another shop");
    runner.stop(Duration::ZERO).await;
}

async fn a_shortfall_is_told_and_its_end_too(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 1)]).await;
    let runner = publish(&engine).await;
    let key = Notice::key(NoticeKind::Shortfall, "A@main");
    let told = async |open: bool| {
        within("the notice", async {
            loop {
                match engine.reads().notice(&key).await.expect("a read") {
                    Some(notice) if notice.open == open => return notice,
                    _ => tokio::task::yield_now().await,
                }
            }
        })
        .await
    };
    // Sold elsewhere already: an order of a marketplace cannot be refused.
    done(&engine, PlaceOrder { forced: true, ..confirmed("A", 3) }).await;
    let notice = told(true).await;
    assert!(notice.text.contains("-2"), "{}", notice.text);
    done(&engine, receive("A", 2)).await;
    told(false).await;
    runner.stop(Duration::ZERO).await;
    stage.verify().await;
}

async fn pushes(engine: &Engine) -> Vec<Job> {
    let filter = JobFilter { kinds: vec![1], ..JobFilter::default() };
    engine.reads().jobs(&filter, 100).await.expect("a read").rows
}

/// Claims a job and ends the attempt so.
async fn attempt(engine: &Engine, job: JobId, end: End) {
    let claim = ClaimJobs { owner: 1, lease_ms: 60_000, jobs: vec![job] };
    let (job, lease) = *done(engine, claim).await.leases().first().expect("it is due");
    done(engine, FinishJobs { ends: vec![JobEnd { job, lease, end }] }).await;
}

async fn what_an_import_changes_waits_behind_what_sells(stage: Stage) {
    let engine = stage.engine().await;
    let codes: Vec<String> = (0..25).map(|number| format!("S{number}")).collect();
    let stock: Vec<(&str, i64)> = codes.iter().map(|code| (code.as_str(), 10)).collect();
    open_shop(&engine, &stock).await;
    let shop = connect(&engine, "shopee", "1").await;
    list(&engine, shop, &codes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let runner = publish(&engine).await;
    caught_up(&engine, shop, "S0").await;
    for job in pushes(&engine).await {
        attempt(&engine, job.id, End::Done { outcome: "done".into() }).await;
    }
    let last = listing(&engine, shop, "S24").await;
    let items = codes.iter().flat_map(|code| receive(code, 1).items).collect();
    done(&engine, ChangeStock { items }).await;
    marked(&engine, &last, "S24").await;
    let classes: Vec<i16> = pushes(&engine).await.iter().map(|job| job.class).collect();
    assert_eq!(classes, [3; 25]);
    caught_up(&engine, shop, "S3").await;
    for job in pushes(&engine).await {
        let sold = matches!(&job.body, JobBody::PushStock { unit, .. } if unit == "item-S3");
        assert_eq!(job.class, if sold { 1 } else { 3 }, "{:?}", job.body);
    }
    runner.stop(Duration::ZERO).await;
    stage.verify().await;
}

/// A shop whose breaker was open answers; another one that is still silent is left alone.
async fn what_waits_after_failures_is_tried_when_its_shop_answers_again(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 10)]).await;
    let (shop, other) = (connect(&engine, "shopee", "1").await, connect(&engine, "lazada", "2").await);
    list(&engine, shop, &["A"]).await;
    list(&engine, other, &["A"]).await;
    let runner = publish(&engine).await;
    caught_up(&engine, shop, "A").await;
    let waiting = pushes(&engine).await;
    assert_eq!(waiting.len(), 2);
    let broken = || End::Failed {
        class: FailureClass::Server,
        code: "500".into(),
        message: "broken".into(),
        retry_after_ms: None,
        jitter: u16::MAX,
    };
    for job in &waiting {
        attempt(&engine, job.id, broken()).await;
    }
    let health =
        |shop, answered| NoteHealth { shop, answered: Some(answered), webhook: false, clock_offset: None };
    for _ in 0..5 {
        done(&engine, health(shop, false)).await;
        done(&engine, health(other, false)).await;
    }
    // Sales do not cut it short.
    caught_up(&engine, shop, "A").await;
    let now = engine.reads().now().await.expect("a read");
    assert!(pushes(&engine).await.iter().all(|job| job.run_at > now + 30_000));
    done(&engine, health(shop, true)).await;
    within("the hurry", async {
        loop {
            let jobs = pushes(&engine).await;
            let now = engine.reads().now().await.expect("a read");
            let due =
                |of: ShopId| jobs.iter().find(|job| job.body.shop() == Some(of)).map(|job| job.run_at <= now);
            assert_eq!(due(other), Some(false), "still silent");
            if due(shop) == Some(true) {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    runner.stop(Duration::ZERO).await;
    stage.verify().await;
}
