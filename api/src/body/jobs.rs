//! Jobs.

use onhand_rules::job::{JobFailure, JobState, kind_name, lane_of};
use onhand_rules::retry::{FailureClass, Verdict, after, class_name};
use onhand_rules::setting::Setting;
use onhand_rules::shop::ShopState;
use onhand_rules::{DeadJob, DoneJob, Job, Shop};
use onhand_store::EventRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::events::EventView;
use crate::frame::origin_parts;
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
    /// `ready`, `running`, `dead`, `replayed`, `discarded` or `done`.
    state: &'static str,
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
    /// How often the marketplace said in a row that it wants fewer requests.
    throttled: i32,
    /// How often it was claimed.
    claims: i64,
    /// What it knows: its kind and what it is about.
    #[schema(value_type = Object)]
    body: Value,
    /// How the last attempt failed.
    failure: Option<FailureView>,
    /// The dead job that it repeats.
    replay_of: Option<String>,
    /// The job that repeats this dead one.
    replayed_as: Option<String>,
    /// How it ended, or why it was given up for good.
    outcome: Option<String>,
    /// When it ended or died.
    ended_at: Option<Time>,
    /// W3C trace context of the request that caused it.
    traceparent: Option<String>,
    /// The `X-Request-Id` of that request.
    request_id: Option<String>,
    /// When the change happened that it follows from.
    cause_at: Time,
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

impl FailureView {
    pub(crate) fn of(failure: JobFailure) -> Self {
        Self {
            class: class_name(failure.class),
            code: failure.code,
            message: failure.message,
            at: Time(failure.at),
        }
    }
}

impl JobView {
    pub(crate) fn of(job: Job) -> Self {
        let state = match job.state {
            JobState::Ready => "ready",
            JobState::Running => "running",
        };
        Self::in_state(job, state)
    }

    fn in_state(job: Job, state: &'static str) -> Self {
        let kind = job.body.number();
        let (traceparent, request_id) = origin_parts(job.trace);
        Self {
            object: "job",
            id: job.id.to_string(),
            kind: kind_name(kind),
            lane: lane_of(kind),
            state,
            shop_id: job.body.shop().map(|shop| shop.0),
            class: job.class,
            run_at: Time(job.run_at),
            attempts: job.attempts,
            crashes: job.crashes,
            throttled: job.throttled,
            claims: job.lease_number,
            body: serde_json::to_value(&job.body).unwrap_or_default(),
            failure: job.last_failure.map(FailureView::of),
            replay_of: job.replay_of.map(|id| id.to_string()),
            replayed_as: None,
            outcome: None,
            ended_at: None,
            traceparent,
            request_id,
            cause_at: Time(job.cause_at),
            created_at: Time(job.created_at),
        }
    }

    pub(crate) fn dead(dead: DeadJob) -> Self {
        let state = match (&dead.replayed_as, &dead.discarded) {
            (Some(_), _) => "replayed",
            (None, Some(_)) => "discarded",
            (None, None) => "dead",
        };
        Self {
            replayed_as: dead.replayed_as.map(|job| job.to_string()),
            outcome: dead.discarded,
            ended_at: Some(Time(dead.died_at)),
            failure: Some(FailureView::of(dead.failure)),
            ..Self::in_state(dead.job, state)
        }
    }

    pub(crate) fn finished(done: DoneJob) -> Self {
        let (outcome, ended_at) = (Some(done.outcome), Some(Time(done.ended_at)));
        Self { outcome, ended_at, ..Self::in_state(done.job, "done") }
    }
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobQuery {
    /// Only of this lane; not with `state=dead`.
    pub(crate) lane: Option<String>,
    /// Only of this kind.
    pub(crate) kind: Option<String>,
    /// Only of the shop with this code.
    pub(crate) shop: Option<String>,
    /// `ready`, `running`, `dead` (neither replayed nor discarded) or `done` (for a week, and without another filter);
    /// without it those that are ready or running.
    pub(crate) state: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Tries at a job since it was last done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tries {
    /// Those that failed and count.
    pub(crate) made: i32,
    /// How many there are before it is given up, if it goes on failing like the last time; nothing where that never
    /// happens, or where it has not failed.
    pub(crate) of: Option<i32>,
}

impl Tries {
    /// Walks the schedule of the last failure to its end.
    pub(crate) fn of(job: &Job) -> Self {
        let made = job.attempts + job.crashes;
        let class = match &job.last_failure {
            Some(failure) if failure.class != FailureClass::RateLimited => failure.class,
            _ => return Self { made, of: None },
        };
        let mut walked = job.clone();
        // No schedule has so many steps; without an end there is no number.
        for left in 0..1_000 {
            match after(class, &walked, None, 0) {
                Verdict::Retry { spent, .. } => {
                    walked.crashes += 1;
                    if let Some(failure) = walked.last_failure.as_mut() {
                        failure.spent = spent;
                    }
                }
                Verdict::Dead => return Self { made, of: Some(made + left + 1) },
                Verdict::Park | Verdict::Obsolete => break,
            }
        }
        Self { made, of: None }
    }
}

/// What keeps a job from running now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Wait {
    /// `shop_disconnected`, `shop_paused`, `shop_failing`, `lane_paused`, `lane_closed`, `kind_paused`, `back_off` or
    /// `later`.
    reason: &'static str,
    /// For people.
    text: String,
    /// Until when, if that is known.
    until: Option<Time>,
}

impl Wait {
    /// What the shop's state keeps back. A paused shop's grant is kept alive.
    pub(crate) fn for_shop(shop: &Shop, kind: &str, now: i64) -> Option<Self> {
        let (reason, text, until) = match shop.state {
            ShopState::Disconnected => {
                let text =
                    format!("{} is disconnected: it goes on when its owner authorises it again", shop.code);
                ("shop_disconnected", text, None)
            }
            ShopState::Paused if kind != "refresh_grant" => {
                ("shop_paused", format!("{} is paused by a person", shop.code), None)
            }
            _ => {
                let until = shop.health.open_until.filter(|until| *until > now)?;
                let text = format!("{} does not answer: it is tried again by itself", shop.code);
                ("shop_failing", text, Some(Time(until)))
            }
        };
        Some(Self { reason, text, until })
    }

    /// What the lane's setting keeps back.
    pub(crate) fn for_lane(lane: &str, row: &Setting) -> Option<Self> {
        match row {
            Setting::Lane { paused: true, .. } => {
                let text = format!("the lane {lane} is paused by a person");
                Some(Self { reason: "lane_paused", text, until: None })
            }
            Setting::Lane { concurrency: 0, .. } => {
                let text = format!("the lane {lane} has a concurrency of 0");
                Some(Self { reason: "lane_closed", text, until: None })
            }
            _ => None,
        }
    }

    /// What the pause of its kind keeps back.
    pub(crate) fn for_kind(kind: &str, row: &Setting) -> Self {
        let why = match row {
            Setting::KindPaused { reason } => reason.as_str(),
            _ => "",
        };
        Self { reason: "kind_paused", text: format!("{kind} is paused: {why}"), until: None }
    }

    /// What its own time keeps back: after a failure, which and how often; else the time it was asked for.
    pub(crate) fn for_time(job: &Job, now: i64) -> Option<Self> {
        let wait_ms = Some(job.run_at - now).filter(|wait| *wait > 0)?;
        let until = Some(Time(job.run_at));
        // Rounded up: "in 0 s" would be wrong for whoever looks.
        let seconds = wait_ms.saturating_add(999) / 1_000;
        let Some(failure) = job.last_failure.as_ref().filter(|failure| failure.at <= job.run_at) else {
            return Some(Self { reason: "later", text: format!("not before {seconds} s from now"), until });
        };
        let tries = Tries::of(job);
        let which = match tries.of {
            Some(all) => format!("try {} of {all}", tries.made + 1),
            None if failure.class == FailureClass::RateLimited => {
                format!("{} in a row; it is never given up for that", job.throttled.max(1))
            }
            None => format!("try {}", tries.made + 1),
        };
        let class = class_name(failure.class);
        let text = format!("{class} ({}), again in {seconds} s, {which}", failure.code);
        Some(Self { reason: "back_off", text, until })
    }
}

/// A job with what it waits for and what has happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobDetail {
    #[serde(flatten)]
    job: JobView,
    /// Tries since it was last done.
    tries: Tries,
    /// What keeps it from running now; empty when it runs, is over, or waits only for a free slot.
    waits: Vec<Wait>,
    /// What the feed says of it, oldest first; the first 200 events.
    timeline: Vec<EventView>,
}

impl JobDetail {
    pub(crate) fn of(job: JobView, tries: Tries, waits: Vec<Wait>, events: Vec<EventRow>) -> Self {
        Self { job, tries, waits, timeline: events.into_iter().map(EventView::of).collect() }
    }
}
