//! `/v1/api-keys`.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use onhand_engine::ids;
use onhand_rules::access::{ApiKey, KEY_USES, key_use_key};
use onhand_rules::commands::{CreateApiKey, RevokeApiKey};
use onhand_rules::{ApiKeyId, Receipt, Setting};

use crate::api::Api;
use crate::auth::Secret;
use crate::body::api_keys::{ApiKeyBody, ApiKeyMade, ApiKeyQuery, ApiKeyRevoked, NewApiKey, scopes_of};
use crate::body::lists::List;
use crate::extract::{Body, Call, Params};
use crate::problem::{self, FieldError, Problem, Shape};
use crate::respond::{created, done, found};
use crate::time::Time;

/// Makes an API key. Its secret is in this one answer and nowhere else. Asks a person for a proof.
#[utoipa::path(post, path = "/v1/api-keys", tag = "api keys", request_body = NewApiKey,
    responses((status = 201, description = "It was made", body = ApiKeyMade<'static>)))]
pub(crate) async fn create(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewApiKey>,
) -> Result<Response, Problem> {
    api.ask_proof(&call).await?;
    let secret = Secret::generate().map_err(|error| {
        Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(error.to_string())
    })?;
    let same_as: Option<ApiKeyId> = request.same_as.as_deref().and_then(|text| text.parse().ok());
    let command = CreateApiKey {
        id: ids::api_key(),
        same_as,
        same_as_ends_at: request.same_as_expires_at(),
        name: request.name.clone(),
        hash: secret.hash(),
        scopes: request.scopes(),
        expires_at: request.expires_at(),
    };
    let outcome = api.submit(&call, &request, Shape::Flat, command).await.map_err(same_as_unknown)?;
    if let Some(other) = same_as {
        api.0.callers.forget_key(other);
    }
    let Receipt::ApiKey { id, at } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    let body = ApiKeyMade {
        object: "api_key",
        id: id.to_string(),
        name: &request.name,
        scopes: scopes_of(&request.scopes()),
        expires_at: request.expires_at().map(Time),
        created_at: Time(at),
        // The first request's key has the first request's secret, which nobody knows any more.
        secret: (!outcome.replayed).then(|| secret.reveal().to_owned()),
    };
    created(&outcome, &format!("/v1/api-keys/{id}"), &body)
}

/// The key that is not found stands in the body, not in the path.
fn same_as_unknown(problem: Problem) -> Problem {
    if problem.code() != problem::NOT_FOUND.code {
        return problem;
    }
    problem.turned_into(
        &problem::INVALID,
        FieldError {
            pointer: "/same_as".to_owned(),
            code: "unknown_api_key".to_owned(),
            detail: "there is no such API key".to_owned(),
            ..FieldError::default()
        },
    )
}

/// Lists every API key, also revoked ones; never a secret.
#[utoipa::path(get, path = "/v1/api-keys", tag = "api keys", params(ApiKeyQuery),
    responses((status = 200, description = "All of them", body = List<ApiKeyBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(ApiKeyQuery {}): Params<ApiKeyQuery>,
) -> Result<Response, Problem> {
    let rows = api.reads().api_keys().await?;
    let uses: HashMap<String, Setting> = api.reads().settings(KEY_USES).await?.into_iter().collect();
    let body = |row: ApiKey| {
        let last_used_at = match uses.get(&key_use_key(row.id)) {
            Some(Setting::KeyUsed { at }) => Some(*at),
            _ => None,
        };
        ApiKeyBody::of(row, last_used_at)
    };
    found(&List::of(rows.into_iter().map(body).collect(), false, None))
}

/// Revokes an API key: it opens nothing from the next request on. Revoking it twice is not an error.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "api keys",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "It is revoked", body = ApiKeyRevoked)))]
pub(crate) async fn revoke(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id: ApiKeyId = call.id("API key")?;
    let outcome = api.submit(&call, &(), Shape::Flat, RevokeApiKey { id }).await?;
    api.0.callers.forget_key(id);
    let Receipt::ApiKey { id, at } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    done(&outcome, &ApiKeyRevoked { object: "api_key", id: id.to_string(), revoked_at: Time(at) })
}
