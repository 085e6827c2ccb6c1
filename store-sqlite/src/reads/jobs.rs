//! Looking for work, and what died of which cause.

use onhand_rules::job::is_known;
use onhand_rules::retry::FailureClass;
use onhand_rules::schedule::Waiting;
use onhand_rules::{DeadJob, JobId, ShopId};
use onhand_store::{ClaimFilter, Claimable, DeadGroup};
use rusqlite::{Connection, OptionalExtension};

use super::Sql;
use super::sync::shop_of;
use crate::documents::Search;

/// The last number of all stands for the end of a group: asked for what is greater than the group itself, SQLite would begin
/// at its first job and step over each of them.
const NEXT_GROUP: &str = "SELECT kind, shop, class FROM job
    WHERE running = 0 AND (kind, shop, class, run_at) > (?1, ?2, ?3, 9223372036854775807)
    ORDER BY kind, shop, class, run_at LIMIT 1";

/// Steps from group to group in the index, so that a million jobs of one group cost as much as one.
pub(super) fn claimable(
    connection: &Connection,
    filter: &ClaimFilter,
    now: i64,
    per_group: usize,
) -> Sql<Claimable> {
    let mut next = connection.prepare_cached(NEXT_GROUP)?;
    let mut heads = connection.prepare_cached(
        "SELECT id, run_at FROM job WHERE running = 0 AND kind = ?1 AND shop = ?2 AND class = ?3 AND run_at <= ?4
         ORDER BY run_at, id LIMIT ?5",
    )?;
    let mut later = connection.prepare_cached(
        "SELECT min(run_at) FROM job WHERE running = 0 AND kind = ?1 AND shop = ?2 AND class = ?3 AND run_at > ?4",
    )?;
    let mut found = Claimable::default();
    let mut group: (i16, i64, i16) = (i16::MIN, i64::MIN, i16::MIN);
    loop {
        let step = next.query_row(group, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((kind, shop, class)) = step else { return Ok(found) };
        if !filter.kinds.contains(&kind) && is_known(kind) {
            // Nothing of this kind may be claimed: on to the next kind.
            group = (kind, i64::MAX, i16::MAX);
            continue;
        }
        group = (kind, shop, class);
        if filter.without_shops.contains(&ShopId(shop)) || filter.without.contains(&(kind, ShopId(shop))) {
            group = (kind, shop, i16::MAX);
            continue;
        }
        let first = (kind, shop, class, now, super::exactly(per_group));
        for row in heads.query_map(first, |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (id, run_at) = row?;
            found.jobs.push(Waiting { id: JobId::from_bytes(id), kind, shop: shop_of(shop), class, run_at });
        }
        let due: Option<i64> = later.query_row((kind, shop, class, now), |row| row.get(0))?;
        found.next_at = [found.next_at, due].into_iter().flatten().min();
    }
}

/// Counts by the index alone; of each cause only the body of the last is read.
pub(super) fn dead_groups(connection: &Connection) -> Sql<Vec<DeadGroup>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, class, code, count(*), min(died_at), max(died_at), group_concat(DISTINCT shop)
         FROM job_dead WHERE open = 1 GROUP BY kind, class, code ORDER BY count(*) DESC, kind, class, code",
    )?;
    let mut last = Search::<DeadJob>::by(
        connection,
        "id = (SELECT id FROM job_dead WHERE open = 1 AND kind = ?1 AND class = ?2 AND code = ?3
               ORDER BY died_at DESC, id DESC LIMIT 1)",
    )?;
    let mut groups = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, class, code): (i16, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let last = last.one((kind, &class, &code))?.map(|last| last.failure);
        let shops: String = row.get(6)?;
        let mut shops: Vec<ShopId> =
            shops.split(',').filter_map(|shop| shop.parse().ok()).filter_map(shop_of).collect();
        shops.sort();
        groups.push(DeadGroup {
            kind,
            class: last.as_ref().map_or(FailureClass::Unclear, |failure| failure.class),
            code,
            count: row.get(3)?,
            first_at: row.get(4)?,
            last_at: row.get(5)?,
            message: last.map(|failure| failure.message).unwrap_or_default(),
            shops,
        });
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::connection::open_reader;
    use crate::{Options, SqliteStore};

    #[test]
    fn a_look_costs_the_same_however_many_jobs_wait() {
        let dir = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(Options::new(dir.path())).unwrap());
        let file = dir.path().join("onhand.sqlite");
        let writer = Connection::open(&file).unwrap();
        let reader = open_reader(&file).unwrap();
        let filter = ClaimFilter { kinds: vec![15], ..ClaimFilter::default() };
        let mut steps = Vec::new();
        for (first, last) in [(0, 9), (10, 9_999)] {
            let fill = "WITH RECURSIVE number (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM number WHERE n < ?2)
                INSERT INTO job (id, kind, shop, class, running, run_at, attempts, crashes, throttled, lease_number, body)
                SELECT CAST(format('%016d', n) AS BLOB), 15, n % 3, 2, 0, n, 0, 0, 0, 0, '{}' FROM number";
            writer.execute(fill, (first, last)).unwrap();
            let found = claimable(&reader, &filter, 100_000, 2).unwrap();
            assert_eq!(found.jobs.len(), 6);
            let next = reader.prepare_cached(NEXT_GROUP).unwrap();
            steps.push(next.reset_status(StatementStatus::VmStep));
        }
        assert_eq!(steps[0], steps[1]);
    }
}
