//! The audit log: no entry is missing, and each has the hash over the one before it and itself (I21).

use onhand_rules::EventBody;
use onhand_rules::audit::{AuditNote, chain};

use super::Report;
use crate::reads::EventRow;

/// How far the log was followed.
#[derive(Debug, Default)]
pub(super) struct AuditLog {
    number: i64,
    chain: String,
}

impl AuditLog {
    /// Follows one event, if it is an entry.
    pub(super) fn follow(&mut self, event: &EventRow, report: &mut Report) {
        let EventBody::AuditRecorded { number, by, action, object, reason, changes, chain: told } =
            &event.body
        else {
            return;
        };
        let subject = || format!("audit entry {number}, event {}", event.number);
        if *number != self.number + 1 {
            report.wrong("I21", subject(), format!("follows entry {}", self.number));
        }
        let note = AuditNote {
            by: by.clone(),
            action: action.clone(),
            object: object.clone(),
            reason: reason.clone(),
        };
        if chain(&self.chain, *number, &note, changes) != *told {
            let detail = "its hash is not that of the entry before it and itself: one of them was changed";
            report.wrong("I21", subject(), detail.to_owned());
        }
        (self.number, self.chain) = (*number, told.clone());
    }
}
