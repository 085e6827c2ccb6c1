//! `/v1/session/proof`: what is hard to undo asks a person to have shown lately who they are, not only to sit at an open
//! browser.

use axum::extract::{Extension, State};
use axum::response::Response;
use onhand_rules::Setting;
use onhand_rules::commands::identity::{ProveSession, TakeTry};
use onhand_rules::identity::{PROOF_MS, Role, User};

use crate::api::Api;
use crate::auth::setting;
use crate::body::proof::{Proof, Proved};
use crate::caller::By;
use crate::extract::{Body, Call};
use crate::people::password::Verdict;
use crate::people::tries::Peer;
use crate::problem::{self, FieldError, Problem};
use crate::respond::found;
use crate::routes::me::myself;
use crate::routes::sessions::second_factor;
use crate::time::Time;

/// Whether somebody has anything to show: whoever stands at the machine of a demonstration enters without a password.
fn has_anything_to_show(user: &User) -> bool {
    user.password.is_some() || user.factor.as_ref().is_some_and(|factor| factor.confirmed)
}

/// Whether this role gives power over the house: what is hard to undo begins with handing that out.
pub(crate) fn is_powerful(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Admin)
}

impl Api {
    /// Refuses a person who has not shown lately, in this session, who they are. API keys are not asked: they are secrets
    /// of their own, and have nobody who could type.
    pub(crate) async fn ask_proof(&self, call: &Call) -> Result<(), Problem> {
        let By::Person { user, session, key } = &call.caller()?.by else { return Ok(()) };
        if !has_anything_to_show(user) {
            return Ok(());
        }
        let now = self.0.engine.look_at_clock().await?;
        if session.is_proved(now) {
            return Ok(());
        }
        // They may have shown it to another process a moment ago.
        match setting(self.reads(), key).await? {
            Some(Setting::Session(session)) if session.is_proved(now) => Ok(()),
            _ => Err(Problem::new(&problem::PROOF_NEEDED, problem::PROOF_NEEDED.advice)),
        }
    }
}

fn wrong_password() -> Problem {
    Problem::invalid(vec![FieldError {
        pointer: "/password".to_owned(),
        code: "wrong_password".to_owned(),
        detail: "is not your password".to_owned(),
        ..FieldError::default()
    }])
}

/// Shows again who one is, for what is hard to undo. It is believed for fifteen minutes in this session; a sign-in counts
/// too. Attempts are slowed as at a sign-in.
#[utoipa::path(post, path = "/v1/session/proof", tag = "people", request_body = Proof,
    responses((status = 200, description = "It is believed for a while", body = Proved)))]
pub(crate) async fn prove(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    call: Call,
    Body(request): Body<Proof>,
) -> Result<Response, Problem> {
    api.take_try(peer)?;
    let user = myself(&api, &call).await?;
    api.run_alone(TakeTry { email: user.email.clone() }).await?;
    if let Some(kept) = user.password.as_deref() {
        let given = request.password.as_deref().unwrap_or_default();
        if api.0.hasher.verify(given, Some(kept)).await? == Verdict::Wrong {
            tracing::warn!(email = user.email, "a proof was refused");
            return Err(wrong_password());
        }
    }
    second_factor(&api, &user, request.code.as_deref()).await?;
    let (_, key) = call.person()?;
    let command = ProveSession { user: user.id, key: key.to_owned(), email: user.email.clone() };
    api.run_own(&call, command).await?;
    match setting(api.reads(), key).await? {
        Some(Setting::Session(session)) => {
            found(&Proved { object: "proof", until: Time(session.proved_at.saturating_add(PROOF_MS)) })
        }
        _ => Err(Problem::new(&problem::UNAUTHENTICATED, "the session is over; sign in again")),
    }
}
