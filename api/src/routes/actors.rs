//! `/v1/actors`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use onhand_rules::{PrincipalId, Setting};

use crate::api::Api;
use crate::body::actors::{ActorBody, ActorQuery};
use crate::body::lists::List;
use crate::extract::Params;
use crate::problem::Problem;
use crate::respond::found;

/// Lists by name everybody and everything that may stand in `actor` of movements and events: people, also those who are kept
/// out, API keys, also revoked ones, and Onhand itself. Of several keys of one actor the newest names it.
#[utoipa::path(get, path = "/v1/actors", tag = "events", params(ActorQuery),
    responses((status = 200, description = "All of them", body = List<ActorBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(ActorQuery {}): Params<ActorQuery>,
) -> Result<Response, Problem> {
    let mut keys = api.reads().api_keys().await?;
    keys.sort_by_key(|key| (key.created_at, key.id));
    let mut known = BTreeMap::from([(PrincipalId::SYSTEM, ("system", "Onhand".to_owned()))]);
    known.extend(keys.into_iter().map(|key| (key.principal, ("api_key", key.name))));
    let people = api.reads().settings("user:").await?;
    known.extend(people.into_iter().filter_map(|(_, value)| match value {
        Setting::User(user) => Some((user.principal, ("person", user.name))),
        _ => None,
    }));
    let bodies = known.into_iter().map(|(id, (kind, name))| ActorBody::of(id, kind, name));
    found(&List::of(bodies.collect(), false, None))
}
