//! Telling a marketplace the stock of the listings of one write unit.

use std::collections::BTreeSet;
use std::sync::Arc;

use onhand_connector::{Call, Channel, Class, Endpoint, ItemOutcome, ListingKey, PushItem};
use onhand_rules::commands::channels::{PushOutcome, PushResult, RaiseNotice, RecordPush};
use onhand_rules::commands::queue::End;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::publish::{Decision, decide};
use onhand_rules::retry::FailureClass;
use onhand_rules::{Listing, NoticeBody, Receipt, ShopId};

use super::peek::may_hurt;
use super::visit::{Cost, Visit, class_of};
use super::{Attempt, FlowEnd, Flows, catalogue, done, failed, read};
use crate::publishing::{Told, told_at};

/// The connectors' code for an item whose fate is unknown because another one of its batch was refused.
const BATCH_REFUSED: &str = "batch_refused";

/// What is to be done about the listings of a unit.
struct Plan {
    /// Nothing is sent for these.
    results: Vec<PushResult>,
    /// These are told so much.
    sends: Vec<(Listing, i64)>,
    /// Of these a promotion has put units aside; and how many the rule would show.
    promoted: Vec<(Listing, i64)>,
}

impl Flows {
    pub(super) async fn push_stock(&self, attempt: Attempt<'_>, shop: ShopId, unit: &str) -> FlowEnd {
        match self.push_unit(&attempt, shop, unit).await {
            Ok(end) => FlowEnd::Ended(end),
            Err(end) => FlowEnd::End(end),
        }
    }

    async fn push_unit(&self, attempt: &Attempt<'_>, shop: ShopId, unit: &str) -> Result<End, End> {
        // Side by side: a buyer may be faster than two reads.
        let (visit, listings) = tokio::join!(self.visit(attempt, shop), self.dirty_of(shop, unit));
        let mut visit = visit?;
        let mut plan = self.plan(attempt, &visit, listings?).await?;
        let now = visit.now();
        if plan.sends.iter().any(|(listing, quantity)| may_hurt(listing, *quantity, now))
            && self.peek(attempt, &mut visit).await
        {
            plan = self.plan(attempt, &visit, self.dirty_of(shop, unit).await?).await?;
        }
        let Plan { mut results, sends, promoted } = plan;
        self.tell_promotions(&promoted).await?;
        let mut ends = Ends::default();
        let same_item = visit.outlet.channel.facts().push_same_item;
        for chunk in sends.chunks(visit.outlet.channel.facts().push_items_max.max(1)) {
            let items: Vec<PushItem> =
                chunk.iter().map(|(listing, quantity)| item(listing, *quantity)).collect();
            let items = items.as_slice();
            let send =
                |channel: Arc<dyn Channel>, call: Call| async move { channel.push(&call, items).await };
            match self.ask(attempt, &mut visit, Endpoint::Stock, send).await {
                Ok((outcomes, cost)) => {
                    let outcomes = outcomes.into_iter().map(|outcome| (outcome, cost)).collect();
                    let outcomes = self.one_by_one(attempt, &mut visit, items, outcomes).await;
                    self.take_outcomes(attempt, &visit, chunk, outcomes, &mut results, &mut ends);
                }
                // One product was named, and it is not there: none of its variations is.
                Err(End::Failed { class: FailureClass::Gone, .. }) if chunk.len() == 1 || same_item => {
                    results.extend(chunk.iter().map(|(listing, _)| result(listing, PushOutcome::Gone)));
                }
                Err(failure) => {
                    if catalogue::is_otherwise(&failure) {
                        ends.otherwise.extend(chunk.iter().map(|(listing, _)| listing.item.clone()));
                    }
                    if may_have_arrived(&failure) {
                        results.extend(chunk.iter().map(|(listing, quantity)| {
                            result(listing, PushOutcome::Unanswered { quantity: *quantity, trouble: None })
                        }));
                    }
                    // What was acknowledged before, or may have arrived, must not be forgotten.
                    if results.is_empty() {
                        self.read_again(shop, ends.otherwise).await;
                        return Err(failure);
                    }
                    ends.again = Some(failure);
                    break;
                }
            }
        }
        let otherwise = std::mem::take(&mut ends.otherwise);
        let end = ends.end(&results);
        let recorded = self.record(attempt, shop, results, end.clone()).await;
        self.read_again(shop, otherwise).await;
        recorded.map(|()| end)
    }

    /// What has something to be told.
    async fn dirty_of(&self, shop: ShopId, unit: &str) -> Result<Vec<Listing>, End> {
        let mut listings = read(self.engine.reads().listings_of_unit(shop, unit).await)?;
        listings.retain(Listing::dirty);
        Ok(listings)
    }

    /// What is to be told now. Generations were read before the stock: a change in between makes the listing dirty again,
    /// never clean too soon.
    async fn plan(&self, attempt: &Attempt<'_>, visit: &Visit, listings: Vec<Listing>) -> Result<Plan, End> {
        if listings.is_empty() {
            return Err(done("obsolete"));
        }
        let reads = self.engine.reads();
        let maximum = visit.outlet.channel.facts().quantity_max;
        let told = match read(self.locations.id(reads, &visit.shop.settings.location).await)? {
            Some(location) => read(told_at(reads, &visit.shop, location, maximum, &listings).await)?,
            None => listings.iter().map(|_| Told::nothing()).collect(),
        };
        let mut plan = Plan { results: Vec::new(), sends: Vec::new(), promoted: Vec::new() };
        for (listing, told) in listings.into_iter().zip(&told) {
            if let Some(published) = told.published.as_ref().filter(|_| listing.promotion_reserved > 0) {
                plan.promoted.push((listing.clone(), published.quantity));
            }
            // Whatever an attempt sent that was cut off, it may be there.
            let in_doubt = listing.in_doubt() || attempt.job.was_cut_off();
            let outcome = match decide(&visit.shop, &listing, told.published.as_ref(), in_doubt) {
                Decision::Send(quantity) => {
                    plan.sends.push((listing, quantity));
                    continue;
                }
                Decision::Same(quantity) => PushOutcome::Same { quantity },
                Decision::HeldBack => PushOutcome::HeldBack,
            };
            plan.results.push(result(&listing, outcome));
        }
        Ok(plan)
    }

    /// What a promotion has put aside cannot be taken from it: where that is more than there is, somebody must know before it
    /// is sold, and that it is over.
    async fn tell_promotions(&self, promoted: &[(Listing, i64)]) -> Result<(), End> {
        for (listing, quantity) in promoted {
            let (kind, subject) = (NoticeKind::ListingTrouble, listing.id.0.to_string());
            let open = *quantity < listing.promotion_reserved;
            let told = read(self.engine.reads().notice(&Notice::key(kind, &subject)).await)?;
            if told.is_some_and(|notice| notice.open) == open || (!open && listing.trouble.is_some()) {
                continue;
            }
            let (title, aside) = (listing.title.clone(), listing.promotion_reserved);
            let command = match open {
                true => {
                    let told = NoticeBody::ListingPromotion { title, aside, left: *quantity };
                    RaiseNotice::open(subject, Some(listing.shop), told)
                }
                false => RaiseNotice::over(kind, subject),
            };
            self.submit(command).await?;
        }
        Ok(())
    }

    /// A marketplace that refuses a whole batch for one bad item does not say what became of the others: they are sent
    /// by themselves (absolute figures, so twice is once), and only the bad one fails.
    async fn one_by_one(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        items: &[PushItem],
        mut outcomes: Vec<(ItemOutcome, Cost)>,
    ) -> Vec<(ItemOutcome, Cost)> {
        for (item, outcome) in items.iter().zip(&mut outcomes) {
            if !outcome.0.as_ref().is_err_and(|failure| failure.code == BATCH_REFUSED) {
                continue;
            }
            let one = std::slice::from_ref(item);
            let send = |channel: Arc<dyn Channel>, call: Call| async move { channel.push(&call, one).await };
            if let Ok((answer, cost)) = self.ask(attempt, visit, Endpoint::Stock, send).await
                && let Some(answer) = answer.into_iter().next()
            {
                *outcome = (answer, cost);
            }
        }
        outcomes
    }

    fn take_outcomes(
        &self,
        attempt: &Attempt<'_>,
        visit: &Visit,
        chunk: &[(Listing, i64)],
        outcomes: Vec<(ItemOutcome, Cost)>,
        results: &mut Vec<PushResult>,
        ends: &mut Ends,
    ) {
        for ((listing, quantity), (outcome, cost)) in chunk.iter().zip(outcomes) {
            let outcome = match outcome {
                Ok(()) => {
                    let Cost { limit_ms, network_ms, sent_at } = cost;
                    let cause_at = Some(listing.dirty_since).filter(|at| *at > 0);
                    let since = sent_at - cause_at.unwrap_or(attempt.job.cause_at);
                    self.limits.pushed(&visit.shop.code, (since - limit_ms).max(0), limit_ms, network_ms);
                    let (quantity, enqueued_at) = (*quantity, attempt.job.created_at);
                    PushOutcome::Acknowledged { quantity, enqueued_at, sent_at, limit_ms, network_ms }
                }
                Err(failure) if failure.class == Class::Gone => PushOutcome::Gone,
                Err(failure) => {
                    let again = !matches!(failure.class, Class::Invalid | Class::Forbidden);
                    let end = failed(class_of(failure.class), &failure.code, &failure.message);
                    let unanswered = may_have_arrived(&end);
                    if catalogue::is_otherwise(&end) {
                        ends.otherwise.insert(listing.item.clone());
                    }
                    *(if again { &mut ends.again } else { &mut ends.refused }) = Some(end);
                    if unanswered {
                        let trouble = Some(format!("{}: {}", failure.code, failure.message));
                        PushOutcome::Unanswered { quantity: *quantity, trouble }
                    } else {
                        PushOutcome::Failed { code: failure.code, message: failure.message, again }
                    }
                }
            };
            results.push(result(listing, outcome));
        }
    }

    async fn record(
        &self,
        attempt: &Attempt<'_>,
        shop: ShopId,
        results: Vec<PushResult>,
        end: End,
    ) -> Result<(), End> {
        let job = (attempt.job.id, attempt.lease);
        attempt.guard.ending();
        match self.submit(RecordPush { job, shop, results, end }).await? {
            Receipt::Jobs { stale, .. } if !stale.is_empty() => {
                tracing::info!(job = %attempt.job.id, "a push was finished by a worker that had lost it; read back instead");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What the failures of single listings mean for the job.
#[derive(Debug, Default)]
struct Ends {
    /// The last that may go better later.
    again: Option<End>,
    /// The last that will not.
    refused: Option<End>,
    /// Items that the marketplace keeps otherwise than we know: in other warehouses, or with other models.
    otherwise: BTreeSet<String>,
}

impl Ends {
    /// One bad listing does not fail the others: its trouble is told with it. Where nothing but refusals came, the job has
    /// failed, and stands among the failures by its cause.
    fn end(self, results: &[PushResult]) -> End {
        let refused =
            |result: &PushResult| matches!(result.outcome, PushOutcome::Failed { again: false, .. });
        match self {
            Self { again: Some(end), .. } => end,
            Self { refused: Some(end), .. } if results.iter().all(refused) => end,
            Self { .. } => done("done"),
        }
    }
}

/// Whether a write that ended so may have been done, or be done yet. What could not even connect has sent nothing.
fn may_have_arrived(end: &End) -> bool {
    match end {
        End::Failed { class: FailureClass::Network, code, .. } => !matches!(code.as_str(), "connect" | "tls"),
        End::Failed { class, .. } => matches!(class, FailureClass::Server | FailureClass::Unclear),
        End::Done { .. } | End::Snooze { .. } | End::PutBack { .. } => false,
    }
}

fn result(listing: &Listing, outcome: PushOutcome) -> PushResult {
    PushResult { listing: listing.id, desired: listing.desired, outcome }
}

/// A listing in the connectors' words.
pub(super) fn item(listing: &Listing, quantity: i64) -> PushItem {
    PushItem {
        key: ListingKey { item: listing.item.clone(), variant: listing.variant.clone() },
        seller_sku: listing.seller_sku.clone(),
        warehouses: listing.warehouses.clone(),
        quantity,
    }
}

#[cfg(test)]
mod tests {
    use onhand_rules::ListingId;

    use super::*;

    fn results(again: &[bool]) -> Vec<PushResult> {
        let failed = |again: &bool| PushResult {
            listing: ListingId(1),
            desired: 1,
            outcome: PushOutcome::Failed { code: "no".to_owned(), message: String::new(), again: *again },
        };
        again.iter().map(failed).collect()
    }

    fn code_of(end: &End) -> &str {
        match end {
            End::Failed { code, .. } => code,
            End::Done { outcome } => outcome,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_refused_listing_fails_its_job_only_when_nothing_else_came_of_it() {
        let refused = || Some(failed(FailureClass::Invalid, "refused", ""));
        let again = || Some(failed(FailureClass::Server, "down", ""));
        let acknowledged =
            PushResult { outcome: PushOutcome::Same { quantity: 1 }, ..results(&[false]).remove(0) };
        let some = [results(&[false]), vec![acknowledged]].concat();
        let end =
            |again, refused, results: &[PushResult]| Ends { again, refused, ..Ends::default() }.end(results);
        assert_eq!(code_of(&end(None, refused(), &results(&[false, false]))), "refused");
        assert_eq!(code_of(&end(None, refused(), &some)), "done", "the others were told");
        assert_eq!(code_of(&end(again(), refused(), &results(&[false, true]))), "down", "it comes again");
        assert_eq!(code_of(&end(None, None, &[])), "done");
    }
}
