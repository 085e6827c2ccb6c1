//! Rows of the queue and of the channels: what of them a batch sees and changes.

use std::collections::{BTreeMap, BTreeSet};

use super::Tracked;
use crate::id::{JobId, ListingId, ShopId, SkuId};
use crate::inbox::Inbox;
use crate::job::{DeadJob, DoneJob, Job};
use crate::listing::Listing;
use crate::market_order::MarketOrder;
use crate::notice::Notice;
use crate::quantity::Millis;
use crate::setting::Setting;
use crate::shop::Shop;

/// The marketplace's name of a listing: (shop, item, variant).
pub type ListingKey = (ShopId, String, String);
/// The marketplace's name of an order: (shop, reference).
pub type MarketOrderKey = (ShopId, String);

/// Which rows of the queue and the channels commands must see. All of them are locked for the rest of the transaction
/// where there are several writers, in the order of the fields, by key inside each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncNeeds {
    /// Rows of settings.
    pub settings: BTreeSet<String>,
    /// Shops.
    pub shops: BTreeSet<ShopId>,
    /// Shops by (channel, account): adds to `shops`.
    pub shop_accounts: BTreeSet<(String, String)>,
    /// Shops by code: adds to `shops`.
    pub shop_codes: BTreeSet<String>,
    /// Listings.
    pub listings: BTreeSet<ListingId>,
    /// Listings by their marketplace's ids: adds to `listings`.
    pub listing_keys: BTreeSet<ListingKey>,
    /// Every listing of a shop with this seller SKU: adds to `listings`.
    pub seller_skus: BTreeSet<(ShopId, String)>,
    /// Every listing that is mapped to this SKU: adds to `listings`.
    pub listings_of: BTreeSet<SkuId>,
    /// Every listing of one write unit: adds to `listings`.
    pub units: BTreeSet<(ShopId, String)>,
    /// Orders of marketplaces.
    pub market_orders: BTreeSet<MarketOrderKey>,
    /// Orders of marketplaces that wait for a mapping of this listing (shop, item, variant): adds to `market_orders`.
    pub waiting_for: BTreeSet<ListingKey>,
    /// Webhooks.
    pub inbox: BTreeSet<String>,
    /// Notices.
    pub notices: BTreeSet<String>,
    /// Jobs.
    pub jobs: BTreeSet<JobId>,
    /// Jobs by what makes them one: adds to `jobs`.
    pub job_keys: BTreeSet<String>,
    /// Dead jobs.
    pub dead: BTreeSet<JobId>,
}

/// The rows as the batch sees them.
#[derive(Debug, Default)]
pub struct SyncRows {
    /// Rows of settings.
    pub settings: BTreeMap<String, Tracked<Setting>>,
    /// Shops.
    pub shops: BTreeMap<ShopId, Tracked<Shop>>,
    /// Accounts looked up so far, found or not.
    pub shop_accounts: BTreeMap<(String, String), Option<ShopId>>,
    /// Codes of shops looked up so far, found or not.
    pub shop_codes: BTreeMap<String, Option<ShopId>>,
    /// Listings.
    pub listings: BTreeMap<ListingId, Tracked<Listing>>,
    /// Listings looked up so far, found or not.
    pub listing_keys: BTreeMap<ListingKey, Option<ListingId>>,
    /// Seller SKUs looked up so far.
    pub seller_skus: BTreeMap<(ShopId, String), BTreeSet<ListingId>>,
    /// SKUs whose listings are all loaded.
    pub listings_of: BTreeMap<SkuId, BTreeSet<ListingId>>,
    /// Units whose listings are all loaded.
    pub units: BTreeMap<(ShopId, String), BTreeSet<ListingId>>,
    /// Orders of marketplaces.
    pub market_orders: BTreeMap<MarketOrderKey, Tracked<MarketOrder>>,
    /// Listings whose waiting orders are all loaded (at most [`WAITING_MAX`]).
    pub waiting_for: BTreeMap<ListingKey, BTreeSet<MarketOrderKey>>,
    /// Webhooks.
    pub inbox: BTreeMap<String, Tracked<Inbox>>,
    /// Notices.
    pub notices: BTreeMap<String, Tracked<Notice>>,
    /// Jobs.
    pub jobs: BTreeMap<JobId, Tracked<Job>>,
    /// Job keys looked up so far, found or not.
    pub job_keys: BTreeMap<String, Option<JobId>>,
    /// Dead jobs.
    pub dead: BTreeMap<JobId, Tracked<DeadJob>>,
    /// Jobs that were finished in this batch.
    pub done: Vec<DoneJob>,
    /// Forget jobs that were finished before this.
    pub purge_done: Option<Millis>,
}

/// The most orders that are woken by one mapping at once.
pub const WAITING_MAX: usize = 1_000;

/// What a batch changed. A row whose `now` is `None` was removed (only jobs are).
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SyncChanges {
    /// Rows of settings, with their keys. `now` is `None` where one was removed.
    pub settings: Vec<(String, Tracked<Setting>)>,
    /// Shops.
    pub shops: Vec<Tracked<Shop>>,
    /// Listings.
    pub listings: Vec<Tracked<Listing>>,
    /// Orders of marketplaces.
    pub market_orders: Vec<Tracked<MarketOrder>>,
    /// Webhooks.
    pub inbox: Vec<Tracked<Inbox>>,
    /// Notices.
    pub notices: Vec<Tracked<Notice>>,
    /// Jobs; `now` is `None` for those that left the hot table.
    pub jobs: Vec<Tracked<Job>>,
    /// Dead jobs.
    pub dead: Vec<Tracked<DeadJob>>,
    /// Finished jobs, new.
    pub done: Vec<DoneJob>,
    /// Forget jobs that were finished before this, at most a thousand.
    pub purge_done: Option<Millis>,
}

impl SyncNeeds {
    /// Whether nothing is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl SyncRows {
    /// What of `needs` is not loaded yet.
    #[must_use]
    pub fn missing(&self, needs: &SyncNeeds) -> SyncNeeds {
        fn absent<K: Ord + Clone, V>(wanted: &BTreeSet<K>, have: &BTreeMap<K, V>) -> BTreeSet<K> {
            wanted.iter().filter(|key| !have.contains_key(*key)).cloned().collect()
        }
        SyncNeeds {
            settings: absent(&needs.settings, &self.settings),
            shops: absent(&needs.shops, &self.shops),
            shop_accounts: absent(&needs.shop_accounts, &self.shop_accounts),
            shop_codes: absent(&needs.shop_codes, &self.shop_codes),
            listings: absent(&needs.listings, &self.listings),
            listing_keys: absent(&needs.listing_keys, &self.listing_keys),
            seller_skus: absent(&needs.seller_skus, &self.seller_skus),
            listings_of: absent(&needs.listings_of, &self.listings_of),
            units: absent(&needs.units, &self.units),
            market_orders: absent(&needs.market_orders, &self.market_orders),
            waiting_for: absent(&needs.waiting_for, &self.waiting_for),
            inbox: absent(&needs.inbox, &self.inbox),
            notices: absent(&needs.notices, &self.notices),
            jobs: absent(&needs.jobs, &self.jobs),
            job_keys: absent(&needs.job_keys, &self.job_keys),
            dead: absent(&needs.dead, &self.dead),
        }
    }

    /// What to write.
    #[must_use]
    pub fn into_changes(self) -> SyncChanges {
        fn changed<K, T: PartialEq>(rows: BTreeMap<K, Tracked<T>>) -> Vec<Tracked<T>> {
            rows.into_values().filter(|row| row.now != row.before).collect()
        }
        SyncChanges {
            settings: self.settings.into_iter().filter(|(_, row)| row.now != row.before).collect(),
            shops: changed(self.shops),
            listings: changed(self.listings),
            market_orders: changed(self.market_orders),
            inbox: changed(self.inbox),
            notices: changed(self.notices),
            jobs: changed(self.jobs),
            dead: changed(self.dead),
            done: self.done,
            purge_done: self.purge_done,
        }
    }
}
