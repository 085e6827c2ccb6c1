//! Somebody goes to a consent page.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::{Setting, consent_key};
use crate::working::{Needs, Scope, Working};

/// Remembers a `state` that must come back with the callback, once, within ten minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartConsent {
    /// Made by the engine from 256 bits of chance.
    pub state: String,
    /// Which marketplace.
    pub channel: String,
    /// A shop that is to be authorised again.
    pub shop: Option<ShopId>,
}

/// How long somebody may take on the consent page, in milliseconds.
const CONSENT_MS: i64 = 10 * 60_000;

impl StartConsent {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(consent_key(&self.state));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let key = consent_key(&self.state);
        if scope.setting(&key).is_some() {
            return Err(Refusal::Repeated { line: 0, name: "state".into() });
        }
        let until = context.now + CONSENT_MS;
        scope.put_setting(key, Setting::Consent { channel: self.channel.clone(), until, shop: self.shop });
        Ok(Receipt::Kept { version: 1, changed: true })
    }
}
