//! People, sessions, the audit log.

use onhand_rules::EventBody;
use onhand_rules::access::ScopeName;
use onhand_rules::identity::{EMAIL_MAX, NAME_MAX, Role, Session, User, email_of};
use onhand_store::EventRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::api_keys::{ScopeChoice, scopes_of};
use super::movements::actor;
use super::{Check, Errors};
use crate::people::password::MAX;
use crate::time::Time;

/// What a person is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleChoice {
    /// Everything, also other owners.
    Owner,
    /// Everything but owners.
    Admin,
    /// Stock, orders, listings, queues.
    Operator,
    /// Reads everything, the audit log too.
    Finance,
    /// Reads; ships, delivers and takes back orders.
    Fulfilment,
    /// Reads.
    Viewer,
}

impl RoleChoice {
    pub(crate) fn rule(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::Admin => Role::Admin,
            Self::Operator => Role::Operator,
            Self::Finance => Role::Finance,
            Self::Fulfilment => Role::Fulfilment,
            Self::Viewer => Role::Viewer,
        }
    }

    fn of(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Operator => Self::Operator,
            Role::Finance => Self::Finance,
            Role::Fulfilment => Self::Fulfilment,
            Role::Viewer => Self::Viewer,
        }
    }
}

/// Who looks at the console.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionState)]
pub(crate) struct SessionBody {
    /// Always `session`.
    #[schema(example = "session")]
    pub(crate) object: &'static str,
    /// `set_up_needed`: there is no owner yet. `anonymous`: sign in. `signed_in`.
    #[schema(example = "signed_in")]
    pub(crate) state: &'static str,
    /// Who, when signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserBody>,
    /// What they may do, when signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<ScopeChoice>>,
    /// Whether this server was started with a sandbox, which is then at `/v1/sandbox/…`.
    pub(crate) sandbox: bool,
}

impl SessionBody {
    pub(crate) fn nobody(state: &'static str, sandbox: bool) -> Self {
        Self { object: "session", state, user: None, scopes: None, sandbox }
    }

    pub(crate) fn of(user: &User, scopes: &[ScopeName], sandbox: bool) -> Self {
        Self {
            object: "session",
            sandbox,
            state: "signed_in",
            user: Some(UserBody::of(user)),
            scopes: Some(scopes_of(scopes)),
        }
    }
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    /// Always `user`.
    #[schema(example = "user")]
    object: &'static str,
    /// Their id.
    id: String,
    /// Who acts: as in movements and events.
    principal: String,
    /// Their address.
    email: String,
    /// What others call them.
    name: String,
    /// What they may do.
    role: RoleChoice,
    /// Whether they have set a password yet.
    password_set: bool,
    /// Whether a code is asked for besides the password.
    totp: bool,
    /// Let in nowhere.
    disabled: bool,
    /// When they were let in.
    created_at: Time,
    /// When they last signed in.
    signed_in_at: Option<Time>,
    /// For `If-Match`.
    version: i64,
}

impl UserBody {
    pub(crate) fn of(user: &User) -> Self {
        Self {
            object: "user",
            id: user.id.to_string(),
            principal: actor(user.principal),
            email: user.email.clone(),
            name: user.name.clone(),
            role: RoleChoice::of(user.role),
            password_set: user.password.is_some(),
            totp: user.factor.as_ref().is_some_and(|factor| factor.confirmed),
            disabled: user.disabled,
            created_at: Time(user.created_at),
            signed_in_at: user.signed_in_at.map(Time),
            version: user.version,
        }
    }
}

fn email(errors: &mut Errors, text: &str) {
    if email_of(text).is_none() {
        let detail = format!("must be an e-mail address of at most {EMAIL_MAX} characters");
        errors.push(format_args!("/email"), "invalid_email", detail);
    }
}

fn name(errors: &mut Errors, text: &str) {
    let good = onhand_rules::text::check_text(text, NAME_MAX).is_ok() && !text.trim().is_empty();
    if !good {
        let detail = format!("must have 1 to {NAME_MAX} characters, none of them a control character");
        errors.push(format_args!("/name"), "invalid_text", detail);
    }
}

pub(super) fn secret(errors: &mut Errors, field: &str, text: &str) {
    if text.is_empty() || text.chars().count() > MAX {
        errors.push(format_args!("/{field}"), "out_of_bounds", format!("must have 1 to {MAX} characters"));
    }
}

/// The first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// From the link that the first start printed.
    pub(crate) token: String,
    /// Their address.
    #[schema(example = "owner@shop.example")]
    pub(crate) email: String,
    /// What others call them.
    pub(crate) name: String,
    /// 12 to 256 characters, not easy to guess.
    #[schema(min_length = 12, max_length = 256)]
    pub(crate) password: String,
}

impl Check for SetUp {
    fn check(&self, errors: &mut Errors) {
        secret(errors, "token", &self.token);
        email(errors, &self.email);
        name(errors, &self.name);
        secret(errors, "password", &self.password);
    }
}

/// A password set with a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkPassword {
    /// From the link.
    pub(crate) token: String,
    /// 12 to 256 characters, not easy to guess.
    #[schema(min_length = 12, max_length = 256)]
    pub(crate) password: String,
}

impl Check for LinkPassword {
    fn check(&self, errors: &mut Errors) {
        secret(errors, "token", &self.token);
        secret(errors, "password", &self.password);
    }
}

/// A link that lets somebody in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    /// From the link.
    pub(crate) token: String,
}

impl Check for LinkToken {
    fn check(&self, errors: &mut Errors) {
        secret(errors, "token", &self.token);
    }
}

/// Somebody signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Their address.
    pub(crate) email: String,
    /// Their password.
    pub(crate) password: String,
    /// Six digits of their authenticator, or a recovery code, if they have a second factor.
    pub(crate) code: Option<String>,
}

impl Check for SignIn {
    fn check(&self, errors: &mut Errors) {
        secret(errors, "email", &self.email);
        secret(errors, "password", &self.password);
        if let Some(code) = &self.code {
            secret(errors, "code", code);
        }
    }
}

/// A new password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The one until now.
    pub(crate) current: String,
    /// 12 to 256 characters, not easy to guess.
    #[schema(min_length = 12, max_length = 256)]
    pub(crate) password: String,
}

impl Check for NewPassword {
    fn check(&self, errors: &mut Errors) {
        secret(errors, "current", &self.current);
        secret(errors, "password", &self.password);
    }
}

/// A code of the authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    /// Six digits; to remove the factor, a recovery code is as good.
    #[schema(example = "123456")]
    pub(crate) code: String,
}

impl Check for Code {
    fn check(&self, errors: &mut Errors) {
        secret(errors, "code", &self.code);
    }
}

/// A second factor that was begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorBegun {
    /// Always `totp`.
    #[schema(example = "totp")]
    pub(crate) object: &'static str,
    /// To be typed into an authenticator. It is shown in this one answer.
    pub(crate) secret: String,
    /// The same as a URI, for a QR code.
    pub(crate) otpauth_url: String,
}

/// A second factor that was confirmed.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorConfirmed {
    /// Always `totp`.
    #[schema(example = "totp")]
    pub(crate) object: &'static str,
    /// Each signs in once without the authenticator. They are shown in this one answer.
    pub(crate) recovery_codes: Vec<String>,
}

/// Somebody new.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(crate) struct NewUser {
    /// Their address.
    #[schema(example = "somebody@shop.example")]
    pub(crate) email: String,
    /// What others call them.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: RoleChoice,
}

impl Check for NewUser {
    fn check(&self, errors: &mut Errors) {
        email(errors, &self.email);
        name(errors, &self.name);
    }
}

/// What changes about a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    /// What others call them.
    pub(crate) name: Option<String>,
    /// What they may do. A change ends their sessions.
    pub(crate) role: Option<RoleChoice>,
    /// Let in nowhere. Ends their sessions.
    pub(crate) disabled: Option<bool>,
}

impl Check for UserChange {
    fn check(&self, errors: &mut Errors) {
        if let Some(text) = &self.name {
            name(errors, text);
        }
    }
}

/// A person who was let in or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserMade {
    /// Always `user`.
    #[schema(example = "user")]
    pub(crate) object: &'static str,
    /// Their id.
    pub(crate) id: String,
    /// For `If-Match`.
    pub(crate) version: i64,
}

/// A link with which somebody sets a password, once, within an hour.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkMade {
    /// Always `link`.
    #[schema(example = "link")]
    pub(crate) object: &'static str,
    /// To be handed to that person and nobody else. It is shown in this one answer.
    pub(crate) url: String,
    /// Not good from then on.
    pub(crate) until: Time,
}

/// A browser that somebody signed in with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenSession)]
pub(crate) struct OpenSessionBody {
    /// Always `open_session`.
    #[schema(example = "open_session")]
    object: &'static str,
    /// Names it; no secret.
    pub(crate) id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// What the browser calls itself.
    agent: String,
    /// Since when.
    opened_at: Time,
    /// When it was last used, to about ten minutes.
    seen_at: Time,
}

impl OpenSessionBody {
    pub(crate) fn of(key: &str, session: Session, current: &str) -> Self {
        Self {
            object: "open_session",
            id: session_id(key),
            current: key == current,
            agent: session.agent,
            opened_at: Time(session.opened_at),
            seen_at: Time(session.seen_at),
        }
    }
}

/// What a session is called: a part of the hash of its secret.
pub(crate) fn session_id(key: &str) -> String {
    let hash = key.rsplit(':').next().unwrap_or_default();
    format!("ses_{}", hash.chars().take(20).collect::<String>())
}

/// Nothing more to say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    /// Always `ended`.
    #[schema(example = "ended")]
    pub(crate) object: &'static str,
}

/// One entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditBody {
    /// Always `audit_entry`.
    #[schema(example = "audit_entry")]
    object: &'static str,
    /// Counts from 1 without gaps.
    pub(crate) number: i64,
    /// When.
    at: Time,
    /// A person's address, or a key's name.
    by: String,
    /// Who acted: as in movements and events.
    principal: String,
    /// The route.
    #[schema(example = "PATCH /v1/users/{id}")]
    action: String,
    /// What was named in the path.
    object_id: String,
    /// What they gave as their reason.
    reason: Option<String>,
    /// Every row that changed, reduced to what changed; secrets are hidden.
    changes: Vec<AuditChangeBody>,
    /// The execution; stands in its movements and events.
    operation_id: String,
    /// SHA-256 over the entry before and this one: a removed or changed entry breaks the chain.
    chain: String,
}

/// One row before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditChange)]
pub(crate) struct AuditChangeBody {
    /// Which.
    #[schema(example = "sku:tshirt")]
    row: String,
    /// Nothing: it is new.
    #[schema(value_type = Object)]
    before: Option<Value>,
    /// Nothing: it is gone.
    #[schema(value_type = Object)]
    after: Option<Value>,
}

impl AuditBody {
    pub(crate) fn of(row: EventRow) -> Option<Self> {
        let EventBody::AuditRecorded { number, by, action, object, reason, changes, chain } = row.body else {
            return None;
        };
        Some(Self {
            object: "audit_entry",
            number,
            at: Time(row.at),
            by,
            principal: actor(row.actor),
            action,
            object_id: object,
            reason,
            changes: changes
                .into_iter()
                .map(|change| AuditChangeBody { row: change.row, before: change.before, after: change.after })
                .collect(),
            operation_id: row.op.to_string(),
            chain,
        })
    }
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Rows of a page, 1 to 200.
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Nothing to choose: there are few people.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeopleQuery {}
