//! Lanes and notices.

use std::collections::BTreeMap;

use onhand_engine::telemetry::Ended;
use onhand_rules::job::{JobState, KINDS, kind_name, lane_of};
use onhand_rules::notice::kind_name as notice_kind;
use onhand_rules::setting::{Setting, kind_pause_key, lane_key};
use onhand_rules::shop::ShopState;
use onhand_rules::{Notice, NoticeBody, Shop};
use onhand_store::{DeadGroup, JobCount};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Check, Errors};
use crate::time::Time;

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

/// What stands in the queue, as one look shows it.
pub(crate) struct Seen {
    pub(crate) now: i64,
    pub(crate) counts: Vec<JobCount>,
    pub(crate) lanes: Vec<(String, Setting)>,
    pub(crate) pauses: Vec<(String, Setting)>,
    pub(crate) shops: Vec<Shop>,
    pub(crate) dead: Vec<DeadGroup>,
    pub(crate) pace: BTreeMap<&'static str, Ended>,
}

/// One kind of job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kind {
    /// Its name.
    kind: &'static str,
    /// Nothing of it is claimed.
    paused: bool,
    /// Why it is paused.
    paused_reason: Option<String>,
    /// Jobs that wait, due or not.
    ready: i64,
    /// Jobs under a lease.
    running: i64,
    /// Jobs that were given up and neither replayed nor discarded.
    dead: i64,
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
    /// Jobs that wait, due or not.
    ready: i64,
    /// Jobs under a lease, in the whole fleet.
    running: i64,
    /// Jobs that were given up and neither replayed nor discarded.
    dead: i64,
    /// How long the oldest job that is due has waited, in milliseconds; 0 when none is due.
    oldest_wait_ms: i64,
    /// Attempts that ended in the last minute, in the process that answers.
    ended_last_minute: u64,
    /// Of these, those that failed.
    failed_last_minute: u64,
    /// The kinds of job in it.
    kinds: Vec<Kind>,
    /// Numbers of the shops whose jobs wait because a person paused them.
    paused_shop_ids: Vec<i64>,
    /// What is in it.
    jobs: Vec<Depth>,
}

impl Lane {
    pub(crate) fn of(name: &str, concurrency: u32, seen: &Seen) -> Self {
        let key = lane_key(name);
        let (concurrency, paused) = match seen.lanes.iter().find(|(found, _)| *found == key) {
            Some((_, Setting::Lane { concurrency, paused })) => (*concurrency, *paused),
            _ => (concurrency, false),
        };
        let counts: Vec<&JobCount> = seen.counts.iter().filter(|count| lane_of(count.kind) == name).collect();
        let sum = |state| counts.iter().filter(|c| c.state == state).map(|c| c.count).sum();
        let due = counts.iter().filter(|count| count.state == JobState::Ready).map(|c| c.oldest_run_at);
        let kinds: Vec<Kind> = (1..)
            .zip(KINDS)
            .filter(|(number, _)| lane_of(*number) == name)
            .map(|(number, kind)| Kind::of(number, kind, seen))
            .collect();
        let ended = seen.pace.iter().filter(|(kind, _)| kinds.iter().any(|known| known.kind == **kind));
        let (ended, failed) = ended.fold((0, 0), |sum, (_, one)| (sum.0 + one.ended, sum.1 + one.failed));
        let paused_shops = seen.shops.iter().filter(|shop| shop.state == ShopState::Paused);
        Self {
            object: "queue",
            queue: name.to_owned(),
            concurrency,
            paused,
            ready: sum(JobState::Ready),
            running: sum(JobState::Running),
            dead: kinds.iter().map(|kind| kind.dead).sum(),
            oldest_wait_ms: due.min().map_or(0, |at| (seen.now - at).max(0)),
            ended_last_minute: ended,
            failed_last_minute: failed,
            kinds,
            paused_shop_ids: paused_shops.map(|shop| shop.id.0).collect(),
            jobs: counts.into_iter().map(Depth::of).collect(),
        }
    }
}

impl Kind {
    fn of(number: i16, kind: &'static str, seen: &Seen) -> Self {
        let key = kind_pause_key(kind);
        let reason = seen.pauses.iter().find(|(found, _)| *found == key).map(|(_, row)| match row {
            Setting::KindPaused { reason } => reason.clone(),
            _ => String::new(),
        });
        let counts = seen.counts.iter().filter(|count| count.kind == number);
        let sum = |state| counts.clone().filter(|c| c.state == state).map(|c| c.count).sum();
        Self {
            kind,
            paused: reason.is_some(),
            paused_reason: reason,
            ready: sum(JobState::Ready),
            running: sum(JobState::Running),
            dead: seen.dead.iter().filter(|group| group.kind == number).map(|group| group.count).sum(),
        }
    }
}

impl Depth {
    fn of(count: &JobCount) -> Self {
        Self {
            kind: kind_name(count.kind),
            shop_id: count.shop.map(|shop| shop.0),
            state: if count.state == JobState::Running { "running" } else { "ready" },
            count: count.count,
            oldest_run_at: Time(count.oldest_run_at),
        }
    }
}

/// What to change of a lane; what is missing stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaneChange {
    /// Jobs that one process runs at once.
    #[schema(minimum = 0, maximum = 1000)]
    pub(crate) concurrency: Option<u32>,
    /// Nothing of it is claimed.
    pub(crate) paused: Option<bool>,
}

impl Check for LaneChange {
    fn check(&self, errors: &mut Errors) {
        if let Some(concurrency) = self.concurrency {
            errors.range(format_args!("/concurrency"), concurrency.into(), 0..=1_000);
        }
    }
}

/// Whether jobs of a kind wait.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindChange {
    /// Nothing of it is claimed.
    pub(crate) paused: bool,
    /// Why; kept while it is paused.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl Check for KindChange {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_text(format_args!("/reason"), self.reason.as_deref());
    }
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
    /// What kind of thing.
    kind: &'static str,
    /// What it is about: the number of a listing, the code of a SKU or shop, a cause of failures, or the id of an order of
    /// a marketplace as `SHOP_ID/REFERENCE`.
    subject: String,
    /// Number of the shop.
    shop_id: Option<i64>,
    /// What happened and what to do, in English.
    text: String,
    /// The same as facts, for whoever says it in another language. Null in rows of builds that had only the text.
    told: Option<ToldView>,
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
    /// Who looks after it.
    assignee: Option<String>,
    /// Out of sight until then.
    snoozed_until: Option<Time>,
    /// What somebody found or did.
    note: Option<String>,
}

impl NoticeView {
    pub(crate) fn of(notice: Notice) -> Self {
        Self {
            object: "notice",
            kind: notice_kind(notice.kind),
            shop_id: notice.shop.map(|shop| shop.0),
            subject: notice.subject,
            key: notice.key,
            text: notice.text,
            told: notice.told.and_then(ToldView::of),
            open: notice.open,
            count: notice.count,
            first_at: Time(notice.first_at),
            last_at: Time(notice.last_at),
            seen_at: notice.seen_at.map(Time),
            assignee: notice.care.assignee,
            snoozed_until: notice.care.snoozed_until.map(Time),
            note: notice.care.note,
        }
    }
}

/// What happened, with its figures and names.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Told)]
pub(crate) struct ToldView {
    /// Which of the forms of `docs/notices.md`.
    #[schema(example = "low_stock")]
    form: String,
    /// Its facts: text or whole numbers.
    #[serde(flatten)]
    facts: BTreeMap<String, serde_json::Value>,
}

impl ToldView {
    fn of(told: NoticeBody) -> Option<Self> {
        // Its stored form is the one that is told.
        serde_json::to_value(told).and_then(serde_json::from_value).ok()
    }
}

/// What becomes of a notice; what is left out stays as it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticeChange {
    /// Who looks after it: a name or an address. Empty for nobody.
    #[schema(max_length = 1000)]
    pub(crate) assignee: Option<String>,
    /// Out of sight for so many seconds, at most 30 days; 0 brings it back.
    #[schema(minimum = 0, maximum = 2592000)]
    pub(crate) snooze_seconds: Option<i64>,
    /// What was found or done. Empty takes it away.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
    /// It is settled, and the note says how. If it happens again, it is opened again.
    #[serde(default)]
    pub(crate) resolved: bool,
}

impl Check for NoticeChange {
    fn check(&self, errors: &mut Errors) {
        let longer = |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).cloned();
        errors.maybe_text(format_args!("/assignee"), longer(&self.assignee).as_deref());
        errors.maybe_text(format_args!("/note"), longer(&self.note).as_deref());
        if let Some(seconds) = self.snooze_seconds {
            errors.range(format_args!("/snooze_seconds"), seconds, 0..=30 * 86_400);
        }
        if self.resolved && self.note.as_deref().is_none_or(str::is_empty) {
            errors.push(format_args!("/note"), "required", "says how it was settled, when resolved is true");
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
