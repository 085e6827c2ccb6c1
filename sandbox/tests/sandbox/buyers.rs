//! Buyers by themselves.

use onhand_sandbox::{Market, Options};
use serde_json::{Value, json};

use crate::probe::Probe;

/// Lets this many people come and waits until they are through.
async fn crowd(seed: u64, people: u64) -> (Probe, Value) {
    let probe = Probe::with(Options { seed, time_scale: 0.000_1, ..Options::default() }).await;
    // Nobody changes his mind, so that what one finds does not depend on when another leaves.
    let habits = json!({"rate": 1_000, "limit": people, "abandon": 0.0, "cancel": 0.0});
    probe.tell("/control/buyers", habits).await;
    while probe.look("/control/buyers").await["attempts"] != people {}
    let unpaid = async || {
        let orders = probe.look("/control/orders?limit=10000").await;
        orders["orders"].as_array().unwrap().iter().any(|order| order["status"] == "unpaid")
    };
    while unpaid().await {}
    let report = probe.look("/control/report?history=1000").await;
    (probe, report)
}

#[tokio::test]
async fn the_same_seed_sends_the_same_people() {
    let bought = |report: &Value| -> Vec<(String, i64)> {
        let skus = report["skus"].as_array().unwrap().iter();
        skus.map(|sku| (sku["seller_sku"].to_string(), sku["sold"].as_i64().unwrap())).collect()
    };
    let first = bought(&crowd(5, 300).await.1);
    assert!(first.iter().map(|(_, sold)| sold).sum::<i64>() > 250);
    assert_eq!(first, bought(&crowd(5, 300).await.1));
    assert_ne!(first, bought(&crowd(6, 300).await.1));
}

#[tokio::test]
async fn a_few_codes_sell_most_and_nothing_is_sold_that_is_not_there() {
    let (_probe, report) = crowd(3, 2_000).await;
    let mut sold: Vec<i64> = Vec::new();
    let mut refused = 0;
    for sku in report["skus"].as_array().unwrap() {
        sold.push(sku["sold"].as_i64().unwrap());
        for listing in sku["listings"].as_array().unwrap() {
            let left = listing["listed"].as_i64().unwrap() - listing["ordered"].as_i64().unwrap();
            assert_eq!(listing["stock"].as_i64().unwrap(), left);
            let past = listing["history"].as_array().unwrap();
            assert!(past.iter().all(|change| change["value"].as_i64().unwrap() >= 0));
        }
    }
    for shop in report["shops"].as_array().unwrap() {
        refused += shop["refused"].as_i64().unwrap();
    }
    sold.sort_unstable();
    let (all, best): (i64, i64) = (sold.iter().sum(), sold[sold.len() - 20..].iter().sum());
    assert!(best * 3 > all, "{best} of {all} from twenty codes");
    assert!(refused > 0, "somebody came too late");
}

#[tokio::test]
async fn some_never_pay_and_some_change_their_minds() {
    let probe = Probe::with(Options { time_scale: 0.000_1, ..Options::default() }).await;
    let habits = json!({"rate": 1_000, "limit": 200, "abandon": 0.3, "cancel": 0.3, "cod": 0.2});
    probe.tell("/control/buyers", habits).await;
    while probe.look("/control/buyers").await["attempts"] != 200 {}
    // Six of ten leave without the goods; with the dice of this seed it is at least four.
    let start = std::time::Instant::now();
    loop {
        let totals = probe.look("/control/report").await["totals"].clone();
        let (ordered, cancelled) =
            (totals["ordered"].as_i64().unwrap(), totals["cancelled"].as_i64().unwrap());
        if cancelled * 5 > ordered * 2 {
            break;
        }
        assert!(start.elapsed().as_secs() < 30, "{totals}");
    }
    let left = probe.listing(Market::Shopee, "CRD-HER").await;
    assert!(left["stock"].as_i64().unwrap() >= 0);
}
