//! The figures of a shop were read.

use super::edits::{LAG_MS, SERIES_MAX_MS, WINDOW_MS, needs_of_edit, settle};
use crate::command::Context;
use crate::id::{ListingId, ShopId};
use crate::job::{JobBody, NewJob};
use crate::listing::{EditWindow, Listing, ListingState};
use crate::notice::NoticeKind;
use crate::noticing::{close, raise};
use crate::quantity::Quantity;
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Compares what a marketplace shows with what it should show, and leads each listing through the window for sellers' edits
/// (`ledger.md` §9.3): a figure that is not expected is suspected, stands five minutes, is seen at least twice, and only then
/// becomes a change of stock, by difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSeen {
    /// Where.
    pub shop: ShopId,
    /// What was seen.
    pub seen: Vec<SeenStock>,
    /// Whether all orders up to now were fetched before: without that, no figure becomes an edit.
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
}

impl RecordSeen {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        for found in &self.seen {
            super::needs_of_listing(found.listing, seen, needs);
            needs_of_job(&JobBody::SettleEdit { shop: self.shop, listing: found.listing }, needs);
            if let Some(listing) = super::loaded_listing(seen, found.listing) {
                needs_of_edit(listing, seen, needs);
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
                None => next.state = ListingState::Gone,
                Some(stock) => {
                    next.seen = Some(stock);
                    // A push in between, or one that is due, makes the comparison worthless: the figure is on its way.
                    if found.acked == next.acked && !next.dirty() && next.mapping.is_some() {
                        self.compare(scope, context, &mut next, stock);
                    }
                }
            }
            changed |= next != listing;
            super::put(scope, context, next);
        }
        Ok(Receipt::Kept { version: 0, changed })
    }

    fn compare(&self, scope: &mut Scope<'_>, context: &Context, listing: &mut Listing, stock: Quantity) {
        let Some(pushed) = listing.pushed else { return };
        let expected = (pushed - listing.sold_there).max(0);
        let lagging = listing.pushed_at.is_some_and(|at| context.now - at < LAG_MS);
        let legitimate =
            stock == expected || (lagging && (stock == pushed || Some(stock) == listing.pushed_before));
        if legitimate {
            if let Some(edit) = listing.edit.take() {
                super::tell_edit(scope, context, listing, "returned", edit.seen, edit.expected);
                close(scope, context, NoticeKind::Drift, &listing.id.0.to_string());
                // Pushes were held back while it stood.
                super::mark_dirty(scope, context, listing, context.now);
            }
            return;
        }
        // Without the orders up to now, the difference may be a sale that we have not heard of.
        if !self.orders_until_now {
            return;
        }
        self.suspect(scope, context, listing, stock, expected);
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
                let text = format!(
                    "The shop shows {stock} for {} instead of {expected}. If it stays so for five minutes, it counts as the seller's own edit.",
                    listing.title
                );
                raise(
                    scope,
                    context,
                    NoticeKind::Drift,
                    &listing.id.0.to_string(),
                    Some(listing.shop),
                    &text,
                );
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
