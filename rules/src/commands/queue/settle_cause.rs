//! Nothing is left of what jobs died of.

use crate::command::Context;
use crate::notice::{Notice, NoticeKind};
use crate::noticing::{close, needs_of_notice};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Closes the notice of jobs that died of one cause, after somebody has looked and found none of them left. Each further
/// death counts the notice's version up, so one that came after that look keeps it open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleCause {
    /// The subject of the notice ([`crate::retry::cause`]).
    pub subject: String,
    /// [`Notice::version`] as it was before the look.
    pub version: i64,
}

impl SettleCause {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_notice(NoticeKind::RetriesExhausted, &self.subject, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let key = Notice::key(NoticeKind::RetriesExhausted, &self.subject);
        let as_seen = |notice: &&Notice| notice.open && notice.version == self.version;
        let changed = scope.notice(&key).filter(as_seen).is_some();
        if changed {
            close(scope, context, NoticeKind::RetriesExhausted, &self.subject);
        }
        Ok(Receipt::Kept { version: 0, changed })
    }
}
