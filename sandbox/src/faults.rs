//! What goes wrong, to order. A fault is for one shop, one marketplace or all; it lasts until it is taken away, for some
//! seconds, or for a number of times.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::world::{Market, Millis, Rng, ShopKey};

/// What goes wrong. Everything but the first two lines of each list of settings is optional in JSON; the names are in
/// snake case there, as in `{"fault": "latency", "ms": 300}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Every call takes this much longer.
    Latency {
        /// Milliseconds.
        ms: u64,
    },
    /// Every call is one too many, said as the marketplace says it.
    Throttle,
    /// The marketplace is down and answers 5xx.
    Outage,
    /// The platform has taken a permission from the app or the shop, until somebody talks to it: every call is refused. The
    /// seller's consent stands.
    Forbid,
    /// A page for people instead of JSON, with status 200, as an edge or a maintenance page gives it.
    Html,
    /// The call is carried out and the connection is cut before the answer.
    LoseAnswer,
    /// Messages that never arrive.
    DropWebhooks {
        /// Of all messages, from 0 to 1.
        #[serde(default = "all")]
        share: f64,
    },
    /// Messages that arrive twice.
    DuplicateWebhooks {
        /// Of all messages, from 0 to 1.
        #[serde(default = "all")]
        share: f64,
    },
    /// Messages that arrive later.
    DelayWebhooks {
        /// Of all messages, from 0 to 1.
        #[serde(default = "all")]
        share: f64,
        /// By so many milliseconds.
        ms: u64,
    },
    /// Messages that are overtaken by those after them.
    ReorderWebhooks {
        /// Of all messages, from 0 to 1.
        #[serde(default = "all")]
        share: f64,
    },
    /// The access tokens expire now; the refresh token stays good. Happens once, at once.
    ExpireToken,
    /// The seller takes his consent back. Happens once, at once.
    RevokeToken,
    /// The seller sets a listing's stock in the seller's centre. Happens once, at once.
    SellerEdit {
        /// The seller's code of the variant.
        seller_sku: String,
        /// The new stock.
        stock: i64,
    },
    /// A big campaign runs: stock may be raised and not lowered.
    CampaignLock {
        /// One variant by the seller's code; all without it.
        #[serde(default)]
        seller_sku: Option<String>,
    },
    /// A promotion holds the listing: its stock cannot be set at all.
    PromotionLock {
        /// One variant by the seller's code; all without it.
        #[serde(default)]
        seller_sku: Option<String>,
    },
    /// The marketplace's clock is wrong, seen from here.
    ClockSkew {
        /// Milliseconds ahead, or behind when negative.
        ms: Millis,
    },
    /// The next stock write fails for its first so many variants and succeeds for the rest.
    PartialFailure {
        /// How many variants fail in each stricken write.
        items: u32,
    },
}

fn all() -> f64 {
    1.0
}

/// A fault with its place and its duration: the body of `POST /control/faults`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultOrder {
    /// One marketplace; all without it.
    #[serde(default)]
    pub market: Option<Market>,
    /// The account number of one shop; all of the marketplace without it.
    #[serde(default, with = "crate::ids_in_json::optional")]
    pub shop: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// It ends after so many seconds.
    #[serde(default)]
    pub for_seconds: Option<f64>,
    /// It strikes so many times.
    #[serde(default)]
    pub count: Option<u32>,
}

/// An order that has been taken.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Active {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) order: FaultOrder,
    #[serde(skip)]
    until: Option<Instant>,
    left: Option<u32>,
    /// How often it struck.
    pub(crate) struck: u64,
}

impl Active {
    fn alive(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until) && self.left != Some(0)
    }

    fn concerns(&self, market: Market, shop: Option<ShopKey>) -> bool {
        self.order.market.is_none_or(|wanted| wanted == market)
            && self.order.shop.is_none_or(|wanted| shop.is_some_and(|shop| shop.account == wanted))
    }
}

/// The faults that are in force.
#[derive(Debug)]
pub(crate) struct Faults {
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    next: u64,
    active: Vec<Active>,
    rng: Rng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Faults {
        Faults { kept: Mutex::new(Kept { next: 1, active: Vec::new(), rng: Rng::fork(seed, "faults") }) }
    }

    /// Puts a fault in force and gives its number.
    pub(crate) fn add(&self, order: FaultOrder) -> u64 {
        let mut kept = self.lock();
        let id = kept.next;
        kept.next += 1;
        let until = order.for_seconds.map(|seconds| {
            Instant::now() + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX / 4)
        });
        let left = order.count;
        kept.active.push(Active { id, order, until, left, struck: 0 });
        id
    }

    /// Takes one fault away; whether it was still in force.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut kept = self.lock();
        let before = kept.active.len();
        kept.active.retain(|active| active.id != id);
        kept.active.len() < before
    }

    pub(crate) fn clear(&self) {
        self.lock().active.clear();
    }

    pub(crate) fn list(&self) -> Vec<Active> {
        let mut kept = self.lock();
        let now = Instant::now();
        kept.active.retain(|active| active.alive(now));
        kept.active.clone()
    }

    /// The first fault in force for which `pick` gives something, which then counts as having struck.
    pub(crate) fn strike<T>(
        &self,
        market: Market,
        shop: Option<ShopKey>,
        pick: impl Fn(&Fault) -> Option<T>,
    ) -> Option<T> {
        let mut kept = self.lock();
        let now = Instant::now();
        for active in &mut kept.active {
            if !active.alive(now) || !active.concerns(market, shop) {
                continue;
            }
            if let Some(found) = pick(&active.order.fault) {
                active.struck += 1;
                active.left = active.left.map(|left| left.saturating_sub(1));
                return Some(found);
            }
        }
        None
    }

    /// As [`Faults::strike`] for a fault that has a share: a draw decides whether it strikes.
    pub(crate) fn strike_by_share<T>(
        &self,
        market: Market,
        shop: Option<ShopKey>,
        pick: impl Fn(&Fault) -> Option<(f64, T)>,
    ) -> Option<T> {
        let share = {
            let kept = self.lock();
            let now = Instant::now();
            let there = kept.active.iter().find_map(|active| {
                let concerned = active.alive(now) && active.concerns(market, shop);
                if concerned { pick(&active.order.fault).map(|(share, _)| share) } else { None }
            });
            there?
        };
        let draw = self.lock().rng.share();
        if draw < share {
            self.strike(market, shop, |fault| pick(fault).map(|(_, found)| found))
        } else {
            None
        }
    }

    /// By how much the marketplace's clock is wrong for this shop.
    pub(crate) fn skew(&self, market: Market, shop: Option<ShopKey>) -> Millis {
        let kept = self.lock();
        let now = Instant::now();
        let skews = kept.active.iter().filter(|active| active.alive(now) && active.concerns(market, shop));
        skews
            .filter_map(
                |active| if let Fault::ClockSkew { ms } = active.order.fault { Some(ms) } else { None },
            )
            .sum()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
