//! `/v1/failures`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::commands::queue::{DiscardDead, ReplayDead};
use onhand_rules::{DeadJob, JobId, Receipt};
use onhand_store::DeadFilter;

use super::queue::{kind_of, shop_id, word};
use crate::api::Api;
use crate::body::failures::{
    Choice, DeadQuery, DiscardRequest, Discarded, Failure, ReplayRequest, Replayed, causes_of, class_of,
};
use crate::body::jobs::JobView;
use crate::body::lists::{List, NoQuery, check_text_filter, cursor, limit, position};
use crate::extract::{Body, Call, Params};
use crate::problem::{Problem, Shape};
use crate::respond::{done, found};

/// Dead jobs that one request replays or discards at most.
const AT_ONCE: usize = 1_000;

/// Shows why jobs were given up: one row for each cause, the largest first.
#[utoipa::path(get, path = "/v1/failures", tag = "queue",
    responses((status = 200, description = "All causes", body = List<Failure>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let groups = api.reads().dead_groups().await?;
    found(&List::of(groups.into_iter().map(Failure::of).collect(), false, None))
}

/// Lists dead jobs that were neither replayed nor discarded, newest first.
#[utoipa::path(get, path = "/v1/failures/jobs", tag = "queue", params(DeadQuery),
    responses((status = 200, description = "A page", body = List<JobView>)))]
pub(crate) async fn jobs(
    State(api): State<Api>,
    Params(query): Params<DeadQuery>,
) -> Result<Response, Problem> {
    check_text_filter("code", query.code.as_deref())?;
    let filter = DeadFilter {
        kind: query.kind.as_deref().map(kind_of).transpose()?,
        shop: shop_id(&api, query.shop.as_deref()).await?,
        class: query.class.as_deref().map(|class| word("class", class)).transpose()?,
        code: query.code,
        open: true,
        before: position(query.cursor.as_deref())?,
        ..DeadFilter::default()
    };
    let page = api.reads().dead_jobs(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.job.id));
    found(&List::of(page.rows.into_iter().map(JobView::dead).collect(), page.more, next))
}

/// The dead jobs of a choice that are still open, and whether it has more.
async fn chosen(api: &Api, choice: Choice<'_>) -> Result<(Vec<DeadJob>, bool), Problem> {
    if choice.jobs.is_empty() {
        let filter = DeadFilter {
            kind: choice.kind.map(kind_of).transpose()?,
            shop: shop_id(api, choice.shop).await?,
            class: choice.class.and_then(class_of),
            code: choice.code.map(str::to_owned),
            open: true,
            ..DeadFilter::default()
        };
        let page = api.reads().dead_jobs(&filter, AT_ONCE).await?;
        return Ok((page.rows, page.more));
    }
    let mut found = Vec::new();
    for id in named(choice) {
        let dead = api.reads().dead_job(id).await?;
        found.extend(dead.filter(|dead| dead.replayed_as.is_none() && dead.discarded.is_none()));
    }
    Ok((found, false))
}

fn named(choice: Choice<'_>) -> Vec<JobId> {
    choice.jobs.iter().filter_map(|job| job.parse().ok()).collect()
}

/// The jobs that a command is about: named ones as they were named, whatever has become of them.
async fn ids(api: &Api, choice: Choice<'_>) -> Result<Vec<JobId>, Problem> {
    if !choice.jobs.is_empty() {
        return Ok(named(choice));
    }
    let (dead, _) = chosen(api, choice).await?;
    Ok(dead.into_iter().map(|row| row.job.id).collect())
}

/// Puts dead jobs into the queue again, each once, however often this is asked.
#[utoipa::path(post, path = "/v1/failures/replay", tag = "queue", request_body = ReplayRequest,
    responses((status = 200, description = "How many", body = Replayed)))]
pub(crate) async fn replay(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<ReplayRequest>,
) -> Result<Response, Problem> {
    let choice = request.choice();
    if choice.is_dry() {
        let (dead, more) = chosen(&api, choice).await?;
        let (count, causes) = (dead.len(), causes_of(&dead));
        return found(&Replayed { object: "replay", dry_run: true, count, causes, jobs: Vec::new(), more });
    }
    let dead = ids(&api, choice).await?;
    let command = ReplayDead { dead, after_ms: request.after_ms, every_ms: request.every_ms };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Replayed { jobs } = &outcome.receipt else { return Err(outcome.unexpected()) };
    let jobs: Vec<String> = jobs.iter().map(|(_, job)| job.to_string()).collect();
    let (count, more) = (jobs.len(), request.jobs.is_empty() && jobs.len() == AT_ONCE);
    done(&outcome, &Replayed { object: "replay", dry_run: false, count, causes: Vec::new(), jobs, more })
}

/// Gives dead jobs up for good. They stay to be seen, and an event says who did it and why.
#[utoipa::path(post, path = "/v1/failures/discard", tag = "queue", request_body = DiscardRequest,
    responses((status = 200, description = "How many", body = Discarded)))]
pub(crate) async fn discard(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<DiscardRequest>,
) -> Result<Response, Problem> {
    let choice = request.choice();
    if choice.is_dry() {
        let (dead, more) = chosen(&api, choice).await?;
        let (count, causes) = (dead.len(), causes_of(&dead));
        return found(&Discarded {
            object: "discard",
            dry_run: true,
            count,
            causes,
            stale: Vec::new(),
            more,
        });
    }
    let dead = ids(&api, choice).await?;
    let command = DiscardDead { dead, reason: request.reason.clone() };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Jobs { stale, dead } = &outcome.receipt else { return Err(outcome.unexpected()) };
    let stale = stale.iter().map(ToString::to_string).collect();
    let (count, more) = (dead.len(), request.jobs.is_empty() && dead.len() == AT_ONCE);
    done(&outcome, &Discarded { object: "discard", dry_run: false, count, causes: Vec::new(), stale, more })
}
