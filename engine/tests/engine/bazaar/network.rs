//! Networks and hosts that are not what they should be.

use std::sync::Arc;
use std::time::Duration;

use onhand_connector::AppKeys;
use onhand_connector::http::{Http, Limits};
use onhand_engine::flows::{Flows, Outlet, SharedLimits};
use onhand_engine::jobs::{Runner, RunnerHandle, RunnerSettings};
use onhand_engine::vault::Vault;
use onhand_rules::Job;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::retry::FailureClass;
use onhand_testbed::FaultProxy;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Bazaar, LAZADA, SHOPEE, keys, market_of, stop};
use crate::stage::{Stage, confirmed, done, on_both, publishing, within};

on_both!(
    e3_a_shop_that_swallows_requests_is_left_alone_and_the_others_go_on,
    e3_answers_without_end_and_pages_for_people_acknowledge_nothing,
    e4_a_host_that_is_not_there_or_speaks_no_tls_is_told_and_never_asked_in_clear,
);

/// The same process with another way to one marketplace; the others are reached as before.
fn by_way_of(bazaar: &Bazaar, channel: &str, url: &str, http: Limits) -> Flows {
    let (odd, plain) = (Http::with(http), Http::new());
    let mut outlets = Vec::new();
    for (name, address, http) in [(SHOPEE, None, &plain), (LAZADA, None, &plain), (channel, Some(url), &odd)]
    {
        let found = onhand_channels::with(http).into_iter().find(|one| one.facts().name == name);
        let app: AppKeys = keys(&bazaar.sandbox, market_of(name), address);
        outlets.push(Outlet { channel: found.expect("a connector"), app: Arc::new(app) });
    }
    let limits = Arc::new(SharedLimits::new(bazaar.engine.clone()));
    Flows::new(bazaar.engine.clone(), outlets, Vault::new([7; 32]), limits)
}

fn run(bazaar: &Bazaar, flows: &Flows) -> RunnerHandle {
    let settings = RunnerSettings { timers: false, gauges_every: None, ..RunnerSettings::default() };
    Runner::start(bazaar.engine.clone(), Arc::new(flows.clone()), settings).expect("a runner")
}

/// Sells one and makes the push of it; the job.
async fn owed(bazaar: &Bazaar, channel: &str) -> Job {
    done(&bazaar.engine, confirmed("A", 1)).await;
    let listings = vec![(bazaar.listing(channel, "A").await.id, bazaar.now().await)];
    done(&bazaar.engine, publishing(listings)).await;
    bazaar.jobs("push_stock").await.into_iter().next().expect("a push")
}

async fn requests(bazaar: &Bazaar) -> u64 {
    let report = bazaar.look("report").await;
    let shops = report["shops"].as_array().expect("a list").clone();
    shops.iter().filter(|shop| shop["market"] == SHOPEE).filter_map(|shop| shop["requests"].as_u64()).sum()
}

async fn e3_a_shop_that_swallows_requests_is_left_alone_and_the_others_go_on(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 50).await;
    let target = bazaar.sandbox.urls().shopee.api.trim_start_matches("http://").parse().expect("an address");
    let proxy = FaultProxy::start(target).await.expect("a proxy");
    let quick = Limits { total: Duration::from_millis(200), ..Limits::default() };
    let flows = by_way_of(&bazaar, SHOPEE, &format!("http://{}", proxy.address()), quick);
    proxy.lose_replies();
    let job = owed(&bazaar, SHOPEE).await;
    // Each attempt is a failure of the network, and the fifth opens the breaker.
    for attempt in 1..=5 {
        assert!(bazaar.shop(SHOPEE).await.health.open_until.is_none(), "not before the fifth");
        bazaar.stage.pass(61_000).await;
        let waiting = bazaar.engine.reads().job(job.id).await.expect("a read").expect("it waits");
        let end = bazaar.attempt_with(&flows, &waiting).await.expect("a failure");
        let told = format!("{end:?}");
        assert!(told.contains("Network") && told.contains("\"timeout\""), "{attempt}: {told}");
    }
    let shop = bazaar.shop(SHOPEE).await;
    assert!(shop.health.open_until.is_some(), "{:?}", shop.health);
    let key = Notice::key(NoticeKind::ShopFailing, &shop.code);
    assert!(bazaar.engine.reads().notice(&key).await.expect("a read").is_some_and(|notice| notice.open));
    // Nobody knocks while it is open, and nobody else waits.
    let knocked = proxy.accepted();
    let runner = run(&bazaar, &flows);
    bazaar.until_it_shows(LAZADA, "A", 49).await;
    done(&bazaar.engine, confirmed("B", 1)).await;
    bazaar.until_it_shows(LAZADA, "B", 49).await;
    assert_eq!(proxy.accepted(), knocked, "the breaker is open");
    // It answers again; the first to ask is a probe, and all is told.
    proxy.pass();
    bazaar.stage.pass(16 * 60_000).await;
    bazaar.until_it_shows(SHOPEE, "A", 49).await;
    bazaar.until_it_shows(SHOPEE, "B", 49).await;
    assert!(bazaar.shop(SHOPEE).await.health.open_until.is_none());
    assert!(bazaar.engine.reads().notice(&key).await.expect("a read").is_some_and(|notice| !notice.open));
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// Answers whatever comes with a body that never ends; its address.
async fn endless() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 16 * 1024];
                let Ok(1..) = stream.read(&mut asked).await else { return };
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"error\":\"";
                let mut piece: &[u8] = head;
                while stream.write_all(piece).await.is_ok() {
                    piece = &[b'x'; 64 * 1024];
                }
            });
        }
    });
    address
}

async fn e3_answers_without_end_and_pages_for_people_acknowledge_nothing(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 50).await;
    let flows = by_way_of(&bazaar, SHOPEE, &endless().await, Limits::default());
    let job = owed(&bazaar, SHOPEE).await;
    let end = format!("{:?}", bazaar.attempt_with(&flows, &job).await.expect("a failure"));
    assert!(end.contains("too_large"), "{end}");
    bazaar.fault(SHOPEE, json!({"fault": "html"})).await;
    bazaar.stage.pass(61_000).await;
    let waiting = bazaar.engine.reads().job(job.id).await.expect("a read").expect("it waits");
    let end = format!("{:?}", bazaar.attempt(&waiting).await.expect("a failure"));
    assert!(end.contains("not_json"), "{end}");
    let listing = bazaar.listing(SHOPEE, "A").await;
    assert!(listing.dirty() && listing.pushed == Some(50), "nothing is believed to be told");
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 50);
    bazaar.end_faults().await;
    let runner = bazaar.run();
    bazaar.stage.pass(60_000).await;
    bazaar.until_it_shows(SHOPEE, "A", 49).await;
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
}

async fn e4_a_host_that_is_not_there_or_speaks_no_tls_is_told_and_never_asked_in_clear(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 50).await;
    let in_clear = bazaar.sandbox.urls().shopee.api.clone();
    let encrypted = in_clear.replace("http://", "https://");
    let job = owed(&bazaar, SHOPEE).await;
    let before = requests(&bazaar).await;
    let ways = [("http://marketplace.invalid", "connect"), (encrypted.as_str(), "tls")];
    for (attempt, (url, code)) in ways.into_iter().cycle().take(5).enumerate() {
        let flows = by_way_of(&bazaar, SHOPEE, url, Limits::default());
        bazaar.stage.pass(61_000).await;
        let waiting = bazaar.engine.reads().job(job.id).await.expect("a read").expect("it waits");
        bazaar.attempt_with(&flows, &waiting).await.expect("a failure");
        let waiting = bazaar.engine.reads().job(job.id).await.expect("a read").expect("it waits");
        let failure = waiting.last_failure.expect("it is kept");
        assert_eq!((failure.class, failure.code.as_str()), (FailureClass::Network, code), "{attempt}");
    }
    assert_eq!(requests(&bazaar).await, before, "nothing was sent in clear");
    let code = bazaar.shop(SHOPEE).await.code;
    let key = Notice::key(NoticeKind::ShopFailing, &code);
    let notice = bazaar.engine.reads().notice(&key).await.expect("a read");
    assert!(notice.is_some_and(|notice| notice.open), "somebody is told");
    let runner = bazaar.run();
    bazaar.stage.pass(16 * 60_000).await;
    within("it is told", bazaar.until_it_shows(SHOPEE, "A", 49)).await;
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}
