//! Clocks that lie.

use std::sync::atomic::Ordering;

use onhand_engine::{Engine, Settings};
use onhand_rules::order::OrderState;
use onhand_rules::{Movement, OrderId};

use crate::stage::{
    HOUR, Stage, buy, confirm, done, figures, hold, open_shop, order, quiet, receive, row, until, within,
};

async fn movements(engine: &Engine, sku: &str) -> Vec<Movement> {
    let key = row(engine, sku).await.key;
    engine.reads().movements_from(key, 0, 1_000).await.expect("movements")
}

async fn ended(engine: &Engine, id: OrderId) {
    let mut feed = engine.feed();
    within("the end of the hold", async {
        while order(engine, id).await.state != OrderState::Expired {
            feed.changed().await.unwrap();
        }
    })
    .await;
}

/// Two pulses have looked since now: the first may have been on its way before the clock was set.
async fn the_pulse_has_looked(engine: &Engine, id: OrderId) {
    for _ in 0..2 {
        let ending = hold(&[("B", 1)], 0);
        let other = ending.id;
        done(engine, ending).await;
        ended(engine, other).await;
        assert_eq!(order(engine, id).await.state, OrderState::Pending);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_sqlite_an_hour_back_and_forth_ends_no_hold_early_and_none_late() {
    let stage = Stage::sqlite().await;
    let clock = stage.clock_off.clone();
    let engine = stage.engine_with(Settings { pulse: true, ..quiet() }).await;
    open_shop(&engine, &[("A", 100), ("B", 100)]).await;
    let held = hold(&[("A", 1)], 120_000);
    let id = held.id;
    done(&engine, held).await;
    let due = order(&engine, id).await.expires_at.unwrap();

    clock.store(-HOUR, Ordering::SeqCst);
    let back_then = buy("A", 1);
    let back_then_id = back_then.id;
    done(&engine, back_then).await;
    assert!(order(&engine, back_then_id).await.created_at >= due - 120_000, "the ledger clock holds still");
    the_pulse_has_looked(&engine, id).await;

    clock.store(0, Ordering::SeqCst);
    done(&engine, receive("A", 1)).await;
    the_pulse_has_looked(&engine, id).await;

    // Two minutes on is no jump.
    clock.store(121_000, Ordering::SeqCst);
    ended(&engine, id).await;
    assert!(movements(&engine, "A").await.is_sorted_by_key(|movement| movement.at));
    let events = engine.reads().events(0, 1_000).await.unwrap().rows;
    assert!(events.is_sorted_by_key(|event| event.at));
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_sqlite_a_jump_of_a_day_empties_no_carts() {
    let stage = Stage::sqlite().await;
    let clock = stage.clock_off.clone();
    let engine = stage.engine_with(Settings { pulse: true, ..quiet() }).await;
    open_shop(&engine, &[("A", 100), ("B", 100)]).await;
    let held = hold(&[("A", 1)], HOUR);
    let id = held.id;
    done(&engine, held).await;
    // The pulse has seen the right time: it cannot notice a jump without having looked before it.
    the_pulse_has_looked(&engine, id).await;
    clock.store(24 * HOUR, Ordering::SeqCst);
    until("the pulse raises the alarm", || engine.metrics().clock_suspect.get() == 1).await;
    assert_eq!(order(&engine, id).await.state, OrderState::Pending);
    assert_eq!(figures(&engine, "A").await, (100, 1, 0));
    assert_eq!(engine.metrics().expired_holds.get(), 2, "only those from before the jump");
    stage.verify().await;
}

/// Whatever the processes' clocks say, the database's is the one that counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_postgres_the_databases_clock_is_the_only_one() {
    let stage = Stage::postgres().await;
    let (one, other) = (stage.engine().await, stage.replica(quiet()).await);
    open_shop(&one, &[("A", 100)]).await;
    let held = hold(&[("A", 1)], 60_000);
    let id = held.id;
    done(&one, held).await;
    // The database is five minutes ahead of both processes.
    stage.database().sql("update feed_state set last_ms = last_ms + 300000").unwrap();
    let ahead: i64 = stage.database().sql("select last_ms from feed_state").unwrap().parse().unwrap();
    let placed = buy("A", 1);
    let placed_id = placed.id;
    done(&other, placed).await;
    assert!(order(&one, placed_id).await.created_at >= ahead);
    // By its clock the first hold is over, on both of them.
    done(&other, confirm(id)).await;
    assert!(order(&one, id).await.late);
    stage.verify().await;
}
