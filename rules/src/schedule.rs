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
        let Some((key, index)) = next(&groups, &load, floor) else { return picked };
        let Some(group) = groups.get_mut(&key) else { return picked };
        let (_, _, id, _) = group.remove(index);
        picked.push(id);
        *load.entry(key.1).or_default() += 1;
        if let Some(slots) = free.get_mut(&key.0) {
            *slots -= 1;
        }
    }
}

/// The next in turn, as its group and place in it: the best class, then the shop with the least load, then the longest
/// wait. For the floor: who waited longest in a class that is not the best of all.
fn next(
    groups: &Groups,
    load: &BTreeMap<Option<ShopId>, u32>,
    floor: bool,
) -> Option<((String, Option<ShopId>), usize)> {
    if floor {
        let best = groups.values().flatten().map(|(_, _, _, class)| *class).min()?;
        let all = groups.iter().flat_map(|(key, group)| group.iter().enumerate().map(move |due| (key, due)));
        let neglected = all.filter(|(_, (_, (_, _, _, class)))| *class > best);
        let oldest = neglected.min_by_key(|(_, (_, (_, since, id, _)))| (*since, *id));
        if let Some((key, (index, _))) = oldest {
            return Some((key.clone(), index));
        }
    }
    groups
        .iter()
        .filter_map(|(key, group)| {
            let (class, since, id, _) = *group.last()?;
            let load = load.get(&key.1).copied().unwrap_or(0);
            Some(((class, load, since, id), key, group.len() - 1))
        })
        .min()
        .map(|(_, key, index)| (key.clone(), index))
}
