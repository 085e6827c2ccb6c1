//! What is refused or given up leaves nothing behind.

use onhand_rules::payment::PaymentEvent;
use onhand_rules::{Command, Context, OpId, PrincipalId, Working};

use super::Fixture;
use super::commands::*;
use super::driver::{Driver, Request};
use super::world::World;
use crate::ops::Outcome;

pub(super) async fn a_refused_command_leaves_no_trace(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 5), ("B", 1)]).await;
    world.done(place(1, &[("A", "L", 1)])).await;
    let before = world.dump().await;
    let head = world.reads().feed_head().await.unwrap();
    let refused: Vec<Command> = vec![
        place(2, &[("A", "L", 4), ("B", "L", 2)]).into(),
        reserve(3, &[("A", "L", 5)]).into(),
        confirm(9, None).into(),
        ship(1, &[]).into(),
        adjust("A", "L", -5).into(),
        sku("A").into(),
        location("L").into(),
        bundle("X", &[("Y", 1)]).into(),
        deliver(1).into(),
        payment(1, "p", PaymentEvent::Refunded { part: false }).into(),
    ];
    for command in refused {
        world.refused(command).await;
        assert_eq!(world.dump().await, before);
    }
    assert_eq!(world.reads().feed_head().await.unwrap(), head);
    // With a key, the record of the refusal is the only thing that is new.
    let request = Request::of(place(2, &[("A", "L", 5)])).keyed("k");
    let outcomes = world.batch(std::slice::from_ref(&request)).await;
    assert!(matches!(outcomes[0], Outcome::Refused(_)));
    let after = world.dump().await;
    let new: Vec<_> = after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("operation\t"));
    // And it stays refused when stock has come, because the answer to one key never changes.
    world.done(adjust("A", "L", 100)).await;
    assert_eq!(world.batch(&[request]).await, outcomes);
}

pub(super) async fn one_refused_command_costs_the_others_nothing(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 3)]).await;
    let outcomes = world
        .batch(&[
            Request::of(place(1, &[("A", "L", 2)])).keyed("a"),
            Request::of(place(2, &[("A", "L", 2)])).keyed("b"),
            Request::of(place(3, &[("A", "L", 1)])).keyed("c"),
            Request::of(sku("A")).keyed("d"),
            Request::of(sku("B")).keyed("e"),
        ])
        .await;
    let done: Vec<bool> = outcomes.iter().map(|o| matches!(o, Outcome::Done(_))).collect();
    assert_eq!(done, [true, false, true, false, true]);
    world.verify().await;
    assert!(world.reads().order(onhand_rules::OrderId(2)).await.unwrap().is_none());
    // The numbers of SKUs have no hole from the refused one.
    let ids: Vec<i64> = world.reads().skus("", None, 9).await.unwrap().rows.iter().map(|s| s.id.0).collect();
    assert_eq!(ids, [1, 2]);
}

/// A transaction up to and with `write`, but not to the end.
async fn half_way(driver: &mut Driver, command: Command) {
    let session = driver.session();
    let now = session.begin().await.unwrap();
    let mut working = Working::default();
    loop {
        let mut needs = onhand_rules::Needs::default();
        command.needs(&working, &mut needs);
        let missing = working.missing(&needs);
        if missing.is_empty() {
            session.lock(&needs, &mut working).await.unwrap();
            break;
        }
        session.find(&missing, &mut working).await.unwrap();
    }
    let context = Context { now, op: OpId(5), actor: PrincipalId(7), trace: None };
    let mut scope = working.scope();
    command.decide(&mut scope, &context).unwrap();
    scope.accept();
    session.write(&working.into_changes(PrincipalId(7)), &[], now).await.unwrap();
}

pub(super) async fn rollback_leaves_nothing(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 3)]).await;
    let before = world.dump().await;
    half_way(&mut world.driver, place(1, &[("A", "L", 2)]).into()).await;
    world.driver.session().rollback().await.unwrap();
    assert_eq!(world.dump().await, before);
    // Also right after `begin`, and the session works on.
    world.driver.session().begin().await.unwrap();
    world.driver.session().rollback().await.unwrap();
    world.done(place(1, &[("A", "L", 3)])).await;
    world.verify().await;
}

pub(super) async fn a_dropped_session_leaves_nothing(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 3)]).await;
    let before = world.dump().await;
    half_way(&mut world.driver, place(1, &[("A", "L", 2)]).into()).await;
    let world = world.reopened().await;
    assert_eq!(world.dump().await, before);
    world.verify().await;
}
