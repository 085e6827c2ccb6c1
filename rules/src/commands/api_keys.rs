//! API keys are created, used and revoked.

use crate::access::{ApiKey, ScopeName, USE_NOTED_MS, key_use_key};
use crate::command::Context;
use crate::event::EventBody;
use crate::id::{ApiKeyId, PrincipalId};
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// A key is created for a new principal, or for one that has a key already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateApiKey {
    /// Made by the engine.
    pub id: ApiKeyId,
    /// The key whose principal it shares, for a rotation with overlap.
    pub same_as: Option<ApiKeyId>,
    /// When that key ends, unless it ends before: the new one takes its place, it does not lengthen its life.
    pub same_as_ends_at: Option<Millis>,
    /// What a person calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What it allows; at least one.
    pub scopes: Vec<ScopeName>,
    /// When it ends.
    pub expires_at: Option<Millis>,
}

impl CreateApiKey {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.counters = true;
        needs.api_keys.extend(self.same_as);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let principal = match self.same_as {
            None => PrincipalId(scope.next_number(|counters| &mut counters.next_principal)?),
            Some(other) => {
                let Some(mut known) = scope.api_key(other).cloned() else {
                    return Err(Refusal::NotFound { what: "API key".into(), id: other.to_string() });
                };
                let principal = known.principal;
                let end =
                    self.same_as_ends_at.filter(|&end| known.expires_at.is_none_or(|before| end < before));
                if end.is_some() && known.revoked_at.is_none() {
                    known.expires_at = end;
                    tell(scope, context, &known);
                    scope.put_api_key(other, known);
                }
                principal
            }
        };
        let key = ApiKey {
            id: self.id,
            principal,
            name: self.name.clone(),
            hash: self.hash,
            scopes: self.scopes.clone(),
            created_at: context.now,
            expires_at: self.expires_at,
            revoked_at: None,
        };
        tell(scope, context, &key);
        scope.put_api_key(self.id, key);
        Ok(Receipt::ApiKey { id: self.id, at: context.now })
    }
}

/// A key stops working at the next request. Revoking it twice is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeApiKey {
    /// Which.
    pub id: ApiKeyId,
}

impl RevokeApiKey {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.api_keys.insert(self.id);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let Some(mut key) = scope.api_key(self.id).cloned() else {
            return Err(Refusal::NotFound { what: "API key".into(), id: self.id.to_string() });
        };
        let at = *key.revoked_at.get_or_insert(context.now);
        tell(scope, context, &key);
        scope.put_api_key(self.id, key);
        Ok(Receipt::ApiKey { id: self.id, at })
    }
}

/// API keys were used. It is a note beside the keys, not a change of them: nothing is told in the feed or the audit log, and
/// one that was noted less than a minute ago is left as it is, so that replicas do not outdo each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKeyUse {
    /// Which; each opened something.
    pub keys: Vec<ApiKeyId>,
}

impl NoteKeyUse {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.extend(self.keys.iter().copied().map(key_use_key));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut changed = false;
        for key in self.keys.iter().copied().map(key_use_key) {
            let last = match scope.setting(&key) {
                Some(Setting::KeyUsed { at }) => Some(*at),
                _ => None,
            };
            if last.is_none_or(|last| context.now >= last + USE_NOTED_MS) {
                scope.put_setting(key, Some(Setting::KeyUsed { at: context.now }));
                changed = true;
            }
        }
        Ok(Receipt::Kept { version: 0, changed })
    }
}

fn tell(scope: &mut Scope<'_>, context: &Context, key: &ApiKey) {
    scope.push_event(context.event(EventBody::ApiKeyChanged {
        api_key: key.id.to_string(),
        name: key.name.clone(),
        revoked: key.revoked_at.is_some(),
    }));
}
