//! Orders are asked for, in case that no webhook told of them.

use onhand_connector::Class;
use onhand_connector::http::FIELDS;
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{Job, JobBody, NewJob};

use super::Street;
use crate::stage::{Stage, done, figures, on_both, receive};

on_both!(
    e3_orders_that_are_too_long_for_one_answer_are_fetched_in_parts,
    e3_a_list_of_orders_that_is_too_long_is_asked_for_by_shorter_times,
    g6_an_order_that_cannot_be_had_holds_no_other_up,
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
    // One that does not fit alone cannot be had; a job of its own says so.
    street.market.sell("a", "endless", 1, street.now().await);
    street.market.now().fits = Some(0);
    assert!(matches!(poll(&street).await, Some(End::Done { .. })));
    let end = fetch(&street, "endless").await;
    assert!(matches!(&end, Some(End::Failed { code, .. }) if code == "too_large"), "{end:?}");
    street.stage.verify().await;
}

/// Runs the job that asks for this order alone; how it ended.
async fn fetch(street: &Street, reference: &str) -> Option<End> {
    let jobs = street.jobs("fetch_order").await;
    let of = |job: &&Job| matches!(&job.body, JobBody::FetchOrder { reference: of, .. } if of == reference);
    let job = jobs.iter().find(of).expect("a job of its own");
    street.run(&street.flows, job).await
}

async fn g6_an_order_that_cannot_be_had_holds_no_other_up(stage: Stage) {
    let street = Street::open(stage, 20).await;
    for (round, (class, code)) in
        [(Class::Unclear, FIELDS), (Class::Gone, "order_gone")].into_iter().enumerate()
    {
        street.pass(120_000).await;
        let names = ["one", "two", "odd", "four", "five"].map(|name| format!("{name} {round}"));
        for name in &names {
            street.market.sell("a", name, 1, street.now().await);
        }
        let odd: &'static str = names[2].clone().leak();
        street.market.now().odd = Some((odd, class, code));
        assert!(matches!(poll(&street).await, Some(End::Done { .. })), "{code}");
        let taken = i64::try_from(round).expect("few") * 5;
        assert_eq!(figures(&street.engine, "A").await.2, taken + 4, "{code}: the others were taken");
        assert!(street.shop().await.cursors.orders_until >= street.now().await, "{code}: the poll goes on");
        let end = fetch(&street, odd).await;
        assert!(matches!(&end, Some(End::Failed { code: told, .. }) if told == code), "{code}: {end:?}");
        // It is mended there, and news of it come.
        street.market.now().odd = None;
        let body = JobBody::FetchOrder { shop: street.shop_id(), reference: odd.to_owned() };
        let job = NewJob { body, class: 1, run_at: 0, cause_at: None };
        done(&street.engine, EnqueueJobs { jobs: vec![job] }).await;
        street.pass(61_000).await;
        assert!(matches!(fetch(&street, odd).await, Some(End::Done { .. })), "{code}");
        assert_eq!(figures(&street.engine, "A").await.2, taken + 5, "{code}");
    }
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
