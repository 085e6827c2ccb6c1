//! The same for rows of the queue and of the channels.

use std::collections::BTreeSet;

use super::{Scope, Undo as Step, rename, restore};
use crate::id::{JobId, ListingId, ShopId, SkuId};
use crate::inbox::Inbox;
use crate::job::{DeadJob, DoneJob, Job};
use crate::listing::Listing;
use crate::market_order::MarketOrder;
use crate::notice::Notice;
use crate::quantity::Millis;
use crate::setting::Setting;
use crate::shop::Shop;
use crate::working::Tracked;
use crate::working::sync::{ListingKey, MarketOrderKey, SyncRows};

pub(super) enum Undo {
    Setting(String, Option<Option<Setting>>),
    Shop(ShopId, Option<Option<Box<Shop>>>),
    ShopAccount((String, String), Option<Option<ShopId>>),
    ShopCode(String, Option<Option<ShopId>>),
    Listing(ListingId, Option<Option<Box<Listing>>>),
    ListingKey(ListingKey, Option<Option<ListingId>>),
    SellerSku((ShopId, String), Option<BTreeSet<ListingId>>),
    MarketOrder(MarketOrderKey, Option<Option<Box<MarketOrder>>>),
    Inbox(String, Option<Option<Box<Inbox>>>),
    Notice(String, Option<Option<Box<Notice>>>),
    Job(JobId, Option<Option<Box<Job>>>),
    JobKey(String, Option<Option<JobId>>),
    Dead(JobId, Option<Option<Box<DeadJob>>>),
}

impl Undo {
    pub(super) fn run(self, rows: &mut SyncRows) {
        fn open<T>(old: Option<Option<Box<T>>>) -> Option<Option<T>> {
            old.map(|row| row.map(|row| *row))
        }
        match self {
            Self::Setting(key, old) => restore(&mut rows.settings, key, old),
            Self::Shop(key, old) => restore(&mut rows.shops, key, open(old)),
            Self::ShopAccount(key, old) => rename(&mut rows.shop_accounts, key, old),
            Self::ShopCode(code, old) => rename(&mut rows.shop_codes, code, old),
            Self::Listing(key, old) => restore(&mut rows.listings, key, open(old)),
            Self::ListingKey(key, old) => rename(&mut rows.listing_keys, key, old),
            Self::SellerSku(key, old) => rename(&mut rows.seller_skus, key, old),
            Self::MarketOrder(key, old) => restore(&mut rows.market_orders, key, open(old)),
            Self::Inbox(key, old) => restore(&mut rows.inbox, key, open(old)),
            Self::Notice(key, old) => restore(&mut rows.notices, key, open(old)),
            Self::Job(key, old) => restore(&mut rows.jobs, key, open(old)),
            Self::JobKey(key, old) => rename(&mut rows.job_keys, key, old),
            Self::Dead(key, old) => restore(&mut rows.dead, key, open(old)),
        }
    }
}

/// `$by` is what a row is looked up by: its key, or what that borrows.
macro_rules! row {
    ($get:ident, $put:ident, $field:ident, $key:ty, $by:ty, $row:ty, $undo:ident, $what:literal) => {
        #[doc = concat!("The ", $what, ", or `None` if there is none.")]
        pub fn $get(&mut self, key: &$by) -> Option<&$row> {
            match self.working.sync.$field.get(key) {
                Some(row) => row.now.as_ref(),
                None => {
                    self.working.unasked.push(format!("{} {key:?}", $what));
                    None
                }
            }
        }

        #[doc = concat!("Sets the ", $what, "; `None` removes it.")]
        pub fn $put(&mut self, key: $key, row: impl Into<Option<$row>>) {
            let row = row.into();
            match self.working.sync.$field.get_mut(&key) {
                Some(tracked) => {
                    let old = std::mem::replace(&mut tracked.now, row);
                    self.undo.push(Step::Sync(Undo::$undo(key, Some(old.map(Into::into)))));
                }
                None => {
                    self.working.sync.$field.insert(key.clone(), Tracked { before: None, now: row });
                    self.undo.push(Step::Sync(Undo::$undo(key, None)));
                }
            }
        }
    };
}

/// A name that was looked up, found or not, and `None` (with a note of it) when nobody asked.
macro_rules! name {
    ($get:ident, $field:ident, $key:ty, $found:ty, $what:literal) => {
        #[doc = concat!("The ", $what, ".")]
        pub fn $get(&mut self, key: &$key) -> $found {
            match self.working.sync.$field.get(key) {
                Some(found) => found.clone(),
                None => {
                    self.working.unasked.push(format!("{} {key:?}", $what));
                    <$found>::default()
                }
            }
        }
    };
}

impl Scope<'_> {
    row!(setting, put_setting, settings, String, str, Setting, Setting, "setting");
    row!(shop, put_shop, shops, ShopId, ShopId, Shop, Shop, "shop");
    row!(listing, put_listing, listings, ListingId, ListingId, Listing, Listing, "listing");
    row!(
        market_order,
        put_market_order,
        market_orders,
        MarketOrderKey,
        MarketOrderKey,
        MarketOrder,
        MarketOrder,
        "order of a marketplace"
    );
    row!(inbox, put_inbox, inbox, String, str, Inbox, Inbox, "webhook");
    row!(notice, put_notice, notices, String, str, Notice, Notice, "notice");
    row!(job, put_job, jobs, JobId, JobId, Job, Job, "job");
    row!(dead_job, put_dead_job, dead, JobId, JobId, DeadJob, Dead, "dead job");
    name!(shop_by_account, shop_accounts, (String, String), Option<ShopId>, "shop of an account");
    name!(shop_by_code, shop_codes, String, Option<ShopId>, "shop of a code");
    name!(listing_by_key, listing_keys, ListingKey, Option<ListingId>, "listing by its marketplace's ids");
    name!(
        listings_by_seller_sku,
        seller_skus,
        (ShopId, String),
        BTreeSet<ListingId>,
        "listings of a seller SKU"
    );
    name!(listings_of, listings_of, SkuId, BTreeSet<ListingId>, "listings of a SKU");
    name!(listings_of_unit, units, (ShopId, String), BTreeSet<ListingId>, "listings of a write unit");
    name!(waiting_for, waiting_for, ListingKey, BTreeSet<MarketOrderKey>, "orders that wait for a listing");
    name!(job_by_key, job_keys, String, Option<JobId>, "job by its key");

    /// Bundles with this component.
    pub fn bundles_of(&mut self, sku: SkuId) -> BTreeSet<SkuId> {
        match self.working.bundles_of.get(&sku) {
            Some(found) => found.clone(),
            None => {
                self.working.unasked.push(format!("bundles of {sku:?}"));
                BTreeSet::new()
            }
        }
    }

    /// Names a new shop, so that later commands of the batch find it by its account and by its code.
    pub fn name_shop(&mut self, key: (String, String), code: String, id: ShopId) {
        let old = self.working.sync.shop_codes.insert(code.clone(), Some(id));
        self.undo.push(Step::Sync(Undo::ShopCode(code, old)));
        let old = self.working.sync.shop_accounts.insert(key.clone(), Some(id));
        self.undo.push(Step::Sync(Undo::ShopAccount(key, old)));
    }

    /// Names a new listing, so that later commands of the batch find it by its ids and by its seller SKU.
    pub fn name_listing(&mut self, key: ListingKey, seller_sku: &str, id: ListingId) {
        let by_sku = (key.0, seller_sku.to_owned());
        let old = self.working.sync.listing_keys.insert(key.clone(), Some(id));
        self.undo.push(Step::Sync(Undo::ListingKey(key, old)));
        if let Some(ids) = self.working.sync.seller_skus.get_mut(&by_sku) {
            let old = ids.clone();
            ids.insert(id);
            self.undo.push(Step::Sync(Undo::SellerSku(by_sku, Some(old))));
        }
    }

    /// Names a new job, or forgets one that left (`None`).
    pub fn name_job(&mut self, key: String, id: Option<JobId>) {
        let old = self.working.sync.job_keys.insert(key.clone(), id);
        self.undo.push(Step::Sync(Undo::JobKey(key, old)));
    }

    /// Appends a finished job.
    pub fn push_done(&mut self, done: DoneJob) {
        self.working.sync.done.push(done);
    }

    /// Forgets jobs that were finished before a time.
    pub fn purge_done(&mut self, before: Millis) {
        let known = self.working.sync.purge_done;
        self.working.sync.purge_done = Some(known.map_or(before, |other| other.max(before)));
    }
}
