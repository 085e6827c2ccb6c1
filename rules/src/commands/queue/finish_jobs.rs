//! Attempts end.

use crate::command::Context;
use crate::ending::{Ended, end_job, needs_of_end};
use crate::id::JobId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::retry::FailureClass;
use crate::working::{Needs, Scope, Working};

/// Ends attempts, each by the right of its lease. A failure is scheduled again or dies by `retry.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishJobs {
    /// At most 1,000.
    pub ends: Vec<JobEnd>,
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// Which.
    pub job: JobId,
    /// The lease it was claimed with.
    pub lease: i64,
    /// How.
    pub end: End,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Well; says what for people. Runs once more if it was asked for meanwhile.
    Done {
        /// `done` or `obsolete`.
        outcome: String,
    },
    /// Badly.
    Failed {
        /// What to do about it.
        class: FailureClass,
        /// The marketplace's code, or ours.
        code: String,
        /// For people; without secrets.
        message: String,
        /// When the marketplace said how long to wait, in milliseconds.
        retry_after_ms: Option<Millis>,
        /// Chance, 0 to 65,535, made by the engine: spreads retries.
        jitter: u16,
    },
    /// Not now: nothing happened, nothing counts.
    Snooze {
        /// Not before.
        until: Millis,
    },
    /// Cut off by ourselves, because the program stops: it runs again at once, and nothing counts; but what it sent may
    /// still arrive.
    PutBack {
        /// Ours.
        code: String,
        /// For people.
        message: String,
    },
}

impl FinishJobs {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        for end in &self.ends {
            needs_of_end(end.job, Some(&end.end), seen, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let (mut stale, mut dead) = (Vec::new(), Vec::new());
        for end in &self.ends {
            match end_job(scope, context, end.job, end.lease, &end.end) {
                Ended::Stale => stale.push(end.job),
                Ended::Dead => dead.push(end.job),
                Ended::Again | Ended::Retry | Ended::Done => {}
            }
        }
        Ok(Receipt::Jobs { stale, dead })
    }
}
