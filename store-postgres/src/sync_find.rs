//! Loading and locking rows of the queue and the channels. Both ask the same questions: rows by key, then rows by what
//! else names them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use onhand_rules::inbox::Inbox;
use onhand_rules::working::sync::{MarketOrderKey, SyncNeeds, SyncRows, WAITING_MAX};
use onhand_rules::{Job, JobId, Listing, ListingId, MarketOrder, Notice, Shop, Tracked};
use onhand_store::StoreError;
use tokio_postgres::Row;

use crate::column::{Columns, Uuid, Written};
use crate::find::uuids;
use crate::rows::{all, json};
use crate::session::Desk;
use crate::statements::Sql;
use crate::sync_rows::{dead, document, job_at};

/// Which versions of jobs this transaction has read: under lock most are the same still and need not be read again.
pub(crate) type Versions = BTreeMap<JobId, Written>;

/// The answers, in the order in which rows are locked; those by name come last. Of jobs, when they are locked, only the
/// versions and the keys.
pub(crate) struct Found {
    settings: Vec<Row>,
    shops: Vec<Row>,
    listings: Vec<Row>,
    market_orders: Vec<Row>,
    inbox: Vec<Row>,
    notices: Vec<Row>,
    jobs: Vec<Row>,
    dead: Vec<Row>,
    accounts: Vec<Row>,
    shop_codes: Vec<Row>,
    listing_keys: Vec<Row>,
    seller_skus: Vec<Row>,
    listings_of: Vec<Row>,
    units: Vec<Row>,
    waiting: Vec<Row>,
    job_keys: Vec<Row>,
}

/// Everything that was looked up so far.
pub(crate) fn loaded(rows: &SyncRows) -> SyncNeeds {
    SyncNeeds {
        settings: rows.settings.keys().cloned().collect(),
        shops: rows.shops.keys().copied().collect(),
        shop_accounts: rows.shop_accounts.keys().cloned().collect(),
        shop_codes: rows.shop_codes.keys().cloned().collect(),
        listings: rows.listings.keys().copied().collect(),
        listing_keys: rows.listing_keys.keys().cloned().collect(),
        seller_skus: rows.seller_skus.keys().cloned().collect(),
        listings_of: rows.listings_of.keys().copied().collect(),
        units: rows.units.keys().cloned().collect(),
        market_orders: rows.market_orders.keys().cloned().collect(),
        waiting_for: rows.waiting_for.keys().cloned().collect(),
        inbox: rows.inbox.keys().cloned().collect(),
        notices: rows.notices.keys().cloned().collect(),
        jobs: rows.jobs.keys().copied().collect(),
        job_keys: rows.job_keys.keys().cloned().collect(),
        dead: rows.dead.keys().copied().collect(),
    }
}

fn texts<'a>(keys: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    keys.into_iter().map(String::as_str).collect()
}

/// Asks for all of it in one round trip; locks the rows by key if so wanted. What the names stand for is read by later
/// statements, which see what was committed while the locks were waited for.
pub(crate) async fn ask(desk: &Desk, needs: &SyncNeeds, lock: bool) -> Result<Found, StoreError> {
    let pick = |plain: Sql, locking: Sql| if lock { locking } else { plain };
    let settings = texts(&needs.settings);
    let shops: Vec<i64> = needs.shops.iter().map(|id| id.0).collect();
    let listings: Vec<i64> = needs.listings.iter().map(|id| id.0).collect();
    let (order_shops, orders): (Vec<i64>, Vec<&str>) =
        needs.market_orders.iter().map(|(shop, reference)| (shop.0, reference.as_str())).unzip();
    let (inbox, notices) = (texts(&needs.inbox), texts(&needs.notices));
    let jobs = uuids(needs.jobs.iter().copied(), |id: JobId| id.0);
    let dead = uuids(needs.dead.iter().copied(), |id: JobId| id.0);
    let (by_key, by_wait) = (Names::of(&needs.listing_keys), Names::of(&needs.waiting_for));
    let (channels, accounts): (Vec<&str>, Vec<&str>) =
        needs.shop_accounts.iter().map(|(channel, account)| (channel.as_str(), account.as_str())).unzip();
    let shop_codes = texts(&needs.shop_codes);
    let (sku_shops, seller_skus): (Vec<i64>, Vec<&str>) =
        needs.seller_skus.iter().map(|(shop, sku)| (shop.0, sku.as_str())).unzip();
    let skus: Vec<i64> = needs.listings_of.iter().map(|id| id.0).collect();
    let (unit_shops, units): (Vec<i64>, Vec<&str>) =
        needs.units.iter().map(|(shop, unit)| (shop.0, unit.as_str())).unzip();
    let job_keys = texts(&needs.job_keys);
    let most = i64::try_from(WAITING_MAX).unwrap_or(i64::MAX);
    let found = tokio::try_join!(
        biased;
        desk.ask(!settings.is_empty(), pick(Sql::Settings, Sql::LockSettings), [&settings]),
        desk.ask(!shops.is_empty(), pick(Sql::Shops, Sql::LockShops), [&shops]),
        desk.ask(!listings.is_empty(), pick(Sql::Listings, Sql::LockListings), [&listings]),
        desk.ask(!orders.is_empty(), pick(Sql::MarketOrders, Sql::LockMarketOrders), [&order_shops, &orders]),
        desk.ask(!inbox.is_empty(), pick(Sql::Inbox, Sql::LockInbox), [&inbox]),
        desk.ask(!notices.is_empty(), pick(Sql::Notices, Sql::LockNotices), [&notices]),
        desk.ask(!jobs.is_empty(), pick(Sql::Jobs, Sql::LockJobs), [&jobs]),
        desk.ask(!dead.is_empty(), pick(Sql::Dead, Sql::LockDead), [&dead]),
        desk.ask(!channels.is_empty(), Sql::ShopsByAccount, [&channels, &accounts]),
        desk.ask(!shop_codes.is_empty(), Sql::ShopsByCode, [&shop_codes]),
        desk.ask(by_key.any(), Sql::ListingsByKey, [&by_key.shops, &by_key.items, &by_key.variants]),
        desk.ask(!seller_skus.is_empty(), Sql::ListingsBySellerSku, [&sku_shops, &seller_skus]),
        desk.ask(!skus.is_empty(), Sql::ListingsOfSku, [&skus]),
        desk.ask(!units.is_empty(), Sql::ListingsOfUnit, [&unit_shops, &units]),
        desk.ask(by_wait.any(), Sql::WaitingFor, [&by_wait.shops, &by_wait.items, &by_wait.variants, &most]),
        desk.ask(!job_keys.is_empty(), pick(Sql::JobsByKey, Sql::JobKeys), [&job_keys]),
    )?;
    Ok(Found {
        settings: found.0,
        shops: found.1,
        listings: found.2,
        market_orders: found.3,
        inbox: found.4,
        notices: found.5,
        jobs: found.6,
        dead: found.7,
        accounts: found.8,
        shop_codes: found.9,
        listing_keys: found.10,
        seller_skus: found.11,
        listings_of: found.12,
        units: found.13,
        waiting: found.14,
        job_keys: found.15,
    })
}

/// Listings by their marketplace's ids, as columns.
struct Names<'a> {
    shops: Vec<i64>,
    items: Vec<&'a str>,
    variants: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(keys: impl IntoIterator<Item = &'a onhand_rules::working::sync::ListingKey>) -> Self {
        let mut names = Self { shops: Vec::new(), items: Vec::new(), variants: Vec::new() };
        for (shop, item, variant) in keys {
            names.shops.push(shop.0);
            names.items.push(item);
            names.variants.push(variant);
        }
        names
    }

    fn any(&self) -> bool {
        !self.shops.is_empty()
    }
}

/// Puts what was found beside what is loaded. An earlier round's rows stay: commands may have been told of them.
pub(crate) fn put(
    found: &Found,
    needs: &SyncNeeds,
    rows: &mut SyncRows,
    versions: &mut Versions,
) -> Result<(), StoreError> {
    by_key(found, rows)?;
    put_jobs(&found.jobs, rows, versions)?;
    forget_names(needs, rows);
    by_name(found, rows, false)?;
    for job in put_jobs(&found.job_keys, rows, versions)? {
        if let Some(key) = rows.jobs.get(&job).and_then(|row| row.now.as_ref()?.body.dedupe()) {
            rows.job_keys.insert(key, Some(job));
        }
    }
    mark_absent(needs, rows);
    Ok(())
}

/// Keeps jobs with their versions; yields which they are.
fn put_jobs(found: &[Row], rows: &mut SyncRows, versions: &mut Versions) -> Result<Vec<JobId>, StoreError> {
    let mut met = Vec::with_capacity(found.len());
    for row in found {
        let mut columns = Columns::of(row);
        let version = columns.next()?;
        let job = job_at(&mut columns)?;
        met.push(job.id);
        versions.entry(job.id).or_insert(version);
        keep(&mut rows.jobs, job.id, job);
    }
    Ok(met)
}

/// Of the locked jobs, those that are as they were read; the others are read again, which nobody can change any more.
pub(crate) async fn jobs_as_locked(
    desk: &Desk,
    found: &Found,
    rows: &mut SyncRows,
    versions: &mut Versions,
) -> Result<BTreeMap<JobId, Tracked<Job>>, StoreError> {
    let mut known = std::mem::take(&mut rows.jobs);
    let (mut same, mut others) = (BTreeMap::new(), Vec::new());
    for row in &found.jobs {
        let mut columns = Columns::of(row);
        let (id, version): (Uuid, Written) = (columns.next()?, columns.next()?);
        let job = JobId(id.0);
        match known.remove(&job) {
            Some(row) if versions.get(&job) == Some(&version) => drop(same.insert(job, row)),
            _ => others.push(id),
        }
    }
    rows.jobs = same;
    versions.retain(|job, _| rows.jobs.contains_key(job));
    let read = desk.ask(!others.is_empty(), Sql::Jobs, [&others]).await?;
    put_jobs(&read, rows, versions)?;
    Ok(std::mem::take(&mut rows.jobs))
}

/// Replaces what is loaded by what was found under locks. A row that has come under a name since it was looked up is not
/// locked: the batch has to run again with it.
pub(crate) fn replace(
    found: &Found,
    jobs: BTreeMap<JobId, Tracked<Job>>,
    loaded: &SyncNeeds,
    rows: &mut SyncRows,
) -> Result<(), StoreError> {
    let (done, purge_done) = (std::mem::take(&mut rows.done), rows.purge_done);
    *rows = SyncRows { jobs, done, purge_done, ..SyncRows::default() };
    by_key(found, rows)?;
    mark_absent(loaded, rows);
    forget_names(loaded, rows);
    by_name(found, rows, true)?;
    for row in &found.job_keys {
        let mut columns = Columns::of(row);
        let (key, id): (String, Uuid) = (columns.next()?, columns.next()?);
        let id = JobId(id.0);
        is_locked(&rows.jobs, &id)?;
        rows.job_keys.insert(key, Some(id));
    }
    Ok(())
}

fn keep<K: Ord, T: Clone>(rows: &mut BTreeMap<K, Tracked<T>>, key: K, row: T) {
    rows.entry(key).or_insert_with(|| Tracked::loaded(Some(row)));
}

fn by_key(found: &Found, rows: &mut SyncRows) -> Result<(), StoreError> {
    for row in &found.settings {
        let mut columns = Columns::of(row);
        keep(&mut rows.settings, columns.next()?, json(columns.next()?)?);
    }
    for shop in all(&found.shops, document::<Shop>)? {
        keep(&mut rows.shops, shop.id, shop);
    }
    for listing in all(&found.listings, document::<Listing>)? {
        keep(&mut rows.listings, listing.id, listing);
    }
    for order in all(&found.market_orders, document::<MarketOrder>)? {
        keep(&mut rows.market_orders, order_key(&order), order);
    }
    for webhook in all(&found.inbox, document::<Inbox>)? {
        keep(&mut rows.inbox, webhook.key.clone(), webhook);
    }
    for notice in all(&found.notices, document::<Notice>)? {
        keep(&mut rows.notices, notice.key.clone(), notice);
    }
    for dead in all(&found.dead, dead)? {
        keep(&mut rows.dead, dead.job.id, dead);
    }
    Ok(())
}

fn order_key(order: &MarketOrder) -> MarketOrderKey {
    (order.shop, order.reference.clone())
}

/// A row that was found by a name: kept, or known under lock.
fn named<K: Ord + Debug, T: Clone>(
    rows: &mut BTreeMap<K, Tracked<T>>,
    key: K,
    row: T,
    locked: bool,
) -> Result<(), StoreError> {
    if locked {
        return is_locked(rows, &key);
    }
    keep(rows, key, row);
    Ok(())
}

fn is_locked<K: Ord + Debug, T>(rows: &BTreeMap<K, Tracked<T>>, key: &K) -> Result<(), StoreError> {
    if rows.get(key).is_none_or(|slot| slot.now.is_none()) {
        return Err(StoreError::Conflict(format!("{key:?} came while the rows were being locked")));
    }
    Ok(())
}

fn listings(
    found: &[Row],
    rows: &mut SyncRows,
    locked: bool,
    name: fn(&mut SyncRows, &Listing, ListingId),
) -> Result<(), StoreError> {
    for listing in all(found, document::<Listing>)? {
        name(rows, &listing, listing.id);
        named(&mut rows.listings, listing.id, listing, locked)?;
    }
    Ok(())
}

fn by_name(found: &Found, rows: &mut SyncRows, locked: bool) -> Result<(), StoreError> {
    for shop in all(&found.accounts, document::<Shop>)? {
        rows.shop_accounts.insert((shop.channel.clone(), shop.account.clone()), Some(shop.id));
        named(&mut rows.shops, shop.id, shop, locked)?;
    }
    for shop in all(&found.shop_codes, document::<Shop>)? {
        rows.shop_codes.insert(shop.code.clone(), Some(shop.id));
        named(&mut rows.shops, shop.id, shop, locked)?;
    }
    listings(&found.listing_keys, rows, locked, |rows, listing, id| {
        let key = (listing.shop, listing.item.clone(), listing.variant.clone());
        rows.listing_keys.insert(key, Some(id));
    })?;
    listings(&found.seller_skus, rows, locked, |rows, listing, id| {
        rows.seller_skus.entry((listing.shop, listing.seller_sku.clone())).or_default().insert(id);
    })?;
    listings(&found.listings_of, rows, locked, |rows, listing, id| {
        if let Some(mapping) = listing.mapping {
            rows.listings_of.entry(mapping.sku).or_default().insert(id);
        }
    })?;
    listings(&found.units, rows, locked, |rows, listing, id| {
        rows.units.entry((listing.shop, listing.unit.clone())).or_default().insert(id);
    })?;
    for row in &found.waiting {
        let mut columns = Columns::of(row);
        let (item, variant) = (columns.next()?, columns.next()?);
        let order: MarketOrder = json(columns.next()?)?;
        let key = order_key(&order);
        rows.waiting_for.entry((order.shop, item, variant)).or_default().insert(key.clone());
        named(&mut rows.market_orders, key, order, locked)?;
    }
    Ok(())
}

/// Names were looked up, whether they stand for something or not.
fn forget_names(needs: &SyncNeeds, rows: &mut SyncRows) {
    rows.shop_accounts.extend(needs.shop_accounts.iter().map(|key| (key.clone(), None)));
    rows.shop_codes.extend(needs.shop_codes.iter().map(|code| (code.clone(), None)));
    rows.listing_keys.extend(needs.listing_keys.iter().map(|key| (key.clone(), None)));
    rows.seller_skus.extend(needs.seller_skus.iter().map(|key| (key.clone(), Default::default())));
    rows.listings_of.extend(needs.listings_of.iter().map(|key| (*key, Default::default())));
    rows.units.extend(needs.units.iter().map(|key| (key.clone(), Default::default())));
    rows.waiting_for.extend(needs.waiting_for.iter().map(|key| (key.clone(), Default::default())));
    rows.job_keys.extend(needs.job_keys.iter().map(|key| (key.clone(), None)));
}

/// What was asked for and is not there is there as `None`.
fn mark_absent(needs: &SyncNeeds, rows: &mut SyncRows) {
    fn absent<'a, K: Ord + Clone + 'a, T: Clone>(
        wanted: impl IntoIterator<Item = &'a K>,
        have: &mut BTreeMap<K, Tracked<T>>,
    ) {
        for key in wanted {
            if !have.contains_key(key) {
                have.insert(key.clone(), Tracked::loaded(None));
            }
        }
    }
    absent(&needs.settings, &mut rows.settings);
    absent(&needs.shops, &mut rows.shops);
    absent(&needs.listings, &mut rows.listings);
    absent(&needs.market_orders, &mut rows.market_orders);
    absent(&needs.inbox, &mut rows.inbox);
    absent(&needs.notices, &mut rows.notices);
    absent(&needs.jobs, &mut rows.jobs);
    absent(&needs.dead, &mut rows.dead);
}
