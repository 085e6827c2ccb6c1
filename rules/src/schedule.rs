//! Which of the due jobs run next.

use std::collections::BTreeMap;

use crate::id::{JobId, ShopId};
use crate::job::lane_of;
use crate::quantity::Millis;

/// A job gains one class for each time it has waited so long (Q7).
const CLASS_MS: Millis = 30_000;
/// One of so many picks goes to a job that the classes would leave waiting.
const FLOOR: u64 = 8;

/// What must be known of a job that waits to say whether it is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub id: JobId,
    /// The number of its kind.
    pub kind: i16,
    /// Whose job it is.
    pub shop: Option<ShopId>,
    /// The class it was given: 1 first, 4 last.
    pub class: i16,
    /// When it is due. Ledger clock.
    pub run_at: Millis,
}

/// A job that is due: its effective class, since when, its id, and the class it was given.
type Due = (i64, Millis, JobId, i16);
/// The name of a lane, and a shop: between those of one lane slots are shared out.
pub type ShopLane = (&'static str, Option<ShopId>);
/// The best last, to be popped.
type Groups = BTreeMap<ShopLane, Vec<Due>>;

/// The class that a job counts as after it has waited.
#[must_use]
pub fn effective_class(job: &Waiting, now: Millis) -> i64 {
    let gained = (now - job.run_at).max(0) / CLASS_MS;
    (i64::from(job.class) - gained).max(1)
}

/// Picks jobs for free slots: by class with aging, between the shops of a lane in turn (the shop with the fewest running
/// and picked in that lane first, Q8), and one of every eight for the job that waited longest among those that are not of
/// the best class there is, so that nothing starves while better ones keep coming. `free` are the free slots by lane,
/// `running` counts the running jobs, `turn` the picks so far. What a shop runs in one lane is not held against it in
/// another: whose orders are slow to fetch would never be told a figure.
pub fn choose(
    candidates: &[Waiting],
    free: &BTreeMap<&'static str, u32>,
    running: &BTreeMap<ShopLane, u32>,
    now: Millis,
    turn: u64,
) -> Vec<JobId> {
    let mut free = free.clone();
    let mut load = running.clone();
    let mut groups = Groups::new();
    for job in candidates.iter().filter(|job| job.run_at <= now) {
        let key = (lane_of(job.kind), job.shop);
        groups.entry(key).or_default().push((effective_class(job, now), job.run_at, job.id, job.class));
    }
    for group in groups.values_mut() {
        group.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut picked = Vec::new();
    loop {
        let open = |lane: &str| free.get(lane).is_some_and(|slots| *slots > 0);
        groups.retain(|(lane, _), group| !group.is_empty() && open(lane));
        let floor = (turn + picked.len() as u64) % FLOOR == FLOOR - 1;
        let Some((line, index)) = next(&groups, &load, floor) else { return picked };
        let Some(group) = groups.get_mut(&line) else { return picked };
        let (_, _, id, _) = group.remove(index);
        picked.push(id);
        *load.entry(line).or_default() += 1;
        if let Some(slots) = free.get_mut(line.0) {
            *slots -= 1;
        }
    }
}

/// The next in turn, as its group and place in it: the best class, then the shop with the least load, then the longest
/// wait. For the floor: who waited longest in a class that is not the best of all.
fn next(groups: &Groups, load: &BTreeMap<ShopLane, u32>, floor: bool) -> Option<(ShopLane, usize)> {
    if floor {
        let best = groups.values().flatten().map(|(_, _, _, class)| *class).min()?;
        let all =
            groups.iter().flat_map(|(line, group)| group.iter().enumerate().map(move |due| (line, due)));
        let neglected = all.filter(|(_, (_, (_, _, _, class)))| *class > best);
        let oldest = neglected.min_by_key(|(_, (_, (_, since, id, _)))| (*since, *id));
        if let Some((line, (index, _))) = oldest {
            return Some((*line, index));
        }
    }
    groups
        .iter()
        .filter_map(|(line, group)| {
            let (class, since, id, _) = *group.last()?;
            let load = load.get(line).copied().unwrap_or(0);
            Some(((class, load, since, id), line, group.len() - 1))
        })
        .min()
        .map(|(_, line, index)| (*line, index))
}
