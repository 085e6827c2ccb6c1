//! Loading rows without locks. One round trip: every statement leaves before the first answer is awaited.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::working::DUE_MAX;
use onhand_rules::{ApiKeyId, Holder, Needs, OrderId, ReservationId, SkuId, StockKey, Tracked, Working};
use onhand_store::StoreError;
use tokio_postgres::Row;

use crate::column::{Columns, Uuid};
use crate::rows;
use crate::session::Desk;
use crate::statements::Sql;
use crate::sync_find::{self, Versions};

/// The two arrays that name stock rows.
pub(crate) fn split(keys: impl IntoIterator<Item = StockKey>) -> (Vec<i64>, Vec<i64>) {
    keys.into_iter().map(|key| (key.sku.0, key.location.0)).unzip()
}

/// An array of ids.
pub(crate) fn uuids<T: Copy>(ids: impl IntoIterator<Item = T>, value: fn(T) -> u128) -> Vec<Uuid> {
    ids.into_iter().map(|id| Uuid(value(id))).collect()
}

/// Loads what is needed into `working`.
pub(crate) async fn find(
    desk: &Desk,
    now: i64,
    needs: &Needs,
    working: &mut Working,
    versions: &mut Versions,
) -> Result<(), StoreError> {
    let sku_codes: Vec<&str> = needs.sku_codes.iter().map(String::as_str).collect();
    let location_codes: Vec<&str> = needs.location_codes.iter().map(String::as_str).collect();
    let skus: Vec<i64> = needs.skus.iter().map(|id| id.0).collect();
    let locations: Vec<i64> = needs.locations.iter().map(|id| id.0).collect();
    let stock_of: Vec<i64> = needs.stock_of.iter().map(|id| id.0).collect();
    let orders = uuids(needs.orders.iter().copied(), |id: OrderId| id.0);
    let reservations = uuids(needs.reservations.iter().copied(), |id: ReservationId| id.0);
    let api_keys = uuids(needs.api_keys.iter().copied(), |id: ApiKeyId| id.0);
    let pairs = needs.order_references.iter();
    let references: (Vec<&str>, Vec<&str>) = pairs.map(|(a, b)| (a.as_str(), b.as_str())).unzip();
    let (stock_skus, stock_locations) = split(needs.stock.iter().copied());
    let (due_skus, due_locations) = split(needs.due_on.iter().copied());
    let due = !needs.due_on.is_empty();
    let bundles_of: Vec<i64> = needs.bundles_of.iter().map(|id| id.0).collect();
    let found = tokio::try_join!(
        biased;
        desk.ask(!sku_codes.is_empty(), Sql::SkusByCode, [&sku_codes]),
        desk.ask(!skus.is_empty(), Sql::SkusById, [&skus]),
        desk.ask(!location_codes.is_empty(), Sql::LocationsByCode, [&location_codes]),
        desk.ask(!locations.is_empty(), Sql::LocationsById, [&locations]),
        desk.ask(!stock_skus.is_empty(), Sql::Stock, [&stock_skus, &stock_locations]),
        desk.ask(!stock_of.is_empty(), Sql::StockOf, [&stock_of]),
        desk.ask(!orders.is_empty(), Sql::Orders, [&orders]),
        desk.ask(!references.0.is_empty(), Sql::OrderReferences, [&references.0, &references.1]),
        desk.ask(!reservations.is_empty(), Sql::Reservations, [&reservations]),
        desk.ask(due, Sql::DueOrders, [&now, &due_skus, &due_locations]),
        desk.ask(due, Sql::DueReservations, [&now, &due_skus, &due_locations]),
        desk.ask(!api_keys.is_empty(), Sql::ApiKeys, [&api_keys]),
        desk.ask(needs.counters, Sql::Counters, []),
        desk.ask(!bundles_of.is_empty(), Sql::BundlesOf, [&bundles_of]),
        sync_find::ask(desk, &needs.sync, false),
    )?;

    put_catalogue(working, [&found.0, &found.1], [&found.2, &found.3])?;
    for row in found.4.iter().chain(&found.5) {
        let stock = rows::stock(&mut Columns::of(row))?;
        put(&mut working.stock, stock.key, stock);
    }
    for order in rows::orders(&found.6)? {
        put(&mut working.orders, order.id, order);
    }
    for row in &found.7 {
        let mut columns = Columns::of(row);
        let key = (columns.next()?, columns.next()?);
        let id = OrderId(columns.next::<Uuid>()?.0);
        working.order_references.insert(key, Some(id));
    }
    for reservation in rows::reservations(&found.8)? {
        put(&mut working.reservations, reservation.id, reservation);
    }
    put_due(working, &found.9, &found.10)?;
    for key in rows::all(&found.11, rows::api_key)? {
        put(&mut working.api_keys, key.id, key);
    }
    if let Some(row) = found.12.first() {
        working.counters.get_or_insert(Tracked::loaded(Some(rows::counters(row)?)));
    }
    put_bundles(needs, working, &found.13)?;
    sync_find::put(&found.14, &needs.sync, &mut working.sync, versions)?;
    mark_absent(needs, working);
    Ok(())
}

/// Keeps what an earlier round of the same transaction found: the commands may have been told of it.
fn put<K: Ord, T: Clone>(rows: &mut BTreeMap<K, Tracked<T>>, key: K, row: T) {
    rows.entry(key).or_insert_with(|| Tracked::loaded(Some(row)));
}

/// SKUs and locations, each found by code and by id.
fn put_catalogue(
    working: &mut Working,
    [skus_by_code, skus_by_id]: [&[Row]; 2],
    [locations_by_code, locations_by_id]: [&[Row]; 2],
) -> Result<(), StoreError> {
    for sku in rows::all(skus_by_code, rows::sku)? {
        working.sku_codes.insert(sku.code.clone(), Some(sku.id));
        put(&mut working.skus, sku.id, sku);
    }
    for sku in rows::all(skus_by_id, rows::sku)? {
        put(&mut working.skus, sku.id, sku);
    }
    for location in rows::all(locations_by_code, rows::location)? {
        working.location_codes.insert(location.code.clone(), Some(location.id));
        put(&mut working.locations, location.id, location);
    }
    for location in rows::all(locations_by_id, rows::location)? {
        put(&mut working.locations, location.id, location);
    }
    Ok(())
}

/// Bundles by component, and the bundles themselves.
fn put_bundles(needs: &Needs, working: &mut Working, found: &[Row]) -> Result<(), StoreError> {
    for component in &needs.bundles_of {
        working.bundles_of.entry(*component).or_default();
    }
    for row in found {
        let mut columns = Columns::of(row);
        let component = SkuId(columns.next()?);
        let sku = rows::sku_at(&mut columns)?;
        working.bundles_of.entry(component).or_default().insert(sku.id);
        put(&mut working.skus, sku.id, sku);
    }
    Ok(())
}

/// Those that have waited longest, when there are more than one command may end.
fn put_due(working: &mut Working, orders: &[Row], reservations: &[Row]) -> Result<(), StoreError> {
    let mut due: BTreeMap<StockKey, Vec<(i64, Holder)>> = BTreeMap::new();
    let mut add = |row: &Row, holder: fn(u128) -> Holder| {
        let mut columns = Columns::of(row);
        let key = rows::key(&mut columns)?;
        let id: Uuid = columns.next()?;
        due.entry(key).or_default().push((columns.next()?, holder(id.0)));
        Ok(())
    };
    orders.iter().try_for_each(|row| add(row, |id| Holder::Order(OrderId(id))))?;
    reservations.iter().try_for_each(|row| add(row, |id| Holder::Reservation(ReservationId(id))))?;
    for (key, mut holders) in due {
        holders.sort_unstable();
        holders.truncate(DUE_MAX);
        let mut holders: Vec<Holder> = holders.into_iter().map(|(_, holder)| holder).collect();
        holders.sort_unstable();
        working.due_on.insert(key, holders);
    }
    Ok(())
}

/// What was asked for and is not there is there as `None`.
fn mark_absent(needs: &Needs, working: &mut Working) {
    fn absent<K: Ord + Clone, V>(wanted: &BTreeSet<K>, have: &mut BTreeMap<K, V>, none: fn() -> V) {
        for key in wanted {
            if !have.contains_key(key) {
                have.insert(key.clone(), none());
            }
        }
    }
    absent(&needs.sku_codes, &mut working.sku_codes, || None);
    absent(&needs.skus, &mut working.skus, || Tracked::loaded(None));
    absent(&needs.location_codes, &mut working.location_codes, || None);
    absent(&needs.locations, &mut working.locations, || Tracked::loaded(None));
    absent(&needs.stock, &mut working.stock, || Tracked::loaded(None));
    absent(&needs.orders, &mut working.orders, || Tracked::loaded(None));
    absent(&needs.order_references, &mut working.order_references, || None);
    absent(&needs.reservations, &mut working.reservations, || Tracked::loaded(None));
    absent(&needs.due_on, &mut working.due_on, Vec::new);
    absent(&needs.api_keys, &mut working.api_keys, || Tracked::loaded(None));
    working.stock_of.extend(&needs.stock_of);
}
