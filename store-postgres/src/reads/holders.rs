//! Orders, reservations and what is due.

use onhand_rules::{Holder, Order, OrderId, Reservation, ReservationId};
use onhand_store::{OrderFilter, Page, ReservationFilter, StoreError};

use super::stock::holder;
use super::{PostgresReads, one_more, rows_at_most};
use crate::column::{Columns, Uuid};
use crate::rows::{self, order_columns, reservation_columns};

macro_rules! money_due {
    () => {
        "x.payment in ('refund_pending', 'part_refund_pending', 'disputed')"
    };
}

const ORDERS: &str = concat!(
    "select ",
    order_columns!(),
    " from ( \
         select * from orders x where ($1::text is null or x.state = $1) and ($2::text is null or x.channel = $2) \
         and $3::text is null and ($4::uuid is null or x.id < $4) and not $6::boolean \
         order by x.id desc limit $5 \
     ) o left join order_line ol on ol.order_id = o.id order by o.id desc, ol.line, ol.part"
);

/// The same where only money that is due is asked for, which an index of its own finds.
const ORDERS_MONEY: &str = concat!(
    "select ",
    order_columns!(),
    " from ( \
         select * from orders x where ($1::text is null or x.state = $1) and ($2::text is null or x.channel = $2) \
         and $3::text is null and ($4::uuid is null or x.id < $4) and $6::boolean and ",
    money_due!(),
    " order by x.id desc limit $5 \
     ) o left join order_line ol on ol.order_id = o.id order by o.id desc, ol.line, ol.part"
);

/// The same where a reference is asked for, which is looked up in its channel, or in each: there are a handful of channels,
/// every one found by one step in the index that begins with it, and there may be millions of orders. The lookup stands in
/// a query of its own because the planner, not knowing whether there is a channel, might as well walk all orders by id.
const ORDERS_BY_REFERENCE: &str = concat!(
    "with recursive known as ( \
         select coalesce($2::text collate \"C\", (select x.channel from orders x where x.reference is not null \
             order by x.channel limit 1)) as channel \
       union all \
         select (select x.channel from orders x where x.reference is not null and x.channel > known.channel \
             order by x.channel limit 1) from known where $2::text is null and known.channel is not null \
     ) select ",
    order_columns!(),
    " from ( \
         select x.* from known cross join lateral ( \
             select * from orders y where y.channel = known.channel and y.reference = $3 offset 0) x \
         where ($1::text is null or x.state = $1) and ($4::uuid is null or x.id < $4) and (not $6::boolean or ",
    money_due!(),
    ") order by x.id desc limit $5 \
     ) o left join order_line ol on ol.order_id = o.id order by o.id desc, ol.line, ol.part"
);

const RESERVATIONS: &str = concat!(
    "select ",
    reservation_columns!(),
    " from ( \
         select * from reservation x where ($1::text is null or x.state = $1) and ($2::text is null or x.owner = $2) \
         and ($3::uuid is null or x.id < $3) order by x.id desc limit $4 \
     ) r left join reservation_line rl on rl.reservation_id = r.id order by r.id desc, rl.line, rl.part"
);

const MARKET_HOLDS: &str = "select channel, reference from orders
    where expires_at <= $1 and forced and reference is not null order by expires_at, id limit $2";
const NEXT_DUE: &str = "select least( \
        (select min(o.expires_at) from orders o where o.expires_at is not null), \
        (select min(r.expires_at) from reservation r where r.state = 'held'))";

const DUE: &str = "select kind, id from ( \
        (select 0 as kind, o.id, o.expires_at from orders o where o.expires_at <= $1 \
         order by o.expires_at, o.id limit $2) \
      union all \
        (select 1, r.id, r.expires_at from reservation r where r.state = 'held' and r.expires_at <= $1 \
         order by r.expires_at, r.id limit $2) \
     ) due order by expires_at, kind, id limit $2";

impl PostgresReads {
    pub(super) async fn read_order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let sql = concat!(
            "select ",
            order_columns!(),
            " from orders o left join order_line ol on ol.order_id = o.id where o.id = $1 order by ol.line, ol.part"
        );
        let found = self.keyed(sql, &[&Uuid(id.0)]).await?;
        Ok(rows::orders(&found)?.pop())
    }

    pub(super) async fn read_orders(
        &self,
        filter: &OrderFilter,
        limit: usize,
    ) -> Result<Page<Order>, StoreError> {
        let sql = match filter {
            OrderFilter { reference: Some(_), .. } => ORDERS_BY_REFERENCE,
            OrderFilter { money_due: true, .. } => ORDERS_MONEY,
            _ => ORDERS,
        };
        let found = self
            .query(
                sql,
                &[
                    &filter.state.map(|state| state.name()),
                    &filter.channel,
                    &filter.reference,
                    &filter.before.map(|id| Uuid(id.0)),
                    &one_more(limit),
                    &filter.money_due,
                ],
            )
            .await?;
        Ok(Page::of(rows::orders(&found)?, limit))
    }

    pub(super) async fn read_reservation(
        &self,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        let sql = concat!(
            "select ",
            reservation_columns!(),
            " from reservation r left join reservation_line rl on rl.reservation_id = r.id where r.id = $1 \
             order by rl.line, rl.part"
        );
        let found = self.keyed(sql, &[&Uuid(id.0)]).await?;
        Ok(rows::reservations(&found)?.pop())
    }

    pub(super) async fn read_reservations(
        &self,
        filter: &ReservationFilter,
        limit: usize,
    ) -> Result<Page<Reservation>, StoreError> {
        let found = self
            .query(
                RESERVATIONS,
                &[
                    &filter.state.map(|state| state.name()),
                    &filter.owner,
                    &filter.before.map(|id| Uuid(id.0)),
                    &one_more(limit),
                ],
            )
            .await?;
        Ok(Page::of(rows::reservations(&found)?, limit))
    }

    pub(super) async fn read_next_due(&self) -> Result<Option<i64>, StoreError> {
        let found = self.keyed(NEXT_DUE, &[]).await?;
        match found.first() {
            Some(row) => Columns::of(row).next(),
            None => Ok(None),
        }
    }

    pub(super) async fn read_due(&self, now: i64, limit: usize) -> Result<Vec<Holder>, StoreError> {
        let found = self.query(DUE, &[&now, &rows_at_most(limit)]).await?;
        rows::all(&found, |row| {
            let mut columns = Columns::of(row);
            Ok(holder(columns.next()?, columns.next()?))
        })
    }

    pub(super) async fn read_market_holds(
        &self,
        until: i64,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let found = self.query(MARKET_HOLDS, &[&until, &rows_at_most(limit)]).await?;
        rows::all(&found, |row| {
            let mut columns = Columns::of(row);
            Ok((columns.next()?, columns.next()?))
        })
    }
}

#[cfg(test)]
mod tests;
