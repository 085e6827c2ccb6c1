//! `/v1/jobs`, `/v1/queues`, `/v1/job-kinds` and `/v1/notices`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::commands::channels::{CareForNotice, SeeNotice};
use onhand_rules::commands::queue::{CancelJobs, PutSetting};
use onhand_rules::job::{JobState, KINDS, LANES, lane_of};
use onhand_rules::setting::{Setting, kind_pause_key, lane_key};
use onhand_rules::{Job, JobId, Receipt, ShopId};
use onhand_store::{DeadFilter, JobFilter, NoticeFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::body::channels::Changed;
use crate::body::jobs::{JobDetail, JobQuery, JobView, Tries, Wait};
use crate::body::lists::{List, NoQuery, check_text_filter, cursor, limit, position};
use crate::body::queue::{KindChange, Lane, LaneChange, NoticeChange, NoticeQuery, NoticeView, Seen};
use crate::extract::{Body, Call, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{done, found};

/// Events in the timeline of a job.
const TIMELINE: usize = 200;

pub(super) fn kind_of(name: &str) -> Result<i16, Problem> {
    let index = KINDS.iter().position(|kind| *kind == name);
    let number = index.and_then(|index| i16::try_from(index + 1).ok());
    number.ok_or_else(|| {
        Problem::new(&problem::INVALID_PARAMETER, format!("kind must be one of {}", KINDS.join(", ")))
    })
}

pub(super) fn word<T: DeserializeOwned>(name: &str, value: &str) -> Result<T, Problem> {
    serde_json::from_value(serde_json::Value::String(value.to_owned()))
        .map_err(|_| Problem::new(&problem::INVALID_PARAMETER, format!("{name} is not one of its values")))
}

pub(super) async fn shop_id(api: &Api, code: Option<&str>) -> Result<Option<ShopId>, Problem> {
    let Some(code) = code else { return Ok(None) };
    Ok(Some(super::shops::shop_of(api, code).await?.id))
}

/// Lists jobs, newest first: those that wait or run, or with `state` those that are dead or done.
#[utoipa::path(get, path = "/v1/jobs", tag = "queue", params(JobQuery),
    responses((status = 200, description = "A page", body = List<JobView>)))]
pub(crate) async fn jobs(
    State(api): State<Api>,
    Params(query): Params<JobQuery>,
) -> Result<Response, Problem> {
    let shop = shop_id(&api, query.shop.as_deref()).await?;
    let kinds = kinds_of(query.lane.as_deref(), query.kind.as_deref())?;
    let limit = limit(query.limit)?;
    let narrowed = query.lane.is_some() || query.kind.is_some();
    if narrowed && kinds.is_empty() {
        return found(&List::<JobView>::of(Vec::new(), false, None));
    }
    match query.state.as_deref() {
        Some("dead") => {
            let filter = DeadFilter {
                kind: one_kind(&kinds, "dead")?,
                shop,
                open: true,
                before: position(query.cursor.as_deref())?,
                ..DeadFilter::default()
            };
            let page = api.reads().dead_jobs(&filter, limit).await?;
            let next = page.rows.last().and_then(|row| cursor(&row.job.id));
            found(&List::of(page.rows.into_iter().map(JobView::dead).collect(), page.more, next))
        }
        Some("done") => {
            if narrowed || shop.is_some() {
                return Err(invalid(
                    "finished jobs are found by nothing but their time: leave the other filters out",
                ));
            }
            let page = api.reads().done_jobs(position(query.cursor.as_deref())?, limit).await?;
            let next = page.rows.last().and_then(|row| cursor(&(row.ended_at, row.job.id)));
            found(&List::of(page.rows.into_iter().map(JobView::finished).collect(), page.more, next))
        }
        state => {
            let state = state.map(|state| word::<JobState>("state", state)).transpose()?;
            let filter = JobFilter { kinds, shop, state, before: position(query.cursor.as_deref())? };
            let page = api.reads().jobs(&filter, limit).await?;
            let next = page.rows.last().and_then(|row| cursor(&row.id));
            found(&List::of(page.rows.into_iter().map(JobView::of).collect(), page.more, next))
        }
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::new(&problem::INVALID_PARAMETER, detail)
}

/// The numbers of the kinds in a lane, or of one of them; without either none, which means all.
fn kinds_of(lane: Option<&str>, kind: Option<&str>) -> Result<Vec<i16>, Problem> {
    let kind = kind.map(kind_of).transpose()?;
    let Some(lane) = lane else { return Ok(kind.into_iter().collect()) };
    if !LANES.iter().any(|(name, _)| *name == lane) {
        let names: Vec<&str> = LANES.iter().map(|(name, _)| *name).collect();
        return Err(invalid(&format!("lane must be one of {}", names.join(", "))));
    }
    let all = (1..).zip(KINDS).map(|(number, _)| number);
    Ok(all.filter(|number| lane_of(*number) == lane && kind.is_none_or(|kind| kind == *number)).collect())
}

fn one_kind(kinds: &[i16], state: &str) -> Result<Option<i16>, Problem> {
    match kinds {
        [] => Ok(None),
        [kind] => Ok(Some(*kind)),
        _ => Err(invalid(&format!("state={state} is found by kind, not by lane"))),
    }
}

/// Reads a job, wherever it is: what it waits for, and what has happened to it.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "queue", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The job", body = JobDetail)))]
pub(crate) async fn job(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let id: JobId = call.id("job")?;
    let reads = api.reads();
    let (view, tries, waits) = if let Some(job) = reads.job(id).await? {
        let waits = waits_of(&api, &job).await?;
        let tries = Tries::of(&job);
        (JobView::of(job), tries, waits)
    } else if let Some(dead) = reads.dead_job(id).await? {
        let tries = Tries { made: dead.job.attempts + dead.job.crashes, of: None };
        (JobView::dead(dead), tries, Vec::new())
    } else if let Some(done) = reads.done_job(id).await? {
        let tries = Tries { made: done.job.attempts + done.job.crashes, of: None };
        (JobView::finished(done), tries, Vec::new())
    } else {
        return Err(Problem::not_found("job", call.name(0)));
    };
    let events = reads.events_of(&id.to_string(), 0, TIMELINE).await?.rows;
    found(&JobDetail::of(view, tries, waits, events))
}

/// What keeps a job that is ready from running now, the most lasting first.
async fn waits_of(api: &Api, job: &Job) -> Result<Vec<Wait>, Problem> {
    if job.state == JobState::Running {
        return Ok(Vec::new());
    }
    let reads = api.reads();
    let now = reads.now().await?;
    let mut waits = Vec::new();
    let (kind, lane) = (job.body.kind(), job.body.lane());
    let shop = match job.body.shop() {
        Some(id) => reads.shop(id).await?,
        None => None,
    };
    waits.extend(shop.as_ref().and_then(|shop| Wait::for_shop(shop, kind, now)));
    let lanes = reads.settings(&lane_key(lane)).await?;
    waits.extend(
        lanes.iter().find(|(key, _)| *key == lane_key(lane)).and_then(|(_, row)| Wait::for_lane(lane, row)),
    );
    let pauses = reads.settings(&kind_pause_key(kind)).await?;
    waits.extend(
        pauses.iter().find(|(key, _)| *key == kind_pause_key(kind)).map(|(_, row)| Wait::for_kind(kind, row)),
    );
    waits.extend(Wait::for_time(job, now));
    Ok(waits)
}

/// Takes a job out of the queue. One that runs loses its lease: what it reports counts for nothing.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "queue", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "It is out of the queue", body = Changed)))]
pub(crate) async fn cancel(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id: JobId = call.id("job")?;
    let command = CancelJobs { jobs: vec![id], reason: "by a person".to_owned() };
    let outcome = api.submit(&call, &(), Shape::Flat, command).await?;
    let Receipt::Jobs { stale, .. } = &outcome.receipt else { return Err(outcome.unexpected()) };
    let changed = stale.is_empty();
    done(&outcome, &Changed { object: "change", changed, version: 0 })
}

/// Shows the lanes, what is in them, and what of it is paused.
#[utoipa::path(get, path = "/v1/queues", tag = "queue",
    responses((status = 200, description = "All lanes", body = List<Lane>)))]
pub(crate) async fn queues(
    State(api): State<Api>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let reads = api.reads();
    let now = reads.now().await?;
    let seen = Seen {
        now,
        counts: reads.job_counts().await?,
        lanes: reads.settings("lane:").await?,
        pauses: reads.settings("pause:kind:").await?,
        shops: reads.shops().await?,
        dead: reads.dead_groups().await?,
        pace: api.0.engine.metrics().queue.pace.last_minute(),
    };
    let lanes = LANES.iter().map(|(name, concurrency)| Lane::of(name, *concurrency, &seen));
    found(&List::of(lanes.collect(), false, None))
}

/// Changes a lane while it runs.
#[utoipa::path(patch, path = "/v1/queues/{queue}", tag = "queue", request_body = LaneChange,
    params(("queue" = String, Path, description = "Its name")),
    responses((status = 200, description = "It was changed", body = Changed)))]
pub(crate) async fn change_queue(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<LaneChange>,
) -> Result<Response, Problem> {
    let name = call.name(0);
    let Some((_, concurrency)) = LANES.iter().find(|(lane, _)| *lane == name) else {
        return Err(Problem::not_found("queue", name));
    };
    let key = lane_key(name);
    let rows = api.reads().settings(&key).await?;
    let (concurrency, paused) = match rows.iter().find(|(found, _)| *found == key) {
        Some((_, Setting::Lane { concurrency, paused })) => (*concurrency, *paused),
        _ => (*concurrency, false),
    };
    let value = Some(Setting::Lane {
        concurrency: request.concurrency.unwrap_or(concurrency),
        paused: request.paused.unwrap_or(paused),
    });
    put(&api, &call, &request, PutSetting { key, value }).await
}

/// Pauses a kind of job in the whole fleet, or lets it go on.
#[utoipa::path(patch, path = "/v1/job-kinds/{kind}", tag = "queue", request_body = KindChange,
    params(("kind" = String, Path, description = "Its name")),
    responses((status = 200, description = "It was changed", body = Changed)))]
pub(crate) async fn change_kind(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<KindChange>,
) -> Result<Response, Problem> {
    let name = call.name(0);
    if !KINDS.contains(&name) {
        return Err(Problem::not_found("kind of job", name));
    }
    let reason = request.reason.clone().unwrap_or_else(|| "paused by a person".to_owned());
    let value = request.paused.then_some(Setting::KindPaused { reason });
    put(&api, &call, &request, PutSetting { key: kind_pause_key(name), value }).await
}

async fn put<T: Serialize>(
    api: &Api,
    call: &Call,
    request: &T,
    command: PutSetting,
) -> Result<Response, Problem> {
    let outcome = api.submit(call, request, Shape::Flat, command).await?;
    let Receipt::Kept { changed, version } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}

/// Lists what a person should know or do, newest first.
#[utoipa::path(get, path = "/v1/notices", tag = "queue", params(NoticeQuery),
    responses((status = 200, description = "A page", body = List<NoticeView>)))]
pub(crate) async fn notices(
    State(api): State<Api>,
    Params(query): Params<NoticeQuery>,
) -> Result<Response, Problem> {
    let before = position(query.cursor.as_deref())?;
    let filter = NoticeFilter { open: query.open, before, ..NoticeFilter::default() };
    let page = api.reads().notices(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&(row.last_at, &row.key)));
    found(&List::of(page.rows.into_iter().map(NoticeView::of).collect(), page.more, next))
}

/// Says that somebody has seen a notice.
#[utoipa::path(post, path = "/v1/notices/{key}/seen", tag = "queue", params(("key" = String, Path, description = "Its key")),
    responses((status = 200, description = "It is seen", body = Changed)))]
pub(crate) async fn see(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let key = call.name(0);
    check_text_filter("key", Some(key)).map_err(|_| Problem::not_found("notice", key))?;
    let command = SeeNotice { key: key.to_owned() };
    let outcome = api.submit(&call, &(), Shape::Flat, command).await?;
    let Receipt::Kept { changed, version } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}

/// Takes a notice on, puts it off, or settles it.
#[utoipa::path(patch, path = "/v1/notices/{key}", tag = "queue", params(("key" = String, Path, description = "Its key")),
    request_body = NoticeChange, responses((status = 200, description = "It is kept", body = Changed)))]
pub(crate) async fn care(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NoticeChange>,
) -> Result<Response, Problem> {
    let key = call.name(0);
    check_text_filter("key", Some(key)).map_err(|_| Problem::not_found("notice", key))?;
    let command = CareForNotice {
        key: key.to_owned(),
        assignee: request.assignee.clone(),
        snooze_ms: request.snooze_seconds.map(|seconds| seconds * 1_000),
        note: request.note.clone(),
        resolve: request.resolved,
    };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Kept { changed, version } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}
