//! Something should be known.

use crate::command::Context;
use crate::id::ShopId;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Opens a notice, or counts it once more; or closes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaiseNotice {
    kind: NoticeKind,
    subject: String,
    shop: Option<ShopId>,
    told: Option<NoticeBody>,
}

impl RaiseNotice {
    /// It is so. `subject` is the id or code of what it is about.
    #[must_use]
    pub fn open(subject: String, shop: Option<ShopId>, told: NoticeBody) -> Self {
        Self { kind: told.kind(), subject, shop, told: Some(told) }
    }

    /// It is not so any more.
    #[must_use]
    pub fn over(kind: NoticeKind, subject: String) -> Self {
        Self { kind, subject, shop: None, told: None }
    }

    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_notice(self.kind, &self.subject, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        match &self.told {
            Some(told) => raise(scope, context, &self.subject, self.shop, told.clone()),
            None => close(scope, context, self.kind, &self.subject),
        }
        Ok(Receipt::Kept { version: 0, changed: true })
    }
}
