//! The second wall: what a mistake in the rules or another writer would do to the rows, the database refuses.

use onhand_rules::{Changes, Order, OrderId, ReservationId, Stock, Tracked};

use super::Fixture;
use super::commands::*;
use super::world::World;
use crate::error::StoreError;
use crate::ops::{OpKey, OpRow, Outcome};

/// Writes rows that no command made, together with a row that would be fine alone, and expects that nothing of it is
/// there afterwards.
async fn write(world: &mut World, mut changes: Changes, ops: &[OpRow]) -> StoreError {
    let before = world.dump().await;
    let witness = onhand_rules::Location {
        id: onhand_rules::LocationId(4_000),
        code: "witness".into(),
        name: "Witness".into(),
        archived: false,
        version: 1,
        created_at: 1,
    };
    changes.locations.push(Tracked { before: None, now: Some(witness) });
    let session = world.driver.session();
    let now = session.begin().await.unwrap();
    let mut result = session.write(&changes, ops, now).await;
    if result.is_ok() {
        result = session.commit().await.map(|_| ());
    }
    assert_eq!(world.dump().await, before, "something was written");
    // The session has rolled back by itself and works on.
    world.done(adjust("A", "L", 1)).await;
    world.verify().await;
    result.expect_err("the rows were written")
}

async fn world(fixture: Fixture) -> World {
    let mut world = World::stocked(fixture, &["L"], &[("A", 10), ("B", 10)]).await;
    world.done(place(1, &[("A", "L", 2), ("B", "L", 1)])).await;
    world.done(reserve(2, &[("A", "L", 3)])).await;
    world
}

async fn stock_row(world: &World) -> Stock {
    world.reads().stock(&Default::default(), 1).await.unwrap().rows[0].stock
}

async fn order(world: &World) -> Order {
    world.reads().order(OrderId(1)).await.unwrap().expect("order 1")
}

fn stock(before: Option<Stock>, now: Stock) -> Changes {
    Changes { stock: vec![Tracked { before, now: Some(now) }], ..Changes::default() }
}

fn orders(before: Option<Order>, now: Order) -> Changes {
    Changes { orders: vec![Tracked { before, now: Some(now) }], ..Changes::default() }
}

pub(super) async fn a_stale_stock_row_is_a_conflict(fixture: Fixture) {
    let mut world = world(fixture).await;
    let stale = stock_row(&world).await;
    world.done(adjust("A", "L", 1)).await;
    let now = Stock { version: stale.version + 1, ..stale };
    let error = write(&mut world, stock(Some(stale), now), &[]).await;
    assert!(error.is_conflict(), "{error}");
}

pub(super) async fn a_stale_order_is_a_conflict(fixture: Fixture) {
    let mut world = world(fixture).await;
    let stale = order(&world).await;
    world.done(confirm(1, None)).await;
    let mut now = stale.clone();
    now.version += 1;
    let error = write(&mut world, orders(Some(stale), now), &[]).await;
    assert!(error.is_conflict(), "{error}");
}

pub(super) async fn a_stale_reservation_is_a_conflict(fixture: Fixture) {
    let mut world = world(fixture).await;
    let stale = world.reads().reservation(ReservationId(2)).await.unwrap().unwrap();
    world.done(extend(2)).await;
    let mut now = stale.clone();
    now.version += 1;
    let changes =
        Changes { reservations: vec![Tracked { before: Some(stale), now: Some(now) }], ..Changes::default() };
    let error = write(&mut world, changes, &[]).await;
    assert!(error.is_conflict(), "{error}");
}

pub(super) async fn a_row_that_exists_already_is_a_conflict(fixture: Fixture) {
    let mut world = world(fixture).await;
    let row = stock_row(&world).await;
    let error = write(&mut world, stock(None, row), &[]).await;
    assert!(error.is_conflict(), "stock row: {error}");
    let known = order(&world).await;
    let error = write(&mut world, orders(None, known.clone()), &[]).await;
    assert!(error.is_conflict(), "order: {error}");
    let same_reference = Order { id: OrderId(55), ..known };
    let error = write(&mut world, orders(None, same_reference), &[]).await;
    assert!(error.is_conflict(), "order by reference: {error}");
    let mut sku = world.reads().sku("A").await.unwrap().unwrap();
    sku.id = onhand_rules::SkuId(5_000);
    let changes = Changes { skus: vec![Tracked { before: None, now: Some(sku) }], ..Changes::default() };
    let error = write(&mut world, changes, &[]).await;
    assert!(error.is_conflict(), "SKU by code: {error}");
}

pub(super) async fn an_operation_key_is_written_once(fixture: Fixture) {
    let mut world = world(fixture).await;
    let row = OpRow {
        key: OpKey { principal: onhand_rules::PrincipalId(7), kind: 10, key: "twice".into() },
        id: onhand_rules::OpId(1),
        fingerprint: [1; 16],
        outcome: Outcome::Refused(onhand_rules::Refusal::OutOfRange),
        at: 1,
    };
    let session = world.driver.session();
    let now = session.begin().await.unwrap();
    session.write(&Changes::default(), std::slice::from_ref(&row), now).await.unwrap();
    session.commit().await.unwrap();
    let again = OpRow { id: onhand_rules::OpId(2), ..row };
    let error = write(&mut world, Changes::default(), &[again]).await;
    assert!(error.is_conflict(), "{error}");
}

pub(super) async fn negative_figures_are_rejected(fixture: Fixture) {
    let mut world = world(fixture).await;
    let figures: [fn(&mut Stock) -> &mut i64; 4] = [
        |row| &mut row.figures.on_hand,
        |row| &mut row.figures.reserved,
        |row| &mut row.figures.allocated,
        |row| &mut row.figures.unavailable,
    ];
    for (number, figure) in figures.iter().enumerate() {
        let before = stock_row(&world).await;
        let mut now = Stock { version: before.version + 1, ..before };
        *figure(&mut now) = -1;
        let error = write(&mut world, stock(Some(before), now), &[]).await;
        assert!(matches!(error, StoreError::Rejected(_)), "figure {number}: {error:?}");
    }
}

pub(super) async fn lines_that_do_not_add_up_are_rejected(fixture: Fixture) {
    let mut world = world(fixture).await;
    let before = order(&world).await;
    let breaks: [fn(&mut Order); 4] = [
        |order| order.lines[0].reserved += 1,
        |order| order.lines[1].shipped = -1,
        |order| order.lines[0].returned = 1,
        |order| order.lines[0].ordered = 0,
    ];
    for (number, change) in breaks.iter().enumerate() {
        let mut now = before.clone();
        now.version += 1;
        change(&mut now);
        let error = write(&mut world, orders(Some(before.clone()), now), &[]).await;
        assert!(matches!(error, StoreError::Rejected(_)), "break {number}: {error:?}");
    }
    let before = world.reads().reservation(ReservationId(2)).await.unwrap().unwrap();
    let mut now = before.clone();
    now.version += 1;
    now.lines[0].released = 99;
    let changes = Changes {
        reservations: vec![Tracked { before: Some(before), now: Some(now) }],
        ..Changes::default()
    };
    let error = write(&mut world, changes, &[]).await;
    assert!(matches!(error, StoreError::Rejected(_)), "reservation: {error:?}");
}

pub(super) async fn a_movement_number_is_written_once(fixture: Fixture) {
    let mut world = world(fixture).await;
    let row = stock_row(&world).await;
    let last = world.reads().movements(row.key, None, 1).await.unwrap().rows.remove(0);
    let changes = Changes { movements: vec![last], ..Changes::default() };
    let error = write(&mut world, changes, &[]).await;
    assert!(error.is_conflict(), "{error:?}");
}
