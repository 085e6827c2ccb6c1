//! Dead jobs: why they were given up, and what to do about them.

use std::collections::BTreeMap;

use onhand_rules::job::kind_name;
use onhand_rules::retry::{FailureClass, class_name};
use onhand_rules::{DeadJob, JobId};
use onhand_store::DeadGroup;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Check, Errors};
use crate::time::Time;

/// Named jobs of one request at most.
const JOBS_MAX: usize = 1_000;
/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Dead jobs of one cause that were neither replayed nor discarded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// Always `failure`.
    #[schema(example = "failure")]
    object: &'static str,
    /// What they do.
    kind: &'static str,
    /// The class of the cause.
    class: &'static str,
    /// Its code.
    code: String,
    /// The message of the last one.
    message: String,
    /// How many.
    count: i64,
    /// When the first died.
    first_at: Time,
    /// When the last died.
    last_at: Time,
    /// Numbers of the shops.
    shop_ids: Vec<i64>,
}

impl Failure {
    pub(crate) fn of(group: DeadGroup) -> Self {
        Self {
            object: "failure",
            kind: kind_name(group.kind),
            class: class_name(group.class),
            code: group.code,
            message: group.message,
            count: group.count,
            first_at: Time(group.first_at),
            last_at: Time(group.last_at),
            shop_ids: group.shops.into_iter().map(|shop| shop.0).collect(),
        }
    }
}

/// Which dead jobs.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadQuery {
    /// Only of this kind.
    pub(crate) kind: Option<String>,
    /// Only of the shop with this code.
    pub(crate) shop: Option<String>,
    /// Only of this class of cause.
    pub(crate) class: Option<String>,
    /// Only with this code.
    pub(crate) code: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// The class of a name.
pub(crate) fn class_of(name: &str) -> Option<FailureClass> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// Which dead jobs a request is about: named ones, or all of a cause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) jobs: &'a [String],
    pub(crate) all: bool,
    pub(crate) kind: Option<&'a str>,
    pub(crate) class: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) shop: Option<&'a str>,
    pub(crate) dry_run: Option<bool>,
}

impl Choice<'_> {
    fn check(&self, errors: &mut Errors) {
        for (index, job) in self.jobs.iter().enumerate() {
            if job.parse::<JobId>().is_err() {
                errors.push(format_args!("/jobs/{index}"), "invalid", "is not the id of a job");
            }
        }
        let cause = [self.kind, self.class, self.code, self.shop].iter().any(Option::is_some);
        if self.jobs.is_empty() && !cause && !self.all {
            errors.push(
                format_args!("/jobs"),
                "missing",
                "name jobs, or a kind, class, code or shop, or say all",
            );
        }
        if !self.jobs.is_empty() && (cause || self.all) {
            errors.push(format_args!("/jobs"), "conflict", "name jobs or a cause, not both");
        }
        if self.jobs.len() > JOBS_MAX {
            errors.push(format_args!("/jobs"), "too_many", "at most 1000 at once");
        }
        errors.maybe_text(format_args!("/code"), self.code);
        if self.class.is_some_and(|class| class_of(class).is_none()) {
            errors.push(format_args!("/class"), "invalid", "is not a class of failures");
        }
    }

    /// Without a word, a cause is only counted and named jobs are taken.
    pub(crate) fn is_dry(&self) -> bool {
        self.dry_run.unwrap_or(self.jobs.is_empty())
    }
}

/// Dead jobs to run again: named, or all of a cause.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// These.
    #[serde(default)]
    pub(crate) jobs: Vec<String>,
    /// Or all of this kind.
    pub(crate) kind: Option<String>,
    /// Of this class of cause.
    pub(crate) class: Option<String>,
    /// Of this code.
    pub(crate) code: Option<String>,
    /// Of the shop with this code.
    pub(crate) shop: Option<String>,
    /// Or all that there are.
    #[serde(default)]
    pub(crate) all: bool,
    /// Say only how many it would be. Without a word, a cause is only counted and named jobs are replayed.
    pub(crate) dry_run: Option<bool>,
    /// When the first starts, in milliseconds from now.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 86400000)]
    pub(crate) after_ms: i64,
    /// How far apart they start, in milliseconds.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3600000)]
    pub(crate) every_ms: i64,
}

impl ReplayRequest {
    pub(crate) fn choice(&self) -> Choice<'_> {
        Choice {
            jobs: &self.jobs,
            all: self.all,
            kind: self.kind.as_deref(),
            class: self.class.as_deref(),
            code: self.code.as_deref(),
            shop: self.shop.as_deref(),
            dry_run: self.dry_run,
        }
    }
}

impl Check for ReplayRequest {
    fn check(&self, errors: &mut Errors) {
        self.choice().check(errors);
        errors.range(format_args!("/after_ms"), self.after_ms, 0..=DAY_MS);
        errors.range(format_args!("/every_ms"), self.every_ms, 0..=3_600_000);
    }
}

/// Dead jobs to give up for good: named, or all of a cause. They stay to be seen.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscardRequest {
    /// These.
    #[serde(default)]
    pub(crate) jobs: Vec<String>,
    /// Or all of this kind.
    pub(crate) kind: Option<String>,
    /// Of this class of cause.
    pub(crate) class: Option<String>,
    /// Of this code.
    pub(crate) code: Option<String>,
    /// Of the shop with this code.
    pub(crate) shop: Option<String>,
    /// Or all that there are.
    #[serde(default)]
    pub(crate) all: bool,
    /// Say only how many it would be. Without a word, a cause is only counted and named jobs are discarded.
    pub(crate) dry_run: Option<bool>,
    /// Why; kept with them and told in an event.
    #[schema(min_length = 1, max_length = 1000)]
    pub(crate) reason: String,
}

impl DiscardRequest {
    pub(crate) fn choice(&self) -> Choice<'_> {
        Choice {
            jobs: &self.jobs,
            all: self.all,
            kind: self.kind.as_deref(),
            class: self.class.as_deref(),
            code: self.code.as_deref(),
            shop: self.shop.as_deref(),
            dry_run: self.dry_run,
        }
    }
}

impl Check for DiscardRequest {
    fn check(&self, errors: &mut Errors) {
        self.choice().check(errors);
        errors.maybe_text(format_args!("/reason"), Some(&self.reason));
        if self.reason.trim().is_empty() {
            errors.push(format_args!("/reason"), "required", "say why");
        }
    }
}

/// Dead jobs of one cause inside a choice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CauseCount {
    /// What they do.
    kind: &'static str,
    /// The class of the cause.
    class: &'static str,
    /// Its code.
    code: String,
    /// How many.
    count: usize,
}

/// How many of each cause, the largest first.
pub(crate) fn causes_of(dead: &[DeadJob]) -> Vec<CauseCount> {
    let mut counts: BTreeMap<(&'static str, &'static str, &str), usize> = BTreeMap::new();
    for job in dead {
        let cause = (job.job.body.kind(), class_name(job.failure.class), job.failure.code.as_str());
        *counts.entry(cause).or_default() += 1;
    }
    let mut causes: Vec<CauseCount> = counts
        .into_iter()
        .map(|((kind, class, code), count)| CauseCount { kind, class, code: code.to_owned(), count })
        .collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    causes
}

/// What a replay did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Always `replay`.
    #[schema(example = "replay")]
    pub(crate) object: &'static str,
    /// Nothing was done.
    pub(crate) dry_run: bool,
    /// Dead jobs that were found, or put into the queue again.
    pub(crate) count: usize,
    /// Of which causes; only counted in a dry run.
    pub(crate) causes: Vec<CauseCount>,
    /// The jobs that repeat them.
    pub(crate) jobs: Vec<String>,
    /// More are left: ask again.
    pub(crate) more: bool,
}

/// What a discard did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Discarded {
    /// Always `discard`.
    #[schema(example = "discard")]
    pub(crate) object: &'static str,
    /// Nothing was done.
    pub(crate) dry_run: bool,
    /// Dead jobs that were found, or given up.
    pub(crate) count: usize,
    /// Of which causes; only counted in a dry run.
    pub(crate) causes: Vec<CauseCount>,
    /// Of these nothing had to be done: they were replayed or discarded before, or are not dead.
    pub(crate) stale: Vec<String>,
    /// More are left: ask again.
    pub(crate) more: bool,
}
