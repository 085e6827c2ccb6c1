//! Sales that nobody has told us of, tokens that end, listings that go.

use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::listing::ListingState;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::{PollFirst, ShopState};
use serde_json::json;

use super::{Bazaar, LAZADA, Plan, SHOPEE, TIKTOK, stop};
use crate::stage::{Stage, confirmed, done, on_both, until, within};

on_both!(
    h1_a_sale_that_is_not_told_is_not_sold_again,
    h1_a_sale_that_is_not_told_is_found_by_reading_back,
    h4_many_jobs_refresh_once,
    h4_a_consent_that_is_taken_back_parks_the_jobs_until_it_is_given_again,
    h8_a_listing_that_is_deleted_is_left_alone,
    h8_units_of_a_promotion_are_not_taken_from_it,
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

async fn is_told(bazaar: &Bazaar, key: &str) -> Option<bool> {
    bazaar.engine.reads().notice(key).await.expect("a read").map(|notice| notice.open)
}

async fn h4_a_consent_that_is_taken_back_parks_the_jobs_until_it_is_given_again(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 20).await;
    let runner = bazaar.run();
    bazaar.hooks.deaf(200);
    let mut left = 20;
    for (channel, another) in [(SHOPEE, LAZADA), (TIKTOK, SHOPEE), (LAZADA, TIKTOK)] {
        bazaar.fault(channel, json!({"fault": "revoke_token"})).await;
        done(&bazaar.engine, confirmed("A", 1)).await;
        within("it is noticed", async {
            while bazaar.shop(channel).await.state != ShopState::Disconnected {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let key = Notice::key(NoticeKind::ShopDisconnected, &bazaar.shop(channel).await.code);
        assert_eq!(is_told(&bazaar, &key).await, Some(true), "{channel}: its owner is told");
        bazaar.until_it_shows(another, "A", left - 1).await;
        // More sales: nothing is tried, nothing is burnt, nothing dies. Nothing of the shop is claimed (`Door::of`), and what
        // is claimed all the same is put off before it asks anybody (`Flows::visit`): each of the two suffices here.
        let tried = bazaar.gates[channel].writes();
        done(&bazaar.engine, confirmed("A", 1)).await;
        bazaar.until_it_shows(another, "A", left - 2).await;
        assert_eq!(bazaar.gates[channel].writes(), tried, "{channel}");
        until("nothing runs", || runner.running() == 0).await;
        let parked = bazaar.jobs("push_stock").await;
        let parked: Vec<_> =
            parked.iter().filter(|job| job.body.shop() == Some(bazaar.shop_id(channel))).collect();
        assert!(!parked.is_empty() && parked.iter().all(|job| job.attempts == 0), "{channel}: {parked:?}");
        bazaar.nothing_is_dead().await;
        // The owner consents again.
        assert_eq!(bazaar.connect(channel, PollFirst::Auto).await, bazaar.shop_id(channel), "the same shop");
        bazaar.until_it_shows(channel, "A", left - 2).await;
        left -= 2;
        assert_eq!(is_told(&bazaar, &key).await, Some(false), "{channel}: and it is over");
    }
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

async fn h8_a_listing_that_is_deleted_is_left_alone(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 20).await;
    bazaar.hooks.deaf(200);
    // The looks after the first pushes would see it too; here it is the next push that is told so.
    bazaar.stage.pass(61_000).await;
    while bazaar.work("read_back").await > 0 {}
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        let delete = json!({"market": channel, "seller_sku": "A", "status": "deleted"});
        bazaar.control("listings/status", &delete).await;
    }
    let runner = bazaar.run();
    done(&bazaar.engine, confirmed("A", 1)).await;
    done(&bazaar.engine, confirmed("B", 1)).await;
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        if channel == SHOPEE {
            // It says no more than that it cannot be edited, as of one under review. The next look shows that it is gone.
            within("the refusal", async {
                let refused = |job: &onhand_rules::Job| {
                    let class = job.last_failure.as_ref().map(|failure| failure.class);
                    job.body.shop() == Some(bazaar.shop_id(SHOPEE)) && class == Some(FailureClass::Locked)
                };
                while !bazaar.jobs("push_stock").await.iter().any(refused) {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            let unit = bazaar.listing(SHOPEE, "A").await.unit;
            done(&bazaar.engine, EnqueueJobs { jobs: vec![look(bazaar.shop_id(SHOPEE), &unit)] }).await;
        }
        within(channel, async {
            while bazaar.listing(channel, "A").await.state != ListingState::Gone {
                tokio::task::yield_now().await;
            }
        })
        .await;
        bazaar.until_it_shows(channel, "B", 19).await;
    }
    // Nobody tries again.
    let written: Vec<u64> = bazaar.gates.values().map(|gate| gate.writes()).collect();
    done(&bazaar.engine, confirmed("A", 1)).await;
    done(&bazaar.engine, confirmed("B", 1)).await;
    for (channel, before) in bazaar.gates.keys().zip(written) {
        bazaar.until_it_shows(channel, "B", 18).await;
        assert_eq!(bazaar.gates[channel].writes(), before + 1, "{channel}: B alone");
    }
    // What still waited for it ends. A listing that is gone is never dirty, and counts as told: each of the two suffices here,
    // and the rules' own tests see each alone.
    bazaar.stage.pass(16 * 60_000).await;
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        let id = bazaar.listing(channel, "A").await.id;
        let key = Notice::key(NoticeKind::ListingTrouble, &id.0.to_string());
        assert_eq!(is_told(&bazaar, &key).await, Some(true), "{channel}: somebody may want it back");
        within(channel, async {
            while bazaar.listing(channel, "A").await.dirty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// More are put aside by a promotion than we have.
async fn h8_units_of_a_promotion_are_not_taken_from_it(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 20).await;
    bazaar.hooks.deaf(200);
    let reserve = json!({"market": SHOPEE, "seller_sku": "A", "stock": 8});
    bazaar.control("listings/reserve", &reserve).await;
    bazaar.stage.pass(61_000).await;
    let listing = bazaar.listing(SHOPEE, "A").await;
    done(&bazaar.engine, EnqueueJobs { jobs: vec![look(listing.shop, &listing.unit)] }).await;
    bazaar.work("read_back").await;
    assert_eq!(bazaar.listing(SHOPEE, "A").await.promotion_reserved, 8);
    let runner = bazaar.run();
    done(&bazaar.engine, confirmed("A", 17)).await;
    within("the write", async {
        while bazaar.listing(SHOPEE, "A").await.dirty() || bazaar.listing(SHOPEE, "A").await.pushed != Some(8)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bazaar.remote(SHOPEE, "A", 0).await["reserved"], 8, "it is still theirs");
    let key = Notice::key(NoticeKind::ListingTrouble, &listing.id.0.to_string());
    let told = async || {
        let notice = bazaar.engine.reads().notice(&key).await.expect("a read");
        notice.expect("somebody is told").open
    };
    assert!(told().await, "five may be sold that are not there");
    // The promotion ends, and with it the trouble.
    let free = json!({"market": SHOPEE, "seller_sku": "A", "stock": 0});
    bazaar.control("listings/reserve", &free).await;
    let unit = bazaar.listing(SHOPEE, "A").await.unit;
    bazaar.stage.pass(61_000).await;
    done(&bazaar.engine, EnqueueJobs { jobs: vec![look(listing.shop, &unit)] }).await;
    within("it is over", async {
        while told().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bazaar.until_it_shows(SHOPEE, "A", 3).await;
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}
