//! Telling figures, many changes, and answers that are lost or late.

use onhand_engine::{Request, SubmitError};
use onhand_rules::commands::queue::PutSetting;
use onhand_rules::commands::{ChangeStock, Reason, StockItem};
use onhand_rules::setting::{PUBLISHER, Setting, kind_pause_key};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Bazaar, LAZADA, SHOPEE, stop};
use crate::stage::{MAIN, Stage, confirmed, done, is_done, on_both, within};

on_both!(
    b9_ten_thousand_changes_while_one_push_is_on_its_way,
    e1_an_answer_that_is_lost_is_not_done_twice,
    a_write_that_arrives_too_late_is_taken_for_the_sellers,
);

fn one_less() -> ChangeStock {
    let (sku, location) = ("A".to_owned(), MAIN.to_owned());
    let item = StockItem::Adjust { sku, location, delta: -1, reason: Reason::Correction, note: None };
    ChangeStock { items: vec![item] }
}

/// Waits until every change has been turned into what is to be told.
async fn published(bazaar: &Bazaar) {
    let reads = bazaar.engine.reads();
    within("the publisher", async {
        while reads.settings(PUBLISHER).await.expect("a read").pop().map(|row| row.1)
            != Some(Setting::Publisher { event: reads.feed_head().await.expect("a read") })
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn b9_ten_thousand_changes_while_one_push_is_on_its_way(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 20_000).await;
    let gate = &bazaar.gates[SHOPEE];
    let before = gate.writes();
    let runner = bazaar.run();
    gate.close();
    done(&bazaar.engine, confirmed("A", 1)).await;
    gate.written(before + 1).await;
    // It is on its way; and now 9,999 more.
    let mut changes = JoinSet::new();
    for _ in 0..9_999 {
        let engine = bazaar.engine.clone();
        changes.spawn(async move {
            loop {
                match engine.submit(Request::internal(one_less())).await {
                    Ok(answer) => return answer.outcome,
                    Err(SubmitError::Busy) => tokio::task::yield_now().await,
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    while let Some(outcome) = within("a change", changes.join_next()).await {
        assert!(is_done(&outcome.expect("no panic")));
    }
    published(&bazaar).await;
    assert_eq!(gate.writes(), before + 1, "the others wait for it");
    gate.open();
    bazaar.until_it_shows(SHOPEE, "A", 10_000).await;
    assert_eq!(bazaar.available("A").await, 10_000);
    assert_eq!(gate.most(), 1, "one write of a listing at a time");
    assert_eq!(gate.writes(), before + 2, "one for the first change and one for all others");
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

async fn e1_an_answer_that_is_lost_is_not_done_twice(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 10).await;
    // The lost answer is to be that of a write.
    let value = Some(Setting::KindPaused { reason: "a test".into() });
    done(&bazaar.engine, PutSetting { key: kind_pause_key("read_back"), value }).await;
    let runner = bazaar.run();
    for (channel, left) in [(SHOPEE, 9), (LAZADA, 8)] {
        let gate = &bazaar.gates[channel];
        gate.close();
        let before = gate.writes();
        done(&bazaar.engine, confirmed("A", 1)).await;
        gate.written(before + 1).await;
        bazaar.fault(channel, json!({"fault": "lose_answer", "count": 1})).await;
        gate.open();
        // The figure is there before anybody here knows.
        bazaar.until_it_shows(channel, "A", left).await;
        assert!(gate.writes() >= before + 2, "nobody answered the first");
        let report = bazaar.look("report").await;
        assert!(report.to_string().contains("\"answers_lost\":1"), "{report}");
    }
    // What was told is read back: it is what it should be.
    stop(&runner).await;
    bazaar.stage.pass(31_000).await;
    assert!(bazaar.work("read_back").await >= 2);
    assert_eq!(bazaar.steps().await, Vec::<String>::new(), "nothing differs");
    for channel in [SHOPEE, LAZADA] {
        assert_eq!(bazaar.listing(channel, "A").await.seen, Some(8), "{channel}");
    }
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// The first write has no answer in time and is given up; the second one is acknowledged; then the first arrives.
async fn a_write_that_arrives_too_late_is_taken_for_the_sellers(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 10).await;
    let gate = &bazaar.gates[SHOPEE];
    let runner = bazaar.run();
    gate.delay(true);
    let before = gate.writes();
    done(&bazaar.engine, confirmed("A", 2)).await;
    gate.written(before + 1).await;
    // The time of its lease is over, so to speak; a newer figure is told by whoever takes over.
    done(&bazaar.engine, confirmed("A", 1)).await;
    published(&bazaar).await;
    gate.delay(false);
    bazaar.until_it_shows(SHOPEE, "A", 7).await;
    stop(&runner).await;
    gate.land().await;
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 8, "the old figure is there again");
    bazaar.stage.pass(31_000).await;
    assert!(bazaar.work("read_back").await >= 1);
    bazaar.work("push_stock").await;
    // FIXME (E2): a write without an answer may still arrive, and its figure is not remembered. It is told again only
    // after the five minutes for a seller's edit, and by then it counts as one. It should be told again at once.
    assert_eq!(bazaar.steps().await, ["suspected"]);
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 8, "should be 7");
}
