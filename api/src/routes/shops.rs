//! `/v1/shops`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use onhand_engine::Request;
use onhand_engine::flows::ConnectError;
use onhand_engine::publishing::told;
use onhand_rules::commands::channels::{DisconnectShop, Publish, Urgency};
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::shop::Disconnection;
use onhand_rules::{JobId, ListingId, Receipt, Shop, ShopId};
use onhand_store::{ListingFilter, Outcome};

use super::market_orders::enqueue;
use crate::api::Api;
use crate::body::channels::{Changed, ConsentPage, NewConsent, Probe, PushChoice, ShopBody, ShopChange};
use crate::body::jobs::{FailureView, Wait};
use crate::body::lists::{List, NoQuery, check_filter, cursor, limit, position};
use crate::body::market_orders::Enqueued;
use crate::body::preview::{NewRulePreview, RulePreview};
use crate::extract::{Body, Call, MaybeBody, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{done, found, found_version};

/// The shop of a code; what cannot be a code is not looked up.
pub(super) async fn shop_of(api: &Api, code: &str) -> Result<Shop, Problem> {
    check_filter("shop", Some(code)).map_err(|_| Problem::not_found("shop", code))?;
    api.reads().shop_by_code(code).await?.ok_or_else(|| Problem::not_found("shop", code))
}

/// The codes of the shops; there are few.
pub(super) async fn codes(api: &Api) -> Result<BTreeMap<ShopId, String>, Problem> {
    Ok(api.reads().shops().await?.into_iter().map(|shop| (shop.id, shop.code)).collect())
}

/// Lists the shops.
#[utoipa::path(get, path = "/v1/shops", tag = "channels",
    responses((status = 200, description = "All of them", body = List<ShopBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let stale: BTreeMap<_, _> =
        api.reads().staleness().await?.into_iter().map(|row| (row.shop, row)).collect();
    let shops = api.reads().shops().await?;
    let rows = shops.into_iter().map(|shop| (stale.get(&shop.id), shop));
    found(&List::of(rows.map(|(stale, shop)| ShopBody::of(shop, stale)).collect(), false, None))
}

/// Reads a shop.
#[utoipa::path(get, path = "/v1/shops/{shop}", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "The shop", body = ShopBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let stale = api.reads().staleness().await?;
    let body = ShopBody::of(shop.clone(), stale.iter().find(|row| row.shop == shop.id));
    found_version(body.version, &body)
}

/// Changes what people set on a shop, or pauses it.
#[utoipa::path(patch, path = "/v1/shops/{shop}", tag = "channels", request_body = ShopChange,
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "It was changed", body = Changed)))]
pub(crate) async fn change(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<ShopChange>,
) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let command = request.command(&shop, call.version);
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Shop { version, .. } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed: true, version })
}

/// Where the owner of a shop must go to connect it, or to authorise it again. The marketplace sends him back to
/// `/connect/{channel}/callback`.
#[utoipa::path(post, path = "/v1/shops/connect", tag = "channels", request_body = NewConsent,
    responses((status = 200, description = "The marketplace's page", body = ConsentPage)))]
pub(crate) async fn connect(
    State(api): State<Api>,
    Body(request): Body<NewConsent>,
) -> Result<Response, Problem> {
    let known = match &request.shop {
        Some(code) => Some(shop_of(&api, code).await?),
        None => None,
    };
    let channel = known.as_ref().map(|shop| shop.channel.clone()).or(request.channel).unwrap_or_default();
    let flows = api.0.flows.as_ref().ok_or_else(|| Problem::not_found("channel", &channel))?;
    let back = format!("{}/connect/{channel}/callback", api.settings().public_url);
    let shop = known.map(|shop| shop.id);
    let url = flows.start_consent(&channel, shop, &back).await.map_err(|error| match error {
        ConnectError::NoKeys(_) => Problem::not_found("channel", &channel),
        other => Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(other.to_string()),
    })?;
    found(&ConsentPage { object: "consent", url })
}

/// Ends the grant: its jobs wait until it is authorised again.
#[utoipa::path(post, path = "/v1/shops/{shop}/disconnect", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "It is disconnected", body = Changed)))]
pub(crate) async fn disconnect(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let command = DisconnectShop { shop: shop.id, from_number: None, why: Disconnection::ByPerson };
    let outcome = api.submit(&call, &(), Shape::Flat, command).await?;
    let Receipt::Shop { version, .. } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed: true, version })
}

async fn run(api: Api, call: Call, body: fn(ShopId) -> JobBody) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    enqueue(&api, &call, &(), vec![body(shop.id)]).await
}

/// Reads the listings of a shop again.
#[utoipa::path(post, path = "/v1/shops/{shop}/import", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "A job does it", body = Enqueued)))]
pub(crate) async fn import(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    run(api, call, |shop| JobBody::ImportListings { shop }).await
}

/// Looks for changed orders now.
#[utoipa::path(post, path = "/v1/shops/{shop}/poll", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "A job does it", body = Enqueued)))]
pub(crate) async fn poll(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    run(api, call, |shop| JobBody::PollOrders { shop }).await
}

/// Tells the marketplace the figures of all mapped listings of a shop now, or of some.
#[utoipa::path(post, path = "/v1/shops/{shop}/push", tag = "channels", request_body = PushChoice,
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "Jobs do it", body = Changed)))]
pub(crate) async fn push(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<PushChoice>,
) -> Result<Response, Problem> {
    super::check_bulk_key(&call)?;
    let shop = shop_of(&api, call.name(0)).await?;
    let now = api.reads().now().await?;
    let (mut index, mut changed) = (0, false);
    let mut filter = ListingFilter {
        shop: Some(shop.id),
        mapped: Some(true),
        active: Some(true),
        ..ListingFilter::default()
    };
    loop {
        let page = api.reads().listings(&filter, PUSH_CHUNK).await?;
        filter.after = page.rows.last().map(|listing| listing.id);
        let wanted = |id: i64| request.listings.is_empty() || request.listings.contains(&id);
        let ids = page.rows.iter().map(|listing| listing.id).filter(|id| wanted(id.0));
        let listings: Vec<_> = ids.map(|id| (id, now)).collect();
        // The first is submitted even when it is empty, so that the key is used up and a repetition is known.
        if !listings.is_empty() || index == 0 {
            let (read_back, urgency) = (request.read_back, Urgency::Person);
            let command = Publish { from: None, to: 0, listings, read_back, urgency, slots: None };
            let outcome = api.submit_item(&call, index, &request, Shape::Flat, command).await?;
            let Receipt::Kept { changed: some, .. } = outcome.receipt else {
                return Err(outcome.unexpected());
            };
            changed |= some;
            index += 1;
        }
        if !page.more {
            return found(&Changed { object: "change", changed, version: 0 });
        }
    }
}

/// Asks a shop now whether it answers, and waits for that at most ten seconds.
#[utoipa::path(post, path = "/v1/shops/{shop}/probe", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "What it said", body = Probe)))]
pub(crate) async fn probe(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let asked_at = api.reads().now().await?;
    let started = Instant::now();
    let shut = Wait::for_shop(&shop, "probe_shop", asked_at);
    let job = match shut {
        Some(_) => None,
        None => Some(ask(&api, &call, shop.id).await?),
    };
    let mut heard = Heard { answered: shut.is_some().then_some(false), failure: None, waits: Vec::new() };
    heard.waits.extend(shut);
    while let Some(job) = job
        && heard.answered.is_none()
        && started.elapsed() < PROBE_PATIENCE
    {
        tokio::time::sleep(PROBE_LOOK).await;
        heard = listen(&api, job, asked_at).await?;
    }
    let shop = shop_of(&api, call.name(0)).await?;
    let stale = api.reads().staleness().await?;
    let stale = stale.iter().find(|row| row.shop == shop.id);
    found(&Probe {
        object: "probe",
        answered: heard.answered,
        failure: heard.failure,
        waits: heard.waits,
        took_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
        job_id: job.map(|job| job.to_string()),
        shop: ShopBody::of(shop.clone(), stale),
    })
}

/// Listings of one command of a push.
const PUSH_CHUNK: usize = 500;
/// How long a test of a connection is waited for.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// How often its job is looked at.
const PROBE_LOOK: Duration = Duration::from_millis(50);

/// What a job that asked a shop has heard so far.
struct Heard {
    answered: Option<bool>,
    failure: Option<FailureView>,
    waits: Vec<Wait>,
}

/// Puts the question into the queue. A test changes nothing of ours, so it has no idempotency key.
async fn ask(api: &Api, call: &Call, shop: ShopId) -> Result<JobId, Problem> {
    let job = NewJob { body: JobBody::ProbeShop { shop }, class: 1, run_at: 0, cause_at: None };
    let actor = call.caller()?.principal;
    let request = Request { actor, ..Request::internal(EnqueueJobs { jobs: vec![job] }) };
    match api.0.engine.submit(request).await?.outcome {
        Outcome::Done(Receipt::Enqueued { jobs }) if jobs.len() == 1 => Ok(jobs[0]),
        other => {
            Err(Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(format!("{other:?}")))
        }
    }
}

async fn listen(api: &Api, id: JobId, asked_at: i64) -> Result<Heard, Problem> {
    let reads = api.reads();
    let mut heard = Heard { answered: None, failure: None, waits: Vec::new() };
    if let Some(job) = reads.job(id).await? {
        heard.waits.extend(Wait::for_time(&job, reads.now().await?));
        let failure = job.last_failure.filter(|failure| failure.at >= asked_at);
        heard.answered = failure.is_some().then_some(false);
        heard.failure = failure.map(FailureView::of);
    } else if let Some(dead) = reads.dead_job(id).await? {
        heard.answered = Some(false);
        heard.failure = Some(FailureView::of(dead.failure));
    } else if let Some(done) = reads.done_job(id).await? {
        heard.answered = Some(done.outcome == "done");
    }
    Ok(heard)
}

/// Tells what each of its listings would be told under another rule, and changes nothing.
#[utoipa::path(post, path = "/v1/shops/{shop}/preview", tag = "channels", request_body = NewRulePreview,
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "A page, by the number of the listing", body = List<RulePreview>)))]
pub(crate) async fn preview(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewRulePreview>,
) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let after: Option<i64> = position(request.cursor.as_deref())?;
    let filter =
        ListingFilter { shop: Some(shop.id), after: after.map(ListingId), ..ListingFilter::default() };
    let page = api.reads().listings(&filter, limit(request.limit)?).await?;
    let most = super::listings::maximum(&api, &shop);
    let now = told(api.reads(), &shop, most, &page.rows).await?;
    let mut changed = shop;
    changed.settings.rule = request.rule();
    let then = told(api.reads(), &changed, most, &page.rows).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.id.0));
    let rows = page.rows.into_iter().zip(now).zip(then);
    let rows = rows.map(|((listing, now), then)| RulePreview::of(listing, now, &then));
    found(&List::of(rows.collect(), page.more, next))
}
