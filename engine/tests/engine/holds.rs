//! Holds end by time: by the pulse, by a buyer in need, and never in somebody's favour.

use onhand_engine::{Engine, Settings};
use onhand_rules::commands::{ConfirmOrder, Reserve};
use onhand_rules::order::{OrderState, PaymentState};
use onhand_rules::{OrderId, Receipt};
use onhand_store::Outcome;

use crate::stage::{
    HOUR, Stage, buy, confirm, confirmed, done, figures, hold, is_done, is_short, on_both, open_shop, order,
    outcome, quiet, until, within,
};

on_both!(
    the_pulse_ends_what_is_due_and_nothing_else,
    a_hold_past_due_never_keeps_stock_from_a_buyer,
    a_hold_past_due_is_never_sold_late_over_another_buyer,
    money_for_a_hold_that_is_gone_must_go_back,
    a_thousand_holds_end_and_the_shop_goes_on,
);

/// Waits for the feed to say that the order has ended.
async fn ended(engine: &Engine, id: OrderId) {
    let mut feed = engine.feed();
    within("the end of the hold", async {
        while order(engine, id).await.state != OrderState::Expired {
            feed.changed().await.unwrap();
        }
    })
    .await;
}

async fn the_pulse_ends_what_is_due_and_nothing_else(stage: Stage) {
    let engine = stage.engine_with(Settings { pulse: true, ..quiet() }).await;
    open_shop(&engine, &[("A", 10)]).await;
    let (lasting, ending) = (hold(&[("A", 2)], HOUR), hold(&[("A", 3)], 1));
    let (lasting_id, ending_id) = (lasting.id, ending.id);
    done(&engine, lasting).await;
    done(&engine, ending).await;
    let lines = hold(&[("A", 4)], 1).lines;
    done(&engine, Reserve { id: onhand_engine::ids::reservation(), owner: None, lines, hold_ms: 1 }).await;
    ended(&engine, ending_id).await;
    let mut feed = engine.feed();
    within("the end of the reservation", async {
        while figures(&engine, "A").await.1 != 2 {
            feed.changed().await.unwrap();
        }
    })
    .await;
    assert_eq!(order(&engine, lasting_id).await.state, OrderState::Pending);
    let line = order(&engine, ending_id).await.lines[0].clone();
    assert_eq!((line.reserved, line.cancelled, line.expired), (0, 3, 3));
    // Counted when the pulse has its answer, a moment after the feed has told.
    until("the count", || engine.metrics().expired_holds.get() == 2).await;
    stage.verify().await;
}

async fn a_hold_past_due_never_keeps_stock_from_a_buyer(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 10), ("B", 10)]).await;
    let overdue = hold(&[("A", 6), ("B", 1)], 0);
    let id = overdue.id;
    done(&engine, overdue).await;
    let lines = hold(&[("A", 4)], 0).lines;
    done(&engine, Reserve { id: onhand_engine::ids::reservation(), owner: None, lines, hold_ms: 0 }).await;
    assert_eq!(figures(&engine, "A").await, (10, 10, 0), "nobody has ended them: there is no pulse");
    done(&engine, confirmed("A", 10)).await;
    assert_eq!(figures(&engine, "A").await, (10, 0, 10));
    assert_eq!(figures(&engine, "B").await, (10, 0, 0), "the whole order ended, not one line of it");
    assert_eq!(order(&engine, id).await.state, OrderState::Expired);
    assert!(is_short(&outcome(&engine, buy("A", 1)).await));
    stage.verify().await;
}

async fn a_hold_past_due_is_never_sold_late_over_another_buyer(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 1)]).await;
    let overdue = hold(&[("A", 1)], 0);
    let id = overdue.id;
    done(&engine, overdue).await;
    done(&engine, confirmed("A", 1)).await;
    assert!(is_short(&outcome(&engine, confirm(id)).await));
    assert_eq!(figures(&engine, "A").await, (1, 0, 1));

    // With nobody else in want of it, the late buyer gets it, and the order says that it was late.
    let (other, id) = {
        let order = hold(&[("A", 1)], 0);
        (order.clone(), order.id)
    };
    done(&engine, crate::stage::receive("A", 1)).await;
    done(&engine, other).await;
    let Receipt::Order { state, late, .. } = done(&engine, confirm(id)).await else {
        panic!("an order");
    };
    assert_eq!((state, late), (OrderState::Confirmed, true));
    assert_eq!(figures(&engine, "A").await, (2, 0, 2));
    stage.verify().await;
}

async fn money_for_a_hold_that_is_gone_must_go_back(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 1)]).await;
    let overdue = hold(&[("A", 1)], 0);
    let id = overdue.id;
    done(&engine, overdue).await;
    done(&engine, confirmed("A", 1)).await;
    let paid = ConfirmOrder { payment_reference: Some("pay-1".into()), ..confirm(id) };
    assert!(is_done(&outcome(&engine, paid).await));
    let order = order(&engine, id).await;
    assert_eq!((order.state, order.payment), (OrderState::Expired, PaymentState::RefundPending));
    assert_eq!(figures(&engine, "A").await, (1, 0, 1), "never both goods and money");
    stage.verify().await;
}

async fn a_thousand_holds_end_and_the_shop_goes_on(stage: Stage) {
    let engine = stage.engine_with(Settings { pulse: true, ..quiet() }).await;
    open_shop(&engine, &[("A", 1_000), ("B", 1_000_000)]).await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let engine = engine.clone();
        asking.spawn(async move { outcome(&engine, hold(&[("A", 1)], 1)).await });
    }
    while let Some(asked) = asking.join_next().await {
        assert!(matches!(asked.unwrap(), Outcome::Done(_)));
    }
    // The pulse shares the writer with buyers.
    let mut sold = 0;
    within("the holds' end", async {
        while figures(&engine, "A").await.1 > 0 {
            done(&engine, confirmed("B", 1)).await;
            sold += 1;
        }
    })
    .await;
    assert_eq!(figures(&engine, "A").await, (1_000, 0, 0));
    assert_eq!(figures(&engine, "B").await, (1_000_000, 0, sold));
    stage.verify().await;
}
