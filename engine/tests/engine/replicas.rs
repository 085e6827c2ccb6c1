//! Two engines over one PostgreSQL.

use onhand_engine::{Engine, SubmitError};
use onhand_rules::Command;
use onhand_store::Outcome;
use tokio::task::JoinSet;

use crate::stage::{
    Stage, buy, confirmed, done, figures, hold, is_done, is_short, new_key, open_shop, order, quiet, receive,
    request, row, within,
};

async fn two() -> (Stage, Engine, Engine) {
    let stage = Stage::postgres().await;
    let (one, other) = (stage.engine().await, stage.replica(quiet()).await);
    (stage, one, other)
}

/// Every second command by each. A quarrel that the engine could not settle is answered `busy`, and asked again.
async fn by_turns(one: &Engine, other: &Engine, commands: Vec<Command>) -> Vec<Outcome> {
    let mut asking = JoinSet::new();
    for (at, command) in commands.into_iter().enumerate() {
        let engine = if at % 2 == 0 { one.clone() } else { other.clone() };
        let request = request(command, &new_key());
        asking.spawn(async move {
            loop {
                match engine.submit(request.clone()).await {
                    Err(SubmitError::Busy) => {}
                    answer => return answer.expect("an outcome").outcome,
                }
            }
        });
    }
    let mut outcomes = Vec::new();
    while let Some(answered) = within("an answer", asking.join_next()).await {
        outcomes.push(answered.unwrap());
    }
    outcomes
}

fn count(outcomes: &[Outcome], which: fn(&Outcome) -> bool) -> i64 {
    i64::try_from(outcomes.iter().filter(|outcome| which(outcome)).count()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f1_postgres_two_replicas_sell_exactly_what_there_is() {
    let (stage, one, other) = two().await;
    open_shop(&one, &[("A", 500)]).await;
    let outcomes = by_turns(&one, &other, (0..1_000).map(|_| confirmed("A", 1).into()).collect()).await;
    assert_eq!(count(&outcomes, is_done), 500);
    assert_eq!(count(&outcomes, is_short), 500);
    assert_eq!(figures(&other, "A").await, (500, 0, 500));
    stage.verify().await;
}

/// Carts that name the same SKUs in opposite orders are what deadlocks are made of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_postgres_reversed_carts_do_not_deadlock() {
    let (stage, one, other) = two().await;
    open_shop(&one, &[("A", 150), ("B", 200), ("C", 250)]).await;
    let cart = |at: usize| -> Command {
        let mut lines = [("A", 1), ("B", 1), ("C", 1)];
        if at % 4 < 2 {
            lines.reverse();
        }
        hold(&lines, 60_000).into()
    };
    let outcomes = by_turns(&one, &other, (0..400).map(cart).collect()).await;
    assert_eq!(count(&outcomes, is_done), 150);
    for (sku, units) in [("A", 150), ("B", 200), ("C", 250)] {
        assert_eq!(figures(&one, sku).await, (units, 150, 0), "{sku}");
    }
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_the_feed_of_two_replicas_has_no_gaps_and_goes_forward() {
    let (stage, one, other) = two().await;
    open_shop(&one, &[("A", 1_000), ("B", 1_000)]).await;
    // A reader follows while both write: what it has once seen at a number must never change, nor a gap be filled later.
    let follower = {
        let other = other.clone();
        let mut feed = one.feed();
        tokio::spawn(async move {
            let mut seen: Vec<(i64, String)> = Vec::new();
            loop {
                // Looked at before reading: what was written before the end is then surely read.
                let over = feed.has_changed().is_err();
                let last = seen.last().map_or(0, |(number, _)| *number);
                let page = other.reads().events(last, 500).await.unwrap();
                for event in page.rows {
                    let next = seen.len() as i64 + 1;
                    assert_eq!(event.number, next, "a gap before it");
                    seen.push((event.number, format!("{event:?}")));
                }
                if !page.more {
                    if over {
                        return seen;
                    }
                    // Also when it has ended: then one more look is due.
                    let _ended = feed.changed().await;
                }
            }
        })
    };
    let sku = |at: usize| if at.is_multiple_of(3) { "A" } else { "B" };
    let outcomes = by_turns(&one, &other, (0..400).map(|at| buy(sku(at), 1).into()).collect()).await;
    assert_eq!(count(&outcomes, is_done), 400);
    let reader = stage.replica(quiet()).await;
    one.stop().await;
    drop(one);
    let seen = within("the follower", follower).await.unwrap();
    let all = reader.reads().events(0, 10_000).await.unwrap().rows;
    assert_eq!(all.len(), seen.len());
    for (event, (_, then)) in all.iter().zip(&seen) {
        assert_eq!(&format!("{event:?}"), then);
    }
    assert!(all.is_sorted_by_key(|event| event.at));
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f2_postgres_one_key_at_two_replicas_is_done_once() {
    let (stage, one, other) = two().await;
    open_shop(&one, &[("A", 1_000)]).await;
    for _ in 0..30 {
        let key = new_key();
        let before = row(&one, "A").await.version;
        // The same order at both, as a client would send it that tries the other server.
        let order = buy("A", 1);
        let (first, second) =
            tokio::join!(one.submit(request(order.clone(), &key)), other.submit(request(order, &key)));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first.outcome, second.outcome);
        assert_eq!(first.op, second.op);
        assert!(first.replayed ^ second.replayed);
        assert_eq!(row(&one, "A").await.version, before + 1);
    }
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_replica_sees_what_the_other_has_just_answered() {
    let (stage, one, other) = two().await;
    open_shop(&one, &[("A", 0)]).await;
    for _ in 0..30 {
        done(&one, receive("A", 1)).await;
        let placed = buy("A", 1);
        let id = placed.id;
        done(&other, placed).await;
        done(&one, crate::stage::confirm(id)).await;
        assert_eq!(order(&other, id).await.lines[0].allocated, 1);
    }
    stage.verify().await;
}
