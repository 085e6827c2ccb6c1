//! The read side of the queue and the channels.

use async_trait::async_trait;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::kind_name;
use onhand_rules::{
    DeadJob, DoneJob, Inbox, Job, JobId, Listing, ListingId, MarketOrder, Notice, Setting, Shop, ShopId,
    Stock, StockKey,
};
use onhand_store::{
    ClaimFilter, Claimable, DeadFilter, DeadGroup, InboxFilter, JobCount, JobFilter, ListingFilter,
    MarketOrderFilter, NoticeFilter, Page, Staleness, StoreError, SyncReads,
};
use serde::de::DeserializeOwned;
use tokio_postgres::types::ToSql;

use super::{PostgresReads, one_more, pinned};
use crate::column::Columns;
use crate::rows::{self, json, stock_columns};
use crate::sync_rows::{document, name};

const LISTINGS: &str = "select t.body from listing t where ($1::bigint is null or t.shop = $1) \
     and ($2::bigint is null or t.sku = $2) and ($3::boolean is null or (t.sku is not null) = $3) \
     and (not $4::boolean or t.dirty) and (not $5::boolean or t.edited) \
     and ($6::boolean is null or (t.state = 'active') = $6) and ($7::text is null or t.seller_sku = $7) and ($8::bigint is null or t.id > $8) order by t.id limit $9";

/// `offset 0` keeps each SKU's listings a look into the index: the planner takes a list of unknown length for a long one, and
/// would read all listings for three.
const CONCERNING: &str = "with named (sku, code) as ( \
        select s.id, s.code from sku s where s.code = any ($1) \
     ), seller (code, sells) as ( \
        select n.code, n.sku from named n \
      union \
        select n.code, c.bundle from named n join sku_component c on c.component = n.sku \
     ) select distinct s.code, t.id from seller s cross join lateral (select l.id from listing l \
         where l.sku = s.sells and l.sku is not null and l.state = 'active' offset 0) as t \
     order by s.code, t.id";

const MARKET_ORDERS: &str = "select t.body from market_order t where ($1::bigint is null or t.shop = $1) \
     and ($2::text is null or t.state = $2) \
     and ($3::bigint is null or (t.received_at, t.shop, t.reference) < ($3, $4::bigint, $5::text)) \
     order by t.received_at desc, t.shop desc, t.reference desc limit $6";

const INBOX: &str = "select t.body from inbox t where ($1::bigint is null or t.shop = $1) \
     and (not $2::boolean or t.shop is null) and ($3::bigint is null or (t.received_at, t.key) < ($3, $4::text)) \
     order by t.received_at desc, t.key desc limit $5";

const NOTICES: &str = "select t.body from notice t where ($1::boolean is null or t.open = $1) \
     and ($2::text is null or t.kind = $2) and ($3::bigint is null or t.shop = $3) \
     and ($4::bigint is null or (t.last_at, t.key) < ($4, $5::text)) \
     order by t.last_at desc, t.key desc limit $6";

impl PostgresReads {
    async fn documents<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<T>, StoreError> {
        rows::all(&self.query(sql, parameters).await?, document)
    }

    async fn documents_by_key<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<T>, StoreError> {
        rows::all(&self.keyed(sql, parameters).await?, document)
    }

    async fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<T>, StoreError> {
        Ok(self.documents_by_key(sql, parameters).await?.pop())
    }
}

#[async_trait]
impl SyncReads for PostgresReads {
    async fn claimable(
        &self,
        filter: &ClaimFilter,
        now: i64,
        per_group: usize,
    ) -> Result<Claimable, StoreError> {
        self.read_claimable(filter, now, per_group).await
    }
    async fn lost_leases(&self, now: i64, limit: usize) -> Result<Vec<(JobId, i64)>, StoreError> {
        self.read_lost_leases(now, limit).await
    }
    async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.read_job(id).await
    }
    async fn jobs(&self, filter: &JobFilter, limit: usize) -> Result<Page<Job>, StoreError> {
        self.read_jobs(filter, limit).await
    }
    async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        self.read_job_counts().await
    }
    async fn dead_job(&self, id: JobId) -> Result<Option<DeadJob>, StoreError> {
        self.read_dead_job(id).await
    }
    async fn dead_jobs(&self, filter: &DeadFilter, limit: usize) -> Result<Page<DeadJob>, StoreError> {
        self.read_dead_jobs(filter, limit).await
    }
    async fn dead_groups(&self) -> Result<Vec<DeadGroup>, StoreError> {
        self.read_dead_groups().await
    }
    async fn done_job(&self, id: JobId) -> Result<Option<DoneJob>, StoreError> {
        self.read_done_job(id).await
    }
    async fn done_jobs(
        &self,
        before: Option<(i64, JobId)>,
        limit: usize,
    ) -> Result<Page<DoneJob>, StoreError> {
        self.read_done_jobs(before, limit).await
    }
    async fn shops(&self) -> Result<Vec<Shop>, StoreError> {
        self.documents_by_key("select body from shop order by id", &[]).await
    }
    async fn shop(&self, id: ShopId) -> Result<Option<Shop>, StoreError> {
        self.one("select body from shop where id = $1", &[&id.0]).await
    }
    async fn shop_by_code(&self, code: &str) -> Result<Option<Shop>, StoreError> {
        self.one("select body from shop where code = $1", &[&code]).await
    }
    async fn shop_by_account(&self, channel: &str, account: &str) -> Result<Option<Shop>, StoreError> {
        let sql = "select body from shop where channel = $1 and account = $2";
        self.one(sql, &[&channel, &account]).await
    }
    async fn listing(&self, id: ListingId) -> Result<Option<Listing>, StoreError> {
        self.one("select body from listing where id = $1", &[&id.0]).await
    }
    async fn listing_by_key(
        &self,
        shop: ShopId,
        item: &str,
        variant: &str,
    ) -> Result<Option<Listing>, StoreError> {
        let sql = "select body from listing where shop = $1 and item = $2 and variant = $3";
        self.one(sql, &[&shop.0, &item, &variant]).await
    }
    async fn listings(&self, filter: &ListingFilter, limit: usize) -> Result<Page<Listing>, StoreError> {
        let sku = ("($2::bigint is null or t.sku = $2)", "(t.sku = $2 and t.sku is not null)");
        let sql = pinned(LISTINGS, filter.sku.is_some(), sku.0, sku.1);
        let sql = pinned(&sql, filter.dirty, "(not $4::boolean or t.dirty)", "(t.dirty and $4::boolean)");
        let sql = pinned(&sql, filter.edited, "(not $5::boolean or t.edited)", "(t.edited and $5::boolean)");
        let seller = ("($7::text is null or t.seller_sku = $7)", "t.seller_sku = $7");
        let sql = pinned(&sql, filter.seller_sku.is_some(), seller.0, seller.1);
        let sql = pinned(&sql, filter.shop.is_some(), "($1::bigint is null or t.shop = $1)", "t.shop = $1");
        let sql = pinned(&sql, filter.after.is_some(), "($8::bigint is null or t.id > $8)", "t.id > $8");
        let found = self
            .documents(
                &sql,
                &[
                    &filter.shop.map(|id| id.0),
                    &filter.sku.map(|id| id.0),
                    &filter.mapped,
                    &filter.dirty,
                    &filter.edited,
                    &filter.active,
                    &filter.seller_sku,
                    &filter.after.map(|id| id.0),
                    &one_more(limit),
                ],
            )
            .await?;
        Ok(Page::of(found, limit))
    }
    async fn listings_of_unit(&self, shop: ShopId, unit: &str) -> Result<Vec<Listing>, StoreError> {
        let sql = "select body from listing where shop = $1 and unit = $2 order by id";
        self.documents_by_key(sql, &[&shop.0, &unit]).await
    }
    async fn listings_concerning(&self, skus: &[&str]) -> Result<Vec<(String, ListingId)>, StoreError> {
        rows::all(&self.keyed(CONCERNING, &[&skus]).await?, |row| {
            let mut columns = Columns::of(row);
            Ok((columns.next()?, ListingId(columns.next()?)))
        })
    }
    async fn staleness(&self) -> Result<Vec<Staleness>, StoreError> {
        let sql =
            "select shop, count(*), min(dirty_since) from listing where dirty group by shop order by shop";
        rows::all(&self.query(sql, &[]).await?, |row| {
            let mut columns = Columns::of(row);
            Ok(Staleness { shop: ShopId(columns.next()?), dirty: columns.next()?, oldest: columns.next()? })
        })
    }
    async fn stock_rows(&self, keys: &[StockKey]) -> Result<Vec<Stock>, StoreError> {
        let (skus, locations) = crate::find::split(keys.iter().copied());
        let sql = concat!(
            "select ",
            stock_columns!(),
            " from stock t join (select distinct * from unnest($1::bigint[], $2::bigint[])) as k (sku, location) \
             on t.sku = k.sku and t.location = k.location order by t.sku, t.location"
        );
        rows::all(&self.keyed(sql, &[&skus, &locations]).await?, |row| rows::stock(&mut Columns::of(row)))
    }
    async fn market_order(&self, shop: ShopId, reference: &str) -> Result<Option<MarketOrder>, StoreError> {
        let sql = "select body from market_order where shop = $1 and reference = $2";
        self.one(sql, &[&shop.0, &reference]).await
    }
    async fn market_orders(
        &self,
        filter: &MarketOrderFilter,
        limit: usize,
    ) -> Result<Page<MarketOrder>, StoreError> {
        let (state, before) = (filter.state.map(name), filter.before.as_ref());
        let at = before.map(|(at, ..)| at);
        let (shop, reference) = before.map(|(_, shop, reference)| (shop.0, reference)).unzip();
        let wanted = filter.shop.map(|id| id.0);
        let limit_rows = one_more(limit);
        let open = filter.state.is_some_and(|state| state != MarketOrderState::Applied);
        let page = "(t.received_at, t.shop, t.reference) < ($3, $4::bigint, $5::text)";
        let exact = "(t.state = $2 and t.state <> 'applied')";
        let sql = pinned(MARKET_ORDERS, open, "($2::text is null or t.state = $2)", exact);
        let sql = pinned(&sql, before.is_some(), &format!("($3::bigint is null or {page})"), page);
        let found = self.documents(&sql, &[&wanted, &state, &at, &shop, &reference, &limit_rows]).await?;
        Ok(Page::of(found, limit))
    }
    async fn inbox(&self, filter: &InboxFilter, limit: usize) -> Result<Page<Inbox>, StoreError> {
        let (at, key) = filter.before.as_ref().map(|(at, key)| (at, key)).unzip();
        let shop = filter.shop.map(|id| id.0);
        let page = "(t.received_at, t.key) < ($3, $4::text)";
        let exact = "(t.shop is null and $2::boolean)";
        let sql = pinned(INBOX, filter.unknown_shop, "(not $2::boolean or t.shop is null)", exact);
        let sql = pinned(&sql, at.is_some(), &format!("($3::bigint is null or {page})"), page);
        let found = self.documents(&sql, &[&shop, &filter.unknown_shop, &at, &key, &one_more(limit)]).await?;
        Ok(Page::of(found, limit))
    }
    async fn webhook(&self, key: &str) -> Result<Option<Inbox>, StoreError> {
        self.one("select body from inbox where key = $1", &[&key]).await
    }
    async fn notice(&self, key: &str) -> Result<Option<Notice>, StoreError> {
        self.one("select body from notice where key = $1", &[&key]).await
    }
    async fn notices(&self, filter: &NoticeFilter, limit: usize) -> Result<Page<Notice>, StoreError> {
        let (at, key) = filter.before.as_ref().map(|(at, key)| (at, key)).unzip();
        let (kind, shop) = (filter.kind.map(kind_name), filter.shop.map(|id| id.0));
        let page = "(t.last_at, t.key) < ($4, $5::text)";
        let exact = "(t.open and $1::boolean)";
        let sql = pinned(NOTICES, filter.open == Some(true), "($1::boolean is null or t.open = $1)", exact);
        let sql = pinned(&sql, at.is_some(), &format!("($4::bigint is null or {page})"), page);
        let found = self.documents(&sql, &[&filter.open, &kind, &shop, &at, &key, &one_more(limit)]).await?;
        Ok(Page::of(found, limit))
    }
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, Setting)>, StoreError> {
        let sql = "select key, body from setting where starts_with(key, $1) order by key";
        rows::all(&self.query(sql, &[&prefix]).await?, |row| {
            let mut columns = Columns::of(row);
            Ok((columns.next()?, json(columns.next()?)?))
        })
    }
}
