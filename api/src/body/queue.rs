//! Jobs, queues, failures and notices.

use onhand_rules::job::{JobState, kind_name, lane_of};
use onhand_rules::notice::kind_name as notice_kind;
use onhand_rules::retry::class_name;
use onhand_rules::setting::Setting;
use onhand_rules::{DeadJob, Job, JobId, MarketOrder, Notice};
use onhand_store::{DeadGroup, JobCount};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Check, Errors};
use crate::time::Time;

/// Work that follows from a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    /// Always `job`.
    #[schema(example = "job")]
    object: &'static str,
    /// Stable over its attempts.
    id: String,
    /// What it does.
    kind: &'static str,
    /// In which lane.
    lane: &'static str,
    /// `ready`, `running`, `dead` or what became of it.
    state: String,
    /// Number of the shop, if it is for one.
    shop_id: Option<i64>,
    /// 1 first, 4 last.
    class: i16,
    /// Not before.
    run_at: Time,
    /// Failed attempts that count.
    attempts: i32,
    /// Attempts that ended without a word.
    crashes: i32,
    /// How often it was claimed.
    claims: i64,
    /// What it knows: its kind and what it is about.
    #[schema(value_type = Object)]
    body: Value,
    /// How the last attempt failed.
    failure: Option<FailureView>,
    /// The dead job that it repeats.
    replay_of: Option<String>,
    /// W3C trace context of the request that caused it.
    traceparent: Option<String>,
    /// When it was put into the queue.
    created_at: Time,
}

/// How an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// What to do about it.
    class: &'static str,
    /// The marketplace's code, or ours.
    code: String,
    /// For people.
    message: String,
    /// When.
    at: Time,
}

impl JobView {
    pub(crate) fn of(job: Job) -> Self {
        let state = match job.state {
            JobState::Ready => "ready",
            JobState::Running => "running",
        };
        Self::in_state(job, state)
    }

    pub(crate) fn in_state(job: Job, state: &str) -> Self {
        let kind = job.body.number();
        Self {
            object: "job",
            id: job.id.to_string(),
            kind: kind_name(kind),
            lane: lane_of(kind),
            state: state.to_owned(),
            shop_id: job.body.shop().map(|shop| shop.0),
            class: job.class,
            run_at: Time(job.run_at),
            attempts: job.attempts,
            crashes: job.crashes,
            claims: job.lease_number,
            body: serde_json::to_value(&job.body).unwrap_or_default(),
            failure: job.last_failure.map(|failure| FailureView {
                class: class_name(failure.class),
                code: failure.code,
                message: failure.message,
                at: Time(failure.at),
            }),
            replay_of: job.replay_of.map(|id| id.to_string()),
            traceparent: job.trace,
            created_at: Time(job.created_at),
        }
    }

    pub(crate) fn dead(dead: DeadJob) -> Self {
        let state = match (&dead.replayed_as, &dead.discarded) {
            (Some(job), _) => format!("replayed as {job}"),
            (None, Some(why)) => format!("discarded: {why}"),
            (None, None) => "dead".to_owned(),
        };
        Self::in_state(dead.job, &state)
    }
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobQuery {
    /// Only of this kind.
    pub(crate) kind: Option<String>,
    /// Only of the shop with this code.
    pub(crate) shop: Option<String>,
    /// `ready` or `running`.
    pub(crate) state: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Jobs of one kind and shop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Depth {
    /// What they do.
    kind: &'static str,
    /// Number of the shop.
    shop_id: Option<i64>,
    /// `ready` or `running`.
    state: &'static str,
    /// How many.
    count: i64,
    /// The earliest time at which one of them may run.
    oldest_run_at: Time,
}

/// One lane.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lane {
    /// Always `queue`.
    #[schema(example = "queue")]
    object: &'static str,
    /// Its name.
    queue: String,
    /// Jobs that one process runs at once.
    concurrency: u32,
    /// Nothing of it is claimed.
    paused: bool,
    /// What is in it.
    jobs: Vec<Depth>,
}

impl Lane {
    pub(crate) fn of(name: &str, concurrency: u32, setting: Option<&Setting>, counts: &[JobCount]) -> Self {
        let (concurrency, paused) = match setting {
            Some(Setting::Lane { concurrency, paused }) => (*concurrency, *paused),
            _ => (concurrency, false),
        };
        let jobs = counts
            .iter()
            .filter(|count| lane_of(count.kind) == name)
            .map(|count| Depth {
                kind: kind_name(count.kind),
                shop_id: count.shop.map(|shop| shop.0),
                state: if count.state == JobState::Running { "running" } else { "ready" },
                count: count.count,
                oldest_run_at: Time(count.oldest_run_at),
            })
            .collect();
        Self { object: "queue", queue: name.to_owned(), concurrency, paused, jobs }
    }
}

/// What to change of a lane.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaneChange {
    /// Jobs that one process runs at once.
    #[schema(minimum = 0, maximum = 1000)]
    pub(crate) concurrency: u32,
    /// Nothing of it is claimed.
    pub(crate) paused: bool,
}

impl Check for LaneChange {
    fn check(&self, errors: &mut Errors) {
        if self.concurrency > 1_000 {
            errors.push(format_args!("/concurrency"), "out_of_range", "must be at most 1000");
        }
    }
}

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
    /// Only with this code.
    pub(crate) code: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
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
    /// Of this code.
    pub(crate) code: Option<String>,
    /// Of the shop with this code.
    pub(crate) shop: Option<String>,
    /// Say only how many it would be. Without a word, a cause is only counted and named jobs are replayed.
    pub(crate) dry_run: Option<bool>,
    /// How far apart they start, in milliseconds.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub(crate) every_ms: i64,
}

impl Check for ReplayRequest {
    fn check(&self, errors: &mut Errors) {
        for (index, job) in self.jobs.iter().enumerate() {
            if job.parse::<JobId>().is_err() {
                errors.push(format_args!("/jobs/{index}"), "invalid", "is not the id of a job");
            }
        }
        if self.jobs.is_empty() && self.kind.is_none() && self.code.is_none() {
            errors.push(format_args!("/jobs"), "missing", "name jobs, or a kind or code");
        }
        if self.jobs.len() > 1_000 {
            errors.push(format_args!("/jobs"), "too_many", "at most 1000 at once");
        }
        if !(0..=3_600_000).contains(&self.every_ms) {
            errors.push(format_args!("/every_ms"), "out_of_range", "must be from 0 to 3600000");
        }
    }
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
    /// More are left: ask again.
    pub(crate) more: bool,
}

/// What a person should know or do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub(crate) struct NoticeView {
    /// Always `notice`.
    #[schema(example = "notice")]
    object: &'static str,
    /// The same thing again is the same notice.
    key: String,
    /// What about.
    kind: &'static str,
    /// Number of the shop.
    shop_id: Option<i64>,
    /// What happened and what to do.
    text: String,
    /// Whether it is still so.
    open: bool,
    /// How often it happened.
    count: i64,
    /// When it was opened.
    first_at: Time,
    /// When it happened last.
    last_at: Time,
    /// When somebody said that he has seen it.
    seen_at: Option<Time>,
}

impl NoticeView {
    pub(crate) fn of(notice: Notice) -> Self {
        Self {
            object: "notice",
            kind: notice_kind(notice.kind),
            shop_id: notice.shop.map(|shop| shop.0),
            key: notice.key,
            text: notice.text,
            open: notice.open,
            count: notice.count,
            first_at: Time(notice.first_at),
            last_at: Time(notice.last_at),
            seen_at: notice.seen_at.map(Time),
        }
    }
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticeQuery {
    /// Only open (`true`) or closed (`false`) ones.
    pub(crate) open: Option<bool>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// An order of a marketplace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarketOrder)]
pub(crate) struct MarketOrderView {
    /// Always `market_order`.
    #[schema(example = "market_order")]
    object: &'static str,
    /// Number of the shop.
    shop_id: i64,
    /// The marketplace's number of it.
    reference: String,
    /// `applied`, `waits_for_mapping` or `needs_attention`.
    state: String,
    /// The marketplace's word.
    status: String,
    /// Orders of ours that it became.
    order_ids: Vec<String>,
    /// Why a person must look.
    trouble: Option<String>,
    /// Older news that was ignored.
    stale_news: u32,
    /// When we first heard of it.
    received_at: Time,
    /// When it last changed here.
    updated_at: Time,
}

impl MarketOrderView {
    pub(crate) fn of(order: MarketOrder) -> Self {
        let mut order_ids: Vec<String> = order.applied.iter().map(|line| line.order.to_string()).collect();
        order_ids.dedup();
        let state = serde_json::to_value(order.state).ok();
        Self {
            object: "market_order",
            shop_id: order.shop.0,
            state: state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
            status: order.snapshot.raw_status,
            order_ids,
            trouble: order.trouble,
            stale_news: order.stale_news,
            received_at: Time(order.received_at),
            updated_at: Time(order.updated_at),
            reference: order.reference,
        }
    }
}

/// A page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MarketOrderQuery {
    /// `applied`, `waits_for_mapping` or `needs_attention`.
    pub(crate) state: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
