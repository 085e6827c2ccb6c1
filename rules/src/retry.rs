//! What to do about a failure, decided when it happens (Q10 of `docs/queue.md`).

use serde::{Deserialize, Serialize};

use crate::job::{Job, JobBody, kind_name};
use crate::quantity::Millis;

/// The classes of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The marketplace wants fewer requests. Not a failure: uses up no attempt.
    RateLimited,
    /// The marketplace is broken or busy.
    Server,
    /// No answer: whether it was done is unknown.
    Network,
    /// The shop must be authorised again.
    Auth,
    /// The owner or the marketplace does not allow it.
    Forbidden,
    /// Wrong in itself.
    Invalid,
    /// Does not exist any more.
    Gone,
    /// Changed by somebody else at the same time.
    Conflict,
    /// Locked by a campaign or promotion.
    Locked,
    /// The answer cannot be understood.
    Unclear,
    /// The worker panicked, lost its lease or passed its deadline.
    Crash,
    /// The stored job cannot be read.
    Undecodable,
}

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;

/// After a 429, in a row: the floor where the marketplace does not say how long.
pub const RATE_LIMITED: &[Millis] = &[5 * SECOND, 10 * SECOND, 30 * SECOND];
/// After a failure of the marketplace.
pub const SERVER: &[Millis] = &[MINUTE, 5 * MINUTE, 15 * MINUTE];
/// Pushes say what is wanted, so they are tried longer.
pub const SERVER_PUSH: &[Millis] = &[MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE];
/// After no answer; then as after a failure of the marketplace.
pub const NETWORK: &[Millis] = &[SECOND, 5 * SECOND, 15 * SECOND, 60 * SECOND];
/// After a crash. The third is the last: the job is poison (B3).
pub const CRASH: &[Millis] = &[5 * SECOND, MINUTE];
/// Because somebody was first, so often; then as after a failure of the marketplace.
pub const CONFLICTS: u32 = 3;
/// After a conflict: the job reads again what is true, at once.
pub const CONFLICT: Millis = 100;
/// The longest that a marketplace may make us wait by saying so.
pub const RETRY_AFTER_MAX: Millis = 15 * MINUTE;
/// Between two tries at a listing that a campaign locks.
pub const LOCKED: Millis = 15 * MINUTE;
/// Tries at a locked listing: a day.
pub const LOCKED_MAX: u32 = 96;

/// How much of each schedule a job has used up since it was last done. Each class has its own, so that trouble on the way
/// to the marketplace does not use up the patience with the marketplace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Delays of [`SERVER`] or [`SERVER_PUSH`].
    pub server: u32,
    /// Delays of [`NETWORK`].
    pub network: u32,
    /// Times that somebody else was first.
    pub conflicts: u32,
    /// Tries at a locked listing.
    pub locked: u32,
    /// Attempts that were cut off without a word: what they sent may still arrive.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut_off: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Spent {
    /// What `job` has used up.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        job.last_failure.as_ref().map(|failure| failure.spent).unwrap_or_default()
    }

    /// Without the delay that the last failure, of this class, has used up.
    pub(crate) fn without_last(self, class: FailureClass) -> Self {
        // Those that come after the last delay of the network's own have used up one of the server's.
        let of_network = self.server == 0 || self.network < u32::try_from(NETWORK.len()).unwrap_or(0);
        match class {
            FailureClass::Network | FailureClass::Unclear if of_network => {
                Self { network: self.network.saturating_sub(1), ..self }
            }
            FailureClass::Server | FailureClass::Network | FailureClass::Unclear => {
                Self { server: self.server.saturating_sub(1), ..self }
            }
            FailureClass::Locked => Self { locked: self.locked.saturating_sub(1), ..self },
            FailureClass::Conflict
            | FailureClass::RateLimited
            | FailureClass::Auth
            | FailureClass::Forbidden
            | FailureClass::Invalid
            | FailureClass::Gone
            | FailureClass::Crash
            | FailureClass::Undecodable => self,
        }
    }
}

/// What becomes of a job after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It runs again.
    Retry {
        /// Milliseconds from now.
        delay_ms: Millis,
        /// What it has used up then. The same as before: this one does not count as an attempt.
        spent: Spent,
    },
    /// It waits for its shop; nothing is used up.
    Park,
    /// It will not run again by itself.
    Dead,
    /// There is nothing to do any more.
    Obsolete,
}

/// What becomes of `job` after a failure of this class. `jitter` is chance from 0 to 65,535: delays are between half and
/// the whole of the schedule, so that what failed together does not come back together.
#[must_use]
pub fn after(class: FailureClass, job: &Job, retry_after_ms: Option<Millis>, jitter: u16) -> Verdict {
    let spent = Spent::of(job);
    let server = match job.body {
        JobBody::PushStock { .. } => SERVER_PUSH,
        _ => SERVER,
    };
    let as_server = || match nth(server, spent.server) {
        Some(delay) => again(delay, jitter, Spent { server: spent.server + 1, ..spent }),
        None => Verdict::Dead,
    };
    match class {
        FailureClass::RateLimited => {
            let turn = usize::try_from(job.throttled.max(0)).unwrap_or(0).min(RATE_LIMITED.len() - 1);
            // What they say is taken at their word, up to a limit; the floor is for when they say nothing.
            let delay = retry_after_ms.map_or(RATE_LIMITED[turn], |said| said.clamp(1, RETRY_AFTER_MAX));
            Verdict::Retry { delay_ms: delay + spread(SECOND, jitter) - SECOND / 2, spent }
        }
        FailureClass::Server => as_server(),
        FailureClass::Network | FailureClass::Unclear => match nth(NETWORK, spent.network) {
            Some(delay) => again(delay, jitter, Spent { network: spent.network + 1, ..spent }),
            None => as_server(),
        },
        FailureClass::Auth => Verdict::Park,
        FailureClass::Forbidden | FailureClass::Invalid | FailureClass::Undecodable => Verdict::Dead,
        FailureClass::Gone => Verdict::Obsolete,
        FailureClass::Conflict if spent.conflicts < CONFLICTS => {
            again(CONFLICT, jitter, Spent { conflicts: spent.conflicts + 1, ..spent })
        }
        FailureClass::Conflict => as_server(),
        FailureClass::Locked if spent.locked < LOCKED_MAX => {
            again(LOCKED, jitter, Spent { locked: spent.locked + 1, ..spent })
        }
        FailureClass::Locked => Verdict::Dead,
        FailureClass::Crash => match nth(CRASH, u32::try_from(job.crashes).unwrap_or(0)) {
            Some(delay) => again(delay, jitter, spent),
            None => Verdict::Dead,
        },
    }
}

fn again(delay: Millis, jitter: u16, spent: Spent) -> Verdict {
    Verdict::Retry { delay_ms: spread(delay, jitter), spent }
}

fn nth(schedule: &[Millis], used: u32) -> Option<Millis> {
    schedule.get(usize::try_from(used).ok()?).copied()
}

/// Between half and the whole.
fn spread(delay: Millis, jitter: u16) -> Millis {
    delay / 2 + (delay - delay / 2) * i64::from(jitter) / i64::from(u16::MAX)
}

/// What jobs of a kind (by its number) died of: the subject of their one notice, however many they are.
#[must_use]
pub fn cause(kind: i16, class: FailureClass, code: &str) -> String {
    format!("{}:{}:{code}", kind_name(kind), class_name(class))
}

/// The stable name of a class.
#[must_use]
pub fn class_name(class: FailureClass) -> &'static str {
    match class {
        FailureClass::RateLimited => "rate_limited",
        FailureClass::Server => "server",
        FailureClass::Network => "network",
        FailureClass::Auth => "auth",
        FailureClass::Forbidden => "forbidden",
        FailureClass::Invalid => "invalid",
        FailureClass::Gone => "gone",
        FailureClass::Conflict => "conflict",
        FailureClass::Locked => "locked",
        FailureClass::Unclear => "unclear",
        FailureClass::Crash => "crash",
        FailureClass::Undecodable => "undecodable",
    }
}
