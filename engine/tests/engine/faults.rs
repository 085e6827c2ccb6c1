//! The database fails at each step in turn: nothing is half done, and nobody is told anything wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use onhand_engine::{Engine, Settings, SubmitError};
use onhand_rules::OrderId;
use onhand_rules::commands::CancelOrder;
use onhand_store::faulty::Call;
use onhand_store::{Ballast, StoreError};
use tokio::task::JoinHandle;

use crate::stage::{
    Stage, buy, figures, is_done, mortal, new_key, on_both, open_shop, outcome, quiet, receive, request,
    submit, until, within,
};

on_both!(
    a_failure_at_any_step_does_nothing,
    a_full_or_read_only_disk_is_named,
    a5_a_full_disk_takes_what_frees_stock_and_nothing_else,
    it_is_well_again_without_being_asked,
    c6_a_conflict_is_run_again_and_nobody_notices,
    c6_endless_conflicts_are_busy,
    a_refused_batch_costs_only_its_culprit,
    an_unknown_commit_that_happened_is_found_by_its_key,
    an_unknown_commit_that_did_not_happen_is_done_by_the_retry,
    a_broken_database_ends_the_process,
);

const STEPS: [Call; 6] =
    [Call::Begin, Call::Outcomes, Call::Find, Call::Lock, Call::Write, Call::BeforeCommit];

fn gone() -> StoreError {
    StoreError::Unavailable("the cable".into())
}

async fn a_failure_at_any_step_does_nothing(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 100)]).await;
    for call in STEPS {
        let before = stage.dump().await;
        let key = new_key();
        plan.fail(call, gone());
        let answer = within("an answer", engine.submit(request(buy("A", 1), &key))).await;
        assert!(matches!(answer, Err(SubmitError::Unavailable(_))), "{call:?}: {answer:?}");
        assert_eq!(plan.pending(), 0, "{call:?} was reached");
        assert_eq!(stage.dump().await, before, "{call:?}");
        // By itself, without a restart, and as if the first had never been.
        let again = within("an answer", engine.submit(request(buy("A", 1), &key))).await.unwrap();
        assert!(is_done(&again.outcome) && !again.replayed, "{call:?}");
        well_again(&engine).await;
    }
    assert_eq!(figures(&engine, "A").await, (100, STEPS.len() as i64, 0));
    stage.verify().await;
}

async fn a_full_or_read_only_disk_is_named(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    let before = stage.dump().await;
    for error in [StoreError::Full("no room".into()), StoreError::ReadOnly("mounted so".into())] {
        for call in [Call::Write, Call::BeforeCommit] {
            plan.fail(call, error.clone());
            let answer = submit(&engine, buy("A", 1)).await;
            assert!(matches!(answer, Err(SubmitError::StorageFull(_))), "{call:?}: {answer:?}");
            assert_eq!(stage.dump().await, before);
            well_again(&engine).await;
        }
    }
    assert!(is_done(&submit(&engine, buy("A", 1)).await.unwrap().outcome));
}

/// Room that is there when the test says so.
#[derive(Default)]
struct Sandbag {
    no_room: AtomicBool,
    kept: AtomicBool,
}

impl Ballast for Sandbag {
    fn give_up(&self) -> bool {
        self.kept.swap(false, Ordering::SeqCst)
    }

    fn take(&self) -> Result<(), StoreError> {
        if self.no_room.load(Ordering::SeqCst) {
            return Err(StoreError::Full("no room for a sandbag".into()));
        }
        self.kept.store(true, Ordering::SeqCst);
        Ok(())
    }
}

async fn a5_a_full_disk_takes_what_frees_stock_and_nothing_else(stage: Stage) {
    let sandbag = Arc::new(Sandbag::default());
    let ballast: Arc<dyn Ballast> = sandbag.clone();
    let (engine, plan) = stage.faulty(Settings { ballast: Some(ballast), ..quiet() }).await;
    open_shop(&engine, &[("A", 10)]).await;
    let (first, second, known) = (buy("A", 1), buy("A", 1), new_key());
    for (order, key) in [(&first, &known), (&second, &new_key())] {
        engine.submit(request(order.clone(), key)).await.unwrap();
    }
    sandbag.no_room.store(true, Ordering::SeqCst);
    // One that gives back finds no room, and is done all the same.
    plan.fail(Call::Write, StoreError::Full("no room".into()));
    assert!(is_done(&outcome(&engine, cancel(first.id)).await));
    assert!(!sandbag.kept.load(Ordering::SeqCst) && !engine.is_writable());
    // One that takes is not even tried; one that was done before is known.
    let writes = plan.calls(Call::Write);
    let refused = submit(&engine, buy("A", 1)).await;
    assert!(matches!(refused, Err(SubmitError::StorageFull(_))), "{refused:?}");
    let again = within("an answer", engine.submit(request(first, &known))).await.unwrap();
    assert!(again.replayed && is_done(&again.outcome));
    assert_eq!(plan.calls(Call::Write), writes);
    assert_eq!(figures(&engine, "A").await, (10, 1, 0));
    // When the ballast is used up too, nothing is done, and nothing is half done.
    let before = stage.dump().await;
    plan.fail(Call::Write, StoreError::Full("no room at all".into()));
    let refused = submit(&engine, cancel(second.id)).await;
    assert!(matches!(refused, Err(SubmitError::StorageFull(_))), "{refused:?}");
    assert_eq!(stage.dump().await, before);
    sandbag.no_room.store(false, Ordering::SeqCst);
    well_again(&engine).await;
    assert!(sandbag.kept.load(Ordering::SeqCst), "it is kept again");
    assert!(is_done(&outcome(&engine, buy("A", 1)).await));
    stage.verify().await;
}

fn cancel(id: OrderId) -> CancelOrder {
    CancelOrder { id, lines: Vec::new(), reason: None, expected_version: None }
}

/// By itself: somebody who balances load sends nothing to a server that says that it cannot write.
async fn well_again(engine: &Engine) {
    until("it can write again", || engine.is_writable()).await;
}

async fn it_is_well_again_without_being_asked(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    plan.fail(Call::Begin, gone());
    // Two looks in vain, and one at a gate.
    plan.fail(Call::Begin, gone());
    plan.fail(Call::Write, StoreError::Full("no room".into()));
    let gate = plan.hold(Call::BeforeCommit);
    assert!(matches!(submit(&engine, buy("A", 1)).await, Err(SubmitError::Unavailable(_))));
    within("the writer looks", gate.reached()).await;
    assert_eq!(plan.pending(), 0);
    assert!(!engine.is_writable(), "not before a commit has succeeded");
    gate.release();
    well_again(&engine).await;
    assert_eq!(figures(&engine, "A").await, (10, 0, 0));
    stage.verify().await;
}

async fn c6_a_conflict_is_run_again_and_nobody_notices(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    for call in [Call::Find, Call::Lock, Call::Write, Call::BeforeCommit] {
        let conflicts = engine.metrics().conflicts.get();
        plan.fail(call, StoreError::Conflict("another was first".into()));
        plan.fail(call, StoreError::Conflict("and once more".into()));
        let answer = submit(&engine, buy("A", 1)).await.unwrap();
        assert!(is_done(&answer.outcome) && !answer.replayed, "{call:?}");
        assert_eq!(engine.metrics().conflicts.get() - conflicts, 2, "{call:?}");
    }
    assert_eq!(figures(&engine, "A").await, (10, 4, 0));
    stage.verify().await;
}

async fn c6_endless_conflicts_are_busy(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10)]).await;
    let before = stage.dump().await;
    for _ in 0..6 {
        plan.fail(Call::Write, StoreError::Conflict("another was first".into()));
    }
    assert_eq!(submit(&engine, buy("A", 1)).await, Err(SubmitError::Busy));
    assert_eq!(plan.pending(), 0);
    assert_eq!(stage.dump().await, before);
    assert!(engine.is_writable(), "a quarrel is no failure of the database");
}

type Asked = JoinHandle<Result<onhand_engine::Answer, SubmitError>>;

fn ask(engine: &Engine, sku: &str) -> Asked {
    let (engine, request) = (engine.clone(), request(buy(sku, 1), &new_key()));
    tokio::spawn(async move { engine.submit(request).await })
}

async fn a_refused_batch_costs_only_its_culprit(stage: Stage) {
    let (engine, plan) = stage.faulty(quiet()).await;
    open_shop(&engine, &[("A", 10), ("B", 10), ("C", 10)]).await;
    let gate = plan.hold(Call::BeforeCommit);
    let first = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(request(receive("A", 1), &new_key())).await })
    };
    within("the first commit", gate.reached()).await;
    let mut asked = Vec::new();
    for (count, sku) in ["A", "B", "C"].into_iter().enumerate() {
        asked.push(ask(&engine, sku));
        until("it waits", || engine.metrics().queue_depth.get() == count as i64 + 1).await;
    }
    // The batch of three is refused; run one by one, the second is the culprit.
    let refused = || StoreError::Rejected("a constraint".into());
    plan.fail(Call::Write, refused());
    plan.fail_after(Call::Write, 2, refused());
    gate.release();
    first.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for asked in asked {
        answers.push(within("an answer", asked).await.unwrap());
    }
    assert_eq!(plan.pending(), 0);
    assert!(is_done(&answers[0].as_ref().unwrap().outcome), "{answers:?}");
    assert!(matches!(&answers[1], Err(SubmitError::Bug(_))), "{answers:?}");
    assert!(is_done(&answers[2].as_ref().unwrap().outcome), "{answers:?}");
    assert_eq!(figures(&engine, "A").await, (11, 1, 0));
    assert_eq!(figures(&engine, "B").await, (10, 0, 0));
    assert_eq!(figures(&engine, "C").await, (10, 1, 0));
    assert!(engine.is_writable(), "a bug of one command is no failure of the database");
    stage.verify().await;
}

/// On a server the engine asks by key and knows; on SQLite only a restart can tell, so the process ends.
async fn an_unknown_commit_that_happened_is_found_by_its_key(stage: Stage) {
    let (settings, last_words) = mortal();
    let (engine, plan) = stage.faulty(settings).await;
    open_shop(&engine, &[("A", 10)]).await;
    let key = new_key();
    plan.fail(Call::AfterCommit, StoreError::Unknown("the answer was lost".into()));
    if !stage.unknown_is_fatal() {
        let answer = engine.submit(request(buy("A", 1), &key)).await.unwrap();
        assert!(is_done(&answer.outcome) && !answer.replayed, "the engine asked, and knows");
        assert_eq!(engine.metrics().unknown_commits.get(), 1);
        well_again(&engine).await;
        // When even asking fails, the caller is told that nobody knows.
        let unlucky = new_key();
        plan.fail(Call::AfterCommit, StoreError::Unknown("the answer was lost".into()));
        plan.fail_after(Call::Begin, 1, gone());
        let answer = engine.submit(request(buy("A", 1), &unlucky)).await;
        assert_eq!(answer, Err(SubmitError::OutcomeUnknown));
        assert_eq!(plan.pending(), 0);
        let truth = engine.submit(request(buy("A", 1), &unlucky)).await.unwrap();
        assert!(is_done(&truth.outcome) && truth.replayed, "it had been done");
        assert_eq!(figures(&engine, "A").await, (10, 2, 0));
        assert!(last_words.lock().unwrap().is_empty(), "no reason to end");
        stage.verify().await;
        return;
    }
    let engine = ends_unknown(engine, &key, &last_words).await;
    drop(engine);
    let stage = stage.restart().await;
    let engine = stage.engine().await;
    let truth = engine.submit(request(buy("A", 1), &key)).await.unwrap();
    assert!(is_done(&truth.outcome) && truth.replayed, "it had been done");
    assert_eq!(figures(&engine, "A").await, (10, 1, 0));
    stage.verify().await;
}

async fn an_unknown_commit_that_did_not_happen_is_done_by_the_retry(stage: Stage) {
    let (settings, last_words) = mortal();
    let (engine, plan) = stage.faulty(settings).await;
    open_shop(&engine, &[("A", 10)]).await;
    let key = new_key();
    plan.fail(Call::BeforeCommit, StoreError::Unknown("the answer was lost".into()));
    if !stage.unknown_is_fatal() {
        let answer = engine.submit(request(buy("A", 1), &key)).await;
        assert_eq!(answer, Err(SubmitError::OutcomeUnknown), "not found may still mean on its way");
        let truth = engine.submit(request(buy("A", 1), &key)).await.unwrap();
        assert!(is_done(&truth.outcome) && !truth.replayed);
        assert_eq!(figures(&engine, "A").await, (10, 1, 0));
        assert!(last_words.lock().unwrap().is_empty());
        stage.verify().await;
        return;
    }
    let engine = ends_unknown(engine, &key, &last_words).await;
    drop(engine);
    let stage = stage.restart().await;
    let engine = stage.engine().await;
    let truth = engine.submit(request(buy("A", 1), &key)).await.unwrap();
    assert!(is_done(&truth.outcome) && !truth.replayed);
    assert_eq!(figures(&engine, "A").await, (10, 1, 0));
    stage.verify().await;
}

/// The next command ends in `outcome_unknown`, and the engine with it.
async fn ends_unknown(engine: Engine, key: &str, last_words: &Arc<std::sync::Mutex<Vec<String>>>) -> Engine {
    let answer = within("an answer", engine.submit(request(buy("A", 1), key))).await;
    assert_eq!(answer, Err(SubmitError::OutcomeUnknown));
    until("the engine gives up", || last_words.lock().unwrap().len() == 1).await;
    assert!(!engine.is_writable());
    // Whatever comes now is refused: nothing may be decided on figures that may not be there.
    assert_eq!(submit(&engine, buy("A", 1)).await, Err(SubmitError::Stopping));
    within("the end", engine.stop()).await;
    engine
}

async fn a_broken_database_ends_the_process(stage: Stage) {
    let (settings, last_words) = mortal();
    let (engine, plan) = stage.faulty(settings).await;
    open_shop(&engine, &[("A", 10)]).await;
    let before = stage.dump().await;
    plan.fail(Call::Begin, StoreError::Broken("a newer schema".into()));
    let answer = submit(&engine, buy("A", 1)).await;
    assert!(matches!(answer, Err(SubmitError::Bug(_))), "{answer:?}");
    until("the engine gives up", || last_words.lock().unwrap().len() == 1).await;
    assert_eq!(stage.dump().await, before);
    assert_eq!(submit(&engine, buy("A", 1)).await, Err(SubmitError::Stopping));
}
