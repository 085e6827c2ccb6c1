//! `/v1/listings`.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::publishing::told;
use onhand_rules::commands::channels::Publish;
use onhand_rules::{Listing, ListingId, Receipt};
use onhand_store::ListingFilter;
use serde::Serialize;

use crate::api::Api;
use crate::body::channels::{Changed, Decision, ListingBody, ListingQuery, NewMapping, NewRule};
use crate::body::lists::{List, cursor, limit, position};
use crate::body::preview::Preview;
use crate::extract::{Body, Call, Params};
use crate::problem::{Problem, Shape};
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
    let mut filter = ListingFilter {
        mapped: query.mapped,
        dirty: query.waiting.unwrap_or(false),
        edited: query.edited.unwrap_or(false),
        seller_sku: query.seller_sku,
        after: after.map(ListingId),
        ..ListingFilter::default()
    };
    if let Some(code) = &query.shop {
        let shop = reads.shop_by_code(code).await?;
        filter.shop = Some(shop.ok_or_else(|| Problem::not_found("shop", code))?.id);
    }
    if let Some(code) = &query.sku {
        crate::body::lists::check_filter("sku", Some(code))?;
        filter.sku = Some(reads.sku(code).await?.ok_or_else(|| Problem::not_found("SKU", code))?.id);
    }
    let page = reads.listings(&filter, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.id.0));
    found(&List::of(page.rows.into_iter().map(ListingBody::of).collect(), page.more, next))
}

/// Reads a listing.
#[utoipa::path(get, path = "/v1/listings/{id}", tag = "channels",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The listing", body = ListingBody)))]
pub(crate) async fn read(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let body = ListingBody::of(listing_of(&api, &call).await?);
    found_version(body.version, &body)
}

/// What its marketplace would be told now, and why.
#[utoipa::path(get, path = "/v1/listings/{id}/preview", tag = "channels",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The figure and its steps", body = Preview)))]
pub(crate) async fn preview(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let listing = listing_of(&api, &call).await?;
    let shop = api.reads().shop(listing.shop).await?;
    let shop = shop.ok_or_else(|| Problem::not_found("shop", &listing.shop.0.to_string()))?;
    let flows = api.0.flows.as_ref();
    let outlet = flows.and_then(|flows| flows.outlets().get(shop.channel.as_str()));
    let maximum = outlet.map_or(i64::MAX, |outlet| outlet.channel.facts().quantity_max);
    let mut all = told(api.reads(), &shop, maximum, std::slice::from_ref(&listing)).await?;
    let told = all.pop().ok_or_else(|| Problem::not_found("listing", call.name(0)))?;
    found(&Preview::of(told))
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
    let command = Publish { from: None, to: 0, listings: vec![(listing.id, now)], read_back: true };
    kept(&api, &call, &(), command).await
}
