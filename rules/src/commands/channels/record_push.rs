//! A marketplace answered a push.

use super::super::queue::End;
use crate::command::Context;
use crate::ending::{Ended, end_job, needs_of_end};
use crate::event::EventBody;
use crate::id::{JobId, ListingId, ShopId};
use crate::job::{JobBody, JobState, NewJob};
use crate::listing::Listing;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::quantity::{Millis, Quantity};
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps what was acknowledged, for each listing by itself, and ends the job by the right of its lease. A listing that became
/// dirty again meanwhile makes the job run again; a worker without the lease changes nothing. What was acknowledged is read
/// back two seconds later: a marketplace may say yes and not do it, and an order that we have not heard of shows there first.
///
/// What was sent without an answer is remembered, because it may arrive over a newer figure (E2): a figure where the worker
/// can say it, and that there was one where an attempt before was cut off. That also holds for a worker without the lease:
/// what it sent is known, though it may end nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPush {
    /// The job and its lease.
    pub job: (JobId, i64),
    /// Where.
    pub shop: ShopId,
    /// What became of each.
    pub results: Vec<PushResult>,
    /// How the job ends if nothing is dirty: [`End::Done`], or a failure for those that are to be tried again.
    pub end: End,
}

/// How soon after an acknowledged push its listings are read back, in milliseconds; the job comes again after 30 s.
pub const READ_BACK_MS: Millis = 2_000;

/// What became of one listing of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushResult {
    /// Which.
    pub listing: ListingId,
    /// [`crate::Listing::desired`] that the figure was made from (read before the stock was).
    pub desired: i64,
    /// How.
    pub outcome: PushOutcome,
}

/// What became of one listing of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The marketplace has taken the figure.
    Acknowledged {
        /// What it was told.
        quantity: Quantity,
        /// When the job was put into the queue. Ledger clock.
        enqueued_at: Millis,
        /// When the request left. Ledger clock.
        sent_at: Millis,
        /// Milliseconds waited for the rate limit.
        limit_ms: Millis,
        /// Milliseconds until they answered.
        network_ms: Millis,
    },
    /// The figure is there already: nothing was sent.
    Same {
        /// What is there.
        quantity: Quantity,
    },
    /// Held back: a seller's edit below it stands in its window. The window's end marks it dirty again.
    HeldBack,
    /// The marketplace does not know it any more.
    Gone,
    /// Nobody answered, or so that it cannot be understood: the figure may be there, or arrive later, and is remembered.
    /// The listing stays dirty.
    Unanswered {
        /// What was sent.
        quantity: Quantity,
        /// What was said of this listing by itself, for people.
        trouble: Option<String>,
    },
    /// It said no. The listing stays dirty where `again` says so.
    Failed {
        /// Its code.
        code: String,
        /// For people.
        message: String,
        /// Whether a later attempt may help.
        again: bool,
    },
}

impl RecordPush {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        needs_of_end(self.job.0, Some(&self.end), seen, needs);
        for result in &self.results {
            super::needs_of_listing(result.listing, seen, needs);
            needs_of_notice(NoticeKind::ListingTrouble, &result.listing.0.to_string(), needs);
            let Some(listing) = super::loaded_listing(seen, result.listing) else { continue };
            needs.skus.extend(listing.mapping.map(|mapping| mapping.sku));
            if matches!(result.outcome, PushOutcome::Acknowledged { .. }) {
                needs_of_job(&read_back(listing), needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let (id, lease) = self.job;
        let mine =
            scope.job(&id).filter(|job| job.state == JobState::Running && job.lease_number == lease).cloned();
        let Some(job) = mine else {
            self.remember(scope, context);
            return Ok(Receipt::Jobs { stale: vec![id], dead: Vec::new() });
        };
        for result in &self.results {
            let Some(listing) = scope.listing(&result.listing).cloned() else { continue };
            let mut listing = result.apply(scope, context, listing);
            if job.was_cut_off() {
                listing.remember(None, context.now);
            }
            if matches!(result.outcome, PushOutcome::Acknowledged { .. }) {
                let run_at = context.now + READ_BACK_MS;
                enqueue(
                    scope,
                    context,
                    &NewJob { body: read_back(&listing), class: 4, run_at, cause_at: None },
                );
            }
            super::put(scope, context, listing);
        }
        let dead = match end_job(scope, context, id, lease, &self.end) {
            Ended::Dead => vec![id],
            Ended::Stale | Ended::Again | Ended::Retry | Ended::Done => Vec::new(),
        };
        Ok(Receipt::Jobs { stale: Vec::new(), dead })
    }

    /// What a worker sent that had lost its lease: it may stand over what was told by the one who has it.
    fn remember(&self, scope: &mut Scope<'_>, context: &Context) {
        for result in &self.results {
            let (PushOutcome::Acknowledged { quantity, .. } | PushOutcome::Unanswered { quantity, .. }) =
                &result.outcome
            else {
                continue;
            };
            let Some(mut listing) = scope.listing(&result.listing).cloned() else { continue };
            listing.remember(Some(*quantity), context.now);
            if matches!(result.outcome, PushOutcome::Acknowledged { .. }) {
                let run_at = context.now + READ_BACK_MS;
                let body = read_back(&listing);
                enqueue(scope, context, &NewJob { body, class: 4, run_at, cause_at: None });
            }
            super::put(scope, context, listing);
        }
    }
}

/// One job for the whole unit, however many of its listings were told.
fn read_back(listing: &Listing) -> JobBody {
    JobBody::ReadBack { shop: listing.shop, unit: listing.unit.clone() }
}

impl PushResult {
    fn apply(&self, scope: &mut Scope<'_>, context: &Context, mut listing: Listing) -> Listing {
        let subject = listing.id.0.to_string();
        match &self.outcome {
            PushOutcome::Acknowledged { quantity, enqueued_at, sent_at, limit_ms, network_ms } => {
                let times = (*enqueued_at, *sent_at, *limit_ms, *network_ms);
                tell(scope, context, &listing, *quantity, times);
                if let Some(edit) = listing.edit.take() {
                    super::tell_edit(scope, context, &listing, "superseded", edit.seen, edit.expected);
                }
                listing.pushed_before = listing.pushed;
                listing.pushed = Some(*quantity);
                listing.pushed_at = Some(context.now);
                listing.sold_there = 0;
                listing.unsure = false;
                listing.acked = listing.acked.max(self.desired);
                listing.forget_unanswered(context.now);
                if listing.trouble.take().is_some() {
                    close(scope, context, NoticeKind::ListingTrouble, &subject);
                }
            }
            PushOutcome::Same { .. } | PushOutcome::HeldBack => {
                listing.acked = listing.acked.max(self.desired);
            }
            PushOutcome::Gone => super::left_the_shop(scope, context, &mut listing),
            PushOutcome::Unanswered { quantity, trouble } => {
                listing.remember(Some(*quantity), context.now);
                if trouble.is_some() {
                    listing.trouble.clone_from(trouble);
                }
            }
            PushOutcome::Failed { code, message, again } => {
                listing.trouble = Some(format!("{code}: {message}"));
                if !again {
                    // It stays dirty: the sweep tries it again, and a person sees it meanwhile.
                    let (title, code, said) = (listing.title.clone(), code.clone(), message.clone());
                    let told = NoticeBody::ListingRefused { title, code, said };
                    raise(scope, context, &subject, Some(listing.shop), told);
                }
            }
        }
        listing.dirty_since = match listing.dirty() {
            true if listing.dirty_since == 0 => context.now,
            true => listing.dirty_since,
            false => 0,
        };
        listing
    }
}

/// Says what was told, and when: from the change of stock that it follows from until the answer.
fn tell(
    scope: &mut Scope<'_>,
    context: &Context,
    listing: &Listing,
    quantity: Quantity,
    (enqueued_at, sent_at, limit_ms, network_ms): (Millis, Millis, Millis, Millis),
) {
    let sku = listing.mapping.and_then(|m| scope.sku(m.sku).map(|sku| sku.code.clone())).unwrap_or_default();
    let shop = super::shop_code(scope, listing.shop);
    let cause_at = if listing.dirty_since > 0 { listing.dirty_since } else { sent_at };
    let answered_at = sent_at + network_ms;
    scope.push_event(context.event(EventBody::ListingPushed {
        listing: listing.id.0,
        shop,
        sku,
        quantity,
        before: listing.pushed,
        cause_at,
        // The job may have run for an earlier change and been asked for once more.
        enqueued_at: enqueued_at.max(cause_at),
        sent_at,
        answered_at,
        wait_ms: (sent_at - cause_at - limit_ms).max(0),
        limit_ms,
        network_ms,
        total_ms: (answered_at - cause_at).max(0),
    }));
}
