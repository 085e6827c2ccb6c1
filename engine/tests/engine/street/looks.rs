//! What was told is read back, and a difference has a name.

use onhand_connector::Endpoint;
use onhand_rules::JobBody;
use onhand_rules::commands::channels::READ_BACK_MS;
use onhand_rules::notice::{Notice, NoticeKind};

use super::{Market, Street};
use crate::stage::{Stage, done, figures, on_both, receive};

on_both!(
    what_was_told_is_read_back_twice,
    h7_a_write_that_was_lost_is_told_again_at_once,
    h7_a_figure_that_shows_late_is_no_edit,
    h1_an_order_that_nobody_told_of_is_found_by_reading_back,
    h8_a_campaign_is_named_and_not_written_over,
    a_shop_without_room_is_not_read_back,
);

/// From the first look to the second, in milliseconds.
const REST: i64 = 28_000;

async fn drift_is_open(street: &Street) -> bool {
    let key = Notice::key(NoticeKind::Drift, &street.listing("a").await.id.0.to_string());
    street.engine.reads().notice(&key).await.unwrap().is_some_and(|notice| notice.open)
}

async fn what_was_told_is_read_back_twice(stage: Stage) {
    let street = Street::open(stage, 10).await;
    let told_at = street.listing("a").await.pushed_at.expect("it was told");
    let waits = street.jobs("read_back").await;
    let [job] = waits.as_slice() else { panic!("one for the unit: {waits:?}") };
    assert!(matches!(&job.body, JobBody::ReadBack { unit, .. } if unit == "a"));
    assert_eq!((job.run_at, job.class), (told_at + READ_BACK_MS, 4));
    street.pass(READ_BACK_MS).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.jobs("read_back").await[0].run_at, told_at + READ_BACK_MS + REST);
    street.pass(REST).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.jobs("read_back").await, [], "and then it is left to the turn");
    assert_eq!(street.market.now().reads, 2);
    assert_eq!(street.steps().await, [""; 0]);
    street.stage.verify().await;
}

async fn h7_a_write_that_was_lost_is_told_again_at_once(stage: Stage) {
    let street = Street::open(stage, 10).await;
    done(&street.engine, receive("A", 2)).await;
    street.market.now().loses = true;
    street.publish("a").await;
    assert_eq!(street.work("push_stock").await, 1);
    assert_eq!(street.market.shows("a"), 10, "it said yes and did nothing");
    street.pass(READ_BACK_MS).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.jobs("push_stock").await, [], "it may show late");
    street.pass(REST).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.steps().await, ["lost_push"]);
    assert!(drift_is_open(&street).await);
    street.market.now().loses = false;
    assert_eq!(street.work("push_stock").await, 1, "without waiting for a change");
    assert_eq!(street.market.shows("a"), 12);
    street.pass(READ_BACK_MS).await;
    assert_eq!(street.work("read_back").await, 1);
    assert!(!drift_is_open(&street).await, "it is over when it is seen");
    assert_eq!(figures(&street.engine, "A").await, (12, 0, 0), "nobody took it for an edit");
    street.stage.verify().await;
}

async fn h7_a_figure_that_shows_late_is_no_edit(stage: Stage) {
    let street = Street::open(stage, 10).await;
    done(&street.engine, receive("A", 2)).await;
    street.market.now().loses = true;
    street.publish("a").await;
    assert_eq!(street.work("push_stock").await, 1);
    street.pass(READ_BACK_MS).await;
    street.work("read_back").await;
    street.market.now().stock.insert("a".into(), 12);
    street.pass(REST).await;
    street.work("read_back").await;
    assert_eq!(street.steps().await, [""; 0]);
    assert_eq!(street.market.now().pushes, [("a".into(), 10), ("a".into(), 12)]);
}

async fn h1_an_order_that_nobody_told_of_is_found_by_reading_back(stage: Stage) {
    let street = Street::open(stage, 10).await;
    street.pass(1_000).await;
    street.market.sell("a", "one", 3, street.now().await);
    street.pass(READ_BACK_MS).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(figures(&street.engine, "A").await, (10, 0, 3), "its order was fetched");
    assert_eq!(street.steps().await, ["unseen_order"]);
    street.pass(REST).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.steps().await, ["unseen_order"], "and that was all");
    assert!(street.listing("a").await.edit.is_none());
    street.stage.verify().await;
}

/// That it is no edit is held twice after the first look: orders are not fetched for it, without which nothing is concluded,
/// and the rules know what was put aside (their own tests see that alone).
async fn h8_a_campaign_is_named_and_not_written_over(stage: Stage) {
    let street = Street::open(stage, 10).await;
    street.market.now().aside = 4;
    street.pass(READ_BACK_MS + REST).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.steps().await, ["campaign"]);
    assert!(drift_is_open(&street).await);
    assert_eq!(street.jobs("push_stock").await, [], "it would be refused");
    assert!(street.listing("a").await.edit.is_none(), "nobody has edited anything");
    assert_eq!(street.market.now().lists, 0, "a campaign lasts: it does not cost a poll at every look");
    street.stage.verify().await;
}

async fn a_shop_without_room_is_not_read_back(stage: Stage) {
    // Nothing comes back during the test.
    let market = Market::new(&["1"]).paced(0.001, 4.0);
    let street = Street::with(stage, 10, market, "http://127.0.0.1:1").await;
    let told_at = street.listing("a").await.pushed_at.unwrap();
    street.exhaust(Endpoint::Listings).await;
    street.pass(READ_BACK_MS).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.jobs("read_back").await[0].run_at, told_at + READ_BACK_MS + REST, "perhaps later");
    street.pass(REST).await;
    assert_eq!(street.work("read_back").await, 1);
    assert_eq!(street.jobs("read_back").await, []);
    assert_eq!(street.market.now().reads, 0);
}
