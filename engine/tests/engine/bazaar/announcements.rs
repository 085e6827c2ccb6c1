//! What marketplaces say of a shop, or of an order, that the shop itself does not.

use onhand_connector::RawWebhook;
use onhand_engine::jobs::RunnerSettings;
use onhand_engine::telemetry::ScheduleLabels;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::shop::PollFirst;
use onhand_store::InboxFilter;
use serde_json::{Value, json};

use super::{Bazaar, LAZADA, SHOPEE, market_of, stop};
use crate::stage::{HOUR, Stage, done, on_both, within};

const DAY: i64 = 24 * HOUR;

on_both!(the_end_of_a_grant_is_known_and_told_of_each_shop, a_buyer_of_lazada_who_wants_to_cancel_is_seen,);

/// Delivers a message; it must be taken.
async fn deliver(bazaar: &Bazaar, raw: &RawWebhook) {
    within("an answer", bazaar.flows.receive(SHOPEE, raw)).await.expect("it is kept, and acknowledged");
}

/// A webhook of Shopee's about the app, signed as they sign.
fn of_shopee(bazaar: &Bazaar, body: &Value) -> RawWebhook {
    let (url, body) = (bazaar.hooks.url(SHOPEE), body.to_string());
    let key = &bazaar.sandbox.app(market_of(SHOPEE)).push_secret;
    let signature = onhand_sandbox::hmac_hex(key, format!("{url}|{body}").as_bytes());
    let headers = vec![("authorization".to_owned(), signature)];
    RawWebhook { url, headers, body: body.into_bytes() }
}

async fn the_end_of_a_grant_is_known_and_told_of_each_shop(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 100).await;
    let shop = bazaar.shop(SHOPEE).await;
    let until = shop.grant_until.expect("the consent says it");
    assert!(until > bazaar.now().await + 30 * DAY, "{until}");
    let key = Notice::key(NoticeKind::GrantEnds, &shop.code);
    let told =
        async || bazaar.engine.reads().notice(&key).await.expect("a read").filter(|notice| notice.open);
    let now = bazaar.now().await;
    let account: u64 = shop.account.parse().expect("a number");
    for (days, other) in [(20, 1), (6, 2)] {
        let end = (now + days * DAY) / 1_000;
        let data = json!({"page_no": 1, "total_page": 1, "shop_expire_soon": [other, account], "expire_before": end});
        let raw = of_shopee(&bazaar, &json!({"code": 12, "timestamp": now / 1_000, "data": data}));
        deliver(&bazaar, &raw).await;
        deliver(&bazaar, &raw).await;
        assert_eq!(bazaar.shop(SHOPEE).await.grant_until, Some(end * 1_000), "{days}");
        assert_eq!(told().await.is_some(), days < 7, "{days}");
    }
    // One shop alone: the webhook is its own.
    let end = (now + 5 * DAY) / 1_000;
    let data = json!({"page_no": 1, "total_page": 1, "shop_expire_soon": [account], "expire_before": end});
    let raw = of_shopee(&bazaar, &json!({"code": 12, "timestamp": now / 1_000, "data": data}));
    deliver(&bazaar, &raw).await;
    let page = bazaar.engine.reads().inbox(&InboxFilter::default(), 1_000).await.expect("a read");
    let about = format!("\"expire_before\":{end}");
    let kept: Vec<_> = page.rows.into_iter().filter(|row| row.body.contains(&about)).collect();
    assert_eq!(kept.iter().map(|row| row.shop).collect::<Vec<_>>(), [Some(shop.id)]);
    // A look at all shops does not close what a webhook has opened; a new consent does.
    let looks = RunnerSettings { timers: true, gauges_every: None, ..RunnerSettings::default() };
    bazaar.fault(SHOPEE, json!({"fault": "outage"})).await;
    let runner = bazaar.run_with(looks);
    let name = ScheduleLabels { schedule: "watch_shops".to_owned() };
    let fired = bazaar.engine.metrics().queue.fired.clone();
    for count in 1..=2 {
        within("a look", async {
            while fired.get_or_create(&name).get() < count {
                tokio::task::yield_now().await;
            }
        })
        .await;
        bazaar.stage.pass(61_000).await;
    }
    stop(&runner).await;
    bazaar.end_faults().await;
    assert!(told().await.is_some(), "it still ends");
    bazaar.connect(SHOPEE, PollFirst::Auto).await;
    assert!(told().await.is_none() && bazaar.shop(SHOPEE).await.grant_until > Some(end * 1_000));
}

async fn a_buyer_of_lazada_who_wants_to_cancel_is_seen(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[LAZADA], 100).await;
    let runner = bazaar.run();
    let reference = bazaar.buy(LAZADA, "A", 1).await;
    bazaar.until_taken(LAZADA, &reference).await;
    let asks = async |wanted: bool| {
        within("the wish", async {
            while bazaar.until_taken(LAZADA, &reference).await.snapshot.cancel_requested != Some(wanted) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let subject = format!("{}/{reference}", bazaar.shop_id(LAZADA).0);
        let told = bazaar.engine.reads().notice(&Notice::key(NoticeKind::CancelRequested, &subject)).await;
        assert_eq!(told.expect("a read").is_some_and(|notice| notice.open), wanted, "somebody has to answer");
    };
    bazaar.act(&reference, "request_cancel").await;
    asks(true).await;
    let (shop, accept) = (bazaar.shop_id(LAZADA), false);
    let body = JobBody::AnswerCancel { shop, reference: reference.clone(), accept };
    done(&bazaar.engine, EnqueueJobs { jobs: vec![NewJob { body, class: 1, run_at: 0, cause_at: None }] })
        .await;
    asks(false).await;
    stop(&runner).await;
    bazaar.stage.verify().await;
}
