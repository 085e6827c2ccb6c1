//! Sessions are opened, used and closed; wrong passwords are counted.

use super::{needs_of_user, user};
use crate::command::Context;
use crate::id::UserId;
use crate::identity::{Session, Tries, session_key, tries_key, user_key};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// Somebody has shown who they are. Wrong passwords before it are forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Who.
    pub user: UserId,
    /// SHA-256 of the session's secret, in hexadecimal.
    pub hash: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Their address, for the count of wrong passwords.
    pub email: String,
    /// A newly computed hash of the same password, when the stored one was made with weaker settings.
    pub rehashed: Option<String>,
    /// Keys of sessions of theirs that are over and may be forgotten.
    pub over: Vec<String>,
}

impl OpenSession {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_user(self.user, needs);
        needs.sync.settings.insert(session_key(self.user, &self.hash));
        needs.sync.settings.insert(tries_key(&self.email));
        needs.sync.settings.extend(self.over.iter().cloned());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut user = user(scope, self.user)?;
        // Disabled since the password was looked at: the answer is that of an unknown person.
        if user.disabled {
            return Err(Refusal::NotFound { what: "user".into(), id: self.user.to_string() });
        }
        for key in &self.over {
            if matches!(scope.setting(key), Some(Setting::Session(old)) if old.user == self.user) {
                scope.put_setting(key.clone(), None);
            }
        }
        let session = Session {
            user: user.id,
            era: user.era,
            opened_at: context.now,
            seen_at: context.now,
            proved_at: context.now,
            agent: self.agent.clone(),
        };
        scope.put_setting(session_key(user.id, &self.hash), Setting::Session(session));
        scope.put_setting(tries_key(&self.email), None);
        user.signed_in_at = Some(context.now);
        if let Some(hash) = &self.rehashed {
            user.password = Some(hash.clone());
        }
        let (id, version) = (user.id, user.version);
        scope.put_setting(user_key(id), Setting::User(Box::new(user)));
        Ok(Receipt::User { id, version })
    }
}

/// A session was used a while after it was last noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchSession {
    /// Its key.
    pub key: String,
}

impl TouchSession {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(self.key.clone());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if let Some(Setting::Session(session)) = scope.setting(&self.key).cloned() {
            let seen_at = session.seen_at.max(context.now);
            scope.put_setting(self.key.clone(), Setting::Session(Session { seen_at, ..session }));
        }
        Ok(Receipt::Kept { version: 0, changed: true })
    }
}

/// A person has shown again who they are, in a session that is open. Wrong passwords before it are forgotten, as at a
/// sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProveSession {
    /// Who.
    pub user: UserId,
    /// The session's key.
    pub key: String,
    /// Their address, for the count of wrong passwords.
    pub email: String,
}

impl ProveSession {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(self.key.clone());
        needs.sync.settings.insert(tries_key(&self.email));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let session = match scope.setting(&self.key) {
            Some(Setting::Session(session)) if session.user == self.user => session.clone(),
            _ => return Err(Refusal::NotFound { what: "session".into(), id: self.user.to_string() }),
        };
        let proved_at = session.proved_at.max(context.now);
        scope.put_setting(self.key.clone(), Some(Setting::Session(Session { proved_at, ..session })));
        scope.put_setting(tries_key(&self.email), None);
        Ok(Receipt::Kept { version: 0, changed: true })
    }
}

/// Sessions of one person end. Closing one twice is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseSessions {
    /// Whose.
    pub user: UserId,
    /// Their keys.
    pub keys: Vec<String>,
}

impl CloseSessions {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.extend(self.keys.iter().cloned());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        let mut changed = false;
        for key in &self.keys {
            if matches!(scope.setting(key), Some(Setting::Session(session)) if session.user == self.user) {
                scope.put_setting(key.clone(), None);
                changed = true;
            }
        }
        Ok(Receipt::Kept { version: 0, changed })
    }
}

/// Somebody is about to give a password for an address, whether a person has it or not. It counts as wrong until it was
/// right ([`OpenSession`]), so that many guesses at once cannot all be the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeTry {
    /// As [`crate::identity::email_of`] gives it.
    pub email: String,
}

impl TakeTry {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(tries_key(&self.email));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let key = tries_key(&self.email);
        let before = match scope.setting(&key) {
            Some(Setting::Tries(tries)) => Some(*tries),
            _ => None,
        };
        if let Some(tries) = before.filter(|tries| context.now < tries.next_at) {
            return Err(Refusal::TooManyTries { wait_ms: tries.next_at - context.now });
        }
        scope.put_setting(key, Setting::Tries(Tries::after(before, context.now)));
        Ok(Receipt::Kept { version: 0, changed: true })
    }
}
