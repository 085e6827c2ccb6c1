//! The rows of the queue and the channels in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::working::sync::{MarketOrderKey, WAITING_MAX};
use onhand_rules::{
    DeadJob, DoneJob, Inbox, Job, JobId, Listing, ListingId, MarketOrder, Notice, Setting, Shop, ShopId,
    SyncChanges, SyncNeeds, SyncRows, Tracked,
};

use crate::dump::Lines;

/// Finished jobs that one batch forgets at most.
const PURGE: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Sync {
    settings: BTreeMap<String, Setting>,
    shops: BTreeMap<ShopId, Shop>,
    listings: BTreeMap<ListingId, Listing>,
    market_orders: BTreeMap<MarketOrderKey, MarketOrder>,
    inbox: BTreeMap<String, Inbox>,
    notices: BTreeMap<String, Notice>,
    jobs: BTreeMap<JobId, Job>,
    dead: BTreeMap<JobId, DeadJob>,
    done: BTreeMap<(i64, JobId), DoneJob>,
}

fn load<K: Ord + Clone, T: Clone>(
    keys: &BTreeSet<K>,
    from: &BTreeMap<K, T>,
    into: &mut BTreeMap<K, Tracked<T>>,
) {
    for key in keys {
        into.entry(key.clone()).or_insert_with(|| Tracked::loaded(from.get(key).cloned()));
    }
}

/// What each name stands for, which joins what is wanted by key.
fn names<N: Ord + Clone, K: Ord + Clone, T>(
    wanted: &BTreeSet<N>,
    from: &BTreeMap<K, T>,
    is: impl Fn(&T, &N) -> bool,
    keys: &mut BTreeSet<K>,
) -> BTreeMap<N, BTreeSet<K>> {
    let mut known = BTreeMap::new();
    for name in wanted {
        let found: BTreeSet<K> =
            from.iter().filter(|(_, row)| is(row, name)).map(|(key, _)| key.clone()).collect();
        keys.extend(found.iter().cloned());
        known.insert(name.clone(), found);
    }
    known
}

/// Of names that stand for one row at most.
fn only<N: Ord, K: Ord + Copy>(known: BTreeMap<N, BTreeSet<K>>) -> impl Iterator<Item = (N, Option<K>)> {
    known.into_iter().map(|(name, keys)| (name, keys.first().copied()))
}

impl Sync {
    pub(super) fn find(&self, needs: &SyncNeeds, rows: &mut SyncRows) {
        let mut shops = needs.shops.clone();
        let account =
            |shop: &Shop, name: &(String, String)| (&shop.channel, &shop.account) == (&name.0, &name.1);
        rows.shop_accounts.extend(only(names(&needs.shop_accounts, &self.shops, account, &mut shops)));
        let code = |shop: &Shop, name: &String| shop.code == *name;
        rows.shop_codes.extend(only(names(&needs.shop_codes, &self.shops, code, &mut shops)));
        let mut ids = needs.listings.clone();
        let listings = &self.listings;
        let key = |row: &Listing, name: &(ShopId, String, String)| {
            (row.shop, &row.item, &row.variant) == (name.0, &name.1, &name.2)
        };
        rows.listing_keys.extend(only(names(&needs.listing_keys, listings, key, &mut ids)));
        let seller =
            |row: &Listing, name: &(ShopId, String)| (row.shop, &row.seller_sku) == (name.0, &name.1);
        rows.seller_skus.extend(names(&needs.seller_skus, listings, seller, &mut ids));
        let unit = |row: &Listing, name: &(ShopId, String)| (row.shop, &row.unit) == (name.0, &name.1);
        rows.units.extend(names(&needs.units, listings, unit, &mut ids));
        let of = |row: &Listing, sku: &_| row.mapping.is_some_and(|mapping| mapping.sku == *sku);
        rows.listings_of.extend(names(&needs.listings_of, listings, of, &mut ids));
        let mut orders = needs.market_orders.clone();
        let waits = |row: &MarketOrder, name: &(ShopId, String, String)| {
            row.shop == name.0 && row.waits_for.contains(&(name.1.clone(), name.2.clone()))
        };
        let waiting = names(&needs.waiting_for, &self.market_orders, waits, &mut orders);
        assert!(waiting.values().all(|found| found.len() <= WAITING_MAX), "plain maps know no limit");
        rows.waiting_for.extend(waiting);
        let mut jobs = needs.jobs.clone();
        let dedupe = |job: &Job, key: &String| job.body.dedupe().as_ref() == Some(key);
        rows.job_keys.extend(only(names(&needs.job_keys, &self.jobs, dedupe, &mut jobs)));
        load(&needs.settings, &self.settings, &mut rows.settings);
        load(&shops, &self.shops, &mut rows.shops);
        load(&ids, listings, &mut rows.listings);
        load(&orders, &self.market_orders, &mut rows.market_orders);
        load(&needs.inbox, &self.inbox, &mut rows.inbox);
        load(&needs.notices, &self.notices, &mut rows.notices);
        load(&jobs, &self.jobs, &mut rows.jobs);
        load(&needs.dead, &self.dead, &mut rows.dead);
    }

    pub(super) fn keep(&mut self, changes: SyncChanges) {
        fn put<K: Ord, T>(rows: Vec<Tracked<T>>, into: &mut BTreeMap<K, T>, key: fn(&T) -> K) {
            for row in rows {
                match (row.before, row.now) {
                    (_, Some(now)) => drop(into.insert(key(&now), now)),
                    (Some(before), None) => drop(into.remove(&key(&before))),
                    (None, None) => {}
                }
            }
        }
        for (key, row) in changes.settings {
            match row.now {
                Some(now) => drop(self.settings.insert(key, now)),
                None => drop(self.settings.remove(&key)),
            }
        }
        put(changes.shops, &mut self.shops, |row| row.id);
        put(changes.listings, &mut self.listings, |row| row.id);
        put(changes.market_orders, &mut self.market_orders, |row| (row.shop, row.reference.clone()));
        put(changes.inbox, &mut self.inbox, |row| row.key.clone());
        put(changes.notices, &mut self.notices, |row| row.key.clone());
        put(changes.jobs, &mut self.jobs, |row| row.id);
        put(changes.dead, &mut self.dead, |row| row.job.id);
        self.done.extend(changes.done.into_iter().map(|row| ((row.ended_at, row.job.id), row)));
        if let Some(before) = changes.purge_done {
            let old: Vec<_> = self.done.keys().copied().filter(|(at, _)| *at < before).take(PURGE).collect();
            old.iter().for_each(|key| drop(self.done.remove(key)));
        }
    }

    /// In the order of [`crate::dump::dump`].
    pub(super) fn dump(&self, out: &mut Lines) {
        self.settings.iter().for_each(|(key, row)| out.setting(key, row));
        self.shops.values().for_each(|row| out.shop(row));
        self.listings.values().for_each(|row| out.listing(row));
        let mut orders: Vec<&MarketOrder> = self.market_orders.values().collect();
        orders.sort_by_key(|row| (row.received_at, row.shop, row.reference.clone()));
        orders.into_iter().rev().for_each(|row| out.market_order(row));
        let mut inbox: Vec<&Inbox> = self.inbox.values().collect();
        inbox.sort_by_key(|row| (row.received_at, row.key.clone()));
        inbox.into_iter().rev().for_each(|row| out.webhook(row));
        let mut notices: Vec<&Notice> = self.notices.values().collect();
        notices.sort_by_key(|row| (row.last_at, row.key.clone()));
        notices.into_iter().rev().for_each(|row| out.notice(row));
        self.jobs.values().rev().for_each(|row| out.job(row));
        self.dead.values().rev().for_each(|row| out.dead_job(row));
        self.done.values().rev().for_each(|row| out.done_job(row));
    }
}
