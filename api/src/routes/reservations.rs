//! `/v1/reservations`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::commands::{ExtendReservation, ReleaseReservation};
use onhand_rules::reservation::ReservationState;
use onhand_rules::{Command, Reservation, ReservationId};
use onhand_store::ReservationFilter;
use serde::Serialize;

use super::orders::codes;
use crate::api::Api;
use crate::body::lists::{List, NoQuery, check_filter, cursor, limit, position};
use crate::body::order_steps::choices;
use crate::body::orders::Codes;
use crate::body::reservations::{
    Allocation, Extension, NewReservation, Release, ReservationBody, ReservationQuery, ReservationStep,
};
use crate::extract::{Body, Call, MaybeBody, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{created, done, etag, found};

/// Holds the units of every line, or of none, until `ttl_s` seconds have passed.
#[utoipa::path(post, path = "/v1/reservations", tag = "reservations", request_body = NewReservation,
    responses((status = 201, description = "They are held", body = ReservationStep<'static>)))]
pub(crate) async fn reserve(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewReservation>,
) -> Result<Response, Problem> {
    let settings = api.settings();
    let command = request.command(settings);
    let outcome = api.submit(&call, &request, Shape::List("lines"), command).await?;
    let body =
        ReservationStep::made(&request, settings, &outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    created(&outcome, &format!("/v1/reservations/{}", body.id), &body)
}

async fn codes_of(api: &Api, rows: &[Reservation]) -> Result<Codes, Problem> {
    let lines = || rows.iter().flat_map(|row| &row.lines);
    let skus = lines().flat_map(|line| [line.item, line.key.sku]).collect();
    codes(api, skus, lines().map(|line| line.key.location).collect()).await
}

/// Lists reservations, newest first.
#[utoipa::path(get, path = "/v1/reservations", tag = "reservations", params(ReservationQuery),
    responses((status = 200, description = "A page", body = List<ReservationBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<ReservationQuery>,
) -> Result<Response, Problem> {
    let state = match query.state.as_deref() {
        None => None,
        Some(name) => Some(ReservationState::from_name(name).ok_or_else(|| {
            Problem::new(&problem::INVALID_PARAMETER, "state is not a state of reservations")
        })?),
    };
    check_filter("owner", query.owner.as_deref())?;
    let filter = ReservationFilter {
        state,
        owner: query.owner,
        before: position::<ReservationId>(query.cursor.as_deref())?,
    };
    let page = api.reads().reservations(&filter, limit(query.limit)?).await?;
    let codes = codes_of(&api, &page.rows).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.id));
    let rows = page.rows.into_iter().map(|row| ReservationBody::of(row, &codes)).collect();
    found(&List::of(rows, page.more, next))
}

/// Reads a reservation with its lines.
#[utoipa::path(get, path = "/v1/reservations/{id}", tag = "reservations",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The reservation", body = ReservationBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let id: ReservationId = call.id("reservation")?;
    let row = api.reads().reservation(id).await?;
    let row = row.ok_or_else(|| Problem::not_found("reservation", call.name(0)))?;
    let codes = codes_of(&api, std::slice::from_ref(&row)).await?;
    let version = row.version;
    let mut response = found(&ReservationBody::of(row, &codes))?;
    etag(response.headers_mut(), version);
    Ok(response)
}

async fn step<T: Serialize>(
    api: &Api,
    call: &Call,
    request: &T,
    command: impl Into<Command>,
) -> Result<Response, Problem> {
    let outcome = api.submit(call, request, Shape::List("lines"), command).await?;
    let body = ReservationStep::of(&outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    done(&outcome, &body)
}

/// Holds the units longer, at most three times.
#[utoipa::path(post, path = "/v1/reservations/{id}/extend", tag = "reservations", request_body = Extension,
    params(("id" = String, Path, description = "Id of the reservation")),
    responses((status = 200, description = "It was extended", body = ReservationStep<'static>)))]
pub(crate) async fn extend(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<Extension>,
) -> Result<Response, Problem> {
    let command = ExtendReservation {
        id: call.id("reservation")?,
        hold_ms: request.ttl_s * 1000,
        expected_version: call.version,
    };
    step(&api, &call, &request, command).await
}

/// Gives units back, all that are held or some of some lines.
#[utoipa::path(post, path = "/v1/reservations/{id}/release", tag = "reservations", request_body = Release,
    params(("id" = String, Path, description = "Id of the reservation")),
    responses((status = 200, description = "They were given back", body = ReservationStep<'static>)))]
pub(crate) async fn release(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<Release>,
) -> Result<Response, Problem> {
    let command = ReleaseReservation {
        id: call.id("reservation")?,
        lines: choices(request.lines.as_ref()),
        expected_version: call.version,
    };
    step(&api, &call, &request, command).await
}

/// Makes a confirmed order of held units, all or some.
#[utoipa::path(post, path = "/v1/reservations/{id}/allocate", tag = "reservations", request_body = Allocation,
    params(("id" = String, Path, description = "Id of the reservation")),
    responses((status = 200, description = "The order was made", body = ReservationStep<'static>)))]
pub(crate) async fn allocate(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<Allocation>,
) -> Result<Response, Problem> {
    let command = request.command(call.id("reservation")?, call.version);
    step(&api, &call, &request, command).await
}
