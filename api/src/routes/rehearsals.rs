//! `/v1/rehearsals`: a flash sale on a server of its own, to see what happens when a thousand want five hundred.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::api::Api;
use crate::body::lists::{List, NoQuery};
use crate::body::rehearsals::NewRehearsal;
use crate::extract::{Call, MaybeBody, Params};
use crate::problem::{self, Problem};
use crate::rehearsal::{Cannot, Rehearsal, Stage};
use crate::respond::{found, json};

fn stage(api: &Api) -> Result<&dyn Stage, Problem> {
    api.0
        .stage
        .as_deref()
        .ok_or_else(|| Problem::new(&problem::NOT_FOUND, "this server has no stage to rehearse on"))
}

fn cannot(why: Cannot, id: &str) -> Problem {
    match why {
        Cannot::Runs => Problem::new(&problem::REHEARSAL_RUNS, problem::REHEARSAL_RUNS.advice),
        Cannot::NotSelling => {
            Problem::new(&problem::REHEARSAL_IS_NOT_SELLING, problem::REHEARSAL_IS_NOT_SELLING.advice)
        }
        Cannot::NoSuch => Problem::not_found("rehearsal", id),
    }
}

fn one(api: &Api, id: &str) -> Result<Rehearsal, Problem> {
    let rehearsal = stage(api)?.look().filter(|rehearsal| rehearsal.id == id);
    rehearsal.ok_or_else(|| cannot(Cannot::NoSuch, id))
}

/// Lists the rehearsal that goes on in the process that answers, or its last one: there is one at a time.
#[utoipa::path(get, path = "/v1/rehearsals", tag = "operations",
    responses((status = 200, description = "One at most", body = List<Rehearsal>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let rehearsal = api.0.stage.as_ref().and_then(|stage| stage.look());
    found(&List::of(rehearsal.into_iter().collect(), false, None))
}

/// Rehearses a flash sale: a server of its own on an empty database, one SKU, and buyers at once through its HTTP API.
///
/// Nothing of this server's ledger is touched. It forgets an earlier rehearsal that is over.
#[utoipa::path(post, path = "/v1/rehearsals", tag = "operations", request_body = NewRehearsal,
    responses((status = 201, description = "It starts", body = Rehearsal)))]
pub(crate) async fn start(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<NewRehearsal>,
) -> Result<Response, Problem> {
    let rehearsal = stage(&api)?.start(request.plan()).map_err(|why| cannot(why, ""))?;
    tracing::info!(rehearsal = rehearsal.id, by = call.caller()?.name, "a rehearsal starts");
    let mut response = json(StatusCode::CREATED, &rehearsal)?;
    if let Ok(value) = format!("/v1/rehearsals/{}", rehearsal.id).parse() {
        response.headers_mut().insert(axum::http::header::LOCATION, value);
    }
    Ok(response)
}

/// Reads a rehearsal while it goes on and when it is over.
#[utoipa::path(get, path = "/v1/rehearsals/{id}", tag = "operations",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The rehearsal", body = Rehearsal)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    found(&one(&api, call.name(0))?)
}

/// Kills the rehearsal's server with SIGKILL. It is started again on the same data a second later.
#[utoipa::path(post, path = "/v1/rehearsals/{id}/kill", tag = "operations",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "It is being killed", body = Rehearsal)))]
pub(crate) async fn kill(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id = call.name(0);
    let rehearsal = stage(&api)?.kill(id).map_err(|why| cannot(why, id))?;
    tracing::info!(rehearsal = id, by = call.caller()?.name, "kill -9 to the rehearsal's server");
    found(&rehearsal)
}

/// Breaks a rehearsal off if it still goes on, and forgets it.
#[utoipa::path(delete, path = "/v1/rehearsals/{id}", tag = "operations",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "As it was", body = Rehearsal)))]
pub(crate) async fn end(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id = call.name(0);
    let last = one(&api, id)?;
    stage(&api)?.end(id).map_err(|why| cannot(why, id))?;
    found(&last)
}
