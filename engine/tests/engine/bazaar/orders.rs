//! Sales that nobody has told us of, and tokens that end.

use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::shop::{PollFirst, ShopState};
use serde_json::json;

use super::{Bazaar, LAZADA, Plan, SHOPEE, TIKTOK, stop};
use crate::stage::{Stage, done, on_both};

on_both!(
    h1_a_sale_that_is_not_told_is_not_sold_again,
    h1_a_sale_that_is_not_told_is_found_by_reading_back,
    h4_many_jobs_refresh_once,
);

/// The figures that buyers saw, the oldest first.
async fn history(bazaar: &Bazaar, channel: &str, sku: &str) -> Vec<(i64, String)> {
    let remote = bazaar.remote(channel, sku, 100).await;
    let change = |change: &serde_json::Value| {
        (change["value"].as_i64().expect("a figure"), change["cause"].to_string())
    };
    remote["history"].as_array().expect("a list").iter().map(change).collect()
}

/// Two of three are sold on one marketplace, whose messages are lost, and one on the other.
async fn h1_a_sale_that_is_not_told_is_not_sold_again(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 3).await;
    bazaar.fault(SHOPEE, json!({"fault": "drop_webhooks"})).await;
    let runner = bazaar.run();
    let mut sold = 0;
    bazaar.buy(SHOPEE, "A", 2).await;
    sold += 2;
    bazaar.buy(LAZADA, "A", 1).await;
    sold += 1;
    // Our figure of Shopee would be 2 without those two.
    bazaar.until_it_shows(SHOPEE, "A", 0).await;
    bazaar.until_it_shows(LAZADA, "A", 0).await;
    for channel in [SHOPEE, LAZADA] {
        sold += i64::from(bazaar.try_buy(channel, "A", 1, true).await.is_some());
    }
    assert_eq!(sold, 3, "{:?}", history(&bazaar, SHOPEE, "A").await);
    assert_eq!(bazaar.available("A").await, 0);
    let rises: Vec<_> = history(&bazaar, SHOPEE, "A").await;
    assert!(rises.windows(2).skip(1).all(|two| two[1].0 <= two[0].0), "handed back: {rises:?}");
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// Many units: nobody looks before. What was sold after our figure is off it, and that is seen.
async fn h1_a_sale_that_is_not_told_is_found_by_reading_back(stage: Stage) {
    let plan = Plan { channels: &[SHOPEE, LAZADA], units: 50, poll_first: PollFirst::Off };
    let bazaar = Bazaar::with(stage, plan).await;
    bazaar.fault(SHOPEE, json!({"fault": "drop_webhooks"})).await;
    let runner = bazaar.run();
    bazaar.buy(LAZADA, "A", 1).await;
    bazaar.until_it_shows(SHOPEE, "A", 49).await;
    stop(&runner).await;
    bazaar.buy(SHOPEE, "A", 2).await;
    bazaar.stage.pass(31_000).await;
    assert!(bazaar.work("read_back").await >= 1);
    assert_eq!(bazaar.available("A").await, 47, "{:?}", bazaar.steps().await);
    let runner = bazaar.run();
    bazaar.until_it_shows(LAZADA, "A", 47).await;
    bazaar.until_it_shows(SHOPEE, "A", 47).await;
    stop(&runner).await;
    assert_eq!(bazaar.steps().await, ["unseen_order"]);
    bazaar.stage.verify().await;
}

fn look(shop: onhand_rules::ShopId, unit: &str) -> NewJob {
    NewJob { body: JobBody::ReadBack { shop, unit: unit.into() }, class: 2, run_at: 0, cause_at: None }
}

async fn h4_many_jobs_refresh_once(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 20).await;
    bazaar.stage.pass(61_000).await;
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        let before = bazaar.shop(channel).await;
        bazaar.fault(channel, json!({"fault": "expire_token"})).await;
        let shop = bazaar.shop_id(channel);
        let mut jobs = vec![look(shop, &bazaar.listing(channel, "A").await.unit)];
        jobs.push(look(shop, &bazaar.listing(channel, "B").await.unit));
        jobs.extend(
            [JobBody::PollOrders { shop }, JobBody::PollReturns { shop }, JobBody::ImportListings { shop }]
                .map(|body| NewJob { body, class: 2, run_at: 0, cause_at: None }),
        );
        done(&bazaar.engine, EnqueueJobs { jobs }).await;
        let now = bazaar.now().await;
        let mut at_once = Vec::new();
        for kind in ["read_back", "poll_orders", "poll_returns", "import_listings"] {
            let due = |job: &onhand_rules::Job| job.run_at <= now && job.body.shop() == Some(shop);
            at_once.extend(bazaar.jobs(kind).await.into_iter().filter(due));
        }
        assert!(at_once.len() >= 4, "{at_once:?}");
        let ended = futures_util::future::join_all(at_once.iter().map(|job| bazaar.attempt(job))).await;
        assert!(!format!("{ended:?}").contains("Failed"), "{channel}: {ended:?}");
        assert_eq!(bazaar.gates[channel].refreshes.load(std::sync::atomic::Ordering::SeqCst), 1, "{channel}");
        let after = bazaar.shop(channel).await;
        assert_eq!(after.grant_number, before.grant_number + 1, "{channel}: kept");
        assert_eq!(after.state, ShopState::Connected);
    }
    bazaar.nothing_is_dead().await;
}
