//! Loading what a batch must see of the queue and the channels.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use onhand_rules::working::sync::WAITING_MAX;
use onhand_rules::{
    DeadJob, Inbox, Job, Listing, ListingId, MarketOrder, Needs, Notice, Setting, Shop, ShopId, SkuId,
    SyncRows, Tracked, Working,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result};

use crate::documents::{self, all, one};

/// Loads everything of `needs.sync` and the bundles into `working`.
pub(crate) fn find(connection: &Connection, needs: &Needs, working: &mut Working) -> Result<()> {
    for component in &needs.bundles_of {
        if !working.bundles_of.contains_key(component) {
            let found = bundles_of(connection, *component)?;
            working.bundles_of.insert(*component, found);
        }
    }
    if needs.sync.is_empty() {
        return Ok(());
    }
    let rows = &mut working.sync;
    find_small(connection, needs, rows)?;
    find_shops(connection, needs, rows)?;
    find_listings(connection, needs, rows)?;
    find_orders(connection, needs, rows)?;
    find_jobs(connection, needs, rows)
}

/// Bundles with this component.
pub(crate) fn bundles_of(connection: &Connection, component: SkuId) -> Result<BTreeSet<SkuId>> {
    let mut statement = connection.prepare_cached("SELECT bundle FROM sku_component WHERE component = ?1")?;
    statement.query_map([component.0], |row| row.get(0).map(SkuId))?.collect()
}

fn find_small(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    for key in &needs.sync.settings {
        if !rows.settings.contains_key(key) {
            let mut statement = connection.prepare_cached("SELECT body FROM setting WHERE key = ?1")?;
            let row: Option<Setting> =
                statement.query_row([key], |row| documents::body(row, 0)).optional()?;
            rows.settings.insert(key.clone(), Tracked::loaded(row));
        }
    }
    for key in &needs.sync.inbox {
        if !rows.inbox.contains_key(key) {
            let row = one::<Inbox>(connection, "key = ?", vec![Value::Text(key.clone())])?;
            rows.inbox.insert(key.clone(), Tracked::loaded(row));
        }
    }
    for key in &needs.sync.notices {
        if !rows.notices.contains_key(key) {
            let row = one::<Notice>(connection, "key = ?", vec![Value::Text(key.clone())])?;
            rows.notices.insert(key.clone(), Tracked::loaded(row));
        }
    }
    Ok(())
}

fn find_shops(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    for key in &needs.sync.shop_accounts {
        if rows.shop_accounts.contains_key(key) {
            continue;
        }
        let values = vec![Value::Text(key.0.clone()), Value::Text(key.1.clone())];
        let found = one::<Shop>(connection, "channel = ? AND account = ?", values)?;
        rows.shop_accounts.insert(key.clone(), found.as_ref().map(|shop| shop.id));
        if let Some(shop) = found {
            rows.shops.entry(shop.id).or_insert_with(|| Tracked::loaded(Some(shop)));
        }
    }
    for code in &needs.sync.shop_codes {
        if rows.shop_codes.contains_key(code) {
            continue;
        }
        let found = one::<Shop>(connection, "code = ?", vec![Value::Text(code.clone())])?;
        rows.shop_codes.insert(code.clone(), found.as_ref().map(|shop| shop.id));
        if let Some(shop) = found {
            rows.shops.entry(shop.id).or_insert_with(|| Tracked::loaded(Some(shop)));
        }
    }
    for id in &needs.sync.shops {
        if !rows.shops.contains_key(id) {
            let row = one::<Shop>(connection, "id = ?", vec![Value::Integer(id.0)])?;
            rows.shops.insert(*id, Tracked::loaded(row));
        }
    }
    Ok(())
}

fn find_listings(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    for key in &needs.sync.listing_keys {
        if rows.listing_keys.contains_key(key) {
            continue;
        }
        let values = vec![Value::Integer(key.0.0), Value::Text(key.1.clone()), Value::Text(key.2.clone())];
        let found = all::<Listing>(connection, "shop = ? AND item = ? AND variant = ?", values)?;
        let id = keep(rows, found).into_iter().next();
        rows.listing_keys.insert(key.clone(), id);
    }
    for key in &needs.sync.seller_skus {
        if !rows.seller_skus.contains_key(key) {
            let ids = keep(rows, by_shop(connection, "seller_sku", key)?);
            rows.seller_skus.insert(key.clone(), ids);
        }
    }
    for key in &needs.sync.units {
        if !rows.units.contains_key(key) {
            let ids = keep(rows, by_shop(connection, "unit", key)?);
            rows.units.insert(key.clone(), ids);
        }
    }
    for sku in &needs.sync.listings_of {
        if !rows.listings_of.contains_key(sku) {
            let found = all::<Listing>(connection, "sku = ?", vec![Value::Integer(sku.0)])?;
            let ids = keep(rows, found);
            rows.listings_of.insert(*sku, ids);
        }
    }
    for id in &needs.sync.listings {
        if !rows.listings.contains_key(id) {
            let row = one::<Listing>(connection, "id = ?", vec![Value::Integer(id.0)])?;
            rows.listings.insert(*id, Tracked::loaded(row));
        }
    }
    Ok(())
}

fn by_shop(connection: &Connection, column: &str, key: &(ShopId, String)) -> Result<Vec<Listing>> {
    let values = vec![Value::Integer(key.0.0), Value::Text(key.1.clone())];
    all(connection, &format!("shop = ? AND {column} = ?"), values)
}

/// Adds listings that are not loaded yet; yields the ids of all.
fn keep(rows: &mut SyncRows, found: Vec<Listing>) -> BTreeSet<ListingId> {
    let ids = found.iter().map(|listing| listing.id).collect();
    for listing in found {
        rows.listings.entry(listing.id).or_insert_with(|| Tracked::loaded(Some(listing)));
    }
    ids
}

fn find_orders(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    let mut wanted: BTreeSet<(ShopId, String)> = needs.sync.market_orders.clone();
    for key in &needs.sync.waiting_for {
        if rows.waiting_for.contains_key(key) {
            continue;
        }
        let mut statement = connection.prepare_cached(
            "SELECT reference FROM market_order_wait WHERE shop = ?1 AND item = ?2 AND variant = ?3 LIMIT ?4",
        )?;
        let limit = i64::try_from(WAITING_MAX).unwrap_or(i64::MAX);
        let found: BTreeSet<(ShopId, String)> = statement
            .query_map((key.0.0, &key.1, &key.2, limit), |row| Ok((key.0, row.get(0)?)))?
            .collect::<Result<_>>()?;
        wanted.extend(found.iter().cloned());
        rows.waiting_for.insert(key.clone(), found);
    }
    for key in wanted {
        if let Entry::Vacant(place) = rows.market_orders.entry(key) {
            let values = vec![Value::Integer(place.key().0.0), Value::Text(place.key().1.clone())];
            let row = one::<MarketOrder>(connection, "shop = ? AND reference = ?", values)?;
            place.insert(Tracked::loaded(row));
        }
    }
    Ok(())
}

fn find_jobs(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    for key in &needs.sync.job_keys {
        if rows.job_keys.contains_key(key) {
            continue;
        }
        let found = one::<Job>(connection, "dedupe = ?", vec![Value::Text(key.clone())])?;
        rows.job_keys.insert(key.clone(), found.as_ref().map(|job| job.id));
        if let Some(job) = found {
            rows.jobs.entry(job.id).or_insert_with(|| Tracked::loaded(Some(job)));
        }
    }
    for id in &needs.sync.jobs {
        if !rows.jobs.contains_key(id) {
            let row = one::<Job>(connection, "id = ?", vec![Value::Blob(id.to_bytes().to_vec())])?;
            rows.jobs.insert(*id, Tracked::loaded(row));
        }
    }
    // A job that is loaded is found by its key too.
    for id in &needs.sync.jobs {
        let job = rows.jobs.get(id).and_then(|row| row.now.as_ref());
        if let Some(key) = job.and_then(|job| job.body.dedupe()) {
            rows.job_keys.entry(key).or_insert(Some(*id));
        }
    }
    for id in &needs.sync.dead {
        if !rows.dead.contains_key(id) {
            let row = one::<DeadJob>(connection, "id = ?", vec![Value::Blob(id.to_bytes().to_vec())])?;
            rows.dead.insert(*id, Tracked::loaded(row));
        }
    }
    Ok(())
}
