//! What to do about a failure, decided when it happens (Q10 of `docs/queue.md`).

use serde::{Deserialize, Serialize};

use crate::job::{Job, JobBody};
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
/// After a crash; then the job is poison.
pub const CRASH: &[Millis] = &[5 * SECOND, MINUTE, 5 * MINUTE];
/// Rejected twice and once more because somebody was first; then as after a failure of the marketplace.
const CONFLICTS: i32 = 3;
/// The longest that a marketplace may make us wait by saying so.
pub const RETRY_AFTER_MAX: Millis = 15 * MINUTE;
/// Between two tries at a listing that a campaign locks.
pub const LOCKED: Millis = 15 * MINUTE;
/// Tries at a locked listing: a day.
const LOCKED_MAX: i32 = 96;

/// What becomes of a job after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It runs again.
    Retry {
        /// Milliseconds from now.
        delay_ms: Millis,
        /// Whether it used up an attempt.
        counted: bool,
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
    let counted = |delay: Option<&Millis>| match delay {
        Some(delay) => Verdict::Retry { delay_ms: spread(*delay, jitter), counted: true },
        None => Verdict::Dead,
    };
    let failed = usize::try_from(job.attempts.max(0)).unwrap_or(0);
    let server = match job.body {
        JobBody::PushStock { .. } => SERVER_PUSH,
        _ => SERVER,
    };
    let network =
        |failed: usize| NETWORK.get(failed).or_else(|| server.get(failed.saturating_sub(NETWORK.len())));
    match class {
        FailureClass::RateLimited => {
            let turn = usize::try_from(job.throttled.max(0)).unwrap_or(0).min(RATE_LIMITED.len() - 1);
            let floor = RATE_LIMITED[turn];
            // Never earlier than they say, nor than the floor where they say nothing.
            let delay = retry_after_ms.map_or(floor, |said| said.clamp(1, RETRY_AFTER_MAX));
            Verdict::Retry { delay_ms: delay + spread(SECOND, jitter) - SECOND / 2, counted: false }
        }
        FailureClass::Server => counted(server.get(failed)),
        FailureClass::Network | FailureClass::Unclear => counted(network(failed)),
        FailureClass::Auth => Verdict::Park,
        FailureClass::Forbidden | FailureClass::Invalid | FailureClass::Undecodable => Verdict::Dead,
        FailureClass::Gone => Verdict::Obsolete,
        FailureClass::Conflict if job.attempts < CONFLICTS => {
            Verdict::Retry { delay_ms: spread(100, jitter), counted: true }
        }
        FailureClass::Conflict => counted(server.get(failed - CONFLICTS.unsigned_abs() as usize)),
        FailureClass::Locked if job.attempts < LOCKED_MAX => {
            Verdict::Retry { delay_ms: spread(LOCKED, jitter), counted: true }
        }
        FailureClass::Locked => Verdict::Dead,
        FailureClass::Crash => {
            let crashed = usize::try_from(job.crashes.max(0)).unwrap_or(0);
            match CRASH.get(crashed) {
                // The third crash is the last.
                Some(delay) if crashed + 1 < CRASH.len() => {
                    Verdict::Retry { delay_ms: spread(*delay, jitter), counted: false }
                }
                _ => Verdict::Dead,
            }
        }
    }
}

/// Between half and the whole.
fn spread(delay: Millis, jitter: u16) -> Millis {
    delay / 2 + (delay - delay / 2) * i64::from(jitter) / i64::from(u16::MAX)
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
