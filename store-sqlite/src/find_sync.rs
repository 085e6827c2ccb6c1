//! Loading what a batch must see of the queue and the channels.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::working::sync::WAITING_MAX;
use onhand_rules::{
    DeadJob, Inbox, Job, JobId, Listing, ListingId, MarketOrder, Needs, Notice, Setting, Shop, ShopId, SkuId,
    SyncRows, Tracked, Working,
};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::documents::{self, Document, Search};

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

/// Loads the rows of these keys that are not loaded yet; those that do not exist as `None`.
fn load<K: Ord + Clone, T: Document + Clone>(
    connection: &Connection,
    keys: &BTreeSet<K>,
    rows: &mut BTreeMap<K, Tracked<T>>,
    condition: &str,
    find: impl Fn(&mut Search<'_, T>, &K) -> Result<Option<T>>,
) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut search = Search::by(connection, condition)?;
    for key in keys {
        if !rows.contains_key(key) {
            rows.insert(key.clone(), Tracked::loaded(find(&mut search, key)?));
        }
    }
    Ok(())
}

/// Loads what these names stand for, as far as they were not looked up yet; `keep` files it and says what it is.
fn named<N: Ord + Clone, T: Document, V>(
    connection: &Connection,
    names: &BTreeSet<N>,
    known: &mut BTreeMap<N, V>,
    condition: &str,
    find: impl Fn(&mut Search<'_, T>, &N) -> Result<Vec<T>>,
    mut keep: impl FnMut(Vec<T>) -> V,
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let mut search = Search::by(connection, condition)?;
    for name in names {
        if !known.contains_key(name) {
            let found = find(&mut search, name)?;
            known.insert(name.clone(), keep(found));
        }
    }
    Ok(())
}

/// Files rows that are not loaded yet; yields the keys of all.
fn keep<K: Ord + Copy, T: Clone>(
    rows: &mut BTreeMap<K, Tracked<T>>,
    found: Vec<T>,
    key: fn(&T) -> K,
) -> BTreeSet<K> {
    let keys = found.iter().map(key).collect();
    for row in found {
        rows.entry(key(&row)).or_insert_with(|| Tracked::loaded(Some(row)));
    }
    keys
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
    load::<_, Inbox>(connection, &needs.sync.inbox, &mut rows.inbox, "key = ?1", |by, key| by.one([key]))?;
    load::<_, Notice>(connection, &needs.sync.notices, &mut rows.notices, "key = ?1", |by, key| by.one([key]))
}

fn find_shops(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    let shops = &mut rows.shops;
    let accounts = (&needs.sync.shop_accounts, &mut rows.shop_accounts);
    named::<_, Shop, _>(
        connection,
        accounts.0,
        accounts.1,
        "channel = ?1 AND account = ?2",
        |by, name| by.all([&name.0, &name.1]),
        |found| keep(shops, found, |shop| shop.id).into_iter().next(),
    )?;
    let codes = (&needs.sync.shop_codes, &mut rows.shop_codes);
    named::<_, Shop, _>(
        connection,
        codes.0,
        codes.1,
        "code = ?1",
        |by, code| by.all([code]),
        |found| keep(shops, found, |shop| shop.id).into_iter().next(),
    )?;
    load(connection, &needs.sync.shops, shops, "id = ?1", |by, id: &ShopId| by.one([id.0]))
}

fn find_listings(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    let (needs, listings) = (&needs.sync, &mut rows.listings);
    let id = |listing: &Listing| listing.id;
    named::<_, Listing, _>(
        connection,
        &needs.listing_keys,
        &mut rows.listing_keys,
        "shop = ?1 AND item = ?2 AND variant = ?3",
        |by, key| by.all((key.0.0, &key.1, &key.2)),
        |found| keep(listings, found, id).into_iter().next(),
    )?;
    named::<_, Listing, _>(
        connection,
        &needs.seller_skus,
        &mut rows.seller_skus,
        "shop = ?1 AND seller_sku = ?2",
        |by, key| by.all((key.0.0, &key.1)),
        |found| keep(listings, found, id),
    )?;
    named::<_, Listing, _>(
        connection,
        &needs.units,
        &mut rows.units,
        "shop = ?1 AND unit = ?2",
        |by, key| by.all((key.0.0, &key.1)),
        |found| keep(listings, found, id),
    )?;
    named::<_, Listing, _>(
        connection,
        &needs.listings_of,
        &mut rows.listings_of,
        "sku = ?1",
        |by, sku| by.all([sku.0]),
        |found| keep(listings, found, id),
    )?;
    load(connection, &needs.listings, listings, "id = ?1", |by, id: &ListingId| by.one([id.0]))
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
    let orders = &mut rows.market_orders;
    load::<_, MarketOrder>(connection, &wanted, orders, "shop = ?1 AND reference = ?2", |by, key| {
        by.one((key.0.0, &key.1))
    })
}

fn find_jobs(connection: &Connection, needs: &Needs, rows: &mut SyncRows) -> Result<()> {
    let (needs, jobs) = (&needs.sync, &mut rows.jobs);
    named::<_, Job, _>(
        connection,
        &needs.job_keys,
        &mut rows.job_keys,
        "dedupe = ?1",
        |by, key| by.all([key]),
        |found| keep(jobs, found, |job| job.id).into_iter().next(),
    )?;
    load(connection, &needs.jobs, jobs, "id = ?1", |by, id: &JobId| by.one([id.to_bytes()]))?;
    // A job that is loaded is found by its key too.
    for id in &needs.jobs {
        let job = jobs.get(id).and_then(|row| row.now.as_ref());
        if let Some(key) = job.and_then(|job| job.body.dedupe()) {
            rows.job_keys.entry(key).or_insert(Some(*id));
        }
    }
    load::<_, DeadJob>(connection, &needs.dead, &mut rows.dead, "id = ?1", |by, id| by.one([id.to_bytes()]))
}
