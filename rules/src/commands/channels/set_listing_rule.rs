//! A listing gets a publish rule of its own.

use super::Urgency;
use crate::command::Context;
use crate::event::{EventBody, Was};
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
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        super::needs_of_listing(self.listing, seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut listing = super::listing_of(scope, self.listing)?;
        super::super::check_version(self.expected_version, listing.version)?;
        if let Some(rule) = &self.rule {
            super::check_rule(rule)?;
        }
        if listing.rule == self.rule {
            return Ok(Receipt::Kept { version: listing.version, changed: false });
        }
        listing.rule.clone_from(&self.rule);
        super::mark_dirty(scope, context, &mut listing, context.now, Urgency::Bulk);
        let shop = super::shop_code(scope, listing.shop);
        let step = "rule".to_owned();
        scope.push_event(context.event(EventBody::ListingChanged {
            listing: listing.id.0,
            shop,
            step,
            sku: None,
            quantity: None,
            from: Was::NotTold,
            automatic: None,
        }));
        let version = super::put(scope, context, listing);
        Ok(Receipt::Kept { version, changed: true })
    }
}
