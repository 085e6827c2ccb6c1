//! Whether it is all right, in one answer.

use std::collections::BTreeMap;

use onhand_engine::telemetry::PushTimes;
use onhand_rules::job::JobState;
use onhand_rules::notice::kind_name;
use onhand_rules::shop::ShopState;
use onhand_rules::{Notice, Shop};
use onhand_store::{DeadGroup, JobCount, Staleness};
use serde::Serialize;
use utoipa::ToSchema;

use super::pushes::{Quantiles, quantiles};
use crate::time::Time;

/// A number of rows that were counted one by one, up to a limit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tally {
    /// How many were found.
    pub(crate) count: usize,
    /// There are more.
    pub(crate) more: bool,
}

/// The shops.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shops {
    /// All of them.
    total: usize,
    /// Their jobs run and they answer.
    well: usize,
    /// Their jobs run and their breaker is open.
    failing: usize,
    /// A person paused them.
    paused: usize,
    /// Their owners must authorise them again.
    disconnected: usize,
    /// No sign of life for longer than their settings allow.
    stale: usize,
}

impl Shops {
    pub(crate) fn of(shops: &[Shop], now: i64) -> Self {
        let count = |is: &dyn Fn(&Shop) -> bool| shops.iter().filter(|shop| is(shop)).count();
        let failing = |shop: &Shop| {
            shop.state == ShopState::Connected && shop.health.open_until.is_some_and(|until| until > now)
        };
        let stale = |shop: &Shop| {
            let heard = shop.health.answered_at.max(shop.health.webhook_at).unwrap_or(shop.created_at);
            shop.state == ShopState::Connected && now - heard > shop.settings.stale_after_ms
        };
        Self {
            total: shops.len(),
            well: count(&|shop| shop.state == ShopState::Connected && !failing(shop)),
            failing: count(&failing),
            paused: count(&|shop| shop.state == ShopState::Paused),
            disconnected: count(&|shop| shop.state == ShopState::Disconnected),
            stale: count(&stale),
        }
    }
}

/// The queue over all lanes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queue {
    /// Jobs that wait, due or not.
    ready: i64,
    /// Jobs under a lease.
    running: i64,
    /// Jobs that were given up and neither replayed nor discarded.
    dead: i64,
    /// How long the oldest job that is due has waited, in milliseconds; 0 when none is due.
    oldest_wait_ms: i64,
}

impl Queue {
    pub(crate) fn of(counts: &[JobCount], dead: &[DeadGroup], now: i64) -> Self {
        let of = |state| counts.iter().filter(move |count| count.state == state);
        let oldest = of(JobState::Ready).map(|count| count.oldest_run_at).min();
        Self {
            ready: of(JobState::Ready).map(|count| count.count).sum(),
            running: of(JobState::Running).map(|count| count.count).sum(),
            dead: dead.iter().map(|group| group.count).sum(),
            oldest_wait_ms: oldest.map_or(0, |at| (now - at).max(0)),
        }
    }
}

/// Figures that shops were not told yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Untold {
    /// How many listings.
    listings: i64,
    /// The oldest change among them.
    since: Option<Time>,
}

impl Untold {
    pub(crate) fn of(rows: &[Staleness]) -> Self {
        Self {
            listings: rows.iter().map(|row| row.dirty).sum(),
            since: rows.iter().map(|row| row.oldest).min().map(Time),
        }
    }
}

/// What a person should look at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attention {
    /// Open notices.
    #[serde(flatten)]
    total: Tally,
    /// Of each kind.
    by_kind: BTreeMap<&'static str, usize>,
    /// The oldest of them.
    since: Option<Time>,
}

impl Attention {
    pub(crate) fn of(notices: &[Notice], more: bool) -> Self {
        let mut by_kind = BTreeMap::new();
        for notice in notices {
            *by_kind.entry(kind_name(notice.kind)).or_default() += 1;
        }
        let since = notices.iter().map(|notice| notice.first_at).min().map(Time);
        Self { total: Tally { count: notices.len(), more }, by_kind, since }
    }
}

/// Whether it is all right.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// Always `overview`.
    #[schema(example = "overview")]
    pub(crate) object: &'static str,
    /// No shop is failing, stale or disconnected, no job is dead, no notice open, no stock short.
    pub(crate) well: bool,
    /// When this was looked at.
    pub(crate) at: Time,
    /// The number of the last event.
    pub(crate) feed_head: i64,
    /// The shops.
    pub(crate) shops: Shops,
    /// The queue.
    pub(crate) queue: Queue,
    /// What shops were not told yet.
    pub(crate) untold: Untold,
    /// What a person should look at.
    pub(crate) attention: Attention,
    /// Stock rows that have promised more than there is.
    pub(crate) shortfalls: Tally,
    /// Listings that nobody has mapped.
    pub(crate) unmapped: Tally,
    /// Orders of marketplaces that wait for a mapping.
    pub(crate) waiting_orders: Tally,
    /// How many of the last pushes stand behind `latency`, in the process that answers.
    pub(crate) pushes: usize,
    /// From the change of stock to the marketplace's answer.
    pub(crate) latency: Option<Quantiles>,
}

impl Overview {
    /// Decides [`Self::well`] from the rest.
    pub(crate) fn judged(mut self) -> Self {
        let shops = self.shops.failing + self.shops.stale + self.shops.disconnected;
        let open = self.attention.total.count + self.shortfalls.count + self.waiting_orders.count;
        self.well = shops == 0 && self.queue.dead == 0 && open == 0;
        self
    }
}

pub(crate) fn latency_of(times: &[PushTimes]) -> Option<Quantiles> {
    quantiles(times, |time| time.total_ms)
}
