//! Orders are asked for, in case that no webhook told of them.

use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{JobBody, NewJob};

use super::Street;
use crate::stage::{Stage, done, figures, on_both, receive};

on_both!(
    e3_orders_that_are_too_long_for_one_answer_are_fetched_in_parts,
    e3_a_list_of_orders_that_is_too_long_is_asked_for_by_shorter_times,
    h1_a_sale_at_the_time_of_a_push_leaves_nobody_sure_of_what_is_shown,
);

/// Runs one poll of the shop; how it ended.
async fn poll(street: &Street) -> Option<End> {
    let body = JobBody::PollOrders { shop: street.shop_id() };
    let job = NewJob { body, class: 1, run_at: street.now().await, cause_at: None };
    done(&street.engine, EnqueueJobs { jobs: vec![job] }).await;
    let jobs = street.jobs("poll_orders").await;
    let [job] = jobs.as_slice() else { panic!("one poll: {jobs:?}") };
    street.run(&street.flows, job).await
}

async fn e3_orders_that_are_too_long_for_one_answer_are_fetched_in_parts(stage: Stage) {
    let street = Street::open(stage, 20).await;
    street.pass(1_000).await;
    for number in 0..7 {
        street.market.sell("a", &format!("order {number}"), 1, street.now().await);
    }
    street.market.now().fits = Some(2);
    assert!(matches!(poll(&street).await, Some(End::Done { .. })));
    assert_eq!(figures(&street.engine, "A").await.2, 7, "all of them were taken");
    // One that does not fit alone cannot be had; its job says so.
    street.market.sell("a", "endless", 1, street.now().await);
    street.market.now().fits = Some(0);
    let end = poll(&street).await;
    assert!(matches!(&end, Some(End::Failed { code, .. }) if code == "too_large"), "{end:?}");
    street.stage.verify().await;
}

async fn e3_a_list_of_orders_that_is_too_long_is_asked_for_by_shorter_times(stage: Stage) {
    let street = Street::open(stage, 20).await;
    for number in 0..7 {
        street.pass(2_000).await;
        street.market.sell("a", &format!("order {number}"), 1, street.now().await);
    }
    street.market.now().list_fits = Some(2);
    assert!(matches!(poll(&street).await, Some(End::Done { .. }) | None));
    while figures(&street.engine, "A").await.2 < 7 {
        street.pass(2_000).await;
        let end = poll(&street).await;
        assert!(matches!(end, Some(End::Done { .. } | End::Snooze { .. }) | None), "{end:?}");
    }
    // More of one moment than fit cannot be had, and the job says so.
    let now = street.now().await;
    for number in 0..3 {
        street.market.sell("a", &format!("crowd {number}"), 1, now);
    }
    let end = poll(&street).await;
    assert!(matches!(&end, Some(End::Failed { code, .. }) if code == "too_large"), "{end:?}");
    street.stage.verify().await;
}

/// The order bears the second, which is before the push, and was made after it. Then a unit comes in, so that there are as many
/// as the marketplace was told.
async fn h1_a_sale_at_the_time_of_a_push_leaves_nobody_sure_of_what_is_shown(stage: Stage) {
    let street = Street::open(stage, 20).await;
    let pushed_at = street.listing("a").await.pushed_at.expect("it was told");
    street.market.sell("a", "that second", 1, pushed_at - 300);
    assert_eq!(street.market.shows("a"), 19, "it was not written over");
    assert!(matches!(poll(&street).await, Some(End::Done { .. }) | None));
    done(&street.engine, receive("A", 1)).await;
    street.publish("a").await;
    assert_eq!(street.work("push_stock").await, 1);
    assert_eq!(street.market.shows("a"), 20);
    assert!(!street.listing("a").await.in_doubt(), "it was told again");
    street.stage.verify().await;
}
