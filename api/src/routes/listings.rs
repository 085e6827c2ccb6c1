//! `/v1/listings`.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::publishing::{Told, told};
use onhand_engine::suggesting::suggest;
use onhand_rules::commands::channels::{Publish, Urgency};
use onhand_rules::{Listing, ListingId, Receipt, Shop};
use onhand_store::ListingFilter;
use serde::Serialize;

use crate::api::Api;
use crate::body::channels::Changed;
use crate::body::listings::{
    Decision, ListingBody, ListingQuery, NewMapping, NewRule, SuggestionList, SuggestionQuery, SuggestionView,
};
use crate::body::lists::{List, NoQuery, check_text_filter, cursor, limit, position};
use crate::body::preview::Preview;
use crate::extract::{Body, Call, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{done, found, found_version};
use crate::submit::Done;

fn id_of(call: &Call) -> Result<ListingId, Problem> {
    let text = call.name(0);
    text.parse().map(ListingId).map_err(|_| Problem::not_found("listing", text))
}

async fn listing_of(api: &Api, call: &Call) -> Result<Listing, Problem> {
    let id = id_of(call)?;
    api.reads().listing(id).await?.ok_or_else(|| Problem::not_found("listing", &id.0.to_string()))
}

/// Lists listings by their number.
#[utoipa::path(get, path = "/v1/listings", tag = "channels", params(ListingQuery),
    responses((status = 200, description = "A page", body = List<ListingBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<ListingQuery>,
) -> Result<Response, Problem> {
    let reads = api.reads();
    let after: Option<i64> = position(query.cursor.as_deref())?;
    check_text_filter("seller_sku", query.seller_sku.as_deref())?;
    let mut filter = ListingFilter {
        mapped: query.mapped,
        dirty: query.waiting.unwrap_or(false),
        edited: query.edited.unwrap_or(false),
        seller_sku: query.seller_sku,
        after: after.map(ListingId),
        ..ListingFilter::default()
    };
    filter.shop = super::queue::shop_id(&api, query.shop.as_deref()).await?;
    if let Some(code) = &query.sku {
        crate::body::lists::check_filter("sku", Some(code))?;
        filter.sku = Some(reads.sku(code).await?.ok_or_else(|| Problem::not_found("SKU", code))?.id);
    }
    let page = reads.listings(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.id.0));
    let told = told_all(&api, &page.rows).await?;
    let rows = page.rows.into_iter().zip(told).map(|(listing, told)| ListingBody::of(listing, told));
    found(&List::of(rows.collect(), page.more, next))
}

/// The most that a shop's marketplace takes.
pub(super) fn maximum(api: &Api, shop: &Shop) -> i64 {
    let outlet = api.0.flows.as_ref().and_then(|flows| flows.outlets().get(shop.channel.as_str()));
    outlet.map_or(i64::MAX, |outlet| outlet.channel.facts().quantity_max)
}

/// What each of these listings would be told, in order, with as few reads as there are runs of one shop.
async fn told_all(api: &Api, listings: &[Listing]) -> Result<Vec<Told>, Problem> {
    let shops = api.reads().shops().await?;
    let mut all = Vec::with_capacity(listings.len());
    for run in listings.chunk_by(|one, next| one.shop == next.shop) {
        let shop = run.first().and_then(|listing| shops.iter().find(|shop| shop.id == listing.shop));
        let Some(shop) = shop else {
            all.extend(run.iter().map(|_| Told { published: None, sku: None, parts: Vec::new() }));
            continue;
        };
        all.extend(told(api.reads(), shop, maximum(api, shop), run).await?);
    }
    Ok(all)
}

async fn told_one(api: &Api, listing: &Listing) -> Result<Told, Problem> {
    let told = told_all(api, std::slice::from_ref(listing)).await?.pop();
    told.ok_or_else(|| Problem::not_found("listing", &listing.id.0.to_string()))
}

/// Reads a listing.
#[utoipa::path(get, path = "/v1/listings/{id}", tag = "channels",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The listing", body = ListingBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let listing = listing_of(&api, &call).await?;
    let told = told_one(&api, &listing).await?;
    let body = ListingBody::of(listing, told);
    found_version(body.version, &body)
}

/// Which SKUs it may be: the exact code first, then nearly the same codes, then titles with words in common.
#[utoipa::path(get, path = "/v1/listings/{id}/suggestions", tag = "channels",
    params(("id" = i64, Path, description = "Its number"), SuggestionQuery),
    responses((status = 200, description = "The best first", body = SuggestionList)))]
pub(crate) async fn suggestions(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<SuggestionQuery>,
) -> Result<Response, Problem> {
    let limit = query.limit.unwrap_or(10);
    if !(1..=50).contains(&limit) {
        return Err(Problem::new(&problem::INVALID_PARAMETER, "limit must be from 1 to 50"));
    }
    let listing = listing_of(&api, &call).await?;
    let found_ones = suggest(api.reads(), &listing, limit as usize).await?;
    let data = found_ones.suggestions.into_iter().map(SuggestionView::of).collect();
    found(&SuggestionList { object: "list", data, complete: found_ones.complete })
}

/// What its marketplace would be told now, and why.
#[utoipa::path(get, path = "/v1/listings/{id}/preview", tag = "channels",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The figure and its steps", body = Preview)))]
pub(crate) async fn preview(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let listing = listing_of(&api, &call).await?;
    found(&Preview::of(told_one(&api, &listing).await?))
}

async fn kept<T: Serialize>(
    api: &Api,
    call: &Call,
    request: &T,
    command: impl Into<onhand_rules::Command>,
) -> Result<Response, Problem> {
    let outcome: Done = api.submit(call, request, Shape::Flat, command).await?;
    let Receipt::Kept { version, changed } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}

/// Says whose stock it sells. Orders that waited for it go on by themselves.
#[utoipa::path(post, path = "/v1/listings/{id}/map", tag = "channels", request_body = NewMapping,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "It is mapped", body = Changed)))]
pub(crate) async fn map(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewMapping>,
) -> Result<Response, Problem> {
    let command = request.command(id_of(&call)?, call.version);
    kept(&api, &call, &request, command).await
}

/// Gives it a publish rule of its own, or takes that away.
#[utoipa::path(post, path = "/v1/listings/{id}/rule", tag = "channels", request_body = NewRule,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "It has the rule", body = Changed)))]
pub(crate) async fn rule(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewRule>,
) -> Result<Response, Problem> {
    let command = request.command(id_of(&call)?, call.version);
    kept(&api, &call, &request, command).await
}

/// Decides about a figure that the seller set there, at once.
#[utoipa::path(post, path = "/v1/listings/{id}/resolve-edit", tag = "channels", request_body = Decision,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "It is decided", body = Changed)))]
pub(crate) async fn resolve_edit(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<Decision>,
) -> Result<Response, Problem> {
    let command = request.command(id_of(&call)?);
    kept(&api, &call, &request, command).await
}

/// Tells its marketplace the figure now, and reads back what it shows.
#[utoipa::path(post, path = "/v1/listings/{id}/push", tag = "channels",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "Jobs do it", body = Changed)))]
pub(crate) async fn push(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let listing = listing_of(&api, &call).await?;
    let now = api.reads().now().await?;
    let (listings, urgency) = (vec![(listing.id, now)], Urgency::Person);
    let command = Publish { from: None, to: 0, listings, read_back: true, urgency, slots: None };
    kept(&api, &call, &(), command).await
}
