//! The read side of the queue and the channels. Nothing here is ever used to decide: a claim, for example, looks for jobs
//! here and then asks for them by a command, which checks each again.

use async_trait::async_trait;
use onhand_rules::job::JobState;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::NoticeKind;
use onhand_rules::retry::FailureClass;
use onhand_rules::schedule::Waiting;
use onhand_rules::{
    DeadJob, DoneJob, Inbox, Job, JobId, Listing, ListingId, MarketOrder, Notice, Setting, Shop, ShopId,
    SkuId, Stock, StockKey,
};

use crate::error::StoreError;
use crate::reads::Page;

/// What may not be claimed now, by group. A group is (kind, shop, class).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// Numbers of the kinds that may be claimed ([`onhand_rules::JobBody::number`]). Jobs of kinds that nobody knows can
    /// always be claimed: nobody could open them, and whoever claims one makes it a dead letter.
    pub kinds: Vec<i16>,
    /// Shops of which nothing may be claimed: paused, disconnected, breaker open.
    pub without_shops: Vec<ShopId>,
    /// Kinds of a shop that may not be claimed: their endpoint is blocked.
    pub without: Vec<(i16, ShopId)>,
}

/// Jobs that may be claimed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claimable {
    /// Of each group the jobs that have been due longest, at most as many as asked for; in no order.
    pub jobs: Vec<Waiting>,
    /// When the first of the other jobs of these groups is due, if any waits for a time to come.
    pub next_at: Option<i64>,
}

/// How many jobs of one kind and shop there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCount {
    /// Number of the kind.
    pub kind: i16,
    /// Of which shop.
    pub shop: Option<ShopId>,
    /// Where they stand.
    pub state: JobState,
    /// How many.
    pub count: i64,
    /// The earliest time at which one of them may run.
    pub oldest_run_at: i64,
}

/// Which jobs to list. The order is by id, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only of these kinds; empty means all.
    pub kinds: Vec<i16>,
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Only in this state.
    pub state: Option<JobState>,
    /// Older than this.
    pub before: Option<JobId>,
}

/// Which dead jobs to list. The order is by id, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadFilter {
    /// Only of this kind.
    pub kind: Option<i16>,
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Only of this class.
    pub class: Option<FailureClass>,
    /// Only with this code.
    pub code: Option<String>,
    /// Only those that were neither replayed nor discarded.
    pub open: bool,
    /// Only those that died at or after this.
    pub since: Option<i64>,
    /// Older than this.
    pub before: Option<JobId>,
}

/// Dead jobs of one cause that were neither replayed nor discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadGroup {
    /// Number of the kind.
    pub kind: i16,
    /// The cause.
    pub class: FailureClass,
    /// The cause.
    pub code: String,
    /// How many.
    pub count: i64,
    /// When the first died.
    pub first_at: i64,
    /// When the last died.
    pub last_at: i64,
    /// The message of the last.
    pub message: String,
    /// Which shops.
    pub shops: Vec<ShopId>,
}

/// Which listings to list. The order is by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListingFilter {
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Only of this SKU (mapped to it directly).
    pub sku: Option<SkuId>,
    /// Only mapped (`true`) or unmapped (`false`) ones.
    pub mapped: Option<bool>,
    /// Only those with something to be told.
    pub dirty: bool,
    /// Only those with a figure that we did not put there.
    pub edited: bool,
    /// Only those that can be written, or only the others.
    pub active: Option<bool>,
    /// Only with this seller SKU, exactly.
    pub seller_sku: Option<String>,
    /// After this.
    pub after: Option<ListingId>,
}

/// What waits to be told to one shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staleness {
    /// Which.
    pub shop: ShopId,
    /// Listings with something to be told.
    pub dirty: i64,
    /// Ledger clock of the oldest change among them.
    pub oldest: i64,
}

/// Which orders of marketplaces to list. The order is by (received_at, shop, reference), newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarketOrderFilter {
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Only in this state.
    pub state: Option<MarketOrderState>,
    /// Older than this (received_at, shop, reference).
    pub before: Option<(i64, ShopId, String)>,
}

/// Which webhooks to list. The order is by (received_at, key), newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxFilter {
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Only those of shops that we do not know.
    pub unknown_shop: bool,
    /// Older than this (received_at, key).
    pub before: Option<(i64, String)>,
}

/// Which notices to list. The order is by (last_at, key), newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Only open (`true`) or closed (`false`) ones.
    pub open: Option<bool>,
    /// Only of this kind.
    pub kind: Option<NoticeKind>,
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Older than this (last_at, key).
    pub before: Option<(i64, String)>,
}

/// Everything that is read of the queue and the channels. `limit` is the number of rows of a page.
#[async_trait]
#[expect(missing_docs, reason = "each name says what it reads; the few that need a rule have it")]
pub trait SyncReads: Send + Sync {
    /// Jobs that are ready and due at `now`, at most `per_group` of each group (kind, shop, class), those first that
    /// have been due longest. Its cost grows with the number of groups, not with the number of jobs.
    async fn claimable(
        &self,
        filter: &ClaimFilter,
        now: i64,
        per_group: usize,
    ) -> Result<Claimable, StoreError>;
    /// Running jobs whose lease or deadline has passed, with their lease numbers, longest first.
    async fn lost_leases(&self, now: i64, limit: usize) -> Result<Vec<(JobId, i64)>, StoreError>;
    async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError>;
    async fn jobs(&self, filter: &JobFilter, limit: usize) -> Result<Page<Job>, StoreError>;
    async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError>;
    async fn dead_job(&self, id: JobId) -> Result<Option<DeadJob>, StoreError>;
    async fn dead_jobs(&self, filter: &DeadFilter, limit: usize) -> Result<Page<DeadJob>, StoreError>;
    /// Largest groups first.
    async fn dead_groups(&self) -> Result<Vec<DeadGroup>, StoreError>;
    async fn done_job(&self, id: JobId) -> Result<Option<DoneJob>, StoreError>;
    /// Newest first by (ended_at, id), those before this one.
    async fn done_jobs(
        &self,
        before: Option<(i64, JobId)>,
        limit: usize,
    ) -> Result<Page<DoneJob>, StoreError>;

    /// All of them, by id; there are few.
    async fn shops(&self) -> Result<Vec<Shop>, StoreError>;
    async fn shop(&self, id: ShopId) -> Result<Option<Shop>, StoreError>;
    async fn shop_by_code(&self, code: &str) -> Result<Option<Shop>, StoreError>;
    async fn shop_by_account(&self, channel: &str, account: &str) -> Result<Option<Shop>, StoreError>;

    async fn listing(&self, id: ListingId) -> Result<Option<Listing>, StoreError>;
    async fn listing_by_key(
        &self,
        shop: ShopId,
        item: &str,
        variant: &str,
    ) -> Result<Option<Listing>, StoreError>;
    async fn listings(&self, filter: &ListingFilter, limit: usize) -> Result<Page<Listing>, StoreError>;
    async fn listings_of_unit(&self, shop: ShopId, unit: &str) -> Result<Vec<Listing>, StoreError>;
    /// Active, mapped listings that sell the SKUs with these codes or bundles with one of them as a component: the code that
    /// brought each up, and the listing. By (code, listing).
    async fn listings_concerning(&self, skus: &[&str]) -> Result<Vec<(String, ListingId)>, StoreError>;
    /// What waits to be told, by shop.
    async fn staleness(&self) -> Result<Vec<Staleness>, StoreError>;
    /// Stock rows by key; those that do not exist are left out.
    async fn stock_rows(&self, keys: &[StockKey]) -> Result<Vec<Stock>, StoreError>;

    async fn market_order(&self, shop: ShopId, reference: &str) -> Result<Option<MarketOrder>, StoreError>;
    async fn market_orders(
        &self,
        filter: &MarketOrderFilter,
        limit: usize,
    ) -> Result<Page<MarketOrder>, StoreError>;
    async fn inbox(&self, filter: &InboxFilter, limit: usize) -> Result<Page<Inbox>, StoreError>;
    async fn webhook(&self, key: &str) -> Result<Option<Inbox>, StoreError>;
    async fn notice(&self, key: &str) -> Result<Option<Notice>, StoreError>;
    async fn notices(&self, filter: &NoticeFilter, limit: usize) -> Result<Page<Notice>, StoreError>;
    /// Rows of settings whose keys begin with this, by key.
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, Setting)>, StoreError>;
}
