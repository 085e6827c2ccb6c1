//! Events and operation records.

use onhand_rules::event::{LISTING_CHANGED, SELDOM};
use onhand_rules::{Command, OrderId, PrincipalId, ReservationId};
use onhand_store::{EventFilter, EventRow, EventsFrom, OpRow, Page, StoreError};
use tokio_postgres::types::ToSql;

use super::{PostgresReads, one_more};
use crate::column::Uuid;
use crate::rows::{self, event_columns, op_columns};

/// The words of the index, so that PostgreSQL knows it by them.
const STEPS: &str =
    "(strpos(e.data, '\"step\":\"mapped\"') > 0 or strpos(e.data, '\"step\":\"unmapped\"') > 0)";

/// As what a subject is kept, and with what the types of its events begin.
fn subject_of(subject: &str) -> (Uuid, &'static str) {
    let (id, kinds) = if let Ok(OrderId(id)) = subject.parse() {
        (id, "order.")
    } else if let Ok(ReservationId(id)) = subject.parse() {
        (id, "reservation.")
    } else if let Some(page) = onhand_rules::audit::page_of(subject) {
        (u128::from(page.unsigned_abs()), "audit.")
    } else {
        (u128::from_be_bytes(onhand_rules::event::subject_hash(subject)), "")
    };
    (Uuid(id), kinds)
}

/// Parameters: the place, the limit, and if it is asked for the subject with what the types of its events begin.
///
/// Types stand in the text, because by a parameter an index of some types would not be found. They are not compared by
/// `=`, after which the order by type would be none: PostgreSQL could then read all of the feed in the order of its
/// numbers, where it takes a type for a frequent one, and would find a page only where the last import was.
fn events_by_sql(filter: &EventFilter) -> String {
    let (than, order) = match filter.from {
        EventsFrom::After(_) => (">", "asc"),
        EventsFrom::Before(_) => ("<", "desc"),
    };
    let mut sql = format!(concat!("select ", event_columns!(), " from event e where e.number {} $1"), than);
    if filter.subject.is_some() {
        sql.push_str(" and e.subject = $3 and starts_with(e.kind, $4)");
    }
    let kind = if filter.mapping { Some(LISTING_CHANGED) } else { filter.kind };
    if filter.mapping {
        sql.push_str(" and ");
        sql.push_str(STEPS);
    }
    let mut first = String::new();
    match kind {
        Some(LISTING_CHANGED) if filter.mapping && filter.subject.is_none() => {
            sql.push_str(&format!(" and e.kind = '{LISTING_CHANGED}'"));
        }
        Some(kind) => {
            let seldom = SELDOM.join("', '");
            sql.push_str(&format!(
                " and e.kind in ('{seldom}') and e.kind >= '{kind}' and e.kind <= '{kind}'"
            ));
            first = format!("e.kind {order}, ");
        }
        None => {}
    }
    sql.push_str(&format!(" order by {first}e.number {order} limit $2"));
    sql
}

impl PostgresReads {
    pub(super) async fn read_events(&self, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError> {
        let sql = concat!(
            "select ",
            event_columns!(),
            " from event e where e.number > $1 order by e.number limit $2"
        );
        let found = self.keyed(sql, &[&after, &one_more(limit)]).await?;
        Ok(Page::of(rows::all(&found, rows::event)?, limit))
    }

    pub(super) async fn read_events_of(
        &self,
        subject: &str,
        after: i64,
        limit: usize,
    ) -> Result<Page<EventRow>, StoreError> {
        let (id, kinds) = subject_of(subject);
        let sql = concat!(
            "select ",
            event_columns!(),
            " from event e where e.subject = $1 and starts_with(e.kind, $2) and e.number > $3 \
             order by e.number limit $4"
        );
        let found = self.query(sql, &[&id, &kinds, &after, &one_more(limit)]).await?;
        Ok(Page::of(rows::all(&found, rows::event)?, limit))
    }

    pub(super) async fn read_events_by(
        &self,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Page<EventRow>, StoreError> {
        if filter.kind.is_some_and(|kind| !SELDOM.contains(&kind)) {
            return Ok(Page { rows: Vec::new(), more: false });
        }
        let (EventsFrom::After(place) | EventsFrom::Before(place)) = filter.from;
        let limit_and_one = one_more(limit);
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&place, &limit_and_one];
        let subject = filter.subject.as_deref().map(subject_of);
        if let Some((id, kinds)) = &subject {
            values.extend([id as &(dyn ToSql + Sync), kinds]);
        }
        let found = self.keyed(&events_by_sql(filter), &values).await?;
        Ok(Page::of(rows::all(&found, rows::event)?, limit))
    }

    /// The kinds are named one by one: they stand in the index between the principal and the key.
    pub(super) async fn read_operations(
        &self,
        principal: PrincipalId,
        key: &str,
    ) -> Result<Vec<OpRow>, StoreError> {
        let known = (0..=u8::MAX).filter(|kind| Command::name_of(*kind).is_some());
        let kinds: Vec<i16> = known.map(i16::from).collect();
        let sql = concat!(
            "select ",
            op_columns!(),
            " from op p where p.principal = $1 and p.kind = any ($2) and p.key = $3 order by p.kind"
        );
        let found = self.keyed(sql, &[&principal.0, &kinds, &key]).await?;
        rows::all(&found, rows::op)
    }
}

#[cfg(test)]
mod tests;
