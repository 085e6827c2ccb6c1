//! The fault-injecting wrapper, around a real store: it fails as it is told, and what it says of the rows is true.

use std::sync::Arc;

use super::commands::*;
use super::driver::{Driver, Request};
use super::world::World;
use super::{Fixture, START};
use crate::error::StoreError;
use crate::faulty::{Call, FaultPlan, FaultyStore};
use crate::ops::Outcome;
use crate::session::Store;

/// The same database behind a wrapper. The session of the world is given up first, as a store may have only one.
fn wrapped(world: World) -> (Fixture, Arc<dyn Store>, FaultPlan) {
    let plan = FaultPlan::default();
    let World { fixture, driver } = world;
    drop(driver);
    let store: Arc<dyn Store> = Arc::new(FaultyStore::new(Arc::clone(&fixture.store), plan.clone()));
    (fixture, store, plan)
}

pub(super) async fn a_faulty_store_fails_as_told(fixture: Fixture) {
    let world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    let (_fixture, store, plan) = wrapped(world);
    let broken = || StoreError::Unavailable("pulled the plug".into());
    plan.fail(Call::Session, broken());
    assert_eq!(store.session().await.err(), Some(broken()));
    let mut driver = Driver::new(&store, 9_000_000).await;
    driver.read_back = false;
    let order = |id| [Request::of(place(id, &[("A", "L", 1)])).keyed(&format!("k{id}"))];
    let calls = [Call::Begin, Call::Outcomes, Call::Find, Call::Lock, Call::Write, Call::BeforeCommit];
    for (id, call) in (1..).zip(calls) {
        let before = crate::dump::dump(store.reads()).await.unwrap();
        plan.fail(call, broken());
        assert_eq!(driver.batch(&order(id)).await, Err(broken()), "{call:?}");
        assert_eq!(plan.pending(), 0);
        assert_eq!(crate::dump::dump(store.reads()).await.unwrap(), before, "{call:?} left something");
        driver.batch(&order(id)).await.expect("the next try");
    }
    // The commit happened and its answer is lost: asking again by the key tells, and nothing happens twice.
    let lost = StoreError::Unknown("cable".into());
    plan.fail(Call::AfterCommit, lost.clone());
    assert_eq!(driver.batch(&order(7)).await, Err(lost));
    let head = store.reads().feed_head().await.unwrap();
    let answers = driver.batch(&order(7)).await.expect("asked again");
    assert!(matches!(&answers[0], Outcome::Done(_)));
    assert_eq!(store.reads().feed_head().await.unwrap(), head);
    // The call after the next one, and two in a row.
    plan.fail_after(Call::Write, 1, broken());
    driver.batch(&order(8)).await.expect("the first");
    assert!(driver.batch(&order(9)).await.is_err());
    plan.fail(Call::Begin, broken());
    plan.fail(Call::Begin, StoreError::Full("disk".into()));
    assert_eq!(driver.batch(&order(9)).await, Err(broken()));
    assert_eq!(driver.batch(&order(9)).await, Err(StoreError::Full("disk".into())));
    driver.batch(&order(9)).await.expect("the third");
    assert!(plan.calls(Call::Begin) > 10 && driver.now >= START);
}

pub(super) async fn a_held_commit_waits_for_its_gate(fixture: Fixture) {
    let world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    let (_fixture, store, plan) = wrapped(world);
    let mut driver = Driver::new(&store, 9_000_000).await;
    driver.read_back = false;
    let before = store.reads().feed_head().await.unwrap();
    let gate = plan.hold(Call::BeforeCommit);
    let writer = tokio::spawn(async move { driver.batch(&[Request::of(place(1, &[("A", "L", 1)]))]).await });
    gate.reached().await;
    assert_eq!(store.reads().feed_head().await.unwrap(), before, "nothing is seen before the commit");
    gate.release();
    writer.await.expect("the writer").expect("the batch");
    assert!(store.reads().feed_head().await.unwrap() > before);
}
