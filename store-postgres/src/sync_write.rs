//! Writing rows of the queue and the channels. New rows are sorted by the key that another replica may insert at the
//! same moment. Every statement is a future of its own: none waits for the answer of another, so all replicas send them
//! in one order.

use std::collections::BTreeSet;

use onhand_rules::inbox::Inbox;
use onhand_rules::listing::ListingState;
use onhand_rules::working::sync::SyncChanges;
use onhand_rules::{Listing, MarketOrder, Notice, Setting, Shop, Sku, SkuId, Tracked, notice};
use onhand_store::StoreError;

use crate::session::Desk;
use crate::statements::Sql;
use crate::sync_rows::{body, name};
use crate::write::{Pairs, column, exactly, sorted_out};
use crate::write_holders::put;
use crate::write_jobs;

fn components(sku: &Sku) -> BTreeSet<SkuId> {
    sku.components.iter().map(|component| component.sku).collect()
}

/// SKUs whose components are not what they were.
fn recomposed(skus: &[Tracked<Sku>]) -> impl Iterator<Item = (Option<&Sku>, &Sku)> {
    skus.iter().filter_map(|row| Some((row.before.as_ref(), row.now.as_ref()?))).filter(|(before, now)| {
        before.map_or(!now.components.is_empty(), |before| components(before) != components(now))
    })
}

/// Forgets the components of bundles that changed.
pub(crate) async fn delete_components(desk: &Desk, skus: &[Tracked<Sku>]) -> Result<(), StoreError> {
    let bundles: Vec<i64> =
        recomposed(skus).filter(|(before, _)| before.is_some()).map(|(_, now)| now.id.0).collect();
    if !bundles.is_empty() {
        desk.execute(Sql::DeleteComponents, &[&bundles]).await?;
    }
    Ok(())
}

/// Remembers the components of bundles that are new or changed.
pub(crate) async fn insert_components(desk: &Desk, skus: &[Tracked<Sku>]) -> Result<(), StoreError> {
    let rows: Vec<(i64, i64)> = recomposed(skus)
        .flat_map(|(_, now)| components(now).into_iter().map(|component| (component.0, now.id.0)))
        .collect();
    put!(desk, InsertComponents, rows, row => [row.0, row.1])
}

pub(crate) async fn write(desk: &Desk, changes: &SyncChanges) -> Result<(), StoreError> {
    let (new_shops, shops) = sorted_out(&changes.shops);
    let (mut new_listings, listings) = sorted_out(&changes.listings);
    new_listings.sort_by(|a, b| (a.shop, &a.item, &a.variant).cmp(&(b.shop, &b.item, &b.variant)));
    let (new_orders, orders) = sorted_out(&changes.market_orders);
    let (new_inbox, inbox) = sorted_out(&changes.inbox);
    let (new_notices, notices) = sorted_out(&changes.notices);
    tokio::try_join!(
        biased;
        delete_settings(desk, &changes.settings),
        update_settings(desk, &changes.settings),
        insert_settings(desk, &changes.settings),
        update_shops(desk, shops),
        insert_shops(desk, new_shops),
        update_listings(desk, listings),
        insert_listings(desk, new_listings),
        update_market_orders(desk, orders),
        insert_market_orders(desk, new_orders),
        delete_waits(desk, &changes.market_orders),
        insert_waits(desk, &changes.market_orders),
        update_inbox(desk, inbox),
        insert_inbox(desk, new_inbox),
        update_notices(desk, notices),
        insert_notices(desk, new_notices),
        write_jobs::write(desk, changes),
    )?;
    Ok(())
}

type Settings = [(String, Tracked<Setting>)];

async fn delete_settings(desk: &Desk, rows: &Settings) -> Result<(), StoreError> {
    let gone = rows.iter().filter(|(_, row)| row.before.is_some() && row.now.is_none());
    let keys: Vec<&str> = gone.map(|(key, _)| key.as_str()).collect();
    exactly(desk, keys.len(), Sql::DeleteSettings, &[&keys]).await
}

fn settings(rows: &Settings, new: bool) -> Vec<(&str, &Setting)> {
    let rows = rows.iter().filter(|(_, row)| row.before.is_none() == new);
    rows.filter_map(|(key, row)| Some((key.as_str(), row.now.as_ref()?))).collect()
}

async fn update_settings(desk: &Desk, rows: &Settings) -> Result<(), StoreError> {
    let rows = settings(rows, false);
    put!(desk, UpdateSettings, rows, row => [row.0, body(row.1)])
}

async fn insert_settings(desk: &Desk, rows: &Settings) -> Result<(), StoreError> {
    let rows = settings(rows, true);
    put!(desk, InsertSettings, rows, row => [row.0, body(row.1)])
}

async fn update_shops(desk: &Desk, rows: Pairs<'_, Shop>) -> Result<(), StoreError> {
    put!(desk, UpdateShops, rows, pair => [
        pair.1.id.0,
        pair.1.code.as_str(),
        pair.1.channel.as_str(),
        pair.1.account.as_str(),
        name(pair.1.state),
        pair.1.version,
        body(pair.1),
        pair.0.version,
    ])
}

async fn insert_shops(desk: &Desk, rows: Vec<&Shop>) -> Result<(), StoreError> {
    put!(desk, InsertShops, rows, row => [
        row.id.0,
        row.code.as_str(),
        row.channel.as_str(),
        row.account.as_str(),
        name(row.state),
        row.version,
        body(row),
    ])
}

/// The columns of listings, then those that guard them.
macro_rules! listing_columns {
    ($desk:expr, $sql:ident, $rows:expr, $row:ident => $listing:expr $(, $loaded:expr)?) => {
        put!($desk, $sql, $rows, $row => [
            $listing.id.0,
            $listing.shop.0,
            $listing.item.as_str(),
            $listing.variant.as_str(),
            $listing.seller_sku.as_str(),
            $listing.unit.as_str(),
            $listing.mapping.map(|mapping| mapping.sku.0),
            // The column says whether it can be written; what it is otherwise is in the body.
            (if $listing.state == ListingState::Active { "active" } else { "gone" }).to_owned(),
            $listing.desired,
            $listing.acked,
            $listing.dirty_since,
            $listing.edit.is_some(),
            $listing.version,
            body($listing),
            $($loaded,)?
        ])
    };
}

async fn update_listings(desk: &Desk, rows: Pairs<'_, Listing>) -> Result<(), StoreError> {
    listing_columns!(desk, UpdateListings, rows, pair => pair.1, pair.0.version)
}

async fn insert_listings(desk: &Desk, rows: Vec<&Listing>) -> Result<(), StoreError> {
    listing_columns!(desk, InsertListings, rows, row => *row)
}

async fn update_market_orders(desk: &Desk, rows: Pairs<'_, MarketOrder>) -> Result<(), StoreError> {
    put!(desk, UpdateMarketOrders, rows, pair => [
        pair.1.shop.0,
        pair.1.reference.as_str(),
        name(pair.1.state),
        pair.1.received_at,
        pair.1.version,
        body(pair.1),
        pair.0.version,
    ])
}

async fn insert_market_orders(desk: &Desk, rows: Vec<&MarketOrder>) -> Result<(), StoreError> {
    put!(desk, InsertMarketOrders, rows, row => [
        row.shop.0,
        row.reference.as_str(),
        name(row.state),
        row.received_at,
        row.version,
        body(*row),
    ])
}

/// One wait: (shop, item, variant, reference).
type Wait<'a> = (i64, &'a str, &'a str, &'a str);

fn waits(order: Option<&MarketOrder>) -> BTreeSet<Wait<'_>> {
    let Some(MarketOrder { shop, reference, waits_for, .. }) = order else {
        return BTreeSet::new();
    };
    let waits = waits_for.iter();
    waits.map(|(item, variant)| (shop.0, item.as_str(), variant.as_str(), reference.as_str())).collect()
}

/// Waits that `a` has and `b` has not, of all orders.
fn only<'r>(
    rows: &'r [Tracked<MarketOrder>],
    a: fn(&'r Tracked<MarketOrder>) -> Option<&'r MarketOrder>,
    b: fn(&'r Tracked<MarketOrder>) -> Option<&'r MarketOrder>,
) -> BTreeSet<Wait<'r>> {
    rows.iter().flat_map(|row| &waits(a(row)) - &waits(b(row))).collect()
}

async fn delete_waits(desk: &Desk, rows: &[Tracked<MarketOrder>]) -> Result<(), StoreError> {
    let gone = only(rows, |row| row.before.as_ref(), |row| row.now.as_ref());
    put!(desk, DeleteWaits, gone, row => [row.0, row.1, row.2, row.3])
}

async fn insert_waits(desk: &Desk, rows: &[Tracked<MarketOrder>]) -> Result<(), StoreError> {
    let new = only(rows, |row| row.now.as_ref(), |row| row.before.as_ref());
    put!(desk, InsertWaits, new, row => [row.0, row.1, row.2, row.3])
}

async fn update_inbox(desk: &Desk, rows: Pairs<'_, Inbox>) -> Result<(), StoreError> {
    put!(desk, UpdateInbox, rows, pair => [
        pair.1.key.as_str(),
        pair.1.shop.map(|shop| shop.0),
        pair.1.deliveries,
        pair.1.received_at,
        body(pair.1),
        pair.0.deliveries,
    ])
}

async fn insert_inbox(desk: &Desk, rows: Vec<&Inbox>) -> Result<(), StoreError> {
    put!(desk, InsertInbox, rows, row => [
        row.key.as_str(),
        row.shop.map(|shop| shop.0),
        row.deliveries,
        row.received_at,
        body(*row),
    ])
}

async fn update_notices(desk: &Desk, rows: Pairs<'_, Notice>) -> Result<(), StoreError> {
    put!(desk, UpdateNotices, rows, pair => [
        pair.1.key.as_str(),
        notice::kind_name(pair.1.kind),
        pair.1.shop.map(|shop| shop.0),
        pair.1.open,
        pair.1.last_at,
        pair.1.version,
        body(pair.1),
        pair.0.version,
    ])
}

async fn insert_notices(desk: &Desk, rows: Vec<&Notice>) -> Result<(), StoreError> {
    put!(desk, InsertNotices, rows, row => [
        row.key.as_str(),
        notice::kind_name(row.kind),
        row.shop.map(|shop| shop.0),
        row.open,
        row.last_at,
        row.version,
        body(*row),
    ])
}
