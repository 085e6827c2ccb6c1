//! The figures of a shop were read.

use super::Urgency;
use super::drift;
use super::edits::{SERIES_MAX_MS, WINDOW_MS, needs_of_edit, settle};
use crate::command::Context;
use crate::id::{ListingId, ShopId};
use crate::job::{JobBody, NewJob};
use crate::listing::{EditWindow, Listing, ListingState};
use crate::notice::{Notice, NoticeKind};
use crate::notice_body::{DriftCause as Cause, NoticeBody};
use crate::noticing::{close, needs_of_notice, raise};
use crate::quantity::{Millis, Quantity};
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// [`Listing::seen_at`] is right to so much where nothing else is new. Milliseconds.
const SEEN_PRECISION_MS: Millis = 60_000;

/// Compares what a marketplace shows with what it should show, and names the cause of a difference: an order that we had
/// not seen, a write that was lost, a campaign. What none of them explains goes through the window for sellers' edits
/// (`ledger.md` §9.3): it is suspected, stands five minutes, is seen at least twice, and only then becomes a change of
/// stock, by difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSeen {
    /// Where.
    pub shop: ShopId,
    /// What was seen.
    pub seen: Vec<SeenStock>,
    /// Whether all orders up to now were fetched before: without that, a difference has no cause.
    pub orders_until_now: bool,
}

/// What was seen of one listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenStock {
    /// Which.
    pub listing: ListingId,
    /// [`crate::Listing::acked`] when it was read: a push in between makes the reading worthless.
    pub acked: i64,
    /// What buyers can take; `None`: it is gone.
    pub stock: Option<Quantity>,
    /// Put aside by a campaign.
    pub promotion_reserved: Quantity,
    /// What was seen before the orders up to now were fetched and what should have been then, if they differed.
    pub before: Option<(Quantity, Quantity)>,
}

impl RecordSeen {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        for found in &self.seen {
            super::needs_of_listing(found.listing, seen, needs);
            if found.stock.is_none() {
                needs_of_notice(NoticeKind::ListingTrouble, &found.listing.0.to_string(), needs);
            }
            if let Some(listing) = super::loaded_listing(seen, found.listing) {
                needs_of_notice(NoticeKind::Drift, &found.listing.0.to_string(), needs);
                // Nearly all figures are as they should be, and of those nothing else is decided.
                if found.is_odd(listing) {
                    needs_of_job(&JobBody::SettleEdit { shop: self.shop, listing: found.listing }, needs);
                    needs_of_edit(listing, seen, needs);
                }
                super::needs_of_promotion(listing, found.promotion_reserved, needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut changed = false;
        for found in &self.seen {
            let Some(listing) = scope.listing(&found.listing).filter(|l| l.shop == self.shop).cloned() else {
                continue;
            };
            let mut next = listing.clone();
            next.promotion_reserved = found.promotion_reserved;
            next.seen_at = Some(context.now);
            match found.stock {
                None if next.state == ListingState::Gone => {}
                None => super::left_the_shop(scope, context, &mut next),
                Some(stock) => {
                    next.seen = Some(stock);
                    tell_explained(scope, context, &listing, found);
                    // A push in between, or one that is due, makes the comparison worthless: the figure is on its way.
                    if found.acked == next.acked && !next.dirty() && next.mapping.is_some() {
                        self.compare(scope, context, &listing, &mut next, stock);
                    }
                }
            }
            super::promotion_fell(scope, context, listing.promotion_reserved, &mut next);
            if is_news(&listing, &next) {
                changed = true;
                super::put(scope, context, next);
            }
        }
        Ok(Receipt::Kept { version: 0, changed })
    }

    fn compare(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        before: &Listing,
        listing: &mut Listing,
        stock: Quantity,
    ) {
        let Some(expected) = drift::expected(before) else { return };
        let cause = drift::cause(before, stock, listing.promotion_reserved, context.now);
        let subject = listing.id.0.to_string();
        match cause {
            None => {
                if let Some(edit) = listing.edit.take() {
                    super::tell_edit(scope, context, listing, "returned", edit.seen, edit.expected);
                    // Pushes were held back while it stood.
                    super::mark_dirty(scope, context, listing, context.now, Urgency::Sale);
                }
                listing.forget_unanswered(context.now);
                close(scope, context, NoticeKind::Drift, &subject);
            }
            // Without the orders up to now, the difference may be a sale that we have not heard of. A campaign says itself
            // what it has put aside.
            Some(cause) if !self.orders_until_now && cause != Cause::Campaign => {}
            Some(Cause::SellerEdit) => self.suspect(scope, context, listing, stock, expected),
            Some(cause) => {
                let told = NoticeBody::Drift { title: listing.title.clone(), seen: stock, expected, cause };
                // A campaign lasts; it is said once.
                let key = Notice::key(NoticeKind::Drift, &subject);
                if scope.notice(&key).is_none_or(|notice| !notice.open || notice.told.as_ref() != Some(&told))
                {
                    super::tell_edit(scope, context, listing, cause.step(), stock, expected);
                    raise(scope, context, &subject, Some(listing.shop), told);
                }
                let held = listing.edit.take().is_some();
                if cause == Cause::Campaign {
                    let freed = before.promotion_reserved - listing.promotion_reserved;
                    if freed > 0 && stock - expected == freed {
                        // They are on sale again, beside what was told: that is known now, so it is told over.
                        listing.pushed = Some(stock);
                        listing.pushed_before = None;
                        listing.sold_there = 0;
                    }
                    if held {
                        super::mark_dirty(scope, context, listing, context.now, Urgency::Sale);
                    }
                    return;
                }
                // What is there now is known, so the figure differs from it and is sent.
                listing.pushed = Some(stock);
                listing.pushed_before = None;
                listing.sold_there = 0;
                super::mark_dirty(scope, context, listing, context.now, Urgency::Sale);
            }
        }
    }

    fn suspect(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        listing: &mut Listing,
        stock: Quantity,
        expected: Quantity,
    ) {
        let now = context.now;
        let window = match listing.edit.take() {
            Some(edit) if edit.escalated && edit.seen == stock => EditWindow { last_read: now, ..edit },
            Some(edit) if edit.seen == stock => {
                EditWindow { reads: edit.reads + 1, last_read: now, expected, ..edit }
            }
            Some(edit) => {
                super::tell_edit(scope, context, listing, "restarted", stock, expected);
                EditWindow {
                    seen: stock,
                    expected,
                    since: now,
                    reads: 1,
                    last_read: now,
                    generation: listing.desired,
                    escalated: false,
                    ..edit
                }
            }
            None => {
                super::tell_edit(scope, context, listing, "suspected", stock, expected);
                let (title, cause) = (listing.title.clone(), Cause::SellerEdit);
                let told = NoticeBody::Drift { title, seen: stock, expected, cause };
                raise(scope, context, &listing.id.0.to_string(), Some(listing.shop), told);
                EditWindow {
                    seen: stock,
                    expected,
                    since: now,
                    first_since: now,
                    reads: 1,
                    last_read: now,
                    generation: listing.desired,
                    escalated: false,
                }
            }
        };
        let stands = now - window.since >= WINDOW_MS && window.reads >= 2;
        let series_over = now - window.first_since >= SERIES_MAX_MS;
        if !window.escalated && (stands || series_over) {
            let policy = scope.shop(&self.shop).map(|shop| shop.settings.edits);
            if let Some(policy) = policy {
                settle(scope, context, listing, &window, policy, false);
                return;
            }
        }
        if !window.escalated {
            let body = JobBody::SettleEdit { shop: self.shop, listing: listing.id };
            let run_at = (window.since + WINDOW_MS).max(now + 1_000);
            enqueue(scope, context, &NewJob { body, class: 2, run_at, cause_at: None });
        }
        listing.edit = Some(window);
    }
}

impl SeenStock {
    /// Whether there is anything to decide: the figure is not what it should be, or was not, or an edit is in its window.
    fn is_odd(&self, listing: &Listing) -> bool {
        self.before.is_some() || listing.edit.is_some() || self.stock != drift::expected(listing)
    }
}

/// Whether a look is worth a row: what it found, or that it was the first since the figure was told, or when it was, to a
/// minute. A unit is looked at for one of its listings, and may have fifty.
fn is_news(before: &Listing, after: &Listing) -> bool {
    let looked = before.seen_at.is_some_and(|seen| {
        before.pushed_at.is_none_or(|pushed| pushed <= seen)
            && after.seen_at.is_some_and(|now| now - seen < SEEN_PRECISION_MS)
    });
    !looked || Listing { seen_at: before.seen_at, ..after.clone() } != *before
}

/// A figure that was odd until the orders up to now were known, and is what it should be with them, was an order's.
fn tell_explained(scope: &mut Scope<'_>, context: &Context, listing: &Listing, found: &SeenStock) {
    let Some((seen, expected)) = found.before else { return };
    if drift::expected(listing) == Some(seen) && seen != expected {
        super::tell_edit(scope, context, listing, Cause::UnseenOrder.step(), seen, expected);
    }
}
