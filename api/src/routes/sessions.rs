//! `/v1/session`, `/v1/sessions`, `/v1/setup`, `/v1/passwords`: getting in and out.

use std::time::Instant;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use onhand_engine::{Request, SubmitError, ids};
use onhand_rules::commands::identity::{
    ChangeFactor, CloseSessions, FactorStep, FirstOwner, MakeLink, OpenSession, TakeTry, UseLink,
};
use onhand_rules::identity::{OWNERS, Session, User, email_key, email_of, session_key, user_key};
use onhand_rules::{Command, Receipt, Refusal, Setting, UserId};
use onhand_store::{Outcome, StoreError};

use crate::api::Api;
use crate::auth::{Who, setting};
use crate::body::lists::List;
use crate::body::people::{
    Ended, LinkPassword, LinkToken, OpenSessionBody, PeopleQuery, SessionBody, SetUp, SignIn, session_id,
};
use crate::caller::{By, Caller};
use crate::extract::{Body, Call, Params};
use crate::people::password::{Verdict, check};
use crate::people::tries::Peer;
use crate::people::{cookie, factor, hashed};
use crate::problem::{self, Problem, Shape};
use crate::respond::{found, json};

/// The longest name of a browser that is kept, in characters.
const AGENT_MAX: usize = 120;

/// Who looks: signed in, anonymous, or nobody could have signed in yet.
#[utoipa::path(get, path = "/v1/session", tag = "people", params(PeopleQuery),
    responses((status = 200, description = "Who", body = SessionBody)))]
pub(crate) async fn current(
    State(api): State<Api>,
    Params(PeopleQuery {}): Params<PeopleQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sandbox = !api.settings().sandbox.is_empty();
    match api.0.callers.who(&api.0.engine, &Method::GET, &headers).await {
        Who::Known(caller) => match &caller.by {
            By::Person { user, .. } => found(&SessionBody::of(user, caller.scopes(), sandbox)),
            By::Key(_) => found(&SessionBody::nobody("anonymous", sandbox)),
        },
        Who::CannotTell(error) => Err(cannot_tell(&error)),
        Who::Anonymous(_) | Who::Foreign => {
            let owners = setting(api.reads(), OWNERS).await.map_err(|error| cannot_tell(&error))?;
            let state = if owners.is_none() { "set_up_needed" } else { "anonymous" };
            found(&SessionBody::nobody(state, sandbox))
        }
    }
}

fn cannot_tell(error: &StoreError) -> Problem {
    Problem::new(&problem::CANNOT_TELL, problem::CANNOT_TELL.advice).because(error.to_string())
}

impl Api {
    /// Runs a command of somebody who is not signed in yet. Such commands may be repeated without harm, or carry what
    /// makes a repetition harmless themselves.
    pub(crate) async fn run_alone(&self, command: impl Into<Command>) -> Result<Receipt, Problem> {
        let answer = self.0.engine.submit(Request::internal(command)).await.map_err(told)?;
        match answer.outcome {
            Outcome::Done(receipt) => Ok(receipt),
            Outcome::Refused(Refusal::TooManyTries { wait_ms }) => Err(too_many(wait_ms)),
            Outcome::Refused(refusal) => Err(Problem::refused(&refusal, Shape::Flat)),
        }
    }

    /// Counts an attempt from one place of the network.
    pub(crate) fn take_try(&self, peer: Option<Extension<Peer>>) -> Result<(), Problem> {
        let Some(Extension(Peer(address))) = peer else { return Ok(()) };
        self.0.tries.take(address, Instant::now()).map_err(|seconds| {
            Problem::new(&problem::TOO_MANY_ATTEMPTS, problem::TOO_MANY_ATTEMPTS.advice).after(seconds)
        })
    }
}

fn told(error: SubmitError) -> Problem {
    error.into()
}

fn too_many(wait_ms: i64) -> Problem {
    let seconds = u32::try_from((wait_ms + 999) / 1_000).unwrap_or(60).max(1);
    Problem::new(&problem::TOO_MANY_ATTEMPTS, problem::TOO_MANY_ATTEMPTS.advice).after(seconds)
}

/// Makes the first owner, with the link that the first start printed, and signs them in.
#[utoipa::path(post, path = "/v1/setup", tag = "people", request_body = SetUp,
    responses((status = 201, description = "Signed in; the session is in the cookie", body = SessionBody)))]
pub(crate) async fn set_up(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(request): Body<SetUp>,
) -> Result<Response, Problem> {
    api.take_try(peer)?;
    let email = email_of(&request.email).unwrap_or_default();
    check(&request.password, &[&email, &request.name])?;
    let password = api.0.hasher.hash(&request.password).await?;
    let id = ids::user();
    let link = hashed(&request.token);
    api.run_alone(FirstOwner { link, id, email, name: request.name.trim().to_owned(), password }).await?;
    let user = user_of(&api, id).await?.ok_or_else(gone)?;
    open(&api, &user, &headers, None).await
}

/// Sets a password with a link, and ends every session of that person.
#[utoipa::path(post, path = "/v1/passwords", tag = "people", request_body = LinkPassword,
    responses((status = 200, description = "Sign in with it now", body = Ended)))]
pub(crate) async fn use_link(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    Body(request): Body<LinkPassword>,
) -> Result<Response, Problem> {
    api.take_try(peer)?;
    check(&request.password, &[])?;
    let password = api.0.hasher.hash(&request.password).await?;
    let receipt = api.run_alone(UseLink { hash: hashed(&request.token), password: Some(password) }).await?;
    if let Receipt::User { id, .. } = receipt {
        api.0.callers.forget_person(id);
    }
    found(&Ended { object: "ended" })
}

/// Signs in with a link that the process itself printed, for whoever stands at the machine.
#[utoipa::path(post, path = "/v1/sessions/by-link", tag = "people", request_body = LinkToken,
    responses((status = 201, description = "Signed in; the session is in the cookie", body = SessionBody)))]
pub(crate) async fn enter(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(request): Body<LinkToken>,
) -> Result<Response, Problem> {
    api.take_try(peer)?;
    let receipt = api.run_alone(UseLink { hash: hashed(&request.token), password: None }).await?;
    let Receipt::User { id, .. } = receipt else { return Err(gone()) };
    let user = user_of(&api, id).await?.ok_or_else(gone)?;
    open(&api, &user, &headers, None).await
}

/// Signs in. Whether the address is unknown, the password wrong or the person kept out, the answer is the same, and takes
/// as long.
#[utoipa::path(post, path = "/v1/sessions", tag = "people", request_body = SignIn,
    responses((status = 201, description = "Signed in; the session is in the cookie", body = SessionBody)))]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(request): Body<SignIn>,
) -> Result<Response, Problem> {
    api.take_try(peer)?;
    let wrong = || Problem::new(&problem::CREDENTIALS_WRONG, problem::CREDENTIALS_WRONG.advice);
    let email = email_of(&request.email).ok_or_else(wrong)?;
    api.run_alone(TakeTry { email: email.clone() }).await?;
    let user = match setting(api.reads(), &email_key(&email)).await.map_err(|error| cannot_tell(&error))? {
        Some(Setting::Email { user }) => user_of(&api, user).await?,
        _ => None,
    };
    let kept = user.as_ref().filter(|user| !user.disabled).and_then(|user| user.password.clone());
    let verdict = api.0.hasher.verify(&request.password, kept.as_deref()).await?;
    let (Some(user), Verdict::Right | Verdict::Outdated) = (user, &verdict) else {
        tracing::warn!(email, "a sign-in was refused");
        return Err(wrong());
    };
    second_factor(&api, &user, request.code.as_deref()).await?;
    let rehashed = match verdict {
        Verdict::Outdated => Some(api.0.hasher.hash(&request.password).await?),
        _ => None,
    };
    open(&api, &user, &headers, rehashed).await
}

/// Looks at the code of somebody whose password was right.
pub(crate) async fn second_factor(api: &Api, user: &User, code: Option<&str>) -> Result<(), Problem> {
    let Some(kept) = user.factor.as_ref().filter(|factor| factor.confirmed) else { return Ok(()) };
    let Some(code) = code else {
        return Err(Problem::new(&problem::FACTOR_NEEDED, problem::FACTOR_NEEDED.advice));
    };
    let secret = super::me::open_factor(api, user, kept)?;
    let step = match factor::step_of(&secret, code, api.reads().clock().await?) {
        Some(step) => FactorStep::Use { step },
        None => FactorStep::Recover { hash: factor::recovery_hash(code) },
    };
    api.run_alone(ChangeFactor { user: user.id, step }).await.map(|_| ())
}

/// Opens a session and puts it into a cookie.
async fn open(
    api: &Api,
    user: &User,
    headers: &HeaderMap,
    rehashed: Option<String>,
) -> Result<Response, Problem> {
    let secret = crate::auth::Secret::generate().map_err(no_randomness)?;
    let secret = secret.reveal();
    let now = api.0.engine.look_at_clock().await?;
    let over = sessions_of(api, user.id).await?;
    let over =
        over.into_iter().filter(|(_, session)| !session.is_live(user, now)).map(|(key, _)| key).collect();
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let command = OpenSession {
        user: user.id,
        hash: hashed(secret),
        agent: agent.chars().take(AGENT_MAX).collect(),
        email: user.email.clone(),
        rehashed,
        over,
    };
    let note = super::note_of(&user.email, "POST /v1/sessions", &user.id.to_string(), None);
    let request =
        Request { actor: user.principal, audit: Some(Box::new(note)), ..Request::internal(command) };
    match api.0.engine.submit(request).await.map_err(told)?.outcome {
        Outcome::Done(_) => {}
        Outcome::Refused(_) => {
            return Err(Problem::new(&problem::CREDENTIALS_WRONG, problem::CREDENTIALS_WRONG.advice));
        }
    }
    let sandbox = !api.settings().sandbox.is_empty();
    let mut response = json(StatusCode::CREATED, &SessionBody::of(user, user.role.scopes(), sandbox))?;
    if let Some(value) = cookie::set(&api.settings().public_url, user.id, secret) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

pub(crate) fn no_randomness(error: impl std::fmt::Display) -> Problem {
    Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(error.to_string())
}

fn gone() -> Problem {
    Problem::new(&problem::INTERNAL, problem::INTERNAL.advice)
        .because("a person who was just made is not there")
}

/// A person's row.
pub(crate) async fn user_of(api: &Api, id: UserId) -> Result<Option<User>, Problem> {
    match setting(api.reads(), &user_key(id)).await.map_err(|error| cannot_tell(&error))? {
        Some(Setting::User(user)) => Ok(Some(*user)),
        _ => Ok(None),
    }
}

/// Every session of a person, also those that are over.
async fn sessions_of(api: &Api, user: UserId) -> Result<Vec<(String, Session)>, Problem> {
    let rows = api.reads().settings(&session_key(user, "")).await?;
    let session = |(key, value)| match value {
        Setting::Session(session) => Some((key, session)),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(session).collect())
}

/// Lists the browsers that one is signed in with.
#[utoipa::path(get, path = "/v1/sessions", tag = "people", params(PeopleQuery),
    responses((status = 200, description = "All of them", body = List<OpenSessionBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    call: Call,
    Params(PeopleQuery {}): Params<PeopleQuery>,
) -> Result<Response, Problem> {
    let (user, current) = call.person()?;
    let now = api.0.engine.look_at_clock().await?;
    let mut rows = sessions_of(&api, user.id).await?;
    rows.retain(|(_, session)| session.is_live(user, now));
    rows.sort_by_key(|(_, session)| std::cmp::Reverse(session.opened_at));
    let rows = rows.into_iter().map(|(key, session)| OpenSessionBody::of(&key, session, current)).collect();
    found(&List::of(rows, false, None))
}

/// Ends one of one's sessions, from its next request on: `current`, `others`, or an id of the list.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "people",
    params(("id" = String, Path, description = "`current`, `others`, or its id")),
    responses((status = 200, description = "It is over", body = Ended)))]
pub(crate) async fn end(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let (user, current) = call.person()?;
    let which = call.name(0);
    let keys: Vec<String> = match which {
        "current" => vec![current.to_owned()],
        _ => {
            let rows = sessions_of(&api, user.id).await?;
            let chosen = |key: &String| match which {
                "others" => key != current,
                id => session_id(key) == id,
            };
            rows.into_iter().map(|(key, _)| key).filter(chosen).collect()
        }
    };
    if keys.is_empty() && which != "others" {
        return Err(Problem::not_found("session", which));
    }
    api.run_alone(CloseSessions { user: user.id, keys }).await?;
    api.0.callers.forget_person(user.id);
    let mut response = found(&Ended { object: "ended" })?;
    if which == "current"
        && let Some(value) = cookie::clear(&api.settings().public_url)
    {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// A link with which somebody sets a password, and until when it is good.
pub(crate) async fn link_for(
    api: &Api,
    user: Option<UserId>,
    caller: &Caller,
) -> Result<(String, i64), Problem> {
    let secret = crate::auth::Secret::generate().map_err(no_randomness)?;
    let secret = secret.reveal();
    let object = user.map(|user| user.to_string()).unwrap_or_default();
    let note = super::note_of(&caller.name, "POST /v1/users/{id}/link", &object, None);
    let command = MakeLink { hash: hashed(secret), user, enter: false, by: caller.role() };
    let request =
        Request { actor: caller.principal, audit: Some(Box::new(note)), ..Request::internal(command) };
    match api.0.engine.submit(request).await.map_err(told)?.outcome {
        Outcome::Done(Receipt::Link { until }) => {
            Ok((crate::people::link_url(&api.settings().public_url, "password", secret), until))
        }
        Outcome::Done(_) => Err(gone()),
        Outcome::Refused(refusal) => Err(Problem::refused(&refusal, Shape::Flat)),
    }
}
