//! For every push one can see when its cause was, and where the time went.

use onhand_rules::EventBody;

use super::Street;
use crate::stage::{Stage, confirmed, done, on_both};

on_both!(every_push_says_when_and_how_long, items_sent_singly_have_times_of_their_own);

/// The last figure that was told of a listing, with (cause, enqueued, sent, answered) and (wait, limit, network, total).
async fn last_push(street: &Street, item: &str) -> (i64, [i64; 4], [i64; 4]) {
    let id = street.listing(item).await.id.0;
    let page = street.engine.reads().events(0, 1_000).await.unwrap();
    let mut of_it = page.rows.into_iter().filter_map(|event| match event.body {
        EventBody::ListingPushed {
            listing,
            quantity,
            cause_at,
            enqueued_at,
            sent_at,
            answered_at,
            wait_ms,
            limit_ms,
            network_ms,
            total_ms,
            ..
        } if listing == id => {
            let times = [cause_at, enqueued_at, sent_at, answered_at];
            Some((quantity, times, [wait_ms, limit_ms, network_ms, total_ms]))
        }
        _ => None,
    });
    of_it.next_back().expect("it was told")
}

async fn every_push_says_when_and_how_long(stage: Stage) {
    let street = Street::open(stage, 100).await;
    street.pass(1_000).await;
    done(&street.engine, confirmed("A", 1)).await;
    let before = street.now().await;
    street.publish("a").await;
    street.pass(300).await;
    assert_eq!(street.work("push_stock").await, 1);
    let (quantity, [cause, enqueued, sent, answered], [wait, limit, network, total]) =
        last_push(&street, "a").await;
    assert_eq!(quantity, 99);
    assert!(before <= cause && cause <= enqueued && enqueued + 300 <= sent && sent <= answered);
    assert_eq!((wait + limit + network, total), (total, answered - cause));
    assert!(wait >= 300, "it waited in the queue");
    let pushes = street.engine.metrics().queue.recent_pushes();
    let last = pushes[0].1.last().expect("it is measured");
    assert_eq!((last.wait_ms, last.limit_ms, last.network_ms), (wait, limit, network));
}

async fn items_sent_singly_have_times_of_their_own(stage: Stage) {
    let street = Street::open(stage, 100).await;
    street.list_in("b", "a").await;
    street.market.now().picky = true;
    street.publish("a").await;
    done(&street.engine, confirmed("A", 1)).await;
    assert_eq!(street.work("push_stock").await, 1);
    let (one, other) = (last_push(&street, "a").await, last_push(&street, "b").await);
    assert_eq!((one.0, other.0), (99, 100), "only the batch was refused");
    assert!(one.1[2] <= other.1[2], "sent one after the other");
    assert_eq!(street.market.now().pushes.len(), 3);
}
