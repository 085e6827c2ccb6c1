//! The read side of the queue and the channels.

use std::collections::BTreeSet;

use async_trait::async_trait;
use onhand_rules::job::JobState;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::kind_name;
use onhand_rules::retry::class_name;
use onhand_rules::{
    DeadJob, DoneJob, Inbox, Job, JobId, Listing, ListingId, MarketOrder, Notice, Setting, Shop, ShopId,
    Stock, StockKey,
};
use onhand_store::{
    ClaimFilter, Claimable, DeadFilter, DeadGroup, InboxFilter, JobCount, JobFilter, ListingFilter,
    MarketOrderFilter, NoticeFilter, Page, Staleness, StoreError, SyncReads,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};

use super::jobs::{claimable, dead_groups};
use super::{Sql, SqliteReads, one_more};
use crate::documents::{Document, all, body, market_state, one};
use crate::load::select;
use crate::rows;

/// Conditions that are joined by AND, with their values.
#[derive(Default)]
struct Condition {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Condition {
    fn add(&mut self, part: &str, values: impl IntoIterator<Item = Value>) {
        self.parts.push(part.to_owned());
        self.values.extend(values);
    }

    fn page<T: Document>(mut self, connection: &Connection, order: &str, limit: usize) -> Sql<Page<T>> {
        if self.parts.is_empty() {
            self.parts.push("1".to_owned());
        }
        self.values.push(Value::Integer(one_more(limit)));
        let sql = format!("{} ORDER BY {order} LIMIT ?", self.parts.join(" AND "));
        Ok(Page::of(all(connection, &sql, self.values)?, limit))
    }
}

fn id_value(id: JobId) -> Value {
    Value::Blob(id.to_bytes().to_vec())
}

pub(super) fn shop_of(number: i64) -> Option<ShopId> {
    (number > 0).then_some(ShopId(number))
}

#[async_trait]
impl SyncReads for SqliteReads {
    async fn claimable(
        &self,
        filter: &ClaimFilter,
        now: i64,
        per_group: usize,
    ) -> Result<Claimable, StoreError> {
        let filter = filter.clone();
        self.run(move |connection| claimable(connection, &filter, now, per_group)).await
    }

    async fn lost_leases(&self, now: i64, limit: usize) -> Result<Vec<(JobId, i64)>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, lease_number FROM job WHERE running = 1 AND lease_end <= ?1 ORDER BY lease_end LIMIT ?2",
            )?;
            let rows = statement.query_map((now, super::exactly(limit)), |row| {
                Ok((JobId::from_bytes(row.get(0)?), row.get(1)?))
            })?;
            rows.collect()
        })
        .await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.run(move |connection| one(connection, "id = ?", vec![id_value(id)])).await
    }

    async fn jobs(&self, filter: &JobFilter, limit: usize) -> Result<Page<Job>, StoreError> {
        let mut condition = Condition::default();
        if !filter.kinds.is_empty() {
            let places = vec!["?"; filter.kinds.len()].join(", ");
            let kinds = filter.kinds.iter().map(|kind| Value::Integer((*kind).into()));
            condition.add(&format!("kind IN ({places})"), kinds);
        }
        if let Some(shop) = filter.shop {
            condition.add("shop = ?", [Value::Integer(shop.0)]);
        }
        match filter.state {
            Some(JobState::Ready) => condition.add("running = 0", []),
            // Few run, however many wait.
            Some(JobState::Running) => {
                condition.add("id IN (SELECT id FROM job INDEXED BY job_running WHERE running = 1)", []);
            }
            None => {}
        }
        if let Some(before) = filter.before {
            condition.add("id < ?", [id_value(before)]);
        }
        self.run(move |connection| condition.page(connection, "id DESC", limit)).await
    }

    async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        self.run(|connection| {
            // By the indexes alone: the bodies of a million jobs are not read to count them.
            let mut statement = connection.prepare_cached(
                "SELECT kind, shop, 0, count(*), min(run_at) FROM job INDEXED BY job_ready WHERE running = 0
                 GROUP BY kind, shop
                 UNION ALL SELECT kind, shop, 1, count(*), min(run_at) FROM job INDEXED BY job_running
                 WHERE running = 1 GROUP BY kind, shop ORDER BY 1, 2, 3",
            )?;
            let rows = statement.query_map([], |row| {
                let running: bool = row.get(2)?;
                Ok(JobCount {
                    kind: row.get(0)?,
                    shop: shop_of(row.get(1)?),
                    state: if running { JobState::Running } else { JobState::Ready },
                    count: row.get(3)?,
                    oldest_run_at: row.get(4)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn dead_job(&self, id: JobId) -> Result<Option<DeadJob>, StoreError> {
        self.run(move |connection| one(connection, "id = ?", vec![id_value(id)])).await
    }

    async fn dead_jobs(&self, filter: &DeadFilter, limit: usize) -> Result<Page<DeadJob>, StoreError> {
        let mut condition = Condition::default();
        if let Some(kind) = filter.kind {
            condition.add("kind = ?", [Value::Integer(kind.into())]);
        }
        if let Some(shop) = filter.shop {
            condition.add("shop = ?", [Value::Integer(shop.0)]);
        }
        if let Some(class) = filter.class {
            condition.add("class = ?", [Value::Text(class_name(class).to_owned())]);
        }
        if let Some(code) = &filter.code {
            condition.add("code = ?", [Value::Text(code.clone())]);
        }
        if filter.open {
            condition.add("open = 1", []);
        }
        if let Some(since) = filter.since {
            condition.add("died_at >= ?", [Value::Integer(since)]);
        }
        if let Some(before) = filter.before {
            condition.add("id < ?", [id_value(before)]);
        }
        self.run(move |connection| condition.page(connection, "id DESC", limit)).await
    }

    async fn dead_groups(&self) -> Result<Vec<DeadGroup>, StoreError> {
        self.run(dead_groups).await
    }

    async fn done_job(&self, id: JobId) -> Result<Option<DoneJob>, StoreError> {
        self.run(move |connection| one(connection, "id = ?", vec![id_value(id)])).await
    }

    async fn done_jobs(
        &self,
        before: Option<(i64, JobId)>,
        limit: usize,
    ) -> Result<Page<DoneJob>, StoreError> {
        let mut condition = Condition::default();
        if let Some((at, id)) = before {
            condition.add("(ended_at, id) < (?, ?)", [Value::Integer(at), id_value(id)]);
        }
        self.run(move |connection| condition.page(connection, "ended_at DESC, id DESC", limit)).await
    }

    async fn shops(&self) -> Result<Vec<Shop>, StoreError> {
        self.run(|connection| all(connection, "1 ORDER BY id", Vec::new())).await
    }

    async fn shop(&self, id: ShopId) -> Result<Option<Shop>, StoreError> {
        self.run(move |connection| one(connection, "id = ?", vec![Value::Integer(id.0)])).await
    }

    async fn shop_by_code(&self, code: &str) -> Result<Option<Shop>, StoreError> {
        let values = vec![Value::Text(code.to_owned())];
        self.run(move |connection| one(connection, "code = ?", values)).await
    }

    async fn shop_by_account(&self, channel: &str, account: &str) -> Result<Option<Shop>, StoreError> {
        let values = vec![Value::Text(channel.to_owned()), Value::Text(account.to_owned())];
        self.run(move |connection| one(connection, "channel = ? AND account = ?", values)).await
    }

    async fn listing(&self, id: ListingId) -> Result<Option<Listing>, StoreError> {
        self.run(move |connection| one(connection, "id = ?", vec![Value::Integer(id.0)])).await
    }

    async fn listing_by_key(
        &self,
        shop: ShopId,
        item: &str,
        variant: &str,
    ) -> Result<Option<Listing>, StoreError> {
        let values =
            vec![Value::Integer(shop.0), Value::Text(item.to_owned()), Value::Text(variant.to_owned())];
        self.run(move |connection| one(connection, "shop = ? AND item = ? AND variant = ?", values)).await
    }

    async fn listings(&self, filter: &ListingFilter, limit: usize) -> Result<Page<Listing>, StoreError> {
        let mut condition = Condition::default();
        if let Some(shop) = filter.shop {
            condition.add("shop = ?", [Value::Integer(shop.0)]);
        }
        if let Some(sku) = filter.sku {
            condition.add("sku = ?", [Value::Integer(sku.0)]);
        }
        match filter.mapped {
            Some(true) => condition.add("sku IS NOT NULL", []),
            Some(false) => condition.add("sku IS NULL", []),
            None => {}
        }
        if filter.dirty {
            condition.add("acked < desired AND sku IS NOT NULL AND active = 1", []);
        }
        if filter.edited {
            condition.add("edited = 1", []);
        }
        if let Some(active) = filter.active {
            condition.add("active = ?", [Value::Integer(active.into())]);
        }
        if let Some(seller_sku) = &filter.seller_sku {
            condition.add("seller_sku = ?", [Value::Text(seller_sku.clone())]);
        }
        if let Some(after) = filter.after {
            condition.add("id > ?", [Value::Integer(after.0)]);
        }
        self.run(move |connection| condition.page(connection, "id", limit)).await
    }

    async fn listings_of_unit(&self, shop: ShopId, unit: &str) -> Result<Vec<Listing>, StoreError> {
        let values = vec![Value::Integer(shop.0), Value::Text(unit.to_owned())];
        self.run(move |connection| all(connection, "shop = ? AND unit = ? ORDER BY id", values)).await
    }

    async fn listings_concerning(&self, skus: &[&str]) -> Result<Vec<(String, ListingId)>, StoreError> {
        let skus: BTreeSet<String> = skus.iter().map(|sku| (*sku).to_owned()).collect();
        self.run(move |connection| concerning(connection, &skus)).await
    }

    async fn staleness(&self) -> Result<Vec<Staleness>, StoreError> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT shop, count(*), min(dirty_since) FROM listing
                 WHERE acked < desired AND sku IS NOT NULL AND active = 1 GROUP BY shop",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Staleness { shop: ShopId(row.get(0)?), dirty: row.get(1)?, oldest: row.get(2)? })
            })?;
            rows.collect()
        })
        .await
    }

    async fn stock_rows(&self, keys: &[StockKey]) -> Result<Vec<Stock>, StoreError> {
        let keys = keys.to_vec();
        self.run(move |connection| {
            let sql = select(rows::STOCK, "stock WHERE sku = ?1 AND location = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.extend(statement.query_row([key.sku.0, key.location.0], rows::stock).optional()?);
            }
            Ok(found)
        })
        .await
    }

    async fn market_order(&self, shop: ShopId, reference: &str) -> Result<Option<MarketOrder>, StoreError> {
        let values = vec![Value::Integer(shop.0), Value::Text(reference.to_owned())];
        self.run(move |connection| one(connection, "shop = ? AND reference = ?", values)).await
    }

    async fn market_orders(
        &self,
        filter: &MarketOrderFilter,
        limit: usize,
    ) -> Result<Page<MarketOrder>, StoreError> {
        let mut condition = Condition::default();
        if let Some(shop) = filter.shop {
            condition.add("shop = ?", [Value::Integer(shop.0)]);
        }
        if let Some(state) = filter.state {
            condition.add("state = ?", [Value::Text(market_state(state).to_owned())]);
            if state != MarketOrderState::Applied {
                // The index of those that are not applied is known to do only by these words.
                condition.add("state <> 'applied'", []);
            }
        }
        if let Some((at, shop, reference)) = &filter.before {
            let values = [Value::Integer(*at), Value::Integer(shop.0), Value::Text(reference.clone())];
            condition.add("(received_at, shop, reference) < (?, ?, ?)", values);
        }
        let order = "received_at DESC, shop DESC, reference DESC";
        self.run(move |connection| condition.page(connection, order, limit)).await
    }

    async fn inbox(&self, filter: &InboxFilter, limit: usize) -> Result<Page<Inbox>, StoreError> {
        let mut condition = Condition::default();
        if let Some(shop) = filter.shop {
            condition.add("shop = ?", [Value::Integer(shop.0)]);
        }
        if filter.unknown_shop {
            condition.add("shop IS NULL", []);
        }
        if let Some((at, key)) = &filter.before {
            condition.add("(received_at, key) < (?, ?)", [Value::Integer(*at), Value::Text(key.clone())]);
        }
        self.run(move |connection| condition.page(connection, "received_at DESC, key DESC", limit)).await
    }

    async fn webhook(&self, key: &str) -> Result<Option<Inbox>, StoreError> {
        let values = vec![Value::Text(key.to_owned())];
        self.run(move |connection| one(connection, "key = ?", values)).await
    }

    async fn notice(&self, key: &str) -> Result<Option<Notice>, StoreError> {
        let values = vec![Value::Text(key.to_owned())];
        self.run(move |connection| one(connection, "key = ?", values)).await
    }

    async fn notices(&self, filter: &NoticeFilter, limit: usize) -> Result<Page<Notice>, StoreError> {
        let mut condition = Condition::default();
        if let Some(open) = filter.open {
            condition.add(if open { "open = 1" } else { "open = 0" }, []);
        }
        if let Some(kind) = filter.kind {
            condition.add("kind = ?", [Value::Text(kind_name(kind).to_owned())]);
        }
        if let Some(shop) = filter.shop {
            condition.add("shop = ?", [Value::Integer(shop.0)]);
        }
        if let Some((at, key)) = &filter.before {
            condition.add("(last_at, key) < (?, ?)", [Value::Integer(*at), Value::Text(key.clone())]);
        }
        self.run(move |connection| condition.page(connection, "last_at DESC, key DESC", limit)).await
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, Setting)>, StoreError> {
        let prefix = prefix.to_owned();
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, body FROM setting WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
            )?;
            let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, body(row, 1)?)))?;
            rows.collect()
        })
        .await
    }
}

fn concerning(connection: &Connection, codes: &BTreeSet<String>) -> Sql<Vec<(String, ListingId)>> {
    let mut statement = connection.prepare_cached(
        "SELECT listing.id FROM sku JOIN listing ON listing.sku = sku.id
         WHERE sku.code = ?1 AND listing.active = 1
         UNION SELECT listing.id FROM sku
         JOIN sku_component ON sku_component.component = sku.id JOIN listing ON listing.sku = sku_component.bundle
         WHERE sku.code = ?1 AND listing.active = 1 ORDER BY 1",
    )?;
    let mut found = Vec::new();
    for code in codes {
        let listing = |row: &Row<'_>| Ok((code.clone(), ListingId(row.get(0)?)));
        for listing in statement.query_map([code], listing)? {
            found.push(listing?);
        }
    }
    Ok(found)
}
