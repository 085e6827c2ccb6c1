//! The kinds of rows: their columns and what stands in them.

use std::sync::LazyLock;

use onhand_rules::job::JobState;
use onhand_rules::listing::ListingState;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::kind_name;
use onhand_rules::retry::class_name;
use onhand_rules::shop::ShopState;
use onhand_rules::{DeadJob, DoneJob, Inbox, Job, Listing, MarketOrder, Notice, Shop};
use rusqlite::{CachedStatement, Connection, Row};

use super::unreadable::{dead_job, done_job, job};
use super::{Document, Sql, Table, damaged};

/// Says of a kind of row where it is kept, and of each column what stands in it.
macro_rules! document {
    ($kind:ty as $row:ident in $table:literal, key { $($key:ident: $key_value:expr),+ $(,)? },
     columns { $($column:ident: $value:expr),+ $(,)? }, guard { $($guard:ident: $guard_value:expr),+ $(,)? },
     unreadable $unreadable:path) => {
        impl Document for $kind {
            fn table() -> &'static Table {
                static TABLE: LazyLock<Table> = LazyLock::new(|| {
                    let columns = &[$(stringify!($column)),+];
                    Table::new($table, &[$(stringify!($key)),+], columns, &[$(stringify!($guard)),+])
                });
                &TABLE
            }

            fn bind(&self, statement: &mut CachedStatement<'_>, base: usize, body: &str) -> Sql<()> {
                let $row = self;
                crate::bulk::bind!(statement, base, $($value,)+ body, $($key_value),+);
                Ok(())
            }

            fn bind_key(&self, statement: &mut CachedStatement<'_>, base: usize) -> Sql<()> {
                let $row = self;
                crate::bulk::bind!(statement, base, $($key_value),+);
                Ok(())
            }

            fn bind_guard(&self, statement: &mut CachedStatement<'_>, base: usize) -> Sql<()> {
                let $row = self;
                crate::bulk::bind!(statement, base, $($guard_value),+);
                Ok(())
            }

            fn unreadable(connection: &Connection, row: &Row<'_>, why: String) -> Sql<Self> {
                $unreadable(connection, row, why)
            }
        }
    };
}

/// A row that must be readable, because nothing can stand for it.
fn refuse<T>(_: &Connection, _: &Row<'_>, why: String) -> Sql<T> {
    Err(damaged(0, why))
}

// Every change of a job names the lease it was loaded with and whether it ran then: a job that was rescued, retried or
// claimed by somebody else meanwhile is not the one that was loaded (Q4).
document!(Job as job_row in "job",
    key { id: job_row.id.to_bytes() },
    columns {
        kind: job_row.body.number(),
        shop: job_row.body.shop().map_or(0, |shop| shop.0),
        class: job_row.class,
        running: job_row.state == JobState::Running,
        run_at: job_row.run_at,
        attempts: job_row.attempts,
        crashes: job_row.crashes,
        throttled: job_row.throttled,
        lease_number: job_row.lease_number,
        lease_end: job_row.lease.map(|lease| lease.until.min(lease.deadline)),
        dedupe: job_row.body.dedupe(),
    },
    guard { lease_number: job_row.lease_number, running: job_row.state == JobState::Running },
    unreadable job);

document!(DeadJob as dead in "job_dead",
    key { id: dead.job.id.to_bytes() },
    columns {
        kind: dead.job.body.number(),
        shop: dead.job.body.shop().map_or(0, |shop| shop.0),
        class: class_name(dead.failure.class),
        code: dead.failure.code.as_str(),
        died_at: dead.died_at,
        replayed_as: dead.replayed_as.map(|id| id.to_bytes()),
        open: dead.replayed_as.is_none() && dead.discarded.is_none(),
    },
    guard { replayed_as: dead.replayed_as.map(|id| id.to_bytes()) },
    unreadable dead_job);

document!(DoneJob as done in "job_done",
    key { id: done.job.id.to_bytes() },
    columns {
        kind: done.job.body.number(),
        shop: done.job.body.shop().map_or(0, |shop| shop.0),
        ended_at: done.ended_at,
        outcome: done.outcome.as_str(),
    },
    guard { ended_at: done.ended_at },
    unreadable done_job);

/// The stable name of a state, as stored.
fn shop_state(state: ShopState) -> &'static str {
    match state {
        ShopState::Connected => "connected",
        ShopState::Disconnected => "disconnected",
        ShopState::Paused => "paused",
    }
}

document!(Shop as shop in "shop",
    key { id: shop.id.0 },
    columns {
        code: shop.code.as_str(),
        channel: shop.channel.as_str(),
        account: shop.account.as_str(),
        state: shop_state(shop.state),
        version: shop.version,
    },
    guard { version: shop.version },
    unreadable refuse);

document!(Listing as listing in "listing",
    key { id: listing.id.0 },
    columns {
        shop: listing.shop.0,
        item: listing.item.as_str(),
        variant: listing.variant.as_str(),
        seller_sku: listing.seller_sku.as_str(),
        unit: listing.unit.as_str(),
        sku: listing.mapping.map(|mapping| mapping.sku.0),
        active: listing.state == ListingState::Active,
        desired: listing.desired,
        acked: listing.acked,
        dirty_since: listing.dirty_since,
        edited: listing.edit.is_some(),
        version: listing.version,
    },
    guard { version: listing.version },
    unreadable refuse);

/// The stable name of a state, as stored.
pub(crate) fn market_state(state: MarketOrderState) -> &'static str {
    match state {
        MarketOrderState::Applied => "applied",
        MarketOrderState::WaitsForMapping => "waits_for_mapping",
        MarketOrderState::NeedsAttention => "needs_attention",
    }
}

document!(MarketOrder as order in "market_order",
    key { shop: order.shop.0, reference: order.reference.as_str() },
    columns {
        state: market_state(order.state),
        received_at: order.received_at,
        version: order.version,
    },
    guard { version: order.version },
    unreadable refuse);

document!(Inbox as webhook in "inbox",
    key { key: webhook.key.as_str() },
    columns {
        shop: webhook.shop.map(|shop| shop.0),
        deliveries: webhook.deliveries,
        received_at: webhook.received_at,
    },
    guard { deliveries: webhook.deliveries },
    unreadable refuse);

document!(Notice as notice in "notice",
    key { key: notice.key.as_str() },
    columns {
        kind: kind_name(notice.kind),
        shop: notice.shop.map(|shop| shop.0),
        open: notice.open,
        last_at: notice.last_at,
        version: notice.version,
    },
    guard { version: notice.version },
    unreadable refuse);
