//! Events, operations and the clock.

use onhand_rules::{Command, PrincipalId};
use onhand_store::{EventRow, OpRow, Page};
use rusqlite::{Connection, OptionalExtension};

use super::{Sql, one_more};
use crate::load::select;
use crate::rows::{self, subject_of};

pub(super) fn ping(c: &Connection) -> Sql<()> {
    last_at(c).map(|_| ())
}

pub(super) fn head(c: &Connection) -> Sql<i64> {
    c.prepare_cached("SELECT last_number FROM feed_state")?.query_row([], |row| row.get(0))
}

pub(super) fn last_at(c: &Connection) -> Sql<i64> {
    c.prepare_cached("SELECT last_at FROM feed_state")?.query_row([], |row| row.get(0))
}

pub(super) fn events(c: &Connection, after: i64, limit: usize) -> Sql<Page<EventRow>> {
    let sql = select(rows::EVENT, "event WHERE number > ?1 ORDER BY number LIMIT ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let found = statement.query_map((after, one_more(limit)), rows::event)?;
    Ok(Page::of(found.collect::<Sql<_>>()?, limit))
}

pub(super) fn events_of(c: &Connection, subject: &str, after: i64, limit: usize) -> Sql<Page<EventRow>> {
    let subject = subject_of(subject);
    let sql = select(rows::EVENT, "event WHERE holder = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
    let mut statement = c.prepare_cached(&sql)?;
    let found = statement.query_map((subject, after, one_more(limit)), rows::event)?;
    Ok(Page::of(found.collect::<Sql<_>>()?, limit))
}

pub(super) fn operations(c: &Connection, principal: PrincipalId, key: &str) -> Sql<Vec<OpRow>> {
    // The kind stands before the key in the table: one look for each kind of command there is.
    let sql = select(rows::OP, "op WHERE principal = ?1 AND kind = ?2 AND key = ?3");
    let mut statement = c.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for kind in (0..=u8::MAX).filter(|&kind| Command::name_of(kind).is_some()) {
        found.extend(statement.query_row((principal.0, kind, key), rows::op).optional()?);
    }
    Ok(found)
}
