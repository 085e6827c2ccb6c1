//! A listing gets a publish rule of its own.

use crate::command::Context;
use crate::id::ListingId;
use crate::publish::PublishRule;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Sets or removes the rule of one listing, and marks it dirty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetListingRule {
    /// Which.
    pub listing: ListingId,
    /// The version that the caller saw.
    pub expected_version: Option<i64>,
    /// `None`: the shop's.
    pub rule: Option<PublishRule>,
}

impl SetListingRule {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
