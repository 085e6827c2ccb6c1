//! Answers that say yes to some and no to others, or yes and no at once.

use futures_util::future::join_all;
use onhand_rules::commands::channels::{Publish, Urgency};
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::commands::{ChangeStock, CreateSku, Reason, StockItem};
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::retry::FailureClass;
use onhand_rules::{Job, Listing};
use onhand_store::ListingFilter;
use serde_json::{Value, json};

use super::{Bazaar, LAZADA, SHOPEE, TIKTOK};
use crate::stage::{MAIN, Stage, confirmed, done, on_both, receive};

on_both!(
    h2_three_of_fifty_fail_and_only_they_are_told_again,
    h3_a_refusal_inside_a_success_acknowledges_nothing,
);

const MODELS: usize = 50;

fn code(number: usize) -> String {
    format!("V{number:02}")
}

/// One item with fifty variations in every shop, and ten units of each here.
async fn put_up_fifty(bazaar: &Bazaar) {
    let variant = |number| json!({"seller_sku": code(number), "options": [code(number)], "stock": 0});
    let variants: Vec<Value> = (0..MODELS).map(variant).collect();
    let item = json!({"title": "Fifty", "axes": ["Size"], "variants": variants});
    bazaar.control("catalogue", &json!({"items": [item]})).await;
    let create = async |number| {
        let (sku, name) = (code(number), code(number));
        let create = CreateSku { code: sku.clone(), name, components: Vec::new(), backorder_limit: 0 };
        done(&bazaar.engine, create).await;
        done(&bazaar.engine, receive(&sku, 10)).await;
    };
    join_all((0..MODELS).map(create)).await;
    let import = |channel: &&str| {
        let body = JobBody::ImportListings { shop: bazaar.shop_id(channel) };
        NewJob { body, class: 2, run_at: 0, cause_at: None }
    };
    let jobs = [SHOPEE, TIKTOK, LAZADA].iter().map(import).collect();
    done(&bazaar.engine, EnqueueJobs { jobs }).await;
    assert_eq!(bazaar.work("import_listings").await, 3);
    while bazaar.work("push_stock").await > 0 {}
}

async fn the_fifty(bazaar: &Bazaar, channel: &str) -> Vec<Listing> {
    let filter = ListingFilter { shop: Some(bazaar.shop_id(channel)), ..ListingFilter::default() };
    let page = bazaar.engine.reads().listings(&filter, 100).await.expect("a read");
    page.rows.into_iter().filter(|listing| listing.seller_sku.starts_with('V')).collect()
}

/// How many of the fifty show this to buyers.
async fn showing(bazaar: &Bazaar, channel: &str, stock: i64) -> usize {
    let all = bazaar.look(&format!("listings?market={channel}")).await;
    let ours = |one: &&Value| one["seller_sku"].as_str().is_some_and(|sku| sku.starts_with('V'));
    let all = all["listings"].as_array().expect("a list").iter().filter(ours);
    all.filter(|one| one["stock"].as_i64() == Some(stock)).count()
}

async fn tell(bazaar: &Bazaar, listings: &[Listing]) {
    let now = bazaar.now().await;
    let listings = listings.iter().map(|listing| (listing.id, now)).collect();
    done(
        &bazaar.engine,
        Publish { from: None, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None },
    )
    .await;
}

async fn h2_three_of_fifty_fail_and_only_they_are_told_again(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 100).await;
    put_up_fifty(&bazaar).await;
    let (location, delta) = (MAIN.to_owned(), -1);
    let less = |number| {
        let (sku, location, reason) = (code(number), location.clone(), Reason::Correction);
        StockItem::Adjust { sku, location, delta, reason, note: None }
    };
    done(&bazaar.engine, ChangeStock { items: (0..MODELS).map(less).collect() }).await;
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        assert_eq!(showing(&bazaar, channel, 10).await, MODELS, "{channel}");
        bazaar.fault(channel, json!({"fault": "partial_failure", "items": 3, "count": 1})).await;
        tell(&bazaar, &the_fifty(&bazaar, channel).await).await;
        bazaar.work("push_stock").await;
        assert_eq!(showing(&bazaar, channel, 9).await, MODELS - 3, "{channel}");
        let (failed, told): (Vec<Listing>, Vec<Listing>) =
            the_fifty(&bazaar, channel).await.into_iter().partition(Listing::dirty);
        assert!(told.len() == MODELS - 3 && told.iter().all(|one| one.pushed == Some(9)), "{channel}");
        assert!(told.iter().all(|one| one.trouble.is_none()), "{channel}: their fate is their own");
        assert_eq!(failed.len(), 3, "{channel}: what was refused is not believed to be told");
        assert!(failed.iter().all(|one| one.pushed == Some(10) && one.trouble.is_some()), "{failed:?}");
        // Only those three are tried again.
        bazaar.stage.pass(61_000).await;
        let before = bazaar.gates[channel].items();
        bazaar.work("push_stock").await;
        assert_eq!(bazaar.gates[channel].items(), before + 3, "{channel}");
        assert_eq!(showing(&bazaar, channel, 9).await, MODELS, "{channel}");
        let all = the_fifty(&bazaar, channel).await;
        assert!(all.iter().all(|one| !one.dirty() && one.trouble.is_none()), "{channel}");
    }
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

async fn as_it_waits(bazaar: &Bazaar, job: &Job) -> Job {
    bazaar.engine.reads().job(job.id).await.expect("a read").expect("it waits")
}

/// Each of these answers has the status 200.
async fn h3_a_refusal_inside_a_success_acknowledges_nothing(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 50).await;
    bazaar.hooks.deaf(200);
    done(&bazaar.engine, confirmed("A", 1)).await;
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        tell(&bazaar, &[bazaar.listing(channel, "A").await]).await;
        let job = bazaar.jobs("push_stock").await.remove(0);
        for (fault, class) in [("promotion_lock", FailureClass::Locked), ("html", FailureClass::Unclear)] {
            bazaar.fault(channel, json!({"fault": fault})).await;
            bazaar.attempt(&as_it_waits(&bazaar, &job).await).await;
            let waiting = as_it_waits(&bazaar, &job).await;
            assert_eq!(waiting.last_failure.expect("it is kept").class, class, "{channel} {fault}");
            let listing = bazaar.listing(channel, "A").await;
            assert!(listing.dirty() && listing.pushed == Some(50), "{channel} {fault}: {listing:?}");
            assert_eq!(bazaar.shows(channel, "A").await, 50, "{channel} {fault}");
            bazaar.end_faults().await;
            bazaar.stage.pass(16 * 60_000).await;
        }
        bazaar.attempt(&as_it_waits(&bazaar, &job).await).await;
        bazaar.until_it_shows(channel, "A", 49).await;
    }
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}
