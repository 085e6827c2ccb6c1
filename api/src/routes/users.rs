//! `/v1/users`: who is let in.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::ids;
use onhand_rules::commands::identity::{CreateUser, UpdateUser};
use onhand_rules::identity::email_of;
use onhand_rules::{Receipt, Setting, UserId};

use crate::api::Api;
use crate::body::lists::List;
use crate::body::people::{LinkMade, NewUser, PeopleQuery, UserBody, UserChange, UserMade};
use crate::extract::{Body, Call, Params};
use crate::problem::{Problem, Shape};
use crate::respond::{created, done, found};
use crate::routes::proof::is_powerful;
use crate::routes::sessions::link_for;
use crate::time::Time;

/// Lists everybody, also those who are kept out.
#[utoipa::path(get, path = "/v1/users", tag = "people", params(PeopleQuery),
    responses((status = 200, description = "All of them", body = List<UserBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(PeopleQuery {}): Params<PeopleQuery>,
) -> Result<Response, Problem> {
    let rows = api.reads().settings("user:").await?;
    let body = |(_, value)| match value {
        Setting::User(user) => Some(UserBody::of(&user)),
        _ => None,
    };
    found(&List::of(rows.into_iter().filter_map(body).collect(), false, None))
}

/// Lets somebody in. They have no password yet: make them a link. Asks a person for a proof if it is an owner or an admin.
#[utoipa::path(post, path = "/v1/users", tag = "people", request_body = NewUser,
    responses((status = 201, description = "They are in", body = UserMade)))]
pub(crate) async fn create(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewUser>,
) -> Result<Response, Problem> {
    if is_powerful(request.role.rule()) {
        api.ask_proof(&call).await?;
    }
    let command = CreateUser {
        id: ids::user(),
        email: email_of(&request.email).unwrap_or_default(),
        name: request.name.trim().to_owned(),
        role: request.role.rule(),
        by: call.caller()?.role(),
    };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::User { id, version } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    let body = UserMade { object: "user", id: id.to_string(), version };
    created(&outcome, &format!("/v1/users/{id}"), &body)
}

/// Changes somebody's name or role, or keeps them out. Their sessions end at once when the role changes. Asks a person for
/// a proof if a role is named.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "people", request_body = UserChange,
    params(("id" = String, Path, description = "Their id")),
    responses((status = 200, description = "It is so", body = UserMade)))]
pub(crate) async fn change(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<UserChange>,
) -> Result<Response, Problem> {
    let id: UserId = call.id("user")?;
    if request.role.is_some() {
        api.ask_proof(&call).await?;
    }
    let command = UpdateUser {
        id,
        name: request.name.as_deref().map(|name| name.trim().to_owned()),
        role: request.role.map(|role| role.rule()),
        disabled: request.disabled,
        by: call.caller()?.role(),
        version: call.version,
    };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    api.0.callers.forget_person(id);
    let Receipt::User { id, version } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    done(&outcome, &UserMade { object: "user", id: id.to_string(), version })
}

/// Makes a link with which somebody sets a password, once, within an hour. Asks a person for a proof: whoever has the link
/// can become that somebody.
#[utoipa::path(post, path = "/v1/users/{id}/link", tag = "people",
    params(("id" = String, Path, description = "Their id")),
    responses((status = 200, description = "Hand it to them", body = LinkMade)))]
pub(crate) async fn link(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id: UserId = call.id("user")?;
    api.ask_proof(&call).await?;
    let (url, until) = link_for(&api, Some(id), call.caller()?).await?;
    found(&LinkMade { object: "link", url, until: Time(until) })
}
