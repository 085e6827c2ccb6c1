//! A lane or a pause is set.

use crate::command::Context;
use crate::event::EventBody;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// Sets or removes a row of settings that people may set: lanes and pauses of kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct PutSetting {
    /// Its key.
    pub key: String,
    /// `None` removes it.
    pub value: Option<Setting>,
}

impl PutSetting {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(self.key.clone());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let fits = match &self.value {
            Some(Setting::Lane { concurrency, .. }) => self.key.starts_with("lane:") && *concurrency <= 1_000,
            Some(Setting::KindPaused { .. }) => self.key.starts_with("pause:kind:"),
            Some(Setting::Schedule { every_ms, .. }) => {
                self.key.starts_with("schedule:") && *every_ms >= 1_000
            }
            Some(_) => false,
            None => self.key.starts_with("pause:kind:") || self.key.starts_with("lane:"),
        };
        if !fits {
            return Err(Refusal::OutOfRange);
        }
        let changed = scope.setting(&self.key) != self.value.as_ref();
        if changed {
            scope.put_setting(self.key.clone(), self.value.clone());
            scope.push_event(context.event(EventBody::QueueChanged { key: self.key.clone() }));
        }
        Ok(Receipt::Kept { version: 0, changed })
    }
}
