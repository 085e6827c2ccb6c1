//! The first start.

use onhand_engine::{Engine, Request, SubmitError, ids};
use onhand_rules::access::ScopeName;
use onhand_rules::commands::identity::{CreateUser, MakeLink};
use onhand_rules::commands::{CreateApiKey, CreateLocation};
use onhand_rules::identity::{Role, email_key, email_of};
use onhand_rules::{Command, PrincipalId, Setting, UserId};
use onhand_store::{OpKey, Outcome};

use crate::api::Settings;
use crate::auth::{Secret, setting};
use crate::people::{hashed, link_url};

/// Under this operation key the first API key is made, so that of two servers that start at once only one makes it.
const ONCE: &str = "first-start";

/// Makes the default location of a database that is new. Every process that serves one does this first.
///
/// # Errors
/// When the database does not take it.
pub async fn prepare(engine: &Engine, settings: &Settings) -> Result<(), SubmitError> {
    let location = &settings.default_location;
    if engine.reads().location(location).await?.is_none() {
        once(engine, CreateLocation { code: location.clone(), name: location.clone() }).await?;
    }
    Ok(())
}

/// Makes the first API key, with the scope `admin`, unless somebody made it before, and returns its secret. It is stored
/// nowhere and there is no second one: only who shows it at once may call this, and never logs it. Other keys that are
/// there already do not count, since commands make some for themselves before anybody serves.
///
/// # Errors
/// When the database does not take it.
pub async fn first_key(engine: &Engine) -> Result<Option<Secret>, SubmitError> {
    let secret = Secret::generate().map_err(|error| SubmitError::Bug(error.to_string()))?;
    let made = once(
        engine,
        CreateApiKey {
            id: ids::api_key(),
            same_as: None,
            same_as_ends_at: None,
            name: "first admin key".to_owned(),
            hash: secret.hash(),
            scopes: vec![ScopeName::Admin],
            expires_at: None,
        },
    )
    .await?;
    Ok(made.then_some(secret))
}

/// A link with which somebody becomes the first owner, while there is none. It is good for an hour; each start makes
/// another. Whoever calls this shows it once and never logs it.
///
/// # Errors
/// When the database does not take it.
pub async fn set_up_link(engine: &Engine, public_url: &str) -> Result<Option<String>, SubmitError> {
    let secret = link(engine, None, false).await?;
    Ok(secret.map(|secret| link_url(public_url, "setup", &secret)))
}

/// A link that lets a person set a new password, for an operator who stands at the machine.
///
/// # Errors
/// When the database does not take it.
pub async fn password_link(
    engine: &Engine,
    public_url: &str,
    email: &str,
) -> Result<Option<String>, SubmitError> {
    let Some(user) = user_of(engine, email).await? else { return Ok(None) };
    let secret = link(engine, Some(user), false).await?;
    Ok(secret.map(|secret| link_url(public_url, "password", &secret)))
}

/// For demonstrations: an owner without a password, and a link that lets whoever opens it in as that owner.
///
/// # Errors
/// When the database does not take it.
pub async fn demo_link(
    engine: &Engine,
    public_url: &str,
    email: &str,
) -> Result<Option<String>, SubmitError> {
    if user_of(engine, email).await?.is_none() {
        let command = CreateUser {
            id: ids::user(),
            email: email.to_owned(),
            name: "Demo owner".to_owned(),
            role: Role::Owner,
            by: Role::Owner,
        };
        engine.submit(Request::internal(command)).await?;
    }
    let Some(user) = user_of(engine, email).await? else { return Ok(None) };
    let secret = link(engine, Some(user), true).await?;
    Ok(secret.map(|secret| link_url(public_url, "enter", &secret)))
}

async fn user_of(engine: &Engine, email: &str) -> Result<Option<UserId>, SubmitError> {
    let Some(email) = email_of(email) else { return Ok(None) };
    match setting(engine.reads(), &email_key(&email)).await? {
        Some(Setting::Email { user }) => Ok(Some(user)),
        _ => Ok(None),
    }
}

/// The secret of a new link; none when the rules refuse it, as when there is an owner already.
async fn link(engine: &Engine, user: Option<UserId>, enter: bool) -> Result<Option<String>, SubmitError> {
    let secret = Secret::generate().map_err(|error| SubmitError::Bug(error.to_string()))?;
    let command = MakeLink { hash: hashed(secret.reveal()), user, enter, by: Role::Owner };
    let answer = engine.submit(Request::internal(command)).await?;
    Ok(matches!(answer.outcome, Outcome::Done(_)).then(|| secret.reveal().to_owned()))
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
            audit: None,
            command,
        })
        .await?;
    Ok(!answer.replayed && matches!(answer.outcome, Outcome::Done(_)))
}
