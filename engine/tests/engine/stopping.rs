//! The engine ends in order.

use onhand_engine::SubmitError;
use onhand_store::faulty::Call;

use crate::stage::{
    Stage, buy, figures, is_done, new_key, on_both, open_shop, quiet, request, submit, until, within,
};

on_both!(whoever_waits_is_answered_and_whoever_comes_is_not);

async fn whoever_waits_is_answered_and_whoever_comes_is_not(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    let gate = plan.hold(Call::BeforeCommit);
    let ask = || {
        let (engine, request) = (engine.clone(), request(buy("A", 1), &new_key()));
        tokio::spawn(async move { engine.submit(request).await })
    };
    let first = ask();
    within("the first commit", gate.reached()).await;
    let second = ask();
    until("it waits", || engine.metrics().queue_depth.get() == 1).await;
    let stopping = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.stop().await })
    };
    until("the engine is stopping", || engine.is_stopping()).await;
    assert_eq!(submit(&engine, buy("A", 1)).await, Err(SubmitError::Stopping));
    gate.release();
    assert!(is_done(&within("the first", first).await.unwrap().unwrap().outcome));
    assert!(is_done(&within("the second", second).await.unwrap().unwrap().outcome));
    within("the end", stopping).await.unwrap();
    assert_eq!(figures(&engine, "A").await, (10, 2, 0));
    stage.verify().await;
}
