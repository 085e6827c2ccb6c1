//! Events, operations and the clock.

use onhand_rules::{Command, PrincipalId};
use onhand_store::{EventFilter, EventRow, EventsFrom, OpRow, Page};
use rusqlite::{Connection, OptionalExtension, ToSql};

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

/// The words of the index, so that SQLite knows it by them.
const MAPPING: &str = "kind = 'listing.changed'
    AND (instr(data, '\"step\":\"mapped\"') > 0 OR instr(data, '\"step\":\"unmapped\"') > 0)";

/// Parameters: the place, the limit, and as far as they are asked for the subject and the type. The index is named: whoever
/// chooses by what he knows of the table may walk through the feed.
fn events_by_sql(filter: &EventFilter) -> String {
    let index = match filter {
        EventFilter { subject: Some(_), kind: None, mapping: false, .. } => "INDEXED BY event_holder",
        EventFilter { subject: Some(_), .. } => "INDEXED BY event_holder_kind",
        EventFilter { mapping: true, .. } => "INDEXED BY event_mapping",
        EventFilter { kind: Some(_), .. } => "INDEXED BY event_kind",
        _ => "",
    };
    let (than, order) = match filter.from {
        EventsFrom::After(_) => (">", "number"),
        EventsFrom::Before(_) => ("<", "number DESC"),
    };
    let mut rest = format!("event {index} WHERE number {than} ?1");
    if filter.subject.is_some() {
        rest.push_str(" AND holder = ?3");
    }
    if filter.mapping {
        rest.push_str(&format!(" AND {MAPPING}"));
    } else if filter.kind.is_some() {
        rest.push_str(" AND kind = ?4");
    }
    select(rows::EVENT, &format!("{rest} ORDER BY {order} LIMIT ?2"))
}

pub(super) fn events_by(c: &Connection, filter: &EventFilter, limit: usize) -> Sql<Page<EventRow>> {
    let (EventsFrom::After(place) | EventsFrom::Before(place)) = filter.from;
    let subject = filter.subject.as_deref().map(subject_of);
    let values: [&dyn ToSql; 4] = [&place, &one_more(limit), &subject, &filter.kind];
    let mut statement = c.prepare_cached(&events_by_sql(filter))?;
    // Those that the query does not name stand at the end.
    let values = &values[..statement.parameter_count()];
    let found = statement.query_map(values, rows::event)?;
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

#[cfg(test)]
mod tests {
    use onhand_rules::event::{LISTING_CHANGED, SELDOM};

    use super::*;

    #[test]
    fn events_are_looked_up_and_never_searched_for() {
        let mut c = Connection::open_in_memory().unwrap();
        crate::migrate::apply(&mut c, crate::migrate::MIGRATIONS, 0).unwrap();
        for from in [EventsFrom::After(7), EventsFrom::Before(7)] {
            let one = |subject: Option<&str>, kind, mapping| EventFilter {
                subject: subject.map(str::to_owned),
                kind,
                mapping,
                from,
            };
            let about = Some("7");
            for (filter, index) in [
                (one(None, None, false), "INTEGER PRIMARY KEY (rowid"),
                (one(about, None, false), "INDEX event_holder (holder=? AND number"),
                (one(None, Some(SELDOM[0]), false), "INDEX event_kind (kind=? AND number"),
                (
                    one(about, Some(SELDOM[0]), false),
                    "INDEX event_holder_kind (holder=? AND kind=? AND number",
                ),
                (one(None, Some(LISTING_CHANGED), true), "INDEX event_mapping (number"),
                (
                    one(about, Some(LISTING_CHANGED), true),
                    "INDEX event_holder_kind (holder=? AND kind=? AND number",
                ),
            ] {
                let sql = format!("EXPLAIN QUERY PLAN {}", events_by_sql(&filter));
                let mut explained = c.prepare(&sql).unwrap();
                let values = vec![rusqlite::types::Null; explained.parameter_count()];
                let steps =
                    explained.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3));
                let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
                let direct = |step: &String| step.starts_with("SEARCH event USING") && step.contains(index);
                assert!(steps.len() == 1 && steps.iter().all(direct), "{filter:?}: {steps:?}");
            }
        }
    }

    #[test]
    fn a_sale_writes_nothing_into_the_indexes_by_type() {
        let mut c = Connection::open_in_memory().unwrap();
        crate::migrate::apply(&mut c, &crate::migrate::MIGRATIONS[..3], 0).unwrap();
        let put = |number: i64, data: &str| {
            let sql = "INSERT INTO event (number, holder, data, op, actor, at)
                VALUES (?1, zeroblob(17), ?2, zeroblob(16), 1, 1)";
            c.execute(sql, (number, data)).unwrap();
        };
        put(1, r#"{"type":"stock.changed","data":{}}"#);
        put(2, r#"{"type":"listing.changed","data":{"step":"mapped"}}"#);
        put(3, r#"{"type":"listing.changed","data":{"step":"found"}}"#);
        put(4, r#"{"type":"shop.changed","data":{}}"#);
        crate::migrate::apply(&mut c, crate::migrate::MIGRATIONS, 0).unwrap();
        let count = |rest: &str| -> i64 {
            c.query_row(&format!("SELECT count(*) FROM event INDEXED BY {rest}"), [], |row| row.get(0))
                .unwrap()
        };
        // What was written before the migration is found, too.
        assert_eq!(count("event_kind WHERE kind IS NOT NULL"), 3);
        assert_eq!(count(&format!("event_mapping WHERE {MAPPING}")), 1);
    }
}
