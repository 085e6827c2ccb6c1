//! Orders that wait for listings which nobody has read yet.

use onhand_rules::commands::CreateSku;
use onhand_rules::commands::channels::{SeenListing, TakeListings};
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::{Notice, NoticeKind};
use serde_json::json;

use super::{Bazaar, SHOPEE};
use crate::stage::{Stage, done, on_both, receive};

on_both!(
    what_a_marketplace_sends_out_of_its_own_warehouse_takes_nothing_of_ours,
    an_import_that_was_cut_off_forgets_no_order_that_waits,
    an_import_that_fails_half_way_follows_what_was_taken_in,
    an_item_that_was_taken_in_by_a_worker_that_died_is_followed,
);

async fn ask(bazaar: &Bazaar, body: JobBody) {
    done(&bazaar.engine, EnqueueJobs { jobs: vec![NewJob { body, class: 1, run_at: 0, cause_at: None }] })
        .await;
}

/// A shop with an order of a listing that was put up after the import, which is then kept by a worker that goes no further.
async fn taken_in_and_not_followed(stage: Stage) -> (Bazaar, String) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 100).await;
    bazaar.hooks.deaf(200);
    bazaar.put_up("UNKNOWN").await;
    bazaar.control("listings/stock", &json!({"market": SHOPEE, "seller_sku": "UNKNOWN", "stock": 9})).await;
    let reference = bazaar.buy(SHOPEE, "UNKNOWN", 2).await;
    let shop = bazaar.shop_id(SHOPEE);
    ask(&bazaar, JobBody::FetchOrder { shop, reference: reference.clone() }).await;
    assert_eq!(bazaar.work("fetch_order").await, 1);
    let order = bazaar.market_order(SHOPEE, &reference).await.expect("it was taken");
    assert_eq!((order.state, order.waits_for.len()), (MarketOrderState::WaitsForMapping, 1));
    let (item, variant) = order.waits_for[0].clone();
    let listing = SeenListing {
        unit: item.clone(),
        item,
        variant,
        seller_sku: "UNKNOWN".into(),
        title: "Item UNKNOWN".into(),
        warehouses: Vec::new(),
        stock: 7,
        promotion_reserved: Some(0),
        theirs: None,
    };
    done(&bazaar.engine, TakeListings { shop, listings: vec![listing] }).await;
    assert!(bazaar.jobs("fetch_order").await.is_empty(), "nobody follows it yet");
    (bazaar, reference)
}

/// The order is asked for, once, and with it somebody is told to map its listing.
async fn is_followed(bazaar: &Bazaar, reference: &str) {
    let jobs = bazaar.jobs("fetch_order").await;
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert!(matches!(&job.body, JobBody::FetchOrder { reference: of, .. } if of == reference));
    assert_eq!(bazaar.work("fetch_order").await, 1);
    let listing = bazaar.listing(SHOPEE, "UNKNOWN").await;
    let key = Notice::key(NoticeKind::Unmapped, &listing.id.0.to_string());
    let told = bazaar.engine.reads().notice(&key).await.expect("a read");
    assert!(told.is_some_and(|notice| notice.open), "it waits for a person now");
}

async fn an_import_that_was_cut_off_forgets_no_order_that_waits(stage: Stage) {
    let (bazaar, reference) = taken_in_and_not_followed(stage).await;
    let shop = bazaar.shop_id(SHOPEE);
    ask(&bazaar, JobBody::ImportListings { shop }).await;
    assert_eq!(bazaar.work("import_listings").await, 1);
    is_followed(&bazaar, &reference).await;
    ask(&bazaar, JobBody::ImportListings { shop }).await;
    assert_eq!(bazaar.work("import_listings").await, 1);
    assert!(bazaar.jobs("fetch_order").await.is_empty(), "it knows what there is to know");
    bazaar.stage.verify().await;
}

async fn an_import_that_fails_half_way_follows_what_was_taken_in(stage: Stage) {
    let (bazaar, reference) = taken_in_and_not_followed(stage).await;
    ask(&bazaar, JobBody::ImportListings { shop: bazaar.shop_id(SHOPEE) }).await;
    let job = bazaar.jobs("import_listings").await.remove(0);
    bazaar.fault(SHOPEE, json!({"fault": "outage"})).await;
    let end = bazaar.attempt(&job).await;
    assert!(matches!(end, Some(End::Failed { .. })), "{end:?}");
    bazaar.end_faults().await;
    is_followed(&bazaar, &reference).await;
}

async fn an_item_that_was_taken_in_by_a_worker_that_died_is_followed(stage: Stage) {
    let (bazaar, reference) = taken_in_and_not_followed(stage).await;
    let job = bazaar.jobs("import_item").await.remove(0);
    let again = bazaar.killed_before(&job).await;
    assert!(bazaar.jobs("fetch_order").await.is_empty());
    bazaar.attempt(&again).await;
    is_followed(&bazaar, &reference).await;
    bazaar.stage.verify().await;
}

/// The seller gave the goods that lie there the code that those with him have, so that the listing maps itself.
async fn what_a_marketplace_sends_out_of_its_own_warehouse_takes_nothing_of_ours(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 10).await;
    bazaar.hooks.deaf(200);
    let create = CreateSku { code: "C".into(), name: "C".into(), components: Vec::new(), backorder_limit: 0 };
    done(&bazaar.engine, create).await;
    done(&bazaar.engine, receive("C", 10)).await;
    let variant = json!({"seller_sku": "C", "options": [], "stock": 9});
    let item = json!({"title": "Item C", "axes": [], "variants": [variant], "kept": "warehouse"});
    bazaar.control("catalogue", &json!({"items": [item]})).await;
    let shop = bazaar.shop_id(SHOPEE);
    ask(&bazaar, JobBody::ImportListings { shop }).await;
    assert_eq!(bazaar.work("import_listings").await, 1);
    assert!(bazaar.listing(SHOPEE, "C").await.mapping.is_some_and(|mapping| mapping.automatic));
    for (sku, left) in [("C", 10), ("A", 8)] {
        let reference = bazaar.buy(SHOPEE, sku, 2).await;
        ask(&bazaar, JobBody::FetchOrder { shop, reference: reference.clone() }).await;
        assert_eq!(bazaar.work("fetch_order").await, 1);
        let order = bazaar.market_order(SHOPEE, &reference).await.expect("it was taken");
        assert_eq!((order.state, order.applied.is_empty()), (MarketOrderState::Applied, sku == "C"));
        assert_eq!(bazaar.available(sku).await, left, "{sku}");
    }
    bazaar.stage.verify().await;
}
