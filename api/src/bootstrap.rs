//! The first start.

use onhand_engine::{Engine, Request, SubmitError, ids};
use onhand_rules::access::ScopeName;
use onhand_rules::commands::{CreateApiKey, CreateLocation};
use onhand_rules::{Command, PrincipalId};
use onhand_store::{OpKey, Outcome};

use crate::api::Settings;
use crate::auth::Secret;

/// Under this operation key the first API key is made, so that of two servers that start at once only one makes it.
const ONCE: &str = "first-start";

/// On an empty database creates the default location and an API key with the scope `admin`, and returns its secret. It is
/// stored nowhere: whoever calls this shows it once and never logs it.
///
/// # Errors
/// When the database does not take it.
pub async fn bootstrap(engine: &Engine, settings: &Settings) -> Result<Option<Secret>, SubmitError> {
    let location = &settings.default_location;
    if !engine.reads().api_keys().await?.is_empty() {
        return Ok(None);
    }
    once(engine, CreateLocation { code: location.clone(), name: location.clone() }).await?;
    let secret = Secret::generate().map_err(|error| SubmitError::Bug(error.to_string()))?;
    let made = once(
        engine,
        CreateApiKey {
            id: ids::api_key(),
            same_as: None,
            name: "first admin key".to_owned(),
            hash: secret.hash(),
            scopes: vec![ScopeName::Admin],
            expires_at: None,
        },
    )
    .await?;
    Ok(made.then_some(secret))
}

/// Whether this call was the one that did it.
async fn once(engine: &Engine, command: impl Into<Command>) -> Result<bool, SubmitError> {
    let command = command.into();
    let answer = engine
        .submit(Request {
            op: ids::op(),
            key: Some(OpKey { principal: PrincipalId::SYSTEM, kind: command.number(), key: ONCE.to_owned() }),
            fingerprint: [0; 16],
            actor: PrincipalId::SYSTEM,
            trace: None,
            command,
        })
        .await?;
    Ok(!answer.replayed && matches!(answer.outcome, Outcome::Done(_)))
}
