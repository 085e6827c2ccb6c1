//! Figures that the seller sets on the marketplace himself (`ledger.md` §9.3), and figures that only look like it.

use onhand_rules::Job;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::notice::{Notice, NoticeKind};
use serde_json::json;

use super::{Bazaar, LAZADA, SHOPEE};
use crate::stage::{Stage, confirmed, done, on_both};

const MINUTE: i64 = 60_000;

on_both!(
    h5_a_figure_that_returns_in_time_changes_nothing,
    h5_a_figure_that_stands_counts_once_by_difference_with_the_sales_in_between,
    h5_two_listings_set_to_one_figure_are_one_wish,
    h6_a_crash_at_any_step_applies_an_edit_once,
    h7_a_reading_that_lags_is_no_edit,
);

async fn seller_sets(bazaar: &Bazaar, channel: &str, stock: i64) {
    let edit = json!({"fault": "seller_edit", "seller_sku": "A", "stock": stock});
    bazaar.fault(channel, edit).await;
}

/// Looks at the listing of A, as the sweep would.
async fn look(bazaar: &Bazaar, channel: &str) {
    let job = look_at(bazaar, channel).await;
    let _read_back = bazaar.attempt(&job).await;
}

async fn look_at(bazaar: &Bazaar, channel: &str) -> Job {
    let listing = bazaar.listing(channel, "A").await;
    let body = JobBody::ReadBack { shop: listing.shop, unit: listing.unit.clone() };
    let now = bazaar.now().await;
    let new = NewJob { body: body.clone(), class: 1, run_at: now, cause_at: None };
    done(&bazaar.engine, EnqueueJobs { jobs: vec![new] }).await;
    let found = bazaar.jobs("read_back").await.into_iter().find(|job| job.body == body);
    found.expect("it waits")
}

/// Long after the last push: nothing is excused by it.
async fn long_ago(stage: Stage, channels: &'static [&'static str], units: i64) -> Bazaar {
    let bazaar = Bazaar::open(stage, channels, units).await;
    // What comes by message is looked at when the test says so.
    bazaar.hooks.deaf(200);
    bazaar.stage.pass(2 * MINUTE).await;
    for channel in channels {
        look(&bazaar, channel).await;
    }
    bazaar
}

async fn fetch_orders(bazaar: &Bazaar, channel: &str, references: &[&String]) {
    let shop = bazaar.shop_id(channel);
    let fetch = |reference: &&String| JobBody::FetchOrder { shop, reference: (*reference).clone() };
    let job = |body| NewJob { body, class: 1, run_at: 0, cause_at: None };
    let jobs = references.iter().map(fetch).map(job).collect();
    done(&bazaar.engine, EnqueueJobs { jobs }).await;
    while bazaar.work("fetch_order").await > 0 {}
}

async fn h5_a_figure_that_returns_in_time_changes_nothing(stage: Stage) {
    let bazaar = long_ago(stage, &[SHOPEE], 50).await;
    let before = bazaar.gates[SHOPEE].writes();
    seller_sets(&bazaar, SHOPEE, 40).await;
    look(&bazaar, SHOPEE).await;
    assert_eq!(bazaar.steps().await, ["suspected"]);
    bazaar.stage.pass(4 * MINUTE).await;
    look(&bazaar, SHOPEE).await;
    bazaar.work("settle_edit").await;
    assert_eq!(bazaar.available("A").await, 50, "not yet, though it was seen twice");
    seller_sets(&bazaar, SHOPEE, 50).await;
    look(&bazaar, SHOPEE).await;
    bazaar.stage.pass(2 * MINUTE).await;
    while bazaar.work("settle_edit").await > 0 {}
    bazaar.work("push_stock").await;
    assert_eq!(bazaar.steps().await, ["suspected", "returned"]);
    assert_eq!((bazaar.available("A").await, bazaar.shows(SHOPEE, "A").await), (50, 50));
    assert_eq!(bazaar.gates[SHOPEE].writes(), before, "there was nothing to tell");
    bazaar.stage.verify().await;
}

async fn h5_a_figure_that_stands_counts_once_by_difference_with_the_sales_in_between(stage: Stage) {
    let bazaar = long_ago(stage, &[SHOPEE, LAZADA], 50).await;
    seller_sets(&bazaar, SHOPEE, 40).await;
    look(&bazaar, SHOPEE).await;
    bazaar.stage.pass(2 * MINUTE).await;
    // One is sold there, one on the other marketplace and one by ourselves.
    let here = bazaar.buy(SHOPEE, "A", 1).await;
    let there = bazaar.buy(LAZADA, "A", 1).await;
    fetch_orders(&bazaar, SHOPEE, &[&here]).await;
    fetch_orders(&bazaar, LAZADA, &[&there]).await;
    done(&bazaar.engine, confirmed("A", 1)).await;
    assert_eq!(bazaar.available("A").await, 47);
    // They are told of each other's sales; the one in the window of its edit is not raised.
    bazaar.work("push_stock").await;
    look(&bazaar, SHOPEE).await;
    bazaar.stage.pass(3 * MINUTE + 1_000).await;
    for _ in 0..3 {
        bazaar.work("settle_edit").await;
        bazaar.stage.pass(5 * MINUTE + 1_000).await;
    }
    assert_eq!(bazaar.available("A").await, 37, "ten less, once: {:?}", bazaar.steps().await);
    look(&bazaar, SHOPEE).await;
    look(&bazaar, LAZADA).await;
    bazaar.stage.pass(6 * MINUTE).await;
    let runner = bazaar.run();
    bazaar.until_it_shows(SHOPEE, "A", 37).await;
    bazaar.until_it_shows(LAZADA, "A", 37).await;
    super::stop(&runner).await;
    assert_eq!(bazaar.available("A").await, 37);
    let steps = bazaar.steps().await;
    assert_eq!(steps.iter().filter(|step| *step == "adopted").count(), 1, "{steps:?}");
    bazaar.stage.verify().await;
}

async fn h5_two_listings_set_to_one_figure_are_one_wish(stage: Stage) {
    let bazaar = long_ago(stage, &[SHOPEE, LAZADA], 50).await;
    for channel in [SHOPEE, LAZADA] {
        seller_sets(&bazaar, channel, 40).await;
        look(&bazaar, channel).await;
    }
    bazaar.stage.pass(5 * MINUTE + 1_000).await;
    assert_eq!(bazaar.work("settle_edit").await, 2);
    let left = bazaar.available("A").await;
    assert!(left == 50 || left == 40, "at most once: {left}");
    let listing = bazaar.listing(SHOPEE, "A").await;
    let key = Notice::key(NoticeKind::EditEscalated, &listing.id.0.to_string());
    let told = bazaar.engine.reads().notice(&key).await.expect("a read");
    assert!(told.is_some_and(|notice| notice.open), "somebody decides");
    bazaar.stage.verify().await;
}

async fn h6_a_crash_at_any_step_applies_an_edit_once(stage: Stage) {
    let bazaar = long_ago(stage, &[SHOPEE], 100).await;
    let mut left = 100;
    for (suspecting, after) in [(true, false), (true, true), (false, false), (false, true)] {
        seller_sets(&bazaar, SHOPEE, left - 10).await;
        let crash = async |job: &Job| {
            let again = match after {
                true => bazaar.killed_after(job).await,
                false => bazaar.killed_before(job).await,
            };
            bazaar.attempt(&again).await;
        };
        let first = look_at(&bazaar, SHOPEE).await;
        if suspecting {
            crash(&first).await;
        } else {
            bazaar.attempt(&first).await;
        }
        assert_eq!(bazaar.available("A").await, left, "nothing is adopted by the first look");
        bazaar.stage.pass(5 * MINUTE).await;
        let settling = bazaar.jobs("settle_edit").await;
        assert_eq!(settling.len(), 1, "its job came with the suspicion");
        if suspecting {
            bazaar.attempt(&settling[0]).await;
        } else {
            crash(&settling[0]).await;
        }
        left -= 10;
        assert_eq!(bazaar.available("A").await, left, "suspecting {suspecting}, after {after}: once");
        // Nothing of it is left over.
        bazaar.stage.pass(10 * MINUTE).await;
        while bazaar.work("settle_edit").await > 0 {}
        bazaar.work("push_stock").await;
        look(&bazaar, SHOPEE).await;
        assert_eq!((bazaar.available("A").await, bazaar.shows(SHOPEE, "A").await), (left, left));
    }
    let steps = bazaar.steps().await;
    assert_eq!(steps, ["suspected", "adopted"].repeat(4));
    bazaar.stage.verify().await;
}

/// For two minutes after a push the marketplace shows what was there before.
async fn h7_a_reading_that_lags_is_no_edit(stage: Stage) {
    let bazaar = long_ago(stage, &[SHOPEE], 50).await;
    let gate = &bazaar.gates[SHOPEE];
    let runner = bazaar.run();
    done(&bazaar.engine, confirmed("A", 5)).await;
    bazaar.until_it_shows(SHOPEE, "A", 45).await;
    super::stop(&runner).await;
    gate.mirror(Some(50));
    // For half a minute it may: the look is an early one, which concludes nothing, and were it not, the rules would excuse
    // the old figure for as long (`drift::cause`). Each of the two suffices here; the rules' own tests see the other alone.
    let told = gate.writes();
    // Far from its end: on a busy machine the steps here take seconds, which count too.
    bazaar.stage.pass(5_000).await;
    look(&bazaar, SHOPEE).await;
    bazaar.work("push_stock").await;
    assert_eq!((bazaar.steps().await, gate.writes()), (Vec::new(), told), "it may show late");
    for _ in 0..4 {
        bazaar.stage.pass(30_000).await;
        look(&bazaar, SHOPEE).await;
        bazaar.work("settle_edit").await;
        bazaar.work("push_stock").await;
    }
    gate.mirror(None);
    look(&bazaar, SHOPEE).await;
    bazaar.stage.pass(6 * MINUTE).await;
    bazaar.work("settle_edit").await;
    bazaar.work("push_stock").await;
    look(&bazaar, SHOPEE).await;
    let steps = bazaar.steps().await;
    assert!(steps.iter().all(|step| step == "lost_push"), "told again, and nothing else: {steps:?}");
    assert!(!steps.is_empty(), "it was seen");
    assert_eq!((bazaar.available("A").await, bazaar.shows(SHOPEE, "A").await), (45, 45));
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}
