//! Stock rows, their movements and who holds their units.

use onhand_rules::{Holder, Movement, OrderId, ReservationId, StockKey};
use onhand_store::{Figure, HolderUnits, Page, StockFilter, StockView, StoreError, Stretch};
use tokio_postgres::Row;

use super::{PostgresReads, one_more, rows_at_most};
use crate::column::{Columns, Uuid};
use crate::rows::{self, movement_columns, stock_columns};

/// The comparison of pairs spans two tables and no index serves it; the comparison before it lets the index of SKU codes
/// begin at the right place.
const STOCK: &str = concat!(
    "select s.code, l.code, ",
    stock_columns!(),
    " from sku s join stock t on t.sku = s.id join location l on l.id = t.location \
     where ($1::text is null or s.code = $1) and ($2::text is null or l.code = $2) \
     and ($3::bigint is null or t.on_hand - t.reserved - t.allocated - t.unavailable < $3) \
     and (not $4::boolean or t.short) \
     and ($5::text is null or (s.code >= $5 and (s.code, l.code) > ($5, $6::text))) \
     order by s.code, l.code limit $7"
);

/// Versions are gapless and their times never fall, so the movement is found by halving: no index by time, which every
/// sale would have to pay for.
const MOVEMENT_AT: &str = concat!(
    "with recursive probe (low, high) as ( \
         select 0::bigint, coalesce((select max(version) from movement where sku = $1 and location = $2), 0) \
       union all \
         select case when m.at <= $3 then m.version else p.low end, \
                case when m.at <= $3 then p.high else m.version - 1 end \
         from (select low, high, (low + high + 1) / 2 as middle from probe where low < high) p \
         join movement m on m.sku = $1 and m.location = $2 and m.version = p.middle \
     ) \
     select ",
    movement_columns!(),
    " from probe join movement m on m.sku = $1 and m.location = $2 and m.version = probe.low \
     where probe.low = probe.high"
);

const HOLDERS: &str = "select * from ( \
        select 0 as kind, ol.order_id as id, ol.line, ol.part, ol.reserved, ol.allocated, o.expires_at, o.reference \
        from order_line ol join orders o on o.id = ol.order_id \
        where ol.sku = $1 and ol.location = $2 and ol.holding \
      union all \
        select 1, rl.reservation_id, rl.line, rl.part, rl.quantity - rl.allocated - rl.released, 0, r.expires_at, \
               r.owner \
        from reservation_line rl join reservation r on r.id = rl.reservation_id \
        where rl.sku = $1 and rl.location = $2 and rl.holding \
     ) held \
     where $3::integer is null or (kind, id, line, part) > ($3, $4::uuid, $5::integer, $6::integer) \
     order by kind, id, line, part limit $7";

/// A stock row after the codes of its SKU and location.
pub(super) fn view(columns: &mut Columns<'_>) -> Result<StockView, StoreError> {
    Ok(StockView { sku: columns.next()?, location: columns.next()?, stock: rows::stock(columns)? })
}

pub(super) fn holder(kind: i32, id: Uuid) -> Holder {
    if kind == 0 { Holder::Order(OrderId(id.0)) } else { Holder::Reservation(ReservationId(id.0)) }
}

fn units(row: &Row) -> Result<HolderUnits, StoreError> {
    let mut columns = Columns::of(row);
    Ok(HolderUnits {
        holder: holder(columns.next()?, columns.next()?),
        line: columns.next()?,
        part: columns.next()?,
        reserved: columns.next()?,
        allocated: columns.next()?,
        expires_at: columns.next()?,
        reference: columns.next()?,
    })
}

impl PostgresReads {
    pub(super) async fn read_stock(
        &self,
        filter: &StockFilter,
        limit: usize,
    ) -> Result<Page<StockView>, StoreError> {
        let (sku, location) = filter.after.as_ref().map(|(s, l)| (s, l)).unzip();
        let found = self
            .query(
                STOCK,
                &[
                    &filter.sku,
                    &filter.location,
                    &filter.available_below,
                    &filter.shortfall,
                    &sku,
                    &location,
                    &one_more(limit),
                ],
            )
            .await?;
        let views = rows::all(&found, |row| view(&mut Columns::of(row)))?;
        Ok(Page::of(views, limit))
    }

    pub(super) async fn read_movements(
        &self,
        key: StockKey,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Movement>, StoreError> {
        let sql = concat!(
            "select ",
            movement_columns!(),
            " from movement m where m.sku = $1 and m.location = $2 and m.version < $3 \
             order by m.version desc limit $4"
        );
        let before = before.unwrap_or(i64::MAX);
        let found = self.query(sql, &[&key.sku.0, &key.location.0, &before, &one_more(limit)]).await?;
        Ok(Page::of(rows::all(&found, rows::movement)?, limit))
    }

    pub(super) async fn read_movements_changing(
        &self,
        key: StockKey,
        figure: Figure,
        below: i64,
        limit: usize,
        look: usize,
    ) -> Result<Stretch, StoreError> {
        let figure = match figure {
            Figure::OnHand => "delta_on_hand",
            Figure::Reserved => "delta_reserved",
            Figure::Allocated => "delta_allocated",
            Figure::Unavailable => "delta_unavailable",
        };
        let sql = format!(
            "select {} from movement m where m.sku = $1 and m.location = $2 and m.version < $3 and m.version >= $4 \
             and m.{figure} <> 0 order by m.version desc limit $5",
            movement_columns!()
        );
        let lowest = Stretch::lowest(below, look);
        let found =
            self.query(&sql, &[&key.sku.0, &key.location.0, &below, &lowest, &rows_at_most(limit)]).await?;
        Ok(Stretch::of(rows::all(&found, rows::movement)?, below, limit, look))
    }

    pub(super) async fn read_movements_from(
        &self,
        key: StockKey,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Movement>, StoreError> {
        let sql = concat!(
            "select ",
            movement_columns!(),
            " from movement m where m.sku = $1 and m.location = $2 and m.version > $3 \
             order by m.version limit $4"
        );
        let found = self.query(sql, &[&key.sku.0, &key.location.0, &after, &rows_at_most(limit)]).await?;
        rows::all(&found, rows::movement)
    }

    pub(super) async fn read_movement_at(
        &self,
        key: StockKey,
        at: i64,
    ) -> Result<Option<Movement>, StoreError> {
        let found = self.keyed(MOVEMENT_AT, &[&key.sku.0, &key.location.0, &at]).await?;
        found.first().map(rows::movement).transpose()
    }

    pub(super) async fn read_holders(
        &self,
        key: StockKey,
        after: Option<(Holder, i32, i32)>,
        limit: usize,
    ) -> Result<Page<HolderUnits>, StoreError> {
        let (kind, id) = match after {
            None => (None, None),
            Some((Holder::Order(id), ..)) => (Some(0i32), Some(Uuid(id.0))),
            Some((Holder::Reservation(id), ..)) => (Some(1), Some(Uuid(id.0))),
        };
        let (line, part) = after.map(|(_, line, part)| (line, part)).unzip();
        let found = self
            .query(HOLDERS, &[&key.sku.0, &key.location.0, &kind, &id, &line, &part, &one_more(limit)])
            .await?;
        Ok(Page::of(rows::all(&found, units)?, limit))
    }
}
