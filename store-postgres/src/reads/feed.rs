//! Events and operation records.

use onhand_rules::{Command, OrderId, PrincipalId, ReservationId};
use onhand_store::{EventRow, OpRow, Page, StoreError};

use super::{PostgresReads, one_more};
use crate::column::Uuid;
use crate::rows::{self, event_columns, op_columns};

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
        let (id, kinds) = if let Ok(OrderId(id)) = subject.parse() {
            (id, "order.")
        } else if let Ok(ReservationId(id)) = subject.parse() {
            (id, "reservation.")
        } else if let Some(page) = onhand_rules::audit::page_of(subject) {
            (u128::from(page.unsigned_abs()), "audit.")
        } else {
            (u128::from_be_bytes(onhand_rules::event::subject_hash(subject)), "")
        };
        let sql = concat!(
            "select ",
            event_columns!(),
            " from event e where e.subject = $1 and starts_with(e.kind, $2) and e.number > $3 \
             order by e.number limit $4"
        );
        let found = self.query(sql, &[&Uuid(id), &kinds, &after, &one_more(limit)]).await?;
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
