//! People who buy. They choose a shop by chance and goods by a Zipf law, so that a few sell all the time and most seldom; they
//! order what the shop shows, pay or do not, and sometimes change their minds. The same seed sends the same people with the
//! same wishes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::hub::Hub;
use crate::world::{Actor, OrderFault, Rng, ShopKey, Status, Want, World};

/// How buyers behave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Habits {
    /// Orders a second over all shops, at most 1,000; 0: nobody comes.
    pub(crate) rate: f64,
    /// Of all orders: pay on delivery.
    pub(crate) cod: f64,
    /// Of all orders: never paid, so that the marketplace cancels them after a while.
    pub(crate) abandon: f64,
    /// Of all orders: paid and then cancelled at once.
    pub(crate) cancel: f64,
    /// Stop after so many attempts to order; 0: never.
    pub(crate) limit: u64,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits { rate: 0.0, cod: 0.1, abandon: 0.08, cancel: 0.05, limit: 0 }
    }
}

/// The buyers' settings, which may change while they buy.
#[derive(Debug, Default)]
pub(crate) struct Buyers {
    kept: Mutex<(Habits, u64)>,
    news: Notify,
}

impl Buyers {
    pub(crate) fn new(rate: f64) -> Buyers {
        Buyers { kept: Mutex::new((Habits { rate, ..Habits::default() }, 0)), news: Notify::new() }
    }

    pub(crate) fn habits(&self) -> Habits {
        self.lock().0
    }

    /// How many times somebody has tried to order.
    pub(crate) fn attempts(&self) -> u64 {
        self.lock().1
    }

    pub(crate) fn set(&self, habits: Habits) {
        self.lock().0 = Habits { rate: habits.rate.clamp(0.0, 1_000.0), ..habits };
        self.news.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Habits, u64)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody does after he has ordered.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Later {
    Pay,
    PayAndCancel,
    Cancel,
    GiveUp,
}

type Plan = Reverse<(Instant, u64, Later, ShopKey, String)>;

/// The task that buys.
pub(crate) struct Crowd {
    hub: Arc<Hub>,
    rng: Rng,
    seed: u64,
    scale: f64,
    plans: BinaryHeap<Plan>,
    number: u64,
    favourites: Favourites,
}

impl Crowd {
    pub(crate) fn new(hub: Arc<Hub>, seed: u64, scale: f64) -> Crowd {
        Crowd {
            hub,
            rng: Rng::fork(seed, "buyers"),
            seed,
            scale,
            plans: BinaryHeap::new(),
            number: 0,
            favourites: Favourites::default(),
        }
    }

    /// Never ends by itself.
    pub(crate) async fn run(mut self) {
        let mut next = Instant::now();
        loop {
            let habits = self.hub.buyers.habits();
            let buying = habits.rate > 0.0 && (habits.limit == 0 || self.number < habits.limit);
            let planned = self.plans.peek().map(|Reverse((due, ..))| *due);
            let due = match (buying, planned) {
                (true, Some(planned)) => Some(planned.min(next)),
                (true, None) => Some(next),
                (false, planned) => planned,
            };
            let hub = Arc::clone(&self.hub);
            match due {
                None => hub.buyers.news.notified().await,
                Some(due) => tokio::select! {
                    () = hub.buyers.news.notified() => continue,
                    () = tokio::time::sleep_until(due.into()) => {}
                },
            }
            let now = Instant::now();
            self.follow_plans(now);
            if buying && next <= now {
                self.buy(&habits);
                next += Duration::from_secs_f64(1.0 / habits.rate.max(0.001));
                // After a pause nobody makes up for it all at once.
                next = next.max(now.checked_sub(Duration::from_secs(1)).unwrap_or(now));
            } else if !buying {
                next = now;
            }
        }
    }

    /// One attempt. Every draw is made whether it is needed or not, so that each person has the same share of the stream.
    fn buy(&mut self, habits: &Habits) {
        self.number += 1;
        self.hub.buyers.lock().1 = self.number;
        let draws: [f64; 8] = std::array::from_fn(|_| self.rng.share());
        let seed = self.seed;
        let favourites = &mut self.favourites;
        let placed = self.hub.anywhere(|world, _| favourites.choose(world, seed, &draws));
        let Some((key, wants)) = placed else { return };
        let cod = draws[5] < habits.cod;
        let buyer = format!("buyer{:05}", self.number % 50_000);
        let placed = self.hub.in_shop(key, |world, now| world.place_order(key, &wants, &buyer, cod, now));
        let order = match placed {
            Ok(order) => order,
            Err(fault) => {
                if matches!(fault, OrderFault::OutOfStock { .. }) {
                    self.hub.tally.count(key.market, Some(key), |counts| counts.refused += 1);
                }
                return;
            }
        };
        self.hub.tally.count(key.market, Some(key), |counts| counts.orders += 1);
        let soon = Duration::from_millis(200) + Duration::from_millis((draws[7] * 1_800.0) as u64);
        let (later, wait) = match draws[6] {
            draw if draw < habits.abandon => (Later::GiveUp, soon * 10),
            draw if draw < habits.abandon + habits.cancel && cod => (Later::Cancel, soon),
            draw if draw < habits.abandon + habits.cancel => (Later::PayAndCancel, soon),
            _ if cod => return,
            _ => (Later::Pay, soon),
        };
        self.plan(later, wait, key, order);
    }

    fn plan(&mut self, later: Later, wait: Duration, key: ShopKey, order: String) {
        let due = Instant::now() + wait.mul_f64(self.scale);
        self.plans.push(Reverse((due, self.number, later, key, order)));
    }

    fn follow_plans(&mut self, now: Instant) {
        while self.plans.peek().is_some_and(|Reverse((due, ..))| *due <= now) {
            let Some(Reverse((_, _, later, key, order))) = self.plans.pop() else { return };
            let done = self.hub.in_shop(key, |world, time| match later {
                Later::Pay | Later::PayAndCancel => world.pay(key, &order, time),
                Later::Cancel => change_of_mind(world, key, &order, time),
                Later::GiveUp
                    if world.order(key, &order).is_ok_and(|order| order.status() == Status::Unpaid) =>
                {
                    world.cancel(key, &order, None, Actor::System, "payment timeout", time)
                }
                Later::GiveUp => change_of_mind(world, key, &order, time),
            });
            if later == Later::PayAndCancel && done.is_ok() {
                self.plan(Later::Cancel, Duration::from_secs(1), key, order);
            }
        }
    }
}

fn change_of_mind(world: &mut World, key: ShopKey, order: &str, now: i64) -> Result<(), OrderFault> {
    world.cancel(key, order, None, Actor::Buyer, "changed my mind", now)
}

/// What sells well: for each shop its variants in the order of their popularity, which is the same for one code everywhere.
#[derive(Debug, Default)]
struct Favourites {
    ranked: Vec<(ShopKey, Vec<u64>)>,
    /// Sums of the weights of the ranks.
    weights: Vec<f64>,
    counted: (usize, usize),
}

impl Favourites {
    fn choose(&mut self, world: &World, seed: u64, draws: &[f64; 8]) -> Option<(ShopKey, Vec<Want>)> {
        let counted = (world.shops().count(), world.shops().map(|shop| shop.items.len()).sum());
        if counted != self.counted {
            self.rank(world, seed);
            self.counted = counted;
        }
        let stocked: Vec<&(ShopKey, Vec<u64>)> =
            self.ranked.iter().filter(|(_, list)| !list.is_empty()).collect();
        let (key, variants) = stocked.get((draws[0] * stocked.len() as f64) as usize)?;
        let first = variants[self.rank_of(draws[1], variants.len())];
        let quantity = if draws[2] < 0.8 { 1 } else { 2 };
        let mut wants = vec![Want { variant: first, quantity }];
        if draws[3] < 0.25 {
            wants.push(Want { variant: variants[self.rank_of(draws[4], variants.len())], quantity: 1 });
        }
        Some((*key, wants))
    }

    fn rank_of(&self, draw: f64, among: usize) -> usize {
        let total = self.weights[among - 1];
        self.weights[..among].partition_point(|sum| *sum < draw * total).min(among - 1)
    }

    fn rank(&mut self, world: &World, seed: u64) {
        let popularity = |sku: &str| Rng::fork(seed, sku).next();
        self.ranked = world
            .shops()
            .map(|shop| {
                let mut variants: Vec<(u64, u64)> = shop
                    .variants()
                    .map(|(_, variant)| (popularity(&variant.seller_sku), variant.id))
                    .collect();
                variants.sort_unstable();
                (shop.key(), variants.into_iter().map(|(_, id)| id).collect())
            })
            .collect();
        let most = self.ranked.iter().map(|(_, list)| list.len()).max().unwrap_or(0);
        let mut sum = 0.0;
        self.weights = (1..=most)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
    }
}
