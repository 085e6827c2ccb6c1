//! A person takes a notice on, puts it off, or settles it.

use crate::command::Context;
use crate::noticing::settle;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// What people do with a notice; parts that are `None` stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareForNotice {
    /// Its key.
    pub key: String,
    /// Who looks after it; empty for nobody.
    pub assignee: Option<String>,
    /// Out of sight for so many milliseconds from now; 0 brings it back.
    pub snooze_ms: Option<Millis>,
    /// What was found or done.
    pub note: Option<String>,
    /// It is settled. If it happens again, it is opened again.
    pub resolve: bool,
}

impl CareForNotice {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.notices.insert(self.key.clone());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let Some(before) = scope.notice(&self.key).cloned() else {
            return Err(Refusal::NotFound { what: "notice".into(), id: self.key.clone() });
        };
        let mut notice = before.clone();
        if let Some(assignee) = &self.assignee {
            notice.care.assignee = Some(assignee.clone()).filter(|name| !name.is_empty());
        }
        if let Some(delay) = self.snooze_ms {
            if delay < 0 {
                return Err(Refusal::OutOfRange);
            }
            notice.care.snoozed_until = (delay > 0).then(|| context.now.saturating_add(delay));
        }
        if let Some(note) = &self.note {
            notice.care.note = Some(note.clone()).filter(|note| !note.is_empty());
        }
        let settles = self.resolve && notice.open;
        let changed = settles || notice != before;
        if changed {
            notice.seen_at.get_or_insert(context.now);
            notice.version += 1;
        }
        let version = notice.version;
        if settles {
            settle(scope, context, notice);
        } else {
            scope.put_notice(self.key.clone(), notice);
        }
        Ok(Receipt::Kept { version, changed })
    }
}
