//! Locking what was found, in one order for all replicas: counters, SKUs, API keys, orders, reservations, stock
//! rows, then those of the queue and the channels; by id inside each. Whoever takes locks in one order can wait, but not for each other.

use onhand_rules::{
    ApiKeyId, LocationId, Needs, OrderId, ReservationId, Sku, SkuId, StockKey, Tracked, Working,
};
use onhand_store::StoreError;

use crate::column::Columns;
use crate::find::{split, uuids};
use crate::rows;
use crate::session::Desk;
use crate::statements::Sql;
use crate::sync_find::{self, Versions};

/// Locks everything that is loaded and may change, and replaces it by what stands there now.
///
/// A simple SKU is not locked by a sale: what a sale takes from it (its kind) never changes, its backorder limit stands
/// in the stock row, and a sale that meets its archiving may as well have come before. It is locked, shared, where the
/// stock row does not exist yet, because the row will then copy the limit. Bundles are locked, shared, for their
/// components. Changes of SKUs and locations themselves are guarded by version.
pub(crate) async fn lock(
    desk: &Desk,
    needs: &Needs,
    working: &mut Working,
    versions: &mut Versions,
) -> Result<(), StoreError> {
    let changed: Vec<i64> = needs.stock_of.iter().map(|id| id.0).collect();
    let shared = shared_skus(needs, working);
    let api_keys = uuids(working.api_keys.keys().copied(), |id: ApiKeyId| id.0);
    let orders = uuids(working.orders.keys().copied(), |id: OrderId| id.0);
    let reservations = uuids(working.reservations.keys().copied(), |id: ReservationId| id.0);
    let (skus, locations) = split(working.stock.keys().copied());
    let loaded = sync_find::loaded(&working.sync);
    // Orders and reservations are read by a second statement: only that one sees the lines as they are once the lock is
    // held, the first sees them as they were when it began to wait.
    let found = tokio::try_join!(
        biased;
        desk.ask(working.counters.is_some(), Sql::LockCounters, []),
        desk.ask(!shared.is_empty(), Sql::LockSkusShared, [&shared]),
        desk.ask(!changed.is_empty(), Sql::LockSkus, [&changed]),
        desk.ask(!api_keys.is_empty(), Sql::LockApiKeys, [&api_keys]),
        desk.ask(!orders.is_empty(), Sql::LockOrders, [&orders]),
        desk.ask(!reservations.is_empty(), Sql::LockReservations, [&reservations]),
        desk.ask(!changed.is_empty(), Sql::LockStockOf, [&changed]),
        desk.ask(!skus.is_empty(), Sql::LockStock, [&skus, &locations]),
        desk.ask(!orders.is_empty(), Sql::Orders, [&orders]),
        desk.ask(!reservations.is_empty(), Sql::Reservations, [&reservations]),
        sync_find::ask(desk, &loaded, true),
    )?;

    if let (Some(slot), Some(row)) = (working.counters.as_mut(), found.0.first()) {
        *slot = Tracked::loaded(Some(rows::counters(row)?));
    }
    for row in found.1.iter().chain(&found.2) {
        let sku = rows::sku(row)?;
        working.skus.insert(sku.id, Tracked::loaded(Some(sku)));
    }
    for slot in working.api_keys.values_mut() {
        *slot = Tracked::loaded(None);
    }
    for key in rows::all(&found.3, rows::api_key)? {
        working.api_keys.insert(key.id, Tracked::loaded(Some(key)));
    }
    for slot in working.stock.values_mut() {
        *slot = Tracked::loaded(None);
    }
    for row in found.6.iter().chain(&found.7) {
        let stock = rows::stock(&mut Columns::of(row))?;
        working.stock.insert(stock.key, Tracked::loaded(Some(stock)));
    }
    for slot in working.orders.values_mut() {
        *slot = Tracked::loaded(None);
    }
    for order in rows::orders(&found.8)? {
        working.orders.insert(order.id, Tracked::loaded(Some(order)));
    }
    for slot in working.reservations.values_mut() {
        *slot = Tracked::loaded(None);
    }
    for reservation in rows::reservations(&found.9)? {
        working.reservations.insert(reservation.id, Tracked::loaded(Some(reservation)));
    }
    let jobs = sync_find::jobs_as_locked(desk, &found.10, &mut working.sync, versions).await?;
    sync_find::replace(&found.10, jobs, &loaded, &mut working.sync)
}

fn shared_skus(needs: &Needs, working: &Working) -> Vec<i64> {
    let skus = working.skus.iter();
    skus.filter(|(id, row)| {
        let bundle = row.now.as_ref().is_some_and(|sku| sku.is_bundle() && is_asked_for(needs, sku));
        (bundle || lacks_a_row(working, **id)) && !needs.stock_of.contains(id)
    })
    .map(|(id, _)| id.0)
    .collect()
}

/// Not the bundles that came along with one of their components: nothing is decided by what they are made of.
fn is_asked_for(needs: &Needs, sku: &Sku) -> bool {
    needs.skus.contains(&sku.id) || needs.sku_codes.contains(&sku.code)
}

fn lacks_a_row(working: &Working, sku: SkuId) -> bool {
    let at = |location| StockKey { sku, location: LocationId(location) };
    let mut rows = working.stock.range(at(i64::MIN)..=at(i64::MAX));
    rows.any(|(_, row)| row.now.is_none())
}
