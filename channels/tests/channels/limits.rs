//! What is known about each marketplace beforehand.

use onhand_connector::Endpoint;

#[test]
fn there_are_three_and_each_has_a_name() {
    let names: Vec<_> = onhand_channels::all().iter().map(|channel| channel.facts().name).collect();
    assert_eq!(names, ["shopee", "tiktok", "lazada"]);
    assert!(onhand_channels::by_name("amazon").is_none());
}

/// `comparison.md` §1, rows "Stock write", "Order detail batch", "Answer needed", "Missed-push recovery".
#[test]
fn batches_and_answers_are_those_of_the_table() {
    for (name, push, same_item, orders, answer_ms, lost) in [
        ("shopee", 50, true, 50, 3_000, true),
        ("tiktok", 100, true, 50, 3_000, false),
        ("lazada", 20, false, 50, 500, false),
    ] {
        let channel = onhand_channels::by_name(name).unwrap();
        let facts = channel.facts();
        assert_eq!((facts.push_items_max, facts.push_same_item, facts.orders_max), (push, same_item, orders));
        assert_eq!((facts.webhook_answer_ms, facts.lost_webhooks), (answer_ms, lost), "{name}");
        assert!(facts.restores_on_cancel, "{name}");
    }
}

/// Where a rate is published, no second sees more, the burst included.
#[test]
fn published_rates_are_kept() {
    for (name, endpoint, published) in [
        ("tiktok", Endpoint::Stock, 50.0),
        ("tiktok", Endpoint::Orders, 50.0),
        ("tiktok", Endpoint::Listings, 50.0),
        ("tiktok", Endpoint::Shipping, 50.0),
        ("lazada", Endpoint::Stock, 50.0),
    ] {
        let channel = onhand_channels::by_name(name).unwrap();
        let limit = channel.facts().limits.iter().find(|(known, ..)| *known == endpoint).copied();
        let (_, rate, burst) = limit.unwrap();
        assert!(rate + burst <= published, "{name} {endpoint:?}");
    }
}
