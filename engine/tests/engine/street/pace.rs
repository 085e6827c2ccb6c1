//! What a call costs is known when it is over: its requests, and how far the marketplace's clock is from ours.

use std::time::{Duration, Instant};

use onhand_engine::limiter::{Limit, Limiter, Permit};
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::NewJob;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::setting::{Bucket, Setting, bucket_key};
use onhand_rules::{JobBody, ShopId};

use super::market::host;
use super::{Market, Street};
use crate::stage::{Stage, done, on_both};

on_both!(
    a_call_of_many_requests_is_charged_for_all_of_them,
    a_debt_is_everybodys_and_ends,
    the_clock_of_the_marketplace_is_measured_and_signed_with,
);

/// New Year's Day 2026, in milliseconds since 1970.
const NEW_YEAR: i64 = 1_767_225_600_000;

async fn bucket(street: &Street, endpoint: &str) -> Bucket {
    let key = bucket_key(street.shop_id(), endpoint);
    match street.engine.reads().settings(&key).await.unwrap().pop() {
        Some((_, Setting::Bucket(bucket))) => bucket,
        other => panic!("{other:?}"),
    }
}

async fn enqueue(street: &Street, body: JobBody) {
    let jobs = vec![NewJob { body, class: 2, run_at: 0, cause_at: None }];
    done(&street.engine, EnqueueJobs { jobs }).await;
}

async fn a_call_of_many_requests_is_charged_for_all_of_them(stage: Stage) {
    let api = host("Thu, 01 Jan 2026 00:00:00 GMT").await;
    let market = Market::new(&["1"]).paced(0.2, 20.0);
    market.now().page_requests = 27;
    let street = Street::with(stage, 100, market, &api).await;
    enqueue(&street, JobBody::ImportListings { shop: street.shop_id() }).await;
    assert_eq!(street.work("import_listings").await, 1);
    let left = bucket(&street, "listings").await.tokens;
    assert!((-7_000..-5_000).contains(&left), "20 were there and 27 went, not {left}");
}

async fn a_debt_is_everybodys_and_ends(stage: Stage) {
    let engine = stage.engine().await;
    let (one, other) = (Limiter::new(engine.clone()), Limiter::new(engine.clone()));
    let (shop, limit) = (ShopId(1), Limit::per_second(50.0, 10.0));
    let now = Instant::now();
    assert!(matches!(one.acquire(shop, "stock", limit, now).await, Permit::Granted { .. }));
    one.charge(shop, "stock", limit, 26).await;
    assert!(!one.has_room(shop, "stock", limit).await);
    let Permit::Wait { until } = other.acquire(shop, "stock", limit, Instant::now()).await else {
        panic!("sixteen requests are owed");
    };
    assert!(until > engine.reads().now().await.unwrap());
    let patience = Instant::now() + Duration::from_secs(30);
    let permit = other.acquire(shop, "stock", limit, patience).await;
    assert!(matches!(permit, Permit::Granted { waited_ms } if waited_ms > 0), "{permit:?}");
}

async fn the_clock_of_the_marketplace_is_measured_and_signed_with(stage: Stage) {
    let api = host("Thu, 01 Jan 2026 00:00:00 GMT").await;
    let street = Street::with(stage, 10, Market::new(&["1"]), &api).await;
    street.market.now().clock = Some(NEW_YEAR);
    assert_eq!(street.shop().await.health.clock_offset, 0);
    let off = NEW_YEAR - street.now().await;
    enqueue(&street, JobBody::ProbeShop { shop: street.shop_id() }).await;
    assert_eq!(street.work("probe_shop").await, 1);
    let shop = street.shop().await;
    assert!((shop.health.clock_offset - off).abs() < 60_000, "{} is not {off}", shop.health.clock_offset);
    assert_eq!(street.market.now().late, 1, "asked again at once with the right time");
    assert_eq!(street.jobs("probe_shop").await, [], "so it has succeeded");
    let key = Notice::key(NoticeKind::ClockSkew, &shop.code);
    let notice = street.engine.reads().notice(&key).await.unwrap().expect("somebody is told");
    assert!(notice.open && notice.text.contains("seconds"), "{}", notice.text);
}
