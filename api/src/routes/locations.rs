//! `/v1/locations`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::Receipt;

use crate::api::Api;
use crate::body::lists::{List, NoQuery, check_filter, cursor, limit, position};
use crate::body::locations::{LocationBody, LocationChange, LocationChanged, LocationQuery, NewLocation};
use crate::extract::{Body, Call, Params};
use crate::problem::{Problem, Shape};
use crate::respond::{created, done, found, found_version, segment};
use crate::time::Time;

/// Creates a location.
#[utoipa::path(post, path = "/v1/locations", tag = "locations", request_body = NewLocation,
    responses((status = 201, description = "It was created", body = LocationBody)))]
pub(crate) async fn create(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewLocation>,
) -> Result<Response, Problem> {
    let outcome = api.submit(&call, &request, Shape::Flat, request.command()).await?;
    let Receipt::Location { id, version, created_at } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    let body = LocationBody::made(&request, id.0, version, created_at);
    created(&outcome, &format!("/v1/locations/{}", segment(&request.location)), &body)
}

/// Lists locations by code.
#[utoipa::path(get, path = "/v1/locations", tag = "locations", params(LocationQuery),
    responses((status = 200, description = "A page", body = List<LocationBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<LocationQuery>,
) -> Result<Response, Problem> {
    let after: Option<String> = position(query.cursor.as_deref())?;
    check_filter("cursor", after.as_deref())?;
    let page = api.reads().locations(after.as_deref(), limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.code));
    let rows = page.rows.into_iter().map(LocationBody::of).collect();
    found(&List::of(rows, page.more, next))
}

/// Reads a location.
#[utoipa::path(get, path = "/v1/locations/{location}", tag = "locations",
    params(("location" = String, Path, description = "Its code")),
    responses((status = 200, description = "The location", body = LocationBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let code = call.code(0, "location")?;
    let row = api.reads().location(code).await?;
    let body = LocationBody::of(row.ok_or_else(|| Problem::not_found("location", code))?);
    found_version(body.version, &body)
}

/// Changes a location.
#[utoipa::path(patch, path = "/v1/locations/{location}", tag = "locations", request_body = LocationChange,
    params(("location" = String, Path, description = "Its code")),
    responses((status = 200, description = "It was changed", body = LocationChanged<'static>)))]
pub(crate) async fn change(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<LocationChange>,
) -> Result<Response, Problem> {
    let code = call.code(0, "location")?;
    let command = request.command(code, call.version);
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Location { id, version, created_at } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    done(
        &outcome,
        &LocationChanged {
            object: "location_change",
            id: format!("loc_{}", id.0),
            location: code,
            version,
            created_at: Time(created_at),
            changed: &request,
        },
    )
}
