//! The marketplace keeps an item otherwise than it was imported.

use onhand_rules::commands::queue::End;
use onhand_rules::listing::ListingState;
use onhand_rules::retry::FailureClass;

use super::Street;
use crate::stage::{Stage, confirmed, done, on_both};

on_both!(
    a_write_to_other_warehouses_has_the_item_read_again_and_goes_on,
    a_write_to_an_item_with_other_variations_has_it_read_again,
);

/// Sells one of A and runs its push, which the marketplace refuses as often as it is tried.
async fn refused_twice(street: &Street) {
    done(&street.engine, confirmed("A", 1)).await;
    street.publish("a").await;
    for _ in 0..2 {
        let push = street.jobs("push_stock").await.pop().expect("a push");
        let end = street.run(&street.flows, &push).await;
        assert!(matches!(end, Some(End::Failed { class: FailureClass::Conflict, .. })), "{end:?}");
        street.pass(200).await;
    }
    assert_eq!(street.jobs("import_item").await.len(), 1, "both attempts ask for the same");
}

async fn a_write_to_other_warehouses_has_the_item_read_again_and_goes_on(stage: Stage) {
    let street = Street::open(stage, 10).await;
    let places = vec!["east".to_owned(), "west".to_owned()];
    street.market.now().places.insert("a".into(), places.clone());
    refused_twice(&street).await;
    // Two more attempts, and it waits for a minute.
    for _ in 0..2 {
        assert_eq!(street.work("push_stock").await, 1);
        street.pass(200).await;
    }
    assert_eq!(street.work("push_stock").await, 0);
    assert_eq!(street.work("import_item").await, 1);
    assert_eq!(street.listing("a").await.warehouses, places);
    assert_eq!(street.work("push_stock").await, 1, "it need not wait any longer");
    assert_eq!(street.market.shows("a"), 9);
    let listing = street.listing("a").await;
    assert!(!listing.dirty() && listing.trouble.is_none());
    street.stage.verify().await;
}

async fn a_write_to_an_item_with_other_variations_has_it_read_again(stage: Stage) {
    let street = Street::open(stage, 10).await;
    street.market.now().variants.insert("a".into(), vec![("7".to_owned(), "B".to_owned())]);
    refused_twice(&street).await;
    assert_eq!(street.work("import_item").await, 1);
    assert_eq!(street.listing("a").await.state, ListingState::Gone, "what is not there is not told");
    let reads = street.engine.reads();
    let new = reads.listing_by_key(street.shop_id(), "a", "7").await.unwrap().expect("the variation");
    assert!(new.mapping.is_some_and(|mapping| mapping.automatic), "B is a SKU of ours");
    street.pass(60_000).await;
    assert_eq!(street.work("push_stock").await, 1);
    assert_eq!(street.market.shows("a"), 10, "those of B");
    street.stage.verify().await;
}
