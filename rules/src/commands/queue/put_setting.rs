//! A lane, a pause or an interval is set.

use crate::command::Context;
use crate::event::EventBody;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// Sets or removes a row of settings that people may set: lanes, pauses of kinds, and how often a schedule fires. When a
/// schedule fires next is not theirs to say: a shorter interval brings it forward to one interval from now, nothing else
/// moves it, so that it neither fires twice nor never.
#[derive(Debug, Clone, PartialEq)]
pub struct PutSetting {
    /// Its key.
    pub key: String,
    /// `None` removes it. `next_at` of a schedule is not looked at.
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
        let known = scope.setting(&self.key).cloned();
        let value = match (&self.value, &known) {
            (Some(Setting::Schedule { every_ms, .. }), known) => {
                let soonest = context.now.saturating_add(*every_ms);
                let next_at = match known {
                    Some(Setting::Schedule { next_at, .. }) => soonest.min(*next_at),
                    _ => soonest,
                };
                Some(Setting::Schedule { every_ms: *every_ms, next_at })
            }
            (value, _) => (*value).clone(),
        };
        let changed = known != value;
        if changed {
            scope.put_setting(self.key.clone(), value);
            scope.push_event(context.event(EventBody::QueueChanged { key: self.key.clone() }));
        }
        Ok(Receipt::Kept { version: 0, changed })
    }
}
