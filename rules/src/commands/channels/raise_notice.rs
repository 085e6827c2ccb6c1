//! Something should be known.

use crate::command::Context;
use crate::id::ShopId;
use crate::notice::NoticeKind;
use crate::noticing::{close, needs_of_notice, raise};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Opens a notice, or counts it once more. `open: false` closes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaiseNotice {
    /// What about.
    pub kind: NoticeKind,
    /// The id or code of what it is about.
    pub subject: String,
    /// Where.
    pub shop: Option<ShopId>,
    /// For people: what happened, and what to do.
    pub text: String,
    /// Whether it is so.
    pub open: bool,
}

impl RaiseNotice {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_notice(self.kind, &self.subject, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.open {
            raise(scope, context, self.kind, &self.subject, self.shop, &self.text);
        } else {
            close(scope, context, self.kind, &self.subject);
        }
        Ok(Receipt::Kept { version: 0, changed: true })
    }
}
