//! What `verify` and `dump` read.

use onhand_rules::{Order, OrderId, Reservation, ReservationId, StockKey};
use onhand_store::{OpKey, OpRow, StockAudit, StoreError};

use super::stock::view;
use super::{PostgresReads, rows_at_most};
use crate::column::{Columns, Uuid};
use crate::rows::{self, op_columns, order_columns, reservation_columns, stock_columns};

/// One statement, so that a row and its holders are of one moment while sales go on.
const STOCK: &str = concat!(
    "select s.code, l.code, ",
    stock_columns!(),
    ", (coalesce((select sum(ol.reserved) from order_line ol \
                  where ol.sku = t.sku and ol.location = t.location and ol.holding), 0) \
      + coalesce((select sum(rl.quantity - rl.allocated - rl.released) from reservation_line rl \
                  where rl.sku = t.sku and rl.location = t.location and rl.holding), 0))::bigint, \
       coalesce((select sum(ol.allocated) from order_line ol \
                 where ol.sku = t.sku and ol.location = t.location and ol.holding), 0)::bigint \
     from stock t join sku s on s.id = t.sku join location l on l.id = t.location \
     where (t.sku, t.location) > ($1, $2) order by t.sku, t.location limit $3"
);

const ORDERS: &str = concat!(
    "select ",
    order_columns!(),
    " from (select * from orders x where $1::uuid is null or x.id > $1 order by x.id limit $2) o \
     left join order_line ol on ol.order_id = o.id order by o.id, ol.line, ol.part"
);

const RESERVATIONS: &str = concat!(
    "select ",
    reservation_columns!(),
    " from (select * from reservation x where $1::uuid is null or x.id > $1 order by x.id limit $2) r \
     left join reservation_line rl on rl.reservation_id = r.id order by r.id, rl.line, rl.part"
);

const OPS: &str = concat!(
    "select ",
    op_columns!(),
    " from op p where $1::bigint is null or (p.principal, p.kind, p.key) > ($1, $2::smallint, $3::text) \
     order by p.principal, p.kind, p.key limit $4"
);

/// PostgreSQL has no check of its own files that every installation offers; these are the signs that it found damage.
const FILES: &str = "select format('index %s is not valid', indexrelid::regclass) from pg_index where not indisvalid \
    union all \
    select format('%s pages failed their checksum, the last at %s', checksum_failures, checksum_last_failure) \
    from pg_stat_database where datname = current_database() and checksum_failures > 0";

impl PostgresReads {
    pub(super) async fn read_audit_stock(
        &self,
        after: Option<StockKey>,
        limit: usize,
    ) -> Result<Vec<StockAudit>, StoreError> {
        let (sku, location) = after.map_or((i64::MIN, i64::MIN), |key| (key.sku.0, key.location.0));
        let found = self.query(STOCK, &[&sku, &location, &rows_at_most(limit)]).await?;
        rows::all(&found, |row| {
            let mut columns = Columns::of(row);
            Ok(StockAudit {
                view: view(&mut columns)?,
                reserved_by_holders: columns.next()?,
                allocated_by_holders: columns.next()?,
            })
        })
    }

    pub(super) async fn read_audit_orders(
        &self,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let after = after.map(|id| Uuid(id.0));
        rows::orders(&self.query(ORDERS, &[&after, &rows_at_most(limit)]).await?)
    }

    pub(super) async fn read_audit_reservations(
        &self,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError> {
        let after = after.map(|id| Uuid(id.0));
        rows::reservations(&self.query(RESERVATIONS, &[&after, &rows_at_most(limit)]).await?)
    }

    pub(super) async fn read_audit_files(&self) -> Result<Vec<String>, StoreError> {
        let found = self.query(FILES, &[]).await?;
        rows::all(&found, |row| Columns::of(row).next())
    }

    pub(super) async fn read_audit_ops(
        &self,
        after: Option<&OpKey>,
        limit: usize,
    ) -> Result<Vec<OpRow>, StoreError> {
        let principal = after.map(|key| key.principal.0);
        let kind = after.map(|key| i16::from(key.kind));
        let key = after.map(|key| key.key.as_str());
        let found = self.query(OPS, &[&principal, &kind, &key, &rows_at_most(limit)]).await?;
        rows::all(&found, rows::op)
    }
}
