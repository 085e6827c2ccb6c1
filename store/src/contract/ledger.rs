//! Rows: what is written is what is found.

use onhand_rules::commands::{Condition, Remainder, RevokeApiKey, UpdateLocation, UpdateSku};
use onhand_rules::{
    ApiKeyId, Command, Holder, LocationId, Needs, OrderId, ReservationId, SkuId, StockKey, SyncNeeds, Working,
};

use super::commands::*;
use super::driver::Request;
use super::world::{START, World, api_key};
use super::{Fixture, golden};
use crate::ops::Outcome;

/// Compares what the reads give of the last batch with what was written.
async fn check_reads(world: &World) {
    let (reads, changes) = (world.reads(), &world.driver.last);
    for row in changes.orders.iter().filter_map(|row| row.now.as_ref()) {
        let read = reads.order(row.id).await.expect("order");
        assert_eq!(read.as_ref(), Some(row));
    }
    for row in changes.reservations.iter().filter_map(|row| row.now.as_ref()) {
        let read = reads.reservation(row.id).await.expect("reservation");
        assert_eq!(read.as_ref(), Some(row));
    }
    for row in changes.skus.iter().filter_map(|row| row.now.as_ref()) {
        assert_eq!(reads.sku(&row.code).await.expect("SKU").as_ref(), Some(row));
        assert_eq!(reads.skus_by_id(&[row.id]).await.expect("SKU"), vec![row.clone()]);
    }
    for row in changes.locations.iter().filter_map(|row| row.now.as_ref()) {
        let read = reads.location(&row.code).await.expect("location");
        assert_eq!(read.as_ref(), Some(row));
        let read = reads.locations_by_id(&[row.id]).await.expect("location");
        assert_eq!(read, vec![row.clone()]);
    }
    for row in changes.api_keys.iter().filter_map(|row| row.now.as_ref()) {
        assert_eq!(reads.api_key(row.id).await.expect("API key").as_ref(), Some(row));
    }
    for written in &changes.movements {
        let (key, after) = (written.key, written.version - 1);
        let read = reads.movements_from(key, after, 1).await.expect("movement");
        assert_eq!(read, vec![written.clone()]);
    }
}

pub(super) async fn every_command_round_trips(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let mut kinds = std::collections::BTreeSet::new();
    for (at, batch) in golden::script() {
        world.at(at).await;
        for request in batch {
            kinds.insert(request.command.number());
            world.batch(&[request]).await;
            check_reads(&world).await;
        }
    }
    // Commands from 19 on are those of the queue and the channels; their rows have behaviours of their own.
    let missing: Vec<_> =
        (0..=18).filter(|number| Command::name_of(*number).is_some() && !kinds.contains(number)).collect();
    assert!(missing.is_empty(), "the script lacks commands {missing:?}");
    world.verify().await;
}

pub(super) async fn absent_keys_are_found_as_none(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 1)]).await;
    let absent = StockKey { sku: SkuId(999), location: LocationId(999) };
    let needs = Needs {
        sku_codes: ["nothing".to_owned(), "A".to_owned()].into(),
        skus: [SkuId(999)].into(),
        location_codes: ["nowhere".to_owned()].into(),
        locations: [LocationId(999)].into(),
        stock: [absent].into(),
        stock_of: [SkuId(999)].into(),
        orders: [OrderId(999)].into(),
        order_references: [("api".to_owned(), "999".to_owned())].into(),
        reservations: [ReservationId(999)].into(),
        due_on: [absent].into(),
        api_keys: [ApiKeyId(999)].into(),
        counters: true,
        bundles_of: [SkuId(999)].into(),
        sync: SyncNeeds::default(),
    };
    let session = world.driver.session();
    session.begin().await.unwrap();
    let mut working = Working::default();
    session.find(&needs, &mut working).await.unwrap();
    assert!(working.missing(&needs).is_empty());
    session.lock(&needs, &mut working).await.unwrap();
    session.rollback().await.unwrap();
    assert!(working.missing(&needs).is_empty());
    assert_eq!(working.sku_codes["nothing"], None);
    let known = working.sku_codes["A"].expect("A is there");
    let loaded = working.skus[&known].now.as_ref();
    assert_eq!(loaded.map(|sku| sku.code.as_str()), Some("A"), "by code means by id too");
    assert!(working.skus[&SkuId(999)].now.is_none());
    assert!(working.stock[&absent].now.is_none());
    assert!(working.orders[&OrderId(999)].now.is_none());
    assert_eq!(working.order_references.values().next(), Some(&None));
    assert!(working.reservations[&ReservationId(999)].now.is_none());
    assert!(working.due_on[&absent].is_empty());
    assert!(working.api_keys[&ApiKeyId(999)].now.is_none());
    assert!(working.counters.is_some_and(|row| row.now.is_some()));
}

pub(super) async fn a_batch_builds_on_itself(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 1)]).await;
    world.done(bundle("BOX", &[("A", 2)])).await;
    let steps: Vec<Request> = vec![
        Request::of(adjust("A", "L", 9)),
        Request::of(place(1, &[("BOX", "L", 2), ("A", "L", 1)])),
        Request::of(confirm(1, Some("p"))),
        Request::of(ship(1, &[(1, 1)])),
        Request::of(reserve(2, &[("A", "L", 5)])),
        Request::of(release(2, &[(1, 2)])),
        Request::of(sku("B")),
        Request::of(sku("C")),
    ];
    for outcome in world.batch(&steps).await {
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
    assert_eq!(world.driver.transactions, 1);
    check_reads(&world).await;
    world.verify().await;
    let row = world.reads().stock(&Default::default(), 10).await.unwrap().rows.remove(0);
    let figures = row.stock.figures;
    assert_eq!((figures.on_hand, figures.reserved, figures.allocated), (8, 3, 3));
    assert_eq!(row.stock.version, 1 + i64::try_from(world.driver.last.movements.len()).unwrap());
}

pub(super) async fn stock_of_finds_every_row_of_a_sku(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L", "M", "N"], &[("A", 1), ("B", 1)]).await;
    world.done(adjust("A", "M", 2)).await;
    world.done(limit("A", 5)).await;
    let rows = world.reads().stock(&Default::default(), 10).await.unwrap().rows;
    let limits: Vec<_> =
        rows.iter().map(|row| (row.sku.as_str(), row.location.as_str(), row.stock.backorder_limit)).collect();
    assert_eq!(limits, [("A", "L", 5), ("A", "M", 5), ("B", "L", 0)]);
    // A row that comes later has the limit as well: six can be sold of a SKU that N has never seen.
    world.done(place(1, &[("A", "N", 5)])).await;
    world.refused(place(2, &[("A", "N", 1)])).await;
    world.verify().await;
}

pub(super) async fn lines_keep_their_places(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 50), ("B", 50)]).await;
    world.done(bundle("BOX", &[("B", 2), ("A", 1)])).await;
    let wanted = [("A", "L", 3), ("BOX", "L", 4), ("A", "L", 2), ("B", "L", 1)];
    world.done(place_confirmed(1, &wanted)).await;
    world.done(reserve(2, &wanted)).await;
    for (line, items) in [(2, 1), (4, 1), (1, 2), (2, 3)] {
        world.done(ship(1, &[(line, items)])).await;
        check_reads(&world).await;
        world.done(release(2, &[(line, items)])).await;
        check_reads(&world).await;
    }
    let order = world.reads().order(OrderId(1)).await.unwrap().unwrap();
    let lines: Vec<_> = order.lines.iter().map(|l| (l.line, l.part, l.shipped)).collect();
    assert_eq!(lines, [(1, 0, 2), (2, 0, 8), (2, 1, 4), (3, 0, 0), (4, 0, 1)]);
    world.verify().await;
}

pub(super) async fn overdue_holders_of_a_row_are_found(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9), ("B", 9)]).await;
    world.done(place(5, &[("A", "L", 1), ("A", "L", 1)])).await;
    world.done(reserve(4, &[("A", "L", 1)])).await;
    world.done(place(3, &[("B", "L", 1)])).await;
    world.done(place_confirmed(2, &[("A", "L", 1)])).await;
    world.at(START + 30_000).await;
    world.done(place(1, &[("A", "L", 1)])).await;
    let key = world.reads().stock(&Default::default(), 1).await.unwrap().rows[0].stock.key;
    for (at, wanted) in [
        (START + HOLD - 1, vec![]),
        (START + HOLD, vec![Holder::Order(OrderId(5)), Holder::Reservation(ReservationId(4))]),
    ] {
        world.at(at).await;
        let needs = Needs { due_on: [key].into(), ..Needs::default() };
        let session = world.driver.session();
        assert_eq!(session.begin().await.unwrap(), at);
        let mut working = Working::default();
        session.find(&needs, &mut working).await.unwrap();
        session.rollback().await.unwrap();
        assert_eq!(working.due_on[&key], wanted);
    }
    // A buyer who lacks stock ends them on the way: 9 − 2 − 1 − 1 − 1 = 4 are free, 7 with the overdue ones.
    world.done(place(6, &[("A", "L", 7)])).await;
    let order = world.reads().order(OrderId(5)).await.unwrap().unwrap();
    assert_eq!(order.state.name(), "expired");
    world.verify().await;
}

pub(super) async fn a_restart_keeps_everything(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    for (at, batch) in golden::script() {
        world.at(at).await;
        world.batch(&batch).await;
    }
    let (before, last) = (world.dump().await, world.driver.now);
    let mut world = world.reopened().await;
    assert_eq!(world.dump().await, before);
    let now = world.driver.session().begin().await.unwrap();
    world.driver.session().rollback().await.unwrap();
    assert!(now >= last, "the clock went back over the restart, from {last} to {now}");
    world.done(sku("after the restart")).await;
    world.verify().await;
}

pub(super) async fn an_order_of_two_thousand_lines(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let codes: Vec<String> = (0..400).map(|n| format!("S{n:04}")).collect();
    let mut setup = vec![Request::of(location("L"))];
    setup.extend(codes.iter().map(|code| Request::of(sku(code))));
    setup.extend(codes.iter().map(|code| Request::of(adjust(code, "L", 20))));
    world.batch(&setup).await;
    let wanted: Vec<(&str, &str, i64)> = (0..2_000).map(|n| (codes[n % 400].as_str(), "L", 2)).collect();
    world.done(place(1, &wanted)).await;
    world.done(confirm(1, Some("p"))).await;
    world.done(cancel(1, &[(1_999, 1), (2_000, 2)])).await;
    world.done(ship(1, &[])).await;
    world.done(give_back(1, 1, 2, Condition::Sellable)).await;
    world.done(deliver(1)).await;
    check_reads(&world).await;
    world.done(reserve(2, &wanted[..16])).await;
    world.verify().await;
}

pub(super) async fn lock_brings_rows_up_to_date(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    world.done(place(1, &[("A", "L", 2)])).await;
    world.done(reserve(2, &[("A", "L", 3)])).await;
    world.done(api_key(77, None)).await;
    world
        .done(UpdateLocation {
            code: "L".into(),
            name: Some("Elsewhere".into()),
            ..UpdateLocation::default()
        })
        .await;
    world.done(UpdateSku { code: "A".into(), archived: Some(true), ..UpdateSku::default() }).await;
    world.done(allocate(2, 3, &[(1, 1)], Remainder::Hold)).await;
    world.done(RevokeApiKey { id: ApiKeyId(77) }).await;
    let row = world.reads().stock(&Default::default(), 1).await.unwrap().rows.remove(0).stock;
    let needs = Needs {
        stock: [row.key].into(),
        orders: [OrderId(1), OrderId(3)].into(),
        reservations: [ReservationId(2)].into(),
        api_keys: [ApiKeyId(77)].into(),
        counters: true,
        ..Needs::default()
    };
    let session = world.driver.session();
    session.begin().await.unwrap();
    let mut working = Working::default();
    session.find(&needs, &mut working).await.unwrap();
    let found = format!("{working:?}");
    session.lock(&needs, &mut working).await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(format!("{working:?}"), found, "nobody else wrote, so nothing may differ under locks");
    assert_eq!(working.stock[&row.key].before, Some(row));
}
