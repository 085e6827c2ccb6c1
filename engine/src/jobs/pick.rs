//! Which of the jobs that may be claimed are claimed: by class with aging, in turn between shops.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use onhand_rules::job::lane_of;
use onhand_rules::{Job, JobId, Millis, ShopId};

/// What there is to choose from.
pub(super) struct Input<'a> {
    pub(super) jobs: &'a [Job],
    pub(super) now: Millis,
    /// Free slots by lane.
    pub(super) free: &'a BTreeMap<&'static str, u32>,
    /// Jobs of each shop that this process runs.
    pub(super) running: &'a HashMap<i64, u32>,
    /// Shops of which one job may run and no more.
    pub(super) probing: &'a BTreeSet<ShopId>,
    /// Of these, the ones that another replica is probing.
    pub(super) held_back: &'a [ShopId],
    pub(super) most: usize,
    /// Counts the rounds: every eighth job is the oldest of all.
    pub(super) round: u64,
}

/// A job gains one class for each 30 seconds it has waited (Q7).
const AGING_MS: Millis = 30_000;

pub(super) fn pick(input: &Input<'_>) -> Vec<JobId> {
    let mut free = input.free.clone();
    let mut turns: HashMap<i64, u32> = input.running.clone();
    let mut probed: BTreeSet<ShopId> = input.held_back.iter().copied().collect();
    // Of each (lane, class, shop) a queue, oldest first.
    let mut queues: BTreeMap<(Millis, i64), Vec<&Job>> = BTreeMap::new();
    for job in input.jobs {
        let class = Millis::from(job.class) - (input.now - job.run_at).max(0) / AGING_MS;
        let shop = job.body.shop().map_or(0, |shop| shop.0);
        queues.entry((class.max(1), shop)).or_default().push(job);
    }
    for queue in queues.values_mut() {
        queue.sort_by_key(|job| std::cmp::Reverse((job.run_at, job.id)));
    }
    let mut chosen = Vec::new();
    while chosen.len() < input.most {
        let oldest_first = (input.round + chosen.len() as u64).is_multiple_of(8);
        let fits = |job: &Job| {
            free.get(lane_of(job.body.number())).is_some_and(|slots| *slots > 0)
                && !job.body.shop().is_some_and(|shop| probed.contains(&shop))
        };
        let best = queues
            .iter_mut()
            .filter_map(|(key, queue)| {
                while queue.last().is_some_and(|job| !fits(job)) {
                    queue.pop();
                }
                let job = queue.last()?;
                let rank =
                    if oldest_first { (0, 0) } else { (key.0, turns.get(&key.1).copied().unwrap_or(0)) };
                Some(((rank, job.run_at, job.id), *key))
            })
            .min();
        let Some((_, key)) = best else { break };
        let Some(job) = queues.get_mut(&key).and_then(Vec::pop) else { break };
        if let Some(slots) = free.get_mut(lane_of(job.body.number())) {
            *slots -= 1;
        }
        *turns.entry(key.1).or_insert(0) += 1;
        if let Some(shop) = job.body.shop().filter(|shop| input.probing.contains(shop)) {
            probed.insert(shop);
        }
        chosen.push(job.id);
    }
    chosen
}
