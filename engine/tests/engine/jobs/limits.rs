//! Rate limits of marketplaces are the fleet's, and outlive a process.

use std::time::{Duration, Instant};

use onhand_engine::limiter::{Limit, Limiter, Permit};
use onhand_rules::ShopId;
use onhand_rules::setting::{Setting, bucket_key};

use crate::stage::{Stage, on_both, within};

on_both!(
    a_restart_does_not_double_the_rate,
    a_throttled_endpoint_is_left_alone_by_everybody_until_it_answers,
    who_waits_gets_his_turn,
);

const SHOP: ShopId = ShopId(1);

async fn ask(limiter: &Limiter, endpoint: &str, limit: Limit, patience: Duration) -> Permit {
    within("a permit", limiter.acquire(SHOP, endpoint, limit, Instant::now() + patience)).await
}

async fn a_restart_does_not_double_the_rate(stage: Stage) {
    let engine = stage.engine().await;
    // Slow enough that nothing comes back during the test.
    let slow = Limit::per_second(0.01, 3.0);
    let mut granted = 0;
    for _process in 0..4 {
        let limiter = Limiter::new(engine.clone());
        while matches!(ask(&limiter, "stock", slow, Duration::ZERO).await, Permit::Granted { .. }) {
            granted += 1;
        }
    }
    assert_eq!(granted, 3);
    // The endpoints have limits of their own.
    let limiter = Limiter::new(engine.clone());
    assert!(matches!(ask(&limiter, "orders", slow, Duration::ZERO).await, Permit::Granted { .. }));
}

async fn a_throttled_endpoint_is_left_alone_by_everybody_until_it_answers(stage: Stage) {
    let engine = stage.engine().await;
    let limit = Limit::per_second(100.0, 100.0);
    let (one, other) = (Limiter::new(engine.clone()), Limiter::new(engine.clone()));
    assert!(matches!(ask(&one, "stock", limit, Duration::ZERO).await, Permit::Granted { .. }));
    one.throttled(SHOP, "stock", Some(400)).await;
    let now = engine.reads().now().await.unwrap();
    for limiter in [&one, &other] {
        let Permit::Wait { until } = ask(limiter, "stock", limit, Duration::ZERO).await else {
            panic!("it was asked again at once");
        };
        assert!((now..=now + 400).contains(&until), "{until} at {now}");
    }
    let started = Instant::now();
    let permit = ask(&one, "stock", limit, Duration::from_secs(20)).await;
    assert!(matches!(permit, Permit::Granted { waited_ms } if waited_ms > 0), "{permit:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let bucket = async || match engine.reads().settings(&bucket_key(SHOP, "stock")).await.unwrap().pop() {
        Some((_, Setting::Bucket(bucket))) => bucket,
        other => panic!("{other:?}"),
    };
    assert_eq!(bucket().await.throttled, 1);
    one.answered(SHOP, "stock").await;
    assert_eq!((bucket().await.throttled, bucket().await.throttled_since), (0, None));
}

async fn who_waits_gets_his_turn(stage: Stage) {
    let engine = stage.engine().await;
    let limit = Limit::per_second(50.0, 1.0);
    let limiter = Limiter::new(engine.clone());
    let started = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let limiter = limiter.clone();
        asking.spawn(async move { ask(&limiter, "stock", limit, Duration::from_secs(30)).await });
    }
    while let Some(permit) = asking.join_next().await {
        assert!(matches!(permit.unwrap(), Permit::Granted { .. }));
    }
    // One is there at once, and 19 come at 20 ms each.
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
}
