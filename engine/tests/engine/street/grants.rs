//! Several shops bear the tokens of one authorisation.

use std::sync::Arc;

use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::NewJob;
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::ShopState;
use onhand_rules::{Job, JobBody, ShopId};

use super::market::host;
use super::{Market, Street, flows};
use crate::stage::{Stage, confirmed, done, on_both};

on_both!(
    h4_shops_of_one_authorisation_refresh_once,
    h4_who_comes_second_in_another_process_takes_the_new_token,
    a_grant_that_is_fresh_is_not_refreshed_again,
    h4_a_request_that_is_refused_with_a_good_grant_disconnects_nobody,
);

async fn two_shops(stage: Stage) -> Street {
    let street = Street::with(stage, 10, Market::new(&["1", "2"]), "http://127.0.0.1:1").await;
    assert_eq!(street.shops.len(), 2);
    street
}

async fn enqueue(street: &Street, body: JobBody) -> Job {
    let kind = body.kind();
    let jobs = vec![NewJob { body: body.clone(), class: 2, run_at: 0, cause_at: None }];
    done(&street.engine, EnqueueJobs { jobs }).await;
    street.jobs(kind).await.into_iter().find(|job| job.body == body).expect("the job")
}

async fn connected(street: &Street, shop: ShopId) -> bool {
    street.engine.reads().shop(shop).await.unwrap().expect("the shop").state == ShopState::Connected
}

/// The token ends while jobs of both shops run.
async fn h4_shops_of_one_authorisation_refresh_once(stage: Stage) {
    let street = two_shops(stage).await;
    street.pass(2 * crate::stage::HOUR).await;
    done(&street.engine, confirmed("A", 1)).await;
    street.publish("a").await;
    let push = street.jobs("push_stock").await.pop().expect("a push");
    let one = enqueue(&street, JobBody::PollOrders { shop: street.shops[0] }).await;
    let other = enqueue(&street, JobBody::PollOrders { shop: street.shops[1] }).await;
    let ours = &street.flows;
    let ends = tokio::join!(street.run(ours, &one), street.run(ours, &other), street.run(ours, &push));
    assert!(ends.2.is_none(), "{ends:?}");
    assert_eq!(street.market.now().refreshes, 1);
    assert_eq!(street.market.shows("a"), 9);
    assert_eq!(street.market.now().lists, 2, "both were listed");
    // And a token that the marketplace ends before its time is one more.
    let again = enqueue(&street, JobBody::PollOrders { shop: street.shops[1] }).await;
    street.market.now().tokens = 2;
    let end = street.run(&street.flows, &again).await;
    assert!(!connected(&street, street.shops[1]).await, "nobody has the new refresh token: {end:?}");
    assert!(connected(&street, street.shops[0]).await, "the others find that out by themselves");
    street.stage.verify().await;
}

async fn h4_who_comes_second_in_another_process_takes_the_new_token(stage: Stage) {
    let street = two_shops(stage).await;
    street.pass(2 * crate::stage::HOUR).await;
    let one = enqueue(&street, JobBody::PollOrders { shop: street.shops[0] }).await;
    let other = enqueue(&street, JobBody::PollOrders { shop: street.shops[1] }).await;
    // Another process: it shares no lock, only the database.
    let second = flows(&street.engine, &Arc::clone(&street.market), "http://127.0.0.1:1");
    tokio::join!(street.run(&street.flows, &one), street.run(&second, &other));
    let (first, last) =
        (connected(&street, street.shops[0]).await, connected(&street, street.shops[1]).await);
    assert!(first && last, "a token that was used up by the other is no reason to disconnect");
    assert_eq!(street.market.now().lists, 2, "both have the token that is good");
    assert_eq!(street.market.now().tokens, 1, "and it was made once");
}

async fn a_grant_that_is_fresh_is_not_refreshed_again(stage: Stage) {
    let street = two_shops(stage).await;
    street.pass(crate::stage::HOUR - 10 * 60_000).await;
    let one = enqueue(&street, JobBody::RefreshGrant { shop: street.shops[0] }).await;
    let other = enqueue(&street, JobBody::RefreshGrant { shop: street.shops[1] }).await;
    street.run(&street.flows, &one).await;
    assert_eq!(street.market.now().refreshes, 1);
    street.run(&street.flows, &other).await;
    assert_eq!(street.market.now().refreshes, 1, "the first one's is there already");
}

/// Shopee calls some refusals of single requests as it calls a grant that has ended.
async fn h4_a_request_that_is_refused_with_a_good_grant_disconnects_nobody(stage: Stage) {
    let address = host("Thu, 01 Oct 2026 00:00:00 GMT").await;
    let street = Street::with(stage, 10, Market::new(&["1"]), &address).await;
    street.pass(61_000).await;
    street.market.now().refuses_reads = true;
    let look = JobBody::ReadBack { shop: street.shop_id(), unit: "a".into() };
    let job = enqueue(&street, look.clone()).await;
    let end = street.run(&street.flows, &job).await;
    let told = matches!(&end, Some(End::Failed { class: FailureClass::Forbidden, code, .. }) if code == "error_auth");
    assert!(told, "{end:?}");
    assert!(connected(&street, street.shop_id()).await);
    assert_eq!(street.market.now().refreshes, 1, "a token that has ended is the first thing to think of");
    // If it answers nothing with a new grant, the grant is not good.
    street.market.now().refuses_probes = true;
    let job = enqueue(&street, look).await;
    let end = street.run(&street.flows, &job).await;
    assert!(matches!(&end, Some(End::Failed { class: FailureClass::Auth, .. })), "{end:?}");
    assert!(!connected(&street, street.shop_id()).await);
    street.stage.verify().await;
}
