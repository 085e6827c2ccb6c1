//! What may be claimed.
//!
//! A look walks the index of waiting jobs from group to group, so its cost does not grow with the jobs that wait. It does
//! grow with the rows that are gone and cannot be cleaned away, which is so as long as somebody holds a snapshot open (C1):
//! they all stand before the jobs that wait. When looks become slow, most of them begin in each group where the first
//! waiting job stood the last time. That is a hint, and not the truth: hidden from it are a job whose transaction took
//! longer than [`MARGIN_MS`], one that waited already when it was given a better class, and the first of a group that
//! nobody has seen before. The next whole look finds them. Leases that are over are looked for in the same way.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::job::KINDS;
use onhand_rules::schedule::Waiting;
use onhand_rules::{JobId, ShopId};
use onhand_store::{ClaimFilter, Claimable, StoreError};
use tokio_postgres::Row;

use super::{PostgresReads, rows_at_most};
use crate::column::{Columns, Uuid};
use crate::rows;
use crate::sync_rows::shop_of;

/// So many whole looks must have been slow, one after the other: a single one may only have met a busy machine.
const SLOW_IN_A_ROW: u32 = 4;
/// How long whole looks are apart at least, while they are slow.
const WHOLE_EVERY: Duration = Duration::from_secs(1);
/// And how many times as long as one takes.
const WHOLE_SHARE: u32 = 10;
/// A look takes its time for each group too, and that is not what floors are for: with so many groups more it may take as
/// long again before it counts as slow.
const GROUPS: u32 = 50;
/// A job is due when the transaction that made it began, at the earliest, and is seen when that is committed.
const MARGIN_MS: i64 = 250;

/// A lease ends long after the transaction that gave it began; for those that are given for no time at all, no transaction
/// may take longer.
const LEASE_MARGIN_MS: i64 = 10_000;

/// Kind, shop and class.
type Group = (i16, i64, i16);

/// The first jobs of each group, and when the next one is due. A group without due jobs is one row with nothing else.
macro_rules! heads {
    ($from:literal, $floor:literal) => {
        concat!(
            "select g.kind, g.shop, g.class, d.due, t.run_at, t.id from ",
            $from,
            " g left join lateral (select j.run_at as due from job j where j.state = 'ready' and j.kind = g.kind \
             and j.shop = g.shop and j.class = g.class and j.run_at > $1 order by j.run_at, j.id limit 1) d on true \
             left join lateral (select j.run_at, j.id from job j where j.state = 'ready' and j.kind = g.kind and j.shop = g.shop \
             and j.class = g.class",
            $floor,
            " and j.run_at <= $1 order by j.run_at, j.id limit $2) t on true"
        )
    };
}

/// Walks from group to group over the index, then takes the first few jobs of each: however many jobs wait, one step for
/// each group and each job that is taken.
const WHOLE: &str = concat!(
    "with recursive met (kind, shop, class) as ( \
         (select j.kind, j.shop, j.class from job j where j.state = 'ready' \
          order by j.kind, j.shop, j.class limit 1) \
       union all \
         select n.kind, n.shop, n.class from met m cross join lateral ( \
             select j.kind, j.shop, j.class from job j \
             where j.state = 'ready' and (j.kind, j.shop, j.class) > (m.kind, m.shop, m.class) \
             order by j.kind, j.shop, j.class limit 1) n \
     ), open (kind, shop, class) as ( \
         select m.kind, m.shop, m.class from met m \
         where (m.kind = any ($3) or m.kind > $4::smallint) and m.shop <> all ($5) \
         and not exists (select from unnest($6::smallint[], $7::bigint[]) as w (kind, shop) \
             where w.kind = m.kind and w.shop = m.shop) \
     ) ",
    heads!("open", "")
);

/// The same for known groups, each from its floor.
const FROM_FLOORS: &str = heads!(
    "(select unnest($3::smallint[]) as kind, unnest($4::bigint[]) as shop, unnest($5::smallint[]) as class, \
      unnest($6::bigint[]) as floor)",
    " and j.run_at >= g.floor"
);

const LOST: &str = "select id, lease_number from ( \
        (select id, lease_number, lease_until, lease_deadline from job \
         where state = 'running' and lease_until > $3 and lease_until <= $1 order by lease_until, id limit $2) \
      union \
        (select id, lease_number, lease_until, lease_deadline from job \
         where state = 'running' and lease_deadline > $3 and lease_deadline <= $1 order by lease_deadline, id limit $2) \
     ) lost order by least(lease_until, lease_deadline), id limit $2";

/// Kinds beyond these nobody knows, and they are claimed to be put out of the way.
fn known_kinds() -> i16 {
    i16::try_from(KINDS.len()).unwrap_or(i16::MAX)
}

/// When a look must be whole.
#[derive(Debug, Default)]
struct Pace {
    /// So many whole looks were slow since the last that was not.
    in_a_row: u32,
    /// How long short looks take, as long as there were any: the quicker of the last, and a little more than before.
    short: Option<Duration>,
    /// When the last whole look ended, and how long it took, if it was slow.
    slow_look: Option<(Instant, Duration)>,
}

impl Pace {
    /// A short look is over.
    fn note_short(&mut self, took: Duration) {
        self.short = Some(self.short.map_or(took, |before| took.min(before + before / 8)));
    }

    fn may_be_short(&self) -> bool {
        let rest = |(ended, took): (Instant, Duration)| ended.elapsed() < WHOLE_EVERY.max(took * WHOLE_SHARE);
        self.slow_look.is_some_and(rest)
    }

    /// A whole look is over. It was slow if a short one is much quicker: a database that is far away is slow in both.
    fn note(&mut self, took: Duration, slow: Duration) {
        let slow = took >= slow && self.short.is_none_or(|short| took >= short * 2);
        self.in_a_row = if slow { self.in_a_row.saturating_add(1) } else { 0 };
        self.slow_look = (self.in_a_row >= SLOW_IN_A_ROW).then(|| (Instant::now(), took));
    }
}

/// What earlier looks have shown.
#[derive(Debug)]
pub(super) struct Floors {
    /// A look that takes longer is slow.
    slow: Duration,
    known: Mutex<Known>,
    leases: Mutex<Leases>,
}

/// Leases that are over: the same, for the same reason.
#[derive(Debug, Default)]
struct Leases {
    pace: Pace,
    /// When the last look found none, none was over before this time.
    floor: Option<i64>,
}

#[derive(Debug, Default)]
struct Known {
    /// Every group that was ever met, with the time before which none of its jobs waits. They are as many as the kinds of
    /// jobs of each shop.
    floors: BTreeMap<Group, i64>,
    pace: Pace,
    /// The time that the last look was for. Ledger clock.
    now: i64,
}

impl Known {
    /// Whether a look for this time may begin at the floors.
    fn serves(&self, now: i64) -> bool {
        now >= self.now && self.pace.may_be_short()
    }

    /// Notes what a look for this time has found in the groups that it looked into.
    fn learn(&mut self, found: &Found, now: i64) {
        self.now = now;
        for (group, first) in &found.groups {
            self.floors.insert(*group, first.unwrap_or(i64::MAX).min(now - MARGIN_MS));
        }
    }
}

impl Floors {
    pub(super) fn new(slow: Duration) -> Self {
        Self { slow, known: Mutex::default(), leases: Mutex::default() }
    }

    /// From when on to look for leases that are over, or `None` for all of them.
    fn leases_from(&self) -> Option<i64> {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.floor.filter(|_| leases.pace.may_be_short())
    }

    /// A look for leases took so long, was whole or not, and has found none (`none`) or some.
    fn looked_for_leases(&self, now: i64, took: Duration, whole: bool, none: bool) {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if whole {
            leases.pace.note(took, self.slow);
            leases.floor = None;
        } else {
            leases.pace.note_short(took);
        }
        if none {
            leases.floor = Some(now - LEASE_MARGIN_MS);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open groups with their floors, if they will do.
    fn of(&self, filter: &ClaimFilter, now: i64) -> Option<Vec<(Group, i64)>> {
        let known = self.known();
        let open = |(group, floor): (&Group, &i64)| is_open(filter, *group).then_some((*group, *floor));
        known.serves(now).then(|| known.floors.iter().filter_map(open).collect())
    }
}

fn is_open(filter: &ClaimFilter, (kind, shop, _): Group) -> bool {
    (filter.kinds.contains(&kind) || kind > known_kinds())
        && !filter.without_shops.contains(&ShopId(shop))
        && !filter.without.contains(&(kind, ShopId(shop)))
}

/// What one look has found.
#[derive(Default)]
struct Found {
    claimable: Claimable,
    /// The groups that were looked into, with the time of the first due job.
    groups: BTreeMap<Group, Option<i64>>,
}

impl Found {
    fn of(rows: &[Row]) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for row in rows {
            let mut columns = Columns::of(row);
            let group: Group = (columns.next()?, columns.next()?, columns.next()?);
            let next: Option<i64> = columns.next()?;
            let first = found.groups.entry(group).or_default();
            found.claimable.next_at = found.claimable.next_at.into_iter().chain(next).min();
            let run_at: Option<i64> = columns.next()?;
            let id: Option<Uuid> = columns.next()?;
            if let Some((run_at, id)) = run_at.zip(id) {
                *first = Some(first.map_or(run_at, |first| first.min(run_at)));
                let (kind, shop, class) = group;
                let shop = shop_of(shop);
                found.claimable.jobs.push(Waiting { id: JobId(id.0), kind, shop, class, run_at });
            }
        }
        Ok(found)
    }
}

impl PostgresReads {
    pub(super) async fn read_claimable(
        &self,
        filter: &ClaimFilter,
        now: i64,
        per_group: usize,
    ) -> Result<Claimable, StoreError> {
        let (short, begun) = (self.floors.of(filter, now), Instant::now());
        let found = match short {
            Some(groups) => {
                let found = self.look_from(&groups, now, per_group).await?;
                self.floors.known().pace.note_short(begun.elapsed());
                found
            }
            None => {
                let found = self.whole_look(filter, now, per_group).await?;
                let groups = u32::try_from(found.groups.len()).unwrap_or(u32::MAX);
                let slow = self.floors.slow.saturating_mul(1 + groups / GROUPS);
                self.floors.known().pace.note(begun.elapsed(), slow);
                found
            }
        };
        self.floors.known().learn(&found, now);
        Ok(found.claimable)
    }

    async fn whole_look(
        &self,
        filter: &ClaimFilter,
        now: i64,
        per_group: usize,
    ) -> Result<Found, StoreError> {
        let closed: Vec<i64> = filter.without_shops.iter().map(|id| id.0).collect();
        let (kinds, shops): (Vec<i16>, Vec<i64>) =
            filter.without.iter().map(|(kind, shop)| (*kind, shop.0)).unzip();
        let most = rows_at_most(per_group);
        let known = known_kinds();
        Found::of(&self.keyed(WHOLE, &[&now, &most, &filter.kinds, &known, &closed, &kinds, &shops]).await?)
    }

    async fn look_from(
        &self,
        groups: &[(Group, i64)],
        now: i64,
        per_group: usize,
    ) -> Result<Found, StoreError> {
        let kinds: Vec<i16> = groups.iter().map(|((kind, _, _), _)| *kind).collect();
        let shops: Vec<i64> = groups.iter().map(|((_, shop, _), _)| *shop).collect();
        let classes: Vec<i16> = groups.iter().map(|((_, _, class), _)| *class).collect();
        let floors: Vec<i64> = groups.iter().map(|(_, floor)| *floor).collect();
        let most = rows_at_most(per_group);
        Found::of(&self.keyed(FROM_FLOORS, &[&now, &most, &kinds, &shops, &classes, &floors]).await?)
    }

    pub(super) async fn read_lost_leases(
        &self,
        now: i64,
        limit: usize,
    ) -> Result<Vec<(JobId, i64)>, StoreError> {
        let (floor, begun) = (self.floors.leases_from(), Instant::now());
        let from = floor.unwrap_or(i64::MIN);
        let found = self.keyed(LOST, &[&now, &rows_at_most(limit), &from]).await?;
        self.floors.looked_for_leases(now, begun.elapsed(), floor.is_none(), found.is_empty());
        rows::all(&found, |row| {
            let mut columns = Columns::of(row);
            Ok((JobId(columns.next::<Uuid>()?.0), columns.next()?))
        })
    }
}

#[cfg(test)]
mod tests;
