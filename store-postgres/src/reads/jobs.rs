//! Jobs that wait, run, died or are done.

use onhand_rules::job::JobState;
use onhand_rules::retry::FailureClass;
use onhand_rules::{DeadJob, DoneJob, Job, JobId, ShopId};
use onhand_store::{DeadFilter, DeadGroup, JobCount, JobFilter, Page, StoreError};
use tokio_postgres::Row;

use super::{PostgresReads, one_more, pinned};
use crate::column::{Columns, Uuid};
use crate::rows;
use crate::sync_rows::{self, dead_columns, job_columns, name, of_name, shop_of};

const JOBS: &str = concat!(
    "select ",
    job_columns!(),
    " from job t where (cardinality($1::smallint[]) = 0 or t.kind = any ($1)) \
     and ($2::bigint is null or t.shop = $2) and ($3::text is null or t.state = $3) \
     and ($4::uuid is null or t.id < $4) order by t.id desc limit $5"
);

/// Those that run are few, however many wait: they are found by their leases.
const RUNNING: &str = concat!(
    "select ",
    job_columns!(),
    " from job t where t.id = any (array(select r.id from job r where r.state = 'running' and r.lease_until is not null)) \
     and (cardinality($1::smallint[]) = 0 or t.kind = any ($1)) and ($2::bigint is null or t.shop = $2) \
     and t.state = $3 and ($4::uuid is null or t.id < $4) order by t.id desc limit $5"
);

const DEAD: &str = concat!(
    "select ",
    dead_columns!(),
    " from job_dead t where ($1::smallint is null or t.kind = $1) and ($2::bigint is null or t.shop = $2) \
     and ($3::text is null or t.failure_class = $3) and ($4::text is null or t.code = $4) \
     and (not $5::boolean or t.open) and ($6::bigint is null or t.died_at >= $6) \
     and ($7::uuid is null or t.id < $7) order by t.id desc limit $8"
);

/// Counts by the index alone; of each cause only the row of the last is read.
const DEAD_GROUPS: &str = "select g.kind, g.failure_class, g.code, g.count, g.first_at, g.last_at, coalesce(l.message, ''), \
     g.shops from (select kind, failure_class, code, count(*), min(died_at) as first_at, max(died_at) as last_at, \
         coalesce(array_agg(distinct shop order by shop) filter (where shop <> 0), '{}') as shops \
         from job_dead where open group by kind, failure_class, code) g \
     left join lateral (select d.id from job_dead d where d.open and d.kind = g.kind \
         and d.failure_class = g.failure_class and d.code = g.code order by d.died_at desc, d.id desc limit 1) n on true \
     left join job_dead l on l.id = n.id order by g.count desc, g.kind, g.failure_class, g.code";

fn group(row: &Row) -> Result<DeadGroup, StoreError> {
    let mut columns = Columns::of(row);
    Ok(DeadGroup {
        kind: columns.next()?,
        class: columns.name(of_name::<FailureClass>)?,
        code: columns.next()?,
        count: columns.next()?,
        first_at: columns.next()?,
        last_at: columns.next()?,
        message: columns.next()?,
        shops: columns.next::<Vec<i64>>()?.into_iter().map(ShopId).collect(),
    })
}

impl PostgresReads {
    pub(super) async fn read_job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let sql = concat!("select ", job_columns!(), " from job t where t.id = $1");
        let found = self.keyed(sql, &[&Uuid(id.0)]).await?;
        found.first().map(sync_rows::job).transpose()
    }

    pub(super) async fn read_jobs(&self, filter: &JobFilter, limit: usize) -> Result<Page<Job>, StoreError> {
        let (shop, before) = (filter.shop.map(|id| id.0), filter.before.map(|id| Uuid(id.0)));
        let sql = if filter.state == Some(JobState::Running) { RUNNING } else { JOBS };
        let sql = &pinned(sql, before.is_some(), "($4::uuid is null or t.id < $4)", "t.id < $4");
        let found = self
            .query(sql, &[&filter.kinds, &shop, &filter.state.map(name), &before, &one_more(limit)])
            .await?;
        Ok(Page::of(rows::all(&found, sync_rows::job)?, limit))
    }

    pub(super) async fn read_job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        // By the indexes alone, as far as they are known to be clean: a million jobs are not read to count them.
        let sql = "select kind, shop, 'ready', count(*), min(run_at) from job where state = 'ready' \
                   group by kind, shop \
                   union all select kind, shop, 'running', count(*), min(run_at) from job \
                   where state = 'running' group by kind, shop order by 1, 2, 3";
        let found = self.query(sql, &[]).await?;
        rows::all(&found, |row| {
            let mut columns = Columns::of(row);
            Ok(JobCount {
                kind: columns.next()?,
                shop: shop_of(columns.next()?),
                state: columns.name(of_name)?,
                count: columns.next()?,
                oldest_run_at: columns.next()?,
            })
        })
    }

    pub(super) async fn read_dead_job(&self, id: JobId) -> Result<Option<DeadJob>, StoreError> {
        let sql = concat!("select ", dead_columns!(), " from job_dead t where t.id = $1");
        let found = self.keyed(sql, &[&Uuid(id.0)]).await?;
        found.first().map(sync_rows::dead).transpose()
    }

    pub(super) async fn read_dead_jobs(
        &self,
        filter: &DeadFilter,
        limit: usize,
    ) -> Result<Page<DeadJob>, StoreError> {
        let sql = pinned(DEAD, filter.kind.is_some(), "($1::smallint is null or t.kind = $1)", "t.kind = $1");
        let class = "($3::text is null or t.failure_class = $3)";
        let sql = pinned(&sql, filter.class.is_some(), class, "t.failure_class = $3");
        let sql = pinned(&sql, filter.code.is_some(), "($4::text is null or t.code = $4)", "t.code = $4");
        let sql = pinned(&sql, filter.open, "(not $5::boolean or t.open)", "(t.open and $5::boolean)");
        let sql = pinned(&sql, filter.before.is_some(), "($7::uuid is null or t.id < $7)", "t.id < $7");
        let found = self
            .query(
                &sql,
                &[
                    &filter.kind,
                    &filter.shop.map(|id| id.0),
                    &filter.class.map(name),
                    &filter.code,
                    &filter.open,
                    &filter.since,
                    &filter.before.map(|id| Uuid(id.0)),
                    &one_more(limit),
                ],
            )
            .await?;
        Ok(Page::of(rows::all(&found, sync_rows::dead)?, limit))
    }

    pub(super) async fn read_dead_groups(&self) -> Result<Vec<DeadGroup>, StoreError> {
        rows::all(&self.query(DEAD_GROUPS, &[]).await?, group)
    }

    pub(super) async fn read_done_job(&self, id: JobId) -> Result<Option<DoneJob>, StoreError> {
        let sql =
            concat!("select ", job_columns!(), ", t.ended_at, t.outcome from job_done t where t.id = $1");
        let found = self.keyed(sql, &[&Uuid(id.0)]).await?;
        found.first().map(sync_rows::done).transpose()
    }

    pub(super) async fn read_done_jobs(
        &self,
        before: Option<(i64, JobId)>,
        limit: usize,
    ) -> Result<Page<DoneJob>, StoreError> {
        let sql = concat!(
            "select ",
            job_columns!(),
            ", t.ended_at, t.outcome from job_done t where ($1::bigint is null or (t.ended_at, t.id) < ($1, $2::uuid)) \
             order by t.ended_at desc, t.id desc limit $3"
        );
        let (ended_at, id) = before.map(|(at, id)| (at, Uuid(id.0))).unzip();
        let page = "(t.ended_at, t.id) < ($1, $2::uuid)";
        let sql = pinned(sql, before.is_some(), &format!("($1::bigint is null or {page})"), page);
        let found = self.query(&sql, &[&ended_at, &id, &one_more(limit)]).await?;
        Ok(Page::of(rows::all(&found, sync_rows::done)?, limit))
    }
}
