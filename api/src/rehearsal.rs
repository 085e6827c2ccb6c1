//! What a rehearsal of a flash sale is: buyers at once, on a server of its own, which may be killed meanwhile.
//!
//! The API says what can be asked and answered; who runs servers runs it ([`Stage`]). Nothing of it touches the ledger of
//! the server that is asked: the goods, orders and buyers are in a database that is thrown away.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Units that a rehearsal can have at most.
pub const UNITS_MAX: i64 = 100_000;
/// Buyers that a rehearsal can have at most.
pub const BUYERS_MAX: i64 = 5_000;
/// Seconds that a rehearsal can sell at most.
pub const SECONDS_MAX: i64 = 120;

/// What is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RehearsalPlan)]
pub struct Plan {
    /// Units of the one SKU that there is.
    pub units: i64,
    /// Buyers who all want one unit, all at once.
    pub buyers: i64,
    /// For how many seconds units are sold: who got one pays within that time, who did not tries again.
    pub seconds: i64,
    /// The same seed gives the same buyers.
    pub seed: u32,
    /// Whether the server is killed by itself once half of what can be sold is claimed.
    pub kill: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { units: 500, buyers: 1_000, seconds: 15, seed: 1, kill: false }
    }
}

/// Where a rehearsal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RehearsalState)]
pub enum Stand {
    /// Its server starts and is stocked.
    Starting,
    /// Buyers buy.
    Selling,
    /// Its server was killed and is not there again yet; buyers wait.
    Killed,
    /// Everybody has left; everything is counted.
    Checking,
    /// The report is there.
    Done,
    /// It broke off; `problem` says why.
    Failed,
}

impl Stand {
    /// Whether nothing follows any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// How long answers to attempts at buying took, in milliseconds, as buyers felt it: waiting for a connection and for a
/// server that was killed is part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = RehearsalLatency)]
pub struct Latency {
    /// Answers.
    pub count: u64,
    /// Half of them took at most this.
    pub p50_ms: f64,
    /// 95 of 100.
    pub p95_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// What buyers were told until now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RehearsalCounts)]
pub struct Counts {
    /// Units that were claimed.
    pub claims: u64,
    /// Claims that became paid orders.
    pub orders: u64,
    /// Claims that were given back: the buyer cancelled, or walked away and the shop did at the end.
    pub releases: u64,
    /// Claims of buyers who have neither paid nor given back.
    pub held: u64,
    /// Claims of buyers who walked away, whatever became of them since.
    pub abandoned: u64,
    /// Attempts that were refused because nothing was left.
    pub refused: u64,
    /// Buyers who left without a unit.
    pub without: u64,
    /// Requests that got no answer, so that nobody knew what had become of them.
    pub unanswered: u64,
    /// … of which asking again with the same key told that they had been done.
    pub found_done: u64,
    /// … of which it told that they had not; they were done then, once.
    pub done_after: u64,
}

/// One moment of the sale.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RehearsalPoint)]
pub struct Point {
    /// Milliseconds since the doors opened.
    pub at_ms: u64,
    /// Units claimed in a second, since the point before.
    pub claims_per_s: f64,
    /// Attempts refused in a second, since the point before.
    pub refused_per_s: f64,
    /// Units left, as the server says; none while it does not answer.
    pub remaining: Option<i64>,
    /// Units held for buyers who have not paid yet.
    pub held: u64,
    /// Answers since the point before.
    pub latency: Latency,
}

/// One `kill -9`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RehearsalKill)]
pub struct Kill {
    /// Milliseconds since the doors opened.
    pub at_ms: u64,
    /// Claims that had been acknowledged by then.
    pub claims: u64,
    /// From starting the server again on the same data until it was ready, in milliseconds.
    pub ready_ms: Option<f64>,
}

/// One thing that must be so at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invariant {
    /// Which.
    #[schema(example = "sold_within_pool")]
    pub name: &'static str,
    /// Whether it is so.
    pub holds: bool,
    /// What the figure must be, or for `sold_within_pool` may be at most.
    pub expected: i64,
    /// What it is.
    pub found: i64,
}

/// The figures of the SKU at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RehearsalFigures)]
pub struct Figures {
    /// Units in the building.
    pub on_hand: i64,
    /// Held.
    pub reserved: i64,
    /// Sold and not shipped.
    pub allocated: i64,
    /// What could still be sold.
    pub available: i64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RehearsalReport)]
pub struct Report {
    /// Every invariant holds.
    pub holds: bool,
    /// One by one.
    pub invariants: Vec<Invariant>,
    /// Acknowledged changes that were asked again with their keys.
    pub asked_again: u64,
    /// The SKU.
    pub stock: Figures,
    /// Movements of the ledger that were checked.
    pub movements: u64,
}

/// A rehearsal: what is seen while it goes on, and at its end the report.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Rehearsal {
    /// Always `rehearsal`.
    #[schema(example = "rehearsal")]
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: Stand,
    /// What is rehearsed.
    pub plan: Plan,
    /// Milliseconds since the doors opened; those of the whole sale when it is over.
    pub elapsed_ms: u64,
    /// What buyers were told until now.
    pub counts: Counts,
    /// Units left, as the server said last.
    pub remaining: Option<i64>,
    /// All answers until now.
    pub latency: Latency,
    /// The course of it; 600 points at most.
    pub points: Vec<Point>,
    /// Every kill.
    pub kills: Vec<Kill>,
    /// At the end.
    pub report: Option<Report>,
    /// Why it broke off.
    pub problem: Option<String>,
}

/// Why something cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cannot {
    /// Another one goes on: there is one at a time.
    Runs,
    /// It is not selling: there is no server to kill.
    NotSelling,
    /// There is none with this id.
    NoSuch,
}

/// Who runs rehearsals: one at a time, and the last one is kept until the next.
pub trait Stage: Send + Sync {
    /// Starts one.
    ///
    /// # Errors
    /// [`Cannot::Runs`].
    fn start(&self, plan: Plan) -> Result<Rehearsal, Cannot>;

    /// The one that goes on, or the last one.
    fn look(&self) -> Option<Rehearsal>;

    /// SIGKILL to its server, which is started again on the same data.
    ///
    /// # Errors
    /// [`Cannot::NoSuch`], [`Cannot::NotSelling`].
    fn kill(&self, id: &str) -> Result<Rehearsal, Cannot>;

    /// Breaks it off if it goes on, removes its data and forgets it.
    ///
    /// # Errors
    /// [`Cannot::NoSuch`].
    fn end(&self, id: &str) -> Result<(), Cannot>;
}
