//! Before a figure is written over a sale that we have not heard of, the sale is looked for.

use onhand_connector::Endpoint;
use onhand_rules::commands::channels::UpdateShop;
use onhand_rules::shop::{PollFirst, ShopSettings};

use super::{Market, Street};
use crate::stage::{Stage, confirmed, done, figures, on_both};

on_both!(
    h1_the_last_units_are_not_sold_twice,
    h1_without_a_look_a_unit_is_handed_back,
    only_few_units_are_worth_a_look,
    a_look_serves_all_pushes_that_come_at_once,
    a_shop_without_room_is_pushed_without_a_look,
);

/// Three are told; one is bought there unheard, and one elsewhere.
async fn race(street: &Street) {
    street.pass(1_000).await;
    street.market.sell("a", "unheard", 1, street.now().await);
    done(&street.engine, confirmed("A", 1)).await;
    street.publish("a").await;
    assert_eq!(street.work("push_stock").await, 1);
}

async fn h1_the_last_units_are_not_sold_twice(stage: Stage) {
    let street = Street::open(stage, 3).await;
    race(&street).await;
    assert_eq!(street.market.shows("a"), 1);
    assert_eq!(figures(&street.engine, "A").await, (3, 0, 2));
    street.stage.verify().await;
}

async fn h1_without_a_look_a_unit_is_handed_back(stage: Stage) {
    let street = Street::open(stage, 3).await;
    let settings = Some(ShopSettings { poll_first: PollFirst::Off, ..street.shop().await.settings });
    let shop = street.shop_id();
    done(&street.engine, UpdateShop { shop, expected_version: None, name: None, settings, paused: None })
        .await;
    let before = street.market.now().lists;
    race(&street).await;
    assert_eq!(street.market.now().lists, before);
    assert_eq!(street.market.shows("a"), 2, "two are offered and one is there: what the setting is for");
}

async fn only_few_units_are_worth_a_look(stage: Stage) {
    let street = Street::open(stage, 7).await;
    let sell_one = async || {
        done(&street.engine, confirmed("A", 1)).await;
        street.publish("a").await;
        assert_eq!(street.work("push_stock").await, 1);
        street.market.now().lists
    };
    assert_eq!(sell_one().await, 0, "six are left");
    assert_eq!(sell_one().await, 1, "five are");
    done(&street.engine, confirmed("A", 5)).await;
    street.publish("a").await;
    assert_eq!(street.work("push_stock").await, 1);
    assert_eq!((street.market.shows("a"), street.market.now().lists), (0, 1), "0 hands nothing back");
}

async fn a_look_serves_all_pushes_that_come_at_once(stage: Stage) {
    let street = Street::open(stage, 5).await;
    street.list("b").await;
    assert_eq!(street.market.now().lists, 1, "the first figure of A");
    // On PostgreSQL the clock stands after this, so a look stays new.
    street.pass(60_000).await;
    done(&street.engine, confirmed("A", 1)).await;
    street.publish("a").await;
    street.publish("b").await;
    let jobs = street.jobs("push_stock").await;
    let [one, other] = jobs.as_slice() else { panic!("two units: {jobs:?}") };
    let ends = tokio::join!(street.run(&street.flows, one), street.run(&street.flows, other));
    assert_eq!(ends, (None, None));
    assert_eq!((street.market.shows("a"), street.market.shows("b")), (4, 5));
    let most = if street.stage.unknown_is_fatal() { 3 } else { 2 };
    assert!((2..=most).contains(&street.market.now().lists), "{}", street.market.now().lists);
}

async fn a_shop_without_room_is_pushed_without_a_look(stage: Stage) {
    let market = Market::new(&["1"]).paced(0.001, 40.0);
    let street = Street::with(stage, 3, market, "http://127.0.0.1:1").await;
    let before = street.market.now().lists;
    street.exhaust(Endpoint::Orders).await;
    race(&street).await;
    assert_eq!(street.market.now().lists, before);
    assert_eq!(street.market.shows("a"), 2, "a figure that is late would do more harm");
}
