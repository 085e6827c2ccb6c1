//! Batches, keys and back-pressure.

use onhand_engine::{Engine, Request, Settings, SubmitError, ids};
use onhand_rules::commands::{CancelOrder, Condition, LineChoice, ReturnLine, ReturnOrder, ShipOrder};
use onhand_rules::{Command, PrincipalId, Refusal};
use onhand_store::Outcome;
use onhand_store::faulty::{Call, Gate};
use tokio::task::JoinHandle;

use crate::stage::{
    Stage, buy, confirmed, done, figures, hold, is_done, is_short, new_key, on_both, open_shop, order, quiet,
    receive, request, row, submit, until, within,
};

on_both!(
    what_arrives_during_a_commit_is_the_next_batch,
    a_repeated_key_gets_the_first_answer,
    f2_fifty_equal_requests_at_once_are_one,
    f3_a_key_with_another_request_is_refused,
    f4_a_refusal_stays_a_refusal,
    f6_one_short_line_of_two_hundred_holds_nothing,
    a_refused_command_leaves_no_trace_beside_accepted_ones,
    a_full_queue_is_busy_and_nothing_of_it_was_done,
    heavy_commands_fill_the_queue_sooner,
    lines_named_of_an_order_fill_the_queue_too,
    the_feed_wakes_whoever_waits,
);

type Asked = JoinHandle<Result<onhand_engine::Answer, SubmitError>>;

fn ask(engine: &Engine, request: Request) -> Asked {
    let engine = engine.clone();
    tokio::spawn(async move { engine.submit(request).await })
}

/// Lets the first command come to its commit, and keeps it there.
async fn occupied(engine: &Engine, gate: &Gate) -> Asked {
    let first = ask(engine, request(receive("A", 1), &new_key()));
    within("the first commit", gate.reached()).await;
    first
}

async fn queued(engine: &Engine, count: i64) {
    until("the queue has filled", || engine.metrics().queue_depth.get() == count).await;
}

async fn what_arrives_during_a_commit_is_the_next_batch(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 100)]).await;
    let before = plan.calls(Call::BeforeCommit);
    let gate = plan.hold(Call::BeforeCommit);
    let first = occupied(&engine, &gate).await;
    let rest: Vec<Asked> = (0..50).map(|_| ask(&engine, request(buy("A", 1), &new_key()))).collect();
    queued(&engine, 50).await;
    gate.release();
    assert!(is_done(&first.await.unwrap().unwrap().outcome));
    for asked in rest {
        assert!(is_done(&asked.await.unwrap().unwrap().outcome));
    }
    assert_eq!(plan.calls(Call::BeforeCommit) - before, 2, "one for the first, one for all others");
    assert_eq!(figures(&engine, "A").await, (101, 50, 0));
    stage.verify().await;
}

async fn a_repeated_key_gets_the_first_answer(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 10)]).await;
    let key = new_key();
    let first = engine.submit(request(buy("A", 3), &key)).await.unwrap();
    assert!(!first.replayed);
    let again = engine.submit(request(buy("A", 3), &key)).await.unwrap();
    assert!(again.replayed);
    assert_eq!((&again.outcome, again.op), (&first.outcome, first.op));
    assert_eq!(figures(&engine, "A").await, (10, 3, 0), "done once");

    // Another principal's equal key is another key, and so is the same key on another kind of command.
    let mut theirs = request(buy("A", 1), &key);
    theirs.key.as_mut().unwrap().principal = PrincipalId(2);
    assert!(!engine.submit(theirs).await.unwrap().replayed);
    assert!(!engine.submit(request(receive("A", 1), &key)).await.unwrap().replayed);

    // And after a restart.
    engine.stop().await;
    drop(engine);
    let stage = stage.restart().await;
    let engine = stage.engine().await;
    let again = engine.submit(request(buy("A", 3), &key)).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.outcome, first.outcome);
    stage.verify().await;
}

async fn f2_fifty_equal_requests_at_once_are_one(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 100)]).await;
    let key = new_key();
    let gate = plan.hold(Call::BeforeCommit);
    let first = occupied(&engine, &gate).await;
    // All of them in one batch: none of them finds another's record in the database.
    let same: Vec<Asked> = (0..50).map(|_| ask(&engine, request(buy("A", 2), &key))).collect();
    queued(&engine, 50).await;
    gate.release();
    first.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for asked in same {
        answers.push(asked.await.unwrap().unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    // Without knowing its own records a batch would be refused by the unique key, and end right after a detour.
    assert_eq!(engine.metrics().conflicts.get(), 0);
    assert!(answers.iter().all(|answer| answer.outcome == answers[0].outcome && answer.op == answers[0].op));
    assert_eq!(figures(&engine, "A").await, (101, 2, 0));
    // Received twice, sold once.
    assert_eq!(row(&engine, "A").await.version, 3);
    stage.verify().await;
}

async fn f3_a_key_with_another_request_is_refused(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    let key = new_key();
    let first = engine.submit(request(buy("A", 3), &key)).await.unwrap();
    let other = Request { fingerprint: [2; 16], ..request(buy("A", 4), &key) };
    assert_eq!(engine.submit(other.clone()).await, Err(SubmitError::Mismatch));
    // The original is untouched.
    assert_eq!(engine.submit(request(buy("A", 3), &key)).await.unwrap().outcome, first.outcome);
    assert_eq!(figures(&engine, "A").await, (10, 3, 0));

    // Also when both are in one batch.
    let key = new_key();
    let gate = plan.hold(Call::BeforeCommit);
    let occupied = occupied(&engine, &gate).await;
    let one = ask(&engine, request(buy("A", 1), &key));
    queued(&engine, 1).await;
    let two = ask(&engine, Request { fingerprint: [2; 16], ..request(buy("A", 2), &key) });
    queued(&engine, 2).await;
    gate.release();
    occupied.await.unwrap().unwrap();
    assert!(is_done(&one.await.unwrap().unwrap().outcome));
    assert_eq!(two.await.unwrap(), Err(SubmitError::Mismatch));
    assert_eq!(figures(&engine, "A").await, (11, 4, 0));
    stage.verify().await;
}

async fn f4_a_refusal_stays_a_refusal(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 1)]).await;
    let key = new_key();
    let first = engine.submit(request(buy("A", 5), &key)).await.unwrap();
    assert!(is_short(&first.outcome));
    done(&engine, receive("A", 100)).await;
    // There is stock now, but this key has had its answer; a new try needs a new key.
    let again = engine.submit(request(buy("A", 5), &key)).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.outcome, first.outcome);
    assert_eq!(figures(&engine, "A").await, (101, 0, 0));
    assert!(is_done(&engine.submit(request(buy("A", 5), &new_key())).await.unwrap().outcome));
    stage.verify().await;
}

async fn f6_one_short_line_of_two_hundred_holds_nothing(stage: Stage) {
    let engine = stage.engine().await;
    let codes: Vec<String> = (0..200).map(|number| format!("S{number:03}")).collect();
    let stock: Vec<(&str, i64)> =
        codes.iter().map(|code| (code.as_str(), i64::from(code != "S198"))).collect();
    open_shop(&engine, &stock).await;
    let lines: Vec<(&str, i64)> = codes.iter().map(|code| (code.as_str(), 1)).collect();
    let before = stage.dump().await;
    let head = *engine.feed().borrow();
    let Outcome::Refused(Refusal::InsufficientStock { short }) =
        submit(&engine, hold(&lines, 1_000)).await.unwrap().outcome
    else {
        panic!("one line lacks stock");
    };
    assert_eq!(short.len(), 1);
    assert_eq!(
        (short[0].line, short[0].sku.as_str(), short[0].requested, short[0].available),
        (198, "S198", 1, 0)
    );
    assert_eq!(*engine.feed().borrow(), head, "nothing was told");
    // The record of the refusal is the one new row in the whole database.
    let after = stage.dump().await;
    let known: std::collections::BTreeSet<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().filter(|line| !known.contains(line)).collect();
    assert_eq!(new.len(), 1, "{new:#?}");
    assert!(new[0].contains("insufficient_stock"), "{new:?}");
    assert_eq!(before.lines().count() + 1, after.lines().count());
    stage.verify().await;
}

async fn a_refused_command_leaves_no_trace_beside_accepted_ones(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10), ("B", 1)]).await;
    let gate = plan.hold(Call::BeforeCommit);
    let first = occupied(&engine, &gate).await;
    let (good, bad, also_good) = (buy("A", 4), hold(&[("A", 4), ("B", 2)], 1_000), buy("A", 5));
    let bad_key = new_key();
    let (good_id, bad_id, also_id) = (good.id, bad.id, also_good.id);
    let mut asked = Vec::new();
    for (count, command) in
        [request(good, &new_key()), request(bad, &bad_key), request(also_good, &new_key())]
            .into_iter()
            .enumerate()
    {
        asked.push(ask(&engine, command));
        queued(&engine, count as i64 + 1).await;
    }
    let commits = plan.calls(Call::BeforeCommit);
    gate.release();
    first.await.unwrap().unwrap();
    let mut outcomes = Vec::new();
    for asked in asked {
        outcomes.push(asked.await.unwrap().unwrap().outcome);
    }
    assert_eq!(plan.calls(Call::BeforeCommit) - commits, 1, "they were one batch");
    assert!(is_done(&outcomes[0]) && is_short(&outcomes[1]) && is_done(&outcomes[2]), "{outcomes:?}");
    assert_eq!(figures(&engine, "A").await, (11, 9, 0));
    assert_eq!(figures(&engine, "B").await, (1, 0, 0));
    assert_eq!(row(&engine, "B").await.version, 1, "no movement");
    assert!(engine.reads().order(bad_id).await.unwrap().is_none());
    assert_eq!(order(&engine, good_id).await.lines[0].reserved, 4);
    assert_eq!(order(&engine, also_id).await.lines[0].reserved, 5);
    assert!(engine.reads().events_of(&bad_id.to_string(), 0, 10).await.unwrap().rows.is_empty());
    let kept = engine.reads().operations(PrincipalId(1), &bad_key).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].outcome, outcomes[1]);
    stage.verify().await;
}

async fn a_full_queue_is_busy_and_nothing_of_it_was_done(stage: Stage) {
    let (engine, plan) = stage.faulty(Settings { queue_max: 4, ..quiet() }).await;
    open_shop(&engine, &[("A", 10)]).await;
    let gate = plan.hold(Call::BeforeCommit);
    let first = occupied(&engine, &gate).await;
    let waiting: Vec<Asked> = (0..4).map(|_| ask(&engine, request(buy("A", 1), &new_key()))).collect();
    queued(&engine, 4).await;
    let key = new_key();
    // Answered at once, while the writer stands still: whoever is too many does not wait and costs no memory.
    for _ in 0..100 {
        let refused = within("an answer at once", engine.submit(request(buy("A", 1), &key))).await;
        assert_eq!(refused, Err(SubmitError::Busy));
    }
    assert_eq!(engine.metrics().queue_depth.get(), 4);
    gate.release();
    first.await.unwrap().unwrap();
    for asked in waiting {
        assert!(is_done(&asked.await.unwrap().unwrap().outcome));
    }
    let later = engine.submit(request(buy("A", 1), &key)).await.unwrap();
    assert!(is_done(&later.outcome) && !later.replayed, "nothing had been done under this key");
    assert_eq!(figures(&engine, "A").await, (11, 5, 0));
    stage.verify().await;
}

async fn heavy_commands_fill_the_queue_sooner(stage: Stage) {
    let (engine, plan) = stage.faulty(Settings { weight_max: 50, ..quiet() }).await;
    open_shop(&engine, &[("A", 1_000)]).await;
    let gate = plan.hold(Call::BeforeCommit);
    let first = occupied(&engine, &gate).await;
    let lines = [("A", 1); 40];
    let large: Vec<Asked> = (0..2).map(|_| ask(&engine, request(hold(&lines, 1_000), &new_key()))).collect();
    queued(&engine, 2).await;
    assert_eq!(submit(&engine, buy("A", 1)).await, Err(SubmitError::Busy), "eighty lines wait already");
    gate.release();
    first.await.unwrap().unwrap();
    for asked in large {
        assert!(is_done(&asked.await.unwrap().unwrap().outcome));
    }
    assert!(is_done(&submit(&engine, buy("A", 1)).await.unwrap().outcome), "the weight was given back");
}

async fn lines_named_of_an_order_fill_the_queue_too(stage: Stage) {
    let (engine, plan) = stage.faulty(Settings { weight_max: 50, ..quiet() }).await;
    open_shop(&engine, &[("A", 1_000)]).await;
    let placed = confirmed("A", 5);
    let id = placed.id;
    done(&engine, placed).await;
    let lines = || vec![LineChoice { line: 1, quantity: 1 }; 40];
    let cancel: Command = CancelOrder { id, lines: lines(), reason: None, expected_version: None }.into();
    let ship: Command =
        ShipOrder { id, lines: lines(), tracking: None, despite_dispute: false, expected_version: None }
            .into();
    let back = ReturnLine { line: 1, quantity: 1, condition: Condition::Sellable };
    let take_back: Command =
        ReturnOrder { id, lines: vec![back; 40], reason: None, expected_version: None }.into();
    for heavy in [cancel, ship, take_back] {
        let gate = plan.hold(Call::BeforeCommit);
        let first = occupied(&engine, &gate).await;
        let large: Vec<Asked> = (0..2).map(|_| ask(&engine, request(heavy.clone(), &new_key()))).collect();
        queued(&engine, 2).await;
        let more = submit(&engine, buy("A", 1)).await;
        assert_eq!(more, Err(SubmitError::Busy), "eighty lines of {} wait already", heavy.name());
        gate.release();
        first.await.unwrap().unwrap();
        for asked in large {
            asked.await.unwrap().unwrap();
        }
    }
}

async fn the_feed_wakes_whoever_waits(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 10)]).await;
    let mut feed = engine.feed();
    let seen = *feed.borrow_and_update();
    let placed = buy("A", 1);
    let id = placed.id;
    let asked = ask(&engine, request(placed, &ids::op().to_string()));
    within("the feed", feed.changed()).await.unwrap();
    let head = *feed.borrow();
    assert!(head > seen);
    assert_eq!(asked.await.unwrap().unwrap().feed, head, "the answer names the feed that has it");
    let events = engine.reads().events(seen, 100).await.unwrap().rows;
    let numbers: Vec<i64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (seen + 1..=head).collect::<Vec<i64>>());
    assert!(events.iter().any(|event| event.body.subject() == id.to_string()));
}
