//! Orders that are not paid yet: the marketplace holds their units, for as long as it wants.

use onhand_rules::commands::queue::PutSetting;
use onhand_rules::setting::{Setting, kind_pause_key};
use serde_json::json;

use super::{Bazaar, LAZADA, SHOPEE, stop};
use crate::stage::{HOUR, Stage, done, on_both, within};

on_both!(a_hold_lasts_here_for_as_long_as_the_marketplace_says_pending);

/// Each time so long before the end of the hold that it is asked about, and not so late that it has ended.
const NEARLY: i64 = HOUR - 4 * 60_000;

async fn a_hold_lasts_here_for_as_long_as_the_marketplace_says_pending(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 10).await;
    // Who polls or reads figures back would come upon the order, too: the marketplace's own time stands still here.
    for kind in ["poll_orders", "recover_webhooks", "sweep_drift", "read_back"] {
        let value = Some(Setting::KindPaused { reason: "a test".into() });
        done(&bazaar.engine, PutSetting { key: kind_pause_key(kind), value }).await;
    }
    let runner = bazaar.run_with(super::webhooks::with_timers());
    let reference = bazaar.try_buy(SHOPEE, "A", 2, false).await.expect("it is there");
    let taken = bazaar.until_taken(SHOPEE, &reference).await;
    bazaar.until_it_shows(LAZADA, "A", 8).await;
    let order = taken.applied[0].order;
    let due = async || {
        let found = bazaar.engine.reads().order(order).await.expect("a read").expect("the order");
        found.expires_at
    };
    // No message comes: nothing has changed there.
    for _ in 0..3 {
        let before = due().await.expect("it is held");
        bazaar.stage.pass(NEARLY).await;
        within("it is held longer", async {
            while due().await.is_some_and(|at| at <= before) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(bazaar.available("A").await, 8);
    assert_eq!(bazaar.shows(LAZADA, "A").await, 8, "it was never offered to anybody else");
    // The message that it is over is lost, too; the look before the end of the hold finds out.
    bazaar.control("webhooks/shopee/suspend", &json!({})).await;
    bazaar.act(&reference, "cancel").await;
    bazaar.stage.pass(NEARLY).await;
    bazaar.until_it_shows(LAZADA, "A", 10).await;
    assert_eq!(bazaar.available("A").await, 10, "it is given back once");
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}
