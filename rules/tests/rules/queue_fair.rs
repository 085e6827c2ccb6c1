//! Who runs next: classes with aging, shops in turn, and a floor for those that the classes would leave waiting.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use onhand_rules::schedule::{ShopLane, Waiting, choose, effective_class};
use onhand_rules::{JobId, ShopId};

const SECOND: i64 = 1_000;
const PUSHES: &str = "inventory_update";

fn job(id: u128, shop: i64, class: i16, run_at: i64) -> Waiting {
    Waiting { id: JobId(id), kind: 1, shop: Some(ShopId(shop)), class, run_at }
}

fn slots(free: u32) -> BTreeMap<&'static str, u32> {
    [(PUSHES, free)].into()
}

fn pick(jobs: &[Waiting], free: u32, now: i64, turn: u64) -> Vec<u128> {
    let chosen = choose(jobs, &slots(free), &BTreeMap::new(), now, turn);
    chosen.into_iter().map(|id| id.0).collect()
}

/// A lane under load: jobs wait by shop and class as the stores keep them, and those of a group that are offered are the
/// oldest, as many as there are slots.
#[derive(Default)]
struct Lane {
    waiting: BTreeMap<(i64, i16), VecDeque<Waiting>>,
    running: VecDeque<(i64, Waiting)>,
    turn: u64,
    ids: u128,
}

impl Lane {
    fn arrive(&mut self, shop: i64, class: i16, now: i64) {
        self.ids += 1;
        self.waiting.entry((shop, class)).or_default().push_back(job(self.ids, shop, class, now));
    }

    /// Ends what has run for `takes`, and starts what is next in `slots` slots. Yields what was started.
    fn step(&mut self, now: i64, slots_in_all: usize, takes: i64) -> Vec<Waiting> {
        while self.running.front().is_some_and(|(since, _)| now - since >= takes) {
            self.running.pop_front();
        }
        let free = slots_in_all - self.running.len();
        let mut load: BTreeMap<ShopLane, u32> = BTreeMap::new();
        self.running.iter().for_each(|(_, job)| *load.entry((PUSHES, job.shop)).or_default() += 1);
        let offered: Vec<Waiting> =
            self.waiting.values().flat_map(|group| group.iter().take(free)).copied().collect();
        let chosen = choose(&offered, &slots(free as u32), &load, now, self.turn);
        self.turn += chosen.len() as u64;
        let chosen: BTreeSet<JobId> = chosen.into_iter().collect();
        let started: Vec<Waiting> = offered.into_iter().filter(|job| chosen.contains(&job.id)).collect();
        for group in self.waiting.values_mut() {
            group.retain(|job| !chosen.contains(&job.id));
        }
        self.running.extend(started.iter().map(|job| (now, *job)));
        started
    }
}

/// Ten slots of a second each, a hundred jobs of class 1 a second for five minutes, and one of class 4 every five seconds.
#[test]
fn b7_ten_times_too_many_of_class_1_starve_nobody() {
    for shops in [1, 5] {
        let mut lane = Lane::default();
        let mut longest = 0;
        let mut started = 0;
        for second in 0..450 {
            let now = second * SECOND;
            if second < 300 {
                (0..100).for_each(|number| lane.arrive(1 + number % shops, 1, now));
            }
            if second < 300 && second % 5 == 0 {
                lane.arrive(1, 4, now);
            }
            for job in lane.step(now, 10, SECOND) {
                if job.class == 4 {
                    longest = longest.max(now - job.run_at);
                    started += 1;
                }
            }
        }
        assert_eq!(started, 60, "{shops} shops: all of class 4 have run");
        assert!(longest <= 150 * SECOND, "{shops} shops: class 4 waited {longest} ms");
    }
}

/// More of the worst class than the floor alone can serve: each still runs, after what came before it.
#[test]
fn b7_every_class_moves_on_while_a_better_one_never_ends() {
    let mut lane = Lane::default();
    let mut ran = [0; 5];
    for second in 0..300 {
        let now = second * SECOND;
        (1..=4).for_each(|class| (0..25).for_each(|_| lane.arrive(1, class, now)));
        lane.step(now, 10, SECOND).iter().for_each(|job| ran[job.class as usize] += 1);
    }
    assert!(ran[1..].iter().all(|runs| *runs >= 100), "{ran:?}");
}

#[test]
fn q8_one_shop_with_100_000_jobs_keeps_none_of_fifty_waiting() {
    let mut lane = Lane::default();
    (0..100_000).for_each(|_| lane.arrive(1, 2, 0));
    (2..=51).for_each(|shop| lane.arrive(shop, 2, 1));
    let mut small = BTreeSet::new();
    for tick in 0..20 {
        // Two seconds in all, jobs of a tenth.
        for job in lane.step(1 + tick * 100, 10, 100) {
            small.extend(job.shop.filter(|shop| shop.0 > 1));
        }
    }
    assert_eq!(small.len(), 50);
}

/// What is picked next of these, with so much running in the lane of pushes and in that of orders.
fn shops_picked(jobs: &[Waiting], free: u32, pushing: &[(i64, u32)], fetching: &[(i64, u32)]) -> Vec<i64> {
    let line = |lane| move |&(shop, running): &(i64, u32)| ((lane, Some(ShopId(shop))), running);
    let load = pushing.iter().map(line(PUSHES)).chain(fetching.iter().map(line("order_ingest"))).collect();
    let chosen = choose(jobs, &slots(free), &load, 0, 0);
    let shop = |id: &JobId| jobs.iter().find(|job| job.id == *id).and_then(|job| job.shop);
    chosen.iter().filter_map(shop).map(|shop| shop.0).collect()
}

#[test]
fn q8_the_shop_with_the_least_running_is_next() {
    let jobs: Vec<Waiting> = (0..30).map(|id| job(id, 1 + (id % 3) as i64, 1, 0)).collect();
    let picked = shops_picked(&jobs, 6, &[(1, 4), (2, 2)], &[]);
    assert_eq!(picked, [3, 3, 2, 3, 2, 3], "until all have four");
}

#[test]
fn q8_a_shop_whose_orders_are_slow_to_fetch_is_told_its_figures() {
    let jobs: Vec<Waiting> = (0..20).map(|id| job(id, 1 + (id % 2) as i64, 1, 0)).collect();
    assert_eq!(shops_picked(&jobs, 4, &[], &[(2, 10)]), [1, 2, 1, 2], "its ten fetches are in another lane");
}

#[test]
fn q7_a_job_gains_a_class_for_each_half_minute() {
    let four = job(1, 1, 4, 0);
    let cases = [(0, 4), (29_999, 4), (30_000, 3), (59_999, 3), (60_000, 2), (90_000, 1), (9_000_000, 1)];
    for (now, class) in cases {
        assert_eq!(effective_class(&four, now), class, "after {now} ms");
    }
    assert_eq!(effective_class(&job(1, 1, 1, 0), 9_000_000), 1);
    assert_eq!(effective_class(&job(1, 1, 2, 50_000), 0), 2, "what is not due yet gains nothing");
}

#[test]
fn q7_the_better_class_first_then_who_waits_longer() {
    let jobs = [job(1, 1, 3, 0), job(2, 1, 1, 20), job(3, 1, 2, 0), job(4, 1, 1, 10)];
    assert_eq!(pick(&jobs, 4, 100, 0), [4, 2, 3, 1]);
    // After a minute and a half all of them are of class 1.
    assert_eq!(pick(&jobs, 4, 100_000, 0), [1, 3, 4, 2]);
}

/// The best class is that of the whole lane, not that of the shop whose turn it is.
#[test]
fn q7_one_of_eight_picks_is_of_who_waits_longest_below_the_best_class_of_all() {
    let mut jobs: Vec<Waiting> = (1..=20).map(|id| job(id, 1, 1, 25_000)).collect();
    jobs.push(job(101, 2, 2, 20_000));
    jobs.push(job(102, 2, 3, 24_000));
    assert_eq!(pick(&jobs, 1, 26_000, 7), [101], "the older one, though its class is the best of its shop");
    assert_eq!(pick(&jobs, 1, 26_000, 6), [1]);
    jobs.push(job(103, 3, 4, 5_000));
    assert_eq!(pick(&jobs, 2, 26_000, 6), [1, 103], "and of all shops");
    let picked = pick(&jobs, 16, 26_000, 0);
    let floor: Vec<usize> = (0..16).filter(|place| picked[*place] > 100).collect();
    assert_eq!(floor, [7, 15]);
}

#[test]
fn only_what_is_due_and_has_a_slot_is_picked() {
    let push = job(1, 1, 1, 10);
    let poll = Waiting { kind: 5, ..job(2, 1, 1, 0) };
    assert_eq!(pick(&[push, poll], 5, 9, 0), [], "one is early, the other has no lane");
    assert_eq!(pick(&[push, poll], 5, 10, 0), [1]);
    assert_eq!(pick(&[push, poll], 0, 10, 0), []);
    let many: Vec<Waiting> = (0..9).map(|id| job(id, id as i64, 1, 0)).collect();
    assert_eq!(pick(&many, 4, 10, 0).len(), 4);
    assert_eq!(pick(&many, 40, 10, 7).len(), 9, "a floor without anybody below it takes the best");
}
