//! Jobs: work that follows from a change and is done outside its transaction.
//!
//! A job is a row that is written in the transaction of its cause. It is *ready* until somebody claims it, *running*
//! under a lease, and leaves the hot table when it is done or dead. Every change of a running job names the lease number
//! it was claimed with: a worker that lost its lease cannot finish what another one has taken over (Q4 of the queue's
//! rules in `docs/queue.md`). The contract is at-least-once with late finishers rejected.

use serde::{Deserialize, Serialize};

use crate::id::{JobId, ListingId, ShopId};
use crate::quantity::Millis;
use crate::retry::{FailureClass, Spent};

/// The kinds of job, with what each needs to know. No figures: a job reads what is true when it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobBody {
    /// Tell a marketplace the stock of the listings of one write unit whose figure is not there yet.
    PushStock {
        /// Where.
        shop: ShopId,
        /// [`crate::listing::Listing::unit`]: what the marketplace takes in one write.
        unit: String,
    },
    /// Read back what the marketplace shows for the listings of one write unit, and compare.
    ReadBack {
        /// Where.
        shop: ShopId,
        /// Which listings.
        unit: String,
    },
    /// A window of five minutes for a seller's own edit has ended: look again and decide.
    SettleEdit {
        /// Where.
        shop: ShopId,
        /// Which.
        listing: ListingId,
    },
    /// Fetch one order and apply it. Also how a webhook is followed up.
    FetchOrder {
        /// Where.
        shop: ShopId,
        /// The marketplace's number of it.
        reference: String,
    },
    /// List the orders that changed since the shop's cursor, with overlap.
    PollOrders {
        /// Where.
        shop: ShopId,
    },
    /// List returns that changed.
    PollReturns {
        /// Where.
        shop: ShopId,
    },
    /// Fetch webhooks that never reached us.
    RecoverWebhooks {
        /// Where.
        shop: ShopId,
    },
    /// Tell the marketplace that goods have left.
    ShipOrder {
        /// Where.
        shop: ShopId,
        /// The marketplace's number of it.
        reference: String,
        /// Their ids of the lines; empty means all.
        line_ids: Vec<String>,
        /// As the marketplace knows it.
        carrier: Option<String>,
        /// Tracking number.
        tracking: Option<String>,
    },
    /// Answer a buyer's wish to cancel.
    AnswerCancel {
        /// Where.
        shop: ShopId,
        /// The marketplace's number of it.
        reference: String,
        /// Yes or no.
        accept: bool,
    },
    /// Exchange the refresh token.
    RefreshGrant {
        /// Where.
        shop: ShopId,
    },
    /// Ask whether the shop answers at all.
    ProbeShop {
        /// Where.
        shop: ShopId,
    },
    /// Read all listings of a shop.
    ImportListings {
        /// Where.
        shop: ShopId,
    },
    /// Read the listings of one item again.
    ImportItem {
        /// Where.
        shop: ShopId,
        /// The marketplace's id of it.
        item: String,
    },
    /// Read back the next listings in turn, so that each is seen within a day.
    SweepDrift {
        /// Where.
        shop: ShopId,
    },
    /// Look up every order of the last seven days, and fetch what is missing or older here.
    CompareOrders {
        /// Where.
        shop: ShopId,
    },
    /// Nothing: for measuring and for proving the queue. `fail` names a failure to report.
    Nothing {
        /// Fairness is between shops.
        shop: Option<ShopId>,
        /// Free text, for telling jobs apart.
        note: String,
    },
    /// A body that this program cannot read: a newer one wrote it, or it is damaged. A store puts this in the place of what
    /// it cannot read, so that the job stands in nobody's way and is claimed like any other; its first attempt ends it as
    /// undecodable (B10).
    Unreadable {
        /// The number of its kind, as stored.
        number: i16,
        /// As stored.
        shop: Option<ShopId>,
        /// As stored.
        dedupe: Option<String>,
        /// What cannot be read.
        text: String,
    },
}

/// The stable names of the kinds, in the order of their numbers (from 1).
pub const KINDS: &[&str] = &[
    "push_stock",
    "read_back",
    "settle_edit",
    "fetch_order",
    "poll_orders",
    "poll_returns",
    "recover_webhooks",
    "ship_order",
    "answer_cancel",
    "refresh_grant",
    "probe_shop",
    "import_listings",
    "import_item",
    "sweep_drift",
    "nothing",
    "compare_orders",
];

/// The most bytes of a job's body as it is kept (B10). Jobs hold ids; whatever is larger belongs elsewhere.
pub const BODY_MAX: usize = 256 * 1024;

/// The lanes that there are at first. Lanes are data: their settings are rows, and a kind's lane can be changed there.
pub const LANES: &[(&str, u32)] = &[("inventory_update", 10), ("order_ingest", 10), ("product_sync", 2)];

impl JobBody {
    /// The stable number, from 1. Never reused.
    #[must_use]
    pub fn number(&self) -> i16 {
        match self {
            Self::PushStock { .. } => 1,
            Self::ReadBack { .. } => 2,
            Self::SettleEdit { .. } => 3,
            Self::FetchOrder { .. } => 4,
            Self::PollOrders { .. } => 5,
            Self::PollReturns { .. } => 6,
            Self::RecoverWebhooks { .. } => 7,
            Self::ShipOrder { .. } => 8,
            Self::AnswerCancel { .. } => 9,
            Self::RefreshGrant { .. } => 10,
            Self::ProbeShop { .. } => 11,
            Self::ImportListings { .. } => 12,
            Self::ImportItem { .. } => 13,
            Self::SweepDrift { .. } => 14,
            Self::Nothing { .. } => 15,
            Self::CompareOrders { .. } => 16,
            Self::Unreadable { number, .. } => *number,
        }
    }

    /// The stable name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        kind_name(self.number())
    }

    /// The shop that it is for, if any: fairness, pauses, breakers and limits go by it.
    #[must_use]
    pub fn shop(&self) -> Option<ShopId> {
        match self {
            Self::PushStock { shop, .. }
            | Self::ReadBack { shop, .. }
            | Self::SettleEdit { shop, .. }
            | Self::FetchOrder { shop, .. }
            | Self::PollOrders { shop }
            | Self::PollReturns { shop }
            | Self::RecoverWebhooks { shop }
            | Self::ShipOrder { shop, .. }
            | Self::AnswerCancel { shop, .. }
            | Self::RefreshGrant { shop }
            | Self::ProbeShop { shop }
            | Self::ImportListings { shop }
            | Self::ImportItem { shop, .. }
            | Self::SweepDrift { shop }
            | Self::CompareOrders { shop } => Some(*shop),
            Self::Nothing { shop, .. } | Self::Unreadable { shop, .. } => *shop,
        }
    }

    /// Jobs with the same key are one job: at most one waits or runs. Asking for it again while it runs makes it run
    /// once more afterwards, so the last change is never lost (Q11).
    #[must_use]
    pub fn dedupe(&self) -> Option<String> {
        let shop = self.shop().map_or(0, |shop| shop.0);
        let kind = self.kind();
        match self {
            Self::PushStock { unit, .. } | Self::ReadBack { unit, .. } => {
                Some(format!("{kind}:{shop}:{unit}"))
            }
            Self::SettleEdit { listing, .. } => Some(format!("{kind}:{shop}:{}", listing.0)),
            Self::FetchOrder { reference, .. } => Some(format!("{kind}:{shop}:{reference}")),
            Self::ImportItem { item, .. } => Some(format!("{kind}:{shop}:{item}")),
            Self::ShipOrder { reference, line_ids, .. } => {
                Some(format!("{kind}:{shop}:{reference}:{}", line_ids.join(",")))
            }
            Self::AnswerCancel { reference, .. } => Some(format!("{kind}:{shop}:{reference}")),
            Self::PollOrders { .. }
            | Self::PollReturns { .. }
            | Self::RecoverWebhooks { .. }
            | Self::RefreshGrant { .. }
            | Self::ProbeShop { .. }
            | Self::ImportListings { .. }
            | Self::SweepDrift { .. }
            | Self::CompareOrders { .. } => Some(format!("{kind}:{shop}")),
            Self::Nothing { .. } => None,
            Self::Unreadable { dedupe, .. } => dedupe.clone(),
        }
    }

    /// The lane it belongs to unless the settings say otherwise.
    #[must_use]
    pub fn lane(&self) -> &'static str {
        lane_of(self.number())
    }

    /// How long one attempt may take, in milliseconds; then it is taken away whatever it says (Q3).
    #[must_use]
    pub fn deadline_ms(&self) -> Millis {
        match self {
            // Ten thousand items with variations are as many requests, at the pace that the shop's limits allow.
            Self::ImportListings { .. } | Self::CompareOrders { .. } => 60 * 60_000,
            Self::PollOrders { .. } | Self::PollReturns { .. } | Self::SweepDrift { .. } => 5 * 60_000,
            Self::PushStock { .. } | Self::ReadBack { .. } | Self::FetchOrder { .. } => 20_000,
            _ => 60_000,
        }
    }
}

/// The name of a kind by its number; `unknown` for a number that is none.
#[must_use]
pub fn kind_name(number: i16) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|index| KINDS.get(index)).copied().unwrap_or("unknown")
}

/// Whether there is a kind of this number.
#[must_use]
pub fn is_known(number: i16) -> bool {
    usize::try_from(number).is_ok_and(|number| (1..=KINDS.len()).contains(&number))
}

/// The lane of a kind by its number.
#[must_use]
pub fn lane_of(number: i16) -> &'static str {
    match number {
        1..=3 => "inventory_update",
        4..=11 | 16 => "order_ingest",
        _ => "product_sync",
    }
}

/// Where a job stands in the hot table. Done and dead jobs are elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its time and for somebody who claims it.
    Ready,
    /// Claimed.
    Running,
}

/// A lease: who has claimed a job, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// A random number that a process makes at its start: a restarted process is another one (Q6).
    #[serde(with = "as_text")]
    pub owner: u128,
    /// Ledger clock; renewed by the heartbeat.
    pub until: Millis,
    /// Ledger clock; not renewed (Q3).
    pub deadline: Millis,
    /// When it was claimed.
    pub since: Millis,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What to do.
    pub body: JobBody,
    /// 1 first, 4 last. A job gains one class for each 30 seconds it has waited (Q7).
    pub class: i16,
    /// Where it stands.
    pub state: JobState,
    /// Not before; ledger clock. Waiting time counts from here.
    pub run_at: Millis,
    /// Failed attempts that count, since the last success.
    pub attempts: i32,
    /// Attempts that ended without an answer: panics, lost leases, deadlines.
    pub crashes: i32,
    /// 429s in a row. They are not failures and use up no attempt (Q9).
    pub throttled: i32,
    /// Rises by one with each claim and never goes back: the fencing number.
    pub lease_number: i64,
    /// Set while running.
    pub lease: Option<Lease>,
    /// Asked for again while running: runs once more when this run ends.
    pub again: bool,
    /// Ledger clock of the change that it follows from: for latency.
    pub cause_at: Millis,
    /// Ledger clock.
    pub created_at: Millis,
    /// How the last attempt failed.
    pub last_failure: Option<JobFailure>,
    /// The dead job that this one repeats.
    pub replay_of: Option<JobId>,
    /// By what the request that caused it is found again, as in an event.
    pub trace: Option<String>,
}

impl Job {
    /// Whether an attempt was cut off without a word since it was last done (crash, lost lease, a program that stopped):
    /// what it sent may still arrive.
    #[must_use]
    pub fn was_cut_off(&self) -> bool {
        self.crashes > 0 || Spent::of(self).cut_off > 0
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailure {
    /// What to do about it.
    pub class: FailureClass,
    /// The marketplace's code, or ours.
    pub code: String,
    /// For people; holds no secrets.
    pub message: String,
    /// Ledger clock.
    pub at: Millis,
    /// How much of each schedule the job has used up with it.
    #[serde(default)]
    pub spent: Spent,
}

/// A job to be put into the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What to do.
    pub body: JobBody,
    /// 1 first, 4 last.
    pub class: i16,
    /// Not before this; in the past means now.
    pub run_at: Millis,
    /// The change that it follows from; `None` means the time of the command.
    pub cause_at: Option<Millis>,
}

/// A job that will not run again by itself. Never deleted by a default (Q12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJob {
    /// As it was.
    pub job: Job,
    /// Ledger clock.
    pub died_at: Millis,
    /// The last failure: failures are grouped by kind, class and code.
    pub failure: JobFailure,
    /// The job that repeats it, once there is one.
    pub replayed_as: Option<JobId>,
    /// Why somebody gave it up for good.
    pub discarded: Option<String>,
}

/// A job that was finished: kept for a week, off the hot table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneJob {
    /// As it was.
    pub job: Job,
    /// Ledger clock.
    pub ended_at: Millis,
    /// `done`, `cancelled` or `obsolete`.
    pub outcome: String,
}

/// 128 bits do not fit into the numbers of JSON.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}
