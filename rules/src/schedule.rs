//! Which of the due jobs run next.

use std::collections::BTreeMap;

use crate::id::{JobId, ShopId};
use crate::job::Job;
use crate::quantity::Millis;

/// A job gains one class for each time it has waited so long (Q7).
const CLASS_MS: Millis = 30_000;
/// One of so many picks goes to a job that the classes would leave waiting.
const FLOOR: u64 = 8;

/// A job that is due: its effective class, since when, its id, and the class it was given.
type Due = (i64, Millis, JobId, i16);
/// By lane and shop; the best last, to be popped.
type Groups = BTreeMap<(String, Option<ShopId>), Vec<Due>>;

/// The class that a job counts as after it has waited.
#[must_use]
pub fn effective_class(job: &Job, now: Millis) -> i64 {
    let gained = (now - job.run_at).max(0) / CLASS_MS;
    (i64::from(job.class) - gained).max(1)
}

/// Picks jobs for free slots: by class with aging, between shops in turn (the shop with the fewest running and picked
/// first, Q8), and one of every eight for the job that waited longest among those that are not of the best class there
/// is, so that nothing starves while better ones keep coming. `running` counts the running jobs of each shop, `turn` the
/// picks so far.
pub fn choose(
    candidates: &[Job],
    free: &BTreeMap<String, u32>,
    lane_of: impl Fn(i16) -> String,
    running: &BTreeMap<Option<ShopId>, u32>,
    now: Millis,
    turn: u64,
) -> Vec<JobId> {
    let mut free = free.clone();
    let mut load = running.clone();
    let mut groups = Groups::new();
    for job in candidates.iter().filter(|job| job.run_at <= now) {
        let key = (lane_of(job.body.number()), job.body.shop());
        groups.entry(key).or_default().push((effective_class(job, now), job.run_at, job.id, job.class));
    }
    for group in groups.values_mut() {
        group.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut picked = Vec::new();
    loop {
        let open = |lane: &str, free: &BTreeMap<String, u32>| free.get(lane).is_some_and(|slots| *slots > 0);
        groups.retain(|(lane, _), group| !group.is_empty() && open(lane, &free));
        let floor = (turn + picked.len() as u64) % FLOOR == FLOOR - 1;
        let Some(key) = next_group(&groups, &load, floor) else { return picked };
        let Some(group) = groups.get_mut(&key) else { return picked };
        let index = if floor { neglected(group) } else { group.len() - 1 };
        let (_, _, id, _) = group.remove(index);
        picked.push(id);
        *load.entry(key.1).or_default() += 1;
        if let Some(slots) = free.get_mut(&key.0) {
            *slots -= 1;
        }
    }
}

/// The next in turn: the best class, then the shop with the least load, then the longest wait. For the floor: who waited
/// longest in a class that is not the best.
fn next_group(
    groups: &Groups,
    load: &BTreeMap<Option<ShopId>, u32>,
    floor: bool,
) -> Option<(String, Option<ShopId>)> {
    if floor {
        let best = groups.values().flatten().map(|(_, _, _, class)| *class).min()?;
        let waits = |group: &Vec<Due>| {
            group.iter().filter(|(_, _, _, class)| *class > best).map(|(_, since, id, _)| (*since, *id)).min()
        };
        let oldest = groups.iter().filter_map(|(key, group)| Some((waits(group)?, key))).min();
        if let Some((_, key)) = oldest {
            return Some(key.clone());
        }
    }
    groups
        .iter()
        .filter_map(|(key, group)| {
            let (class, since, id, _) = *group.last()?;
            let load = load.get(&key.1).copied().unwrap_or(0);
            Some(((class, load, since, id), key))
        })
        .min()
        .map(|(_, key)| key.clone())
}

/// The job of a group that the classes would leave waiting longest.
fn neglected(group: &[Due]) -> usize {
    let best = group.iter().map(|(_, _, _, class)| *class).min().unwrap_or(1);
    let worse = group.iter().enumerate().filter(|(_, (_, _, _, class))| *class > best);
    worse.min_by_key(|(_, (_, since, id, _))| (*since, *id)).map_or(group.len() - 1, |(index, _)| index)
}
