//! Links with which somebody sets a password once.

use super::{needs_of_user, put_user, user};
use crate::command::Context;
use crate::id::UserId;
use crate::identity::{LINK_MS, Link, OWNERS, Role, email_key, link_key, tries_key};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// A new link. It is good for an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeLink {
    /// SHA-256 of its secret, in hexadecimal.
    pub hash: String,
    /// Whose password it sets; `None` makes the first owner.
    pub user: Option<UserId>,
    /// Whether it lets that person in as they are.
    pub enter: bool,
    /// The role of whoever asks.
    pub by: Role,
}

impl MakeLink {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(link_key(&self.hash));
        needs.sync.settings.insert(OWNERS.to_owned());
        if let Some(user) = self.user {
            needs_of_user(user, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        match self.user {
            Some(id) => {
                let user = user(scope, id)?;
                // Whoever sets an owner's password is that owner.
                if user.role == Role::Owner && self.by != Role::Owner {
                    return Err(Refusal::OwnersOnly);
                }
            }
            None if scope.setting(OWNERS).is_some() => return Err(Refusal::LinkSpent),
            None => {}
        }
        let until = context.now + LINK_MS;
        scope.put_setting(
            link_key(&self.hash),
            Setting::Link(Link { user: self.user, enter: self.enter, until }),
        );
        Ok(Receipt::Link { until })
    }
}

/// Somebody sets their password with a link, or enters with one that was made for that. It is spent either way. With a new
/// password every session of theirs ends, and wrong passwords before it are forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseLink {
    /// SHA-256 of its secret, in hexadecimal.
    pub hash: String,
    /// Argon2id in PHC form; `None` enters.
    pub password: Option<String>,
}

impl UseLink {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(link_key(&self.hash));
        needs.sync.settings.insert(OWNERS.to_owned());
        let whose = seen.sync.settings.get(&link_key(&self.hash)).and_then(|row| row.now.as_ref());
        if let Some(Setting::Link(Link { user: Some(id), .. })) = whose {
            needs_of_user(*id, needs);
            let key = crate::identity::user_key(*id);
            if let Some(Setting::User(user)) = seen.sync.settings.get(&key).and_then(|row| row.now.as_ref()) {
                needs.sync.settings.insert(tries_key(&user.email));
                needs.sync.settings.insert(email_key(&user.email));
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let link = scope.setting(&link_key(&self.hash)).cloned();
        let Some(Setting::Link(Link { user: Some(id), enter, until })) = link else {
            return Err(Refusal::LinkSpent);
        };
        if context.now >= until || enter != self.password.is_none() {
            return Err(Refusal::LinkSpent);
        }
        let mut user = user(scope, id)?;
        scope.put_setting(link_key(&self.hash), None);
        let Some(password) = &self.password else {
            return Ok(Receipt::User { id, version: user.version });
        };
        scope.put_setting(tries_key(&user.email), None);
        user.password = Some(password.clone());
        user.era += 1;
        put_user(scope, context, user)
    }
}
