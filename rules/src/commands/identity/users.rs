//! People are let in, changed and kept out.

use super::{needs_of_user, put_user, user};
use crate::command::Context;
use crate::id::{PrincipalId, UserId};
use crate::identity::{OWNERS, Role, User, email_key, link_key};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// Somebody new. They have no password: a link (`MakeLink`) lets them set one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateUser {
    /// Made by the engine.
    pub id: UserId,
    /// As [`crate::identity::email_of`] gives it.
    pub email: String,
    /// What others call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The role of whoever asks.
    pub by: Role,
}

impl CreateUser {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_new(self.id, &self.email, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.role == Role::Owner && self.by != Role::Owner {
            return Err(Refusal::OwnersOnly);
        }
        create(scope, context, (self.id, &self.email, &self.name), self.role, None)
    }
}

/// The first owner, by the link that the first start prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstOwner {
    /// SHA-256 of the link's secret, in hexadecimal.
    pub link: String,
    /// Made by the engine.
    pub id: UserId,
    /// As [`crate::identity::email_of`] gives it.
    pub email: String,
    /// What others call them.
    pub name: String,
    /// Argon2id in PHC form.
    pub password: String,
}

impl FirstOwner {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_new(self.id, &self.email, needs);
        needs.sync.settings.insert(link_key(&self.link));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let good = match scope.setting(&link_key(&self.link)) {
            Some(Setting::Link(link)) => link.user.is_none() && context.now < link.until,
            _ => false,
        };
        // A second start may have printed a second link: whoever comes second is not the first owner.
        if !good || scope.setting(OWNERS).is_some() {
            return Err(Refusal::LinkSpent);
        }
        scope.put_setting(link_key(&self.link), None);
        let who = (self.id, self.email.as_str(), self.name.as_str());
        create(scope, context, who, Role::Owner, Some(self.password.clone()))
    }
}

fn needs_of_new(id: UserId, email: &str, needs: &mut Needs) {
    needs.counters = true;
    needs_of_user(id, needs);
    needs.sync.settings.insert(email_key(email));
    needs.sync.settings.insert(OWNERS.to_owned());
}

fn create(
    scope: &mut Scope<'_>,
    context: &Context,
    (id, email, name): (UserId, &str, &str),
    role: Role,
    password: Option<String>,
) -> Result<Receipt, Refusal> {
    if scope.setting(&email_key(email)).is_some() {
        return Err(Refusal::EmailTaken { email: email.to_owned() });
    }
    let principal = PrincipalId(scope.next_number(|counters| &mut counters.next_principal)?);
    scope.put_setting(email_key(email), Setting::Email { user: id });
    let user = User {
        id,
        principal,
        email: email.to_owned(),
        name: name.to_owned(),
        role,
        password,
        factor: None,
        disabled: false,
        era: 0,
        created_at: context.now,
        signed_in_at: None,
        version: 0,
    };
    put_user(scope, context, user)
}

/// A person gets another name or role, or is kept out. A change of role or keeping out ends every session at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateUser {
    /// Which.
    pub id: UserId,
    /// What others call them.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Let in nowhere.
    pub disabled: Option<bool>,
    /// The role of whoever asks.
    pub by: Role,
    /// The version that the caller saw.
    pub version: Option<i64>,
}

impl UpdateUser {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_user(self.id, needs);
        needs.sync.settings.insert(OWNERS.to_owned());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut user = user(scope, self.id)?;
        if let Some(expected) = self.version.filter(|&version| version != user.version) {
            return Err(Refusal::StaleVersion { expected, actual: user.version });
        }
        let touches_owner = user.role == Role::Owner || self.role == Some(Role::Owner);
        if touches_owner && self.by != Role::Owner {
            return Err(Refusal::OwnersOnly);
        }
        let before = user.clone();
        if let Some(name) = &self.name {
            user.name.clone_from(name);
        }
        user.role = self.role.unwrap_or(user.role);
        user.disabled = self.disabled.unwrap_or(user.disabled);
        if (user.role, user.disabled) != (before.role, before.disabled) {
            user.era += 1;
        }
        if user == before {
            return Ok(Receipt::User { id: user.id, version: user.version });
        }
        put_user(scope, context, user)
    }
}

/// A person sets another password. Every session but the one that asks ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePassword {
    /// Whose.
    pub user: UserId,
    /// Argon2id in PHC form.
    pub password: String,
    /// The key of the session that goes on.
    pub keep: String,
}

impl ChangePassword {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_user(self.user, needs);
        needs.sync.settings.insert(self.keep.clone());
        needs.sync.settings.insert(OWNERS.to_owned());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut user = user(scope, self.user)?;
        user.password = Some(self.password.clone());
        user.era += 1;
        if let Some(Setting::Session(session)) = scope.setting(&self.keep).cloned() {
            let kept = crate::identity::Session { era: user.era, ..session };
            scope.put_setting(self.keep.clone(), Setting::Session(kept));
        }
        put_user(scope, context, user)
    }
}
