//! The read side of the queue and the channels.

use async_trait::async_trait;
use onhand_rules::{
    DeadJob, DoneJob, Inbox, Job, JobId, Listing, ListingId, MarketOrder, Notice, Setting, Shop, ShopId,
    SkuId, Stock, StockKey,
};
use onhand_store::{
    ClaimFilter, Claimable, DeadFilter, DeadGroup, InboxFilter, JobCount, JobFilter, ListingFilter,
    MarketOrderFilter, NoticeFilter, Page, Staleness, StoreError, SyncReads,
};

use super::PostgresReads;

fn not_yet<T>() -> Result<T, StoreError> {
    Err(StoreError::Broken("the queue's tables are not there yet".to_owned()))
}

#[async_trait]
impl SyncReads for PostgresReads {
    async fn claimable(
        &self,
        _filter: &ClaimFilter,
        _now: i64,
        _per_group: usize,
    ) -> Result<Claimable, StoreError> {
        not_yet()
    }
    async fn lost_leases(&self, _now: i64, _limit: usize) -> Result<Vec<(JobId, i64)>, StoreError> {
        not_yet()
    }
    async fn job(&self, _id: JobId) -> Result<Option<Job>, StoreError> {
        not_yet()
    }
    async fn jobs(&self, _filter: &JobFilter, _limit: usize) -> Result<Page<Job>, StoreError> {
        not_yet()
    }
    async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        not_yet()
    }
    async fn dead_job(&self, _id: JobId) -> Result<Option<DeadJob>, StoreError> {
        not_yet()
    }
    async fn dead_jobs(&self, _filter: &DeadFilter, _limit: usize) -> Result<Page<DeadJob>, StoreError> {
        not_yet()
    }
    async fn dead_groups(&self) -> Result<Vec<DeadGroup>, StoreError> {
        not_yet()
    }
    async fn done_job(&self, _id: JobId) -> Result<Option<DoneJob>, StoreError> {
        not_yet()
    }
    async fn done_jobs(
        &self,
        _before: Option<(i64, JobId)>,
        _limit: usize,
    ) -> Result<Page<DoneJob>, StoreError> {
        not_yet()
    }
    async fn shops(&self) -> Result<Vec<Shop>, StoreError> {
        not_yet()
    }
    async fn shop(&self, _id: ShopId) -> Result<Option<Shop>, StoreError> {
        not_yet()
    }
    async fn shop_by_code(&self, _code: &str) -> Result<Option<Shop>, StoreError> {
        not_yet()
    }
    async fn shop_by_account(&self, _channel: &str, _account: &str) -> Result<Option<Shop>, StoreError> {
        not_yet()
    }
    async fn listing(&self, _id: ListingId) -> Result<Option<Listing>, StoreError> {
        not_yet()
    }
    async fn listing_by_key(
        &self,
        _shop: ShopId,
        _item: &str,
        _variant: &str,
    ) -> Result<Option<Listing>, StoreError> {
        not_yet()
    }
    async fn listings(&self, _filter: &ListingFilter, _limit: usize) -> Result<Page<Listing>, StoreError> {
        not_yet()
    }
    async fn listings_of_unit(&self, _shop: ShopId, _unit: &str) -> Result<Vec<Listing>, StoreError> {
        not_yet()
    }
    async fn listings_concerning(&self, _skus: &[SkuId]) -> Result<Vec<(SkuId, ListingId)>, StoreError> {
        not_yet()
    }
    async fn staleness(&self) -> Result<Vec<Staleness>, StoreError> {
        not_yet()
    }
    async fn stock_rows(&self, _keys: &[StockKey]) -> Result<Vec<Stock>, StoreError> {
        not_yet()
    }
    async fn market_order(&self, _shop: ShopId, _reference: &str) -> Result<Option<MarketOrder>, StoreError> {
        not_yet()
    }
    async fn market_orders(
        &self,
        _filter: &MarketOrderFilter,
        _limit: usize,
    ) -> Result<Page<MarketOrder>, StoreError> {
        not_yet()
    }
    async fn inbox(&self, _filter: &InboxFilter, _limit: usize) -> Result<Page<Inbox>, StoreError> {
        not_yet()
    }
    async fn notice(&self, _key: &str) -> Result<Option<Notice>, StoreError> {
        not_yet()
    }
    async fn notices(&self, _filter: &NoticeFilter, _limit: usize) -> Result<Page<Notice>, StoreError> {
        not_yet()
    }
    async fn settings(&self, _prefix: &str) -> Result<Vec<(String, Setting)>, StoreError> {
        not_yet()
    }
}
