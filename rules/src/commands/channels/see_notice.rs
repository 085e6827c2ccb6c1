//! A person has seen a notice.

use crate::command::Context;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Notes that somebody has seen it; it stays open while it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeeNotice {
    /// Its key.
    pub key: String,
}

impl SeeNotice {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.notices.insert(self.key.clone());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let Some(mut notice) = scope.notice(&self.key).cloned() else {
            return Err(Refusal::NotFound { what: "notice".into(), id: self.key.clone() });
        };
        let changed = notice.seen_at.is_none();
        if changed {
            notice.seen_at = Some(context.now);
            notice.version += 1;
        }
        let version = notice.version;
        scope.put_notice(self.key.clone(), notice);
        Ok(Receipt::Kept { version, changed })
    }
}
