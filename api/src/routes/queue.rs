//! `/v1/jobs`, `/v1/queues`, `/v1/failures`, `/v1/notices` and `/v1/market-orders`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::commands::channels::SeeNotice;
use onhand_rules::commands::queue::{CancelJobs, PutSetting, ReplayDead};
use onhand_rules::job::{JobState, KINDS, LANES};
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::setting::{Setting, lane_key};
use onhand_rules::{JobId, Receipt, ShopId};
use onhand_store::{DeadFilter, JobFilter, MarketOrderFilter, NoticeFilter};
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::body::channels::Changed;
use crate::body::lists::{List, cursor, limit, position};
use crate::body::queue::{
    DeadQuery, Failure, JobQuery, JobView, Lane, LaneChange, MarketOrderQuery, MarketOrderView, NoticeQuery,
    NoticeView, ReplayRequest, Replayed,
};
use crate::extract::{Body, Call, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{done, found};

/// Dead jobs that one request replays at most.
const REPLAY_MAX: usize = 1_000;

fn kind_of(name: &str) -> Result<i16, Problem> {
    let index = KINDS.iter().position(|kind| *kind == name);
    let number = index.and_then(|index| i16::try_from(index + 1).ok());
    number.ok_or_else(|| {
        Problem::new(&problem::INVALID_PARAMETER, format!("kind must be one of {}", KINDS.join(", ")))
    })
}

fn word<T: DeserializeOwned>(name: &str, value: &str) -> Result<T, Problem> {
    serde_json::from_value(serde_json::Value::String(value.to_owned()))
        .map_err(|_| Problem::new(&problem::INVALID_PARAMETER, format!("{name} is not one of its values")))
}

async fn shop_id(api: &Api, code: Option<&str>) -> Result<Option<ShopId>, Problem> {
    let Some(code) = code else { return Ok(None) };
    let shop = api.reads().shop_by_code(code).await?;
    Ok(Some(shop.ok_or_else(|| Problem::not_found("shop", code))?.id))
}

/// Lists jobs that wait or run, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "queue", params(JobQuery),
    responses((status = 200, description = "A page", body = List<JobView>)))]
pub(crate) async fn jobs(
    State(api): State<Api>,
    Params(query): Params<JobQuery>,
) -> Result<Response, Problem> {
    let filter = JobFilter {
        kinds: query.kind.as_deref().map(kind_of).transpose()?.into_iter().collect(),
        shop: shop_id(&api, query.shop.as_deref()).await?,
        state: query.state.as_deref().map(|state| word::<JobState>("state", state)).transpose()?,
        before: position(query.cursor.as_deref())?,
    };
    let page = api.reads().jobs(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.id));
    found(&List::of(page.rows.into_iter().map(JobView::of).collect(), page.more, next))
}

/// Reads a job, wherever it is.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "queue", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The job", body = JobView)))]
pub(crate) async fn job(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id: JobId = call.id("job")?;
    let reads = api.reads();
    if let Some(job) = reads.job(id).await? {
        return found(&JobView::of(job));
    }
    if let Some(dead) = reads.dead_job(id).await? {
        return found(&JobView::dead(dead));
    }
    match reads.done_job(id).await? {
        Some(done) => found(&JobView::in_state(done.job, &done.outcome)),
        None => Err(Problem::not_found("job", call.name(0))),
    }
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

/// Shows the lanes and what is in them.
#[utoipa::path(get, path = "/v1/queues", tag = "queue",
    responses((status = 200, description = "All lanes", body = List<Lane>)))]
pub(crate) async fn queues(State(api): State<Api>) -> Result<Response, Problem> {
    let counts = api.reads().job_counts().await?;
    let settings = api.reads().settings("lane:").await?;
    let lanes = LANES.iter().map(|(name, concurrency)| {
        let key = lane_key(name);
        let setting = settings.iter().find(|(found, _)| *found == key).map(|(_, setting)| setting);
        Lane::of(name, *concurrency, setting, &counts)
    });
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
    if !LANES.iter().any(|(lane, _)| *lane == name) {
        return Err(Problem::not_found("queue", name));
    }
    let value = Some(Setting::Lane { concurrency: request.concurrency, paused: request.paused });
    let outcome = api.submit(&call, &request, Shape::Flat, PutSetting { key: lane_key(name), value }).await?;
    let Receipt::Kept { changed, version } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}

/// Shows why jobs were given up: one row for each cause, the largest first.
#[utoipa::path(get, path = "/v1/failures", tag = "queue",
    responses((status = 200, description = "All causes", body = List<Failure>)))]
pub(crate) async fn failures(State(api): State<Api>) -> Result<Response, Problem> {
    let groups = api.reads().dead_groups().await?;
    found(&List::of(groups.into_iter().map(Failure::of).collect(), false, None))
}

/// Lists dead jobs that were neither replayed nor discarded, newest first.
#[utoipa::path(get, path = "/v1/failures/jobs", tag = "queue", params(DeadQuery),
    responses((status = 200, description = "A page", body = List<JobView>)))]
pub(crate) async fn dead(
    State(api): State<Api>,
    Params(query): Params<DeadQuery>,
) -> Result<Response, Problem> {
    let filter = DeadFilter {
        kind: query.kind.as_deref().map(kind_of).transpose()?,
        shop: shop_id(&api, query.shop.as_deref()).await?,
        code: query.code,
        open: true,
        before: position(query.cursor.as_deref())?,
        ..DeadFilter::default()
    };
    let page = api.reads().dead_jobs(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.job.id));
    found(&List::of(page.rows.into_iter().map(JobView::dead).collect(), page.more, next))
}

/// Puts dead jobs into the queue again, each once, however often this is asked.
#[utoipa::path(post, path = "/v1/failures/replay", tag = "queue", request_body = ReplayRequest,
    responses((status = 200, description = "How many", body = Replayed)))]
pub(crate) async fn replay(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<ReplayRequest>,
) -> Result<Response, Problem> {
    let (dead, more): (Vec<JobId>, bool) = if request.jobs.is_empty() {
        let filter = DeadFilter {
            kind: request.kind.as_deref().map(kind_of).transpose()?,
            shop: shop_id(&api, request.shop.as_deref()).await?,
            code: request.code.clone(),
            open: true,
            ..DeadFilter::default()
        };
        let page = api.reads().dead_jobs(&filter, REPLAY_MAX).await?;
        (page.rows.into_iter().map(|row| row.job.id).collect(), page.more)
    } else {
        (request.jobs.iter().filter_map(|job| job.parse().ok()).collect(), false)
    };
    if request.dry_run.unwrap_or(request.jobs.is_empty()) {
        return found(&Replayed { object: "replay", dry_run: true, count: dead.len(), more });
    }
    let command = ReplayDead { dead, after_ms: 0, every_ms: request.every_ms };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Replayed { jobs } = &outcome.receipt else { return Err(outcome.unexpected()) };
    let count = jobs.len();
    done(&outcome, &Replayed { object: "replay", dry_run: false, count, more })
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
    let command = SeeNotice { key: call.name(0).to_owned() };
    let outcome = api.submit(&call, &(), Shape::Flat, command).await?;
    let Receipt::Kept { changed, version } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}

/// Lists orders of marketplaces, newest first.
#[utoipa::path(get, path = "/v1/market-orders", tag = "channels", params(MarketOrderQuery),
    responses((status = 200, description = "A page", body = List<MarketOrderView>)))]
pub(crate) async fn market_orders(
    State(api): State<Api>,
    Params(query): Params<MarketOrderQuery>,
) -> Result<Response, Problem> {
    let state = query.state.as_deref().map(|state| word::<MarketOrderState>("state", state)).transpose()?;
    let before = position(query.cursor.as_deref())?;
    let filter = MarketOrderFilter { state, before, ..MarketOrderFilter::default() };
    let page = api.reads().market_orders(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&(row.received_at, row.shop, &row.reference)));
    found(&List::of(page.rows.into_iter().map(MarketOrderView::of).collect(), page.more, next))
}
