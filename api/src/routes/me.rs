//! `/v1/me/…`: one's own password and second factor.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::Request;
use onhand_rules::Command;
use onhand_rules::commands::identity::{ChangeFactor, ChangePassword, FactorStep, TakeTry};
use onhand_rules::identity::{Factor, User, user_key};
use onhand_store::Outcome;

use crate::api::Api;
use crate::body::people::{Code, Ended, FactorBegun, FactorConfirmed, NewPassword};
use crate::extract::{Body, Call};
use crate::people::factor;
use crate::people::password::{Verdict, check};
use crate::problem::{self, FieldError, Problem, Shape};
use crate::respond::found;
use crate::routes::sessions::{no_randomness, user_of};

impl Api {
    /// Runs a command of a person about themselves, and writes it into the audit log.
    pub(crate) async fn run_own(&self, call: &Call, command: impl Into<Command>) -> Result<(), Problem> {
        let caller = call.caller()?;
        let action = format!("{} {}", call.route.method, call.route.path);
        let (user, _) = call.person()?;
        let note = super::note_of(&caller.name, &action, &user.id.to_string(), None);
        let request =
            Request { actor: caller.principal, audit: Some(Box::new(note)), ..Request::internal(command) };
        let answer = self.0.engine.submit(request).await?;
        self.0.callers.forget_person(user.id);
        match answer.outcome {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(refusal) => Err(Problem::refused(&refusal, Shape::Flat)),
        }
    }
}

/// The person as they are now, not as they were when the session was looked up.
pub(crate) async fn myself(api: &Api, call: &Call) -> Result<User, Problem> {
    let (user, _) = call.person()?;
    let missing = || Problem::new(&problem::UNAUTHENTICATED, "the session is over; sign in again");
    user_of(api, user.id).await?.ok_or_else(missing)
}

/// Sets another password. Every other session ends.
#[utoipa::path(post, path = "/v1/me/password", tag = "people", request_body = NewPassword,
    responses((status = 200, description = "It is set; the other sessions are over", body = Ended)))]
pub(crate) async fn password(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewPassword>,
) -> Result<Response, Problem> {
    let user = myself(&api, &call).await?;
    api.run_alone(TakeTry { email: user.email.clone() }).await?;
    if api.0.hasher.verify(&request.current, user.password.as_deref()).await? == Verdict::Wrong {
        return Err(Problem::invalid(vec![FieldError {
            pointer: "/current".to_owned(),
            code: "wrong_password".to_owned(),
            detail: "is not your password".to_owned(),
            ..FieldError::default()
        }]));
    }
    check(&request.password, &[&user.email, &user.name])?;
    let password = api.0.hasher.hash(&request.password).await?;
    let (_, keep) = call.person()?;
    api.run_own(&call, ChangePassword { user: user.id, password, keep: keep.to_owned() }).await?;
    found(&Ended { object: "ended" })
}

fn vault(api: &Api) -> Result<&onhand_engine::vault::Vault, Problem> {
    api.0.vault.as_ref().ok_or_else(|| Problem::new(&problem::NO_VAULT, problem::NO_VAULT.advice))
}

/// The secret of a person's second factor.
pub(crate) fn open_factor(api: &Api, user: &User, kept: &Factor) -> Result<Vec<u8>, Problem> {
    vault(api)?.unseal(&user_key(user.id), &kept.sealed).map_err(|error| {
        Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(error.to_string())
    })
}

/// Begins a second factor: it is asked for once a code of it was shown.
#[utoipa::path(post, path = "/v1/me/totp", tag = "people",
    responses((status = 200, description = "Type the secret into an authenticator", body = FactorBegun)))]
pub(crate) async fn begin(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let user = myself(&api, &call).await?;
    let secret = factor::new_secret().map_err(no_randomness)?;
    let sealed = vault(&api)?.seal(&user_key(user.id), &secret).map_err(no_randomness)?;
    api.run_own(&call, ChangeFactor { user: user.id, step: FactorStep::Begin { sealed } }).await?;
    found(&FactorBegun {
        object: "totp",
        secret: factor::base32(&secret),
        otpauth_url: factor::otpauth(&user.email, &secret),
    })
}

/// Confirms it with a code; from now on one is asked for at every sign-in.
#[utoipa::path(post, path = "/v1/me/totp/confirm", tag = "people", request_body = Code,
    responses((status = 200, description = "Keep the recovery codes", body = FactorConfirmed)))]
pub(crate) async fn confirm(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<Code>,
) -> Result<Response, Problem> {
    let user = myself(&api, &call).await?;
    let wrong = || Problem::new(&problem::FACTOR_WRONG, problem::FACTOR_WRONG.advice);
    let kept = user.factor.as_ref().filter(|factor| !factor.confirmed).ok_or_else(wrong)?;
    let secret = open_factor(&api, &user, kept)?;
    api.run_alone(TakeTry { email: user.email.clone() }).await?;
    let step = factor::step_of(&secret, &request.code, api.reads().clock().await?).ok_or_else(wrong)?;
    let (shown, recovery) = factor::recovery_codes().map_err(no_randomness)?;
    api.run_own(&call, ChangeFactor { user: user.id, step: FactorStep::Confirm { step, recovery } }).await?;
    found(&FactorConfirmed { object: "totp", recovery_codes: shown })
}

/// Removes it, with a code: an open browser is not enough. Asks for a proof.
#[utoipa::path(post, path = "/v1/me/totp/remove", tag = "people", request_body = Code,
    responses((status = 200, description = "The password is enough again", body = Ended)))]
pub(crate) async fn remove(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<Code>,
) -> Result<Response, Problem> {
    api.ask_proof(&call).await?;
    let user = myself(&api, &call).await?;
    if let Some(kept) = user.factor.as_ref().filter(|factor| factor.confirmed) {
        let wrong = || Problem::new(&problem::FACTOR_WRONG, problem::FACTOR_WRONG.advice);
        let secret = open_factor(&api, &user, kept)?;
        api.run_alone(TakeTry { email: user.email.clone() }).await?;
        let by_code = factor::step_of(&secret, &request.code, api.reads().clock().await?);
        let by_code = by_code.is_some_and(|step| step > kept.last_step);
        if !by_code && !kept.recovery.contains(&factor::recovery_hash(&request.code)) {
            return Err(wrong());
        }
    }
    api.run_own(&call, ChangeFactor { user: user.id, step: FactorStep::Remove }).await?;
    found(&Ended { object: "ended" })
}
