//! Orders: one after a webhook, returns by poll, and webhooks that never came.

use std::sync::Arc;

use onhand_connector::http::{FIELDS, TOO_LARGE};
use onhand_connector::{Call, Channel, Endpoint, OrderWindow, RemoteLine, RemoteOrder, RemoteStatus};
use onhand_rules::commands::channels::{MoveCursors, RaiseNotice, TakeMarketOrder};
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::market_order::{MarketLine, MarketSnapshot, MarketStatus};
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::ShopCursors;
use onhand_rules::{NoticeBody, Receipt, ShopId};

use super::catching_up::OVERLAP_MS;
use super::visit::Visit;
use super::{Attempt, Flows, done, read, receipt_of};
use crate::jobs::HeldSlots;
use crate::ledger::Request;

/// Slots that are kept for the pushes of each line of an order: most sellers have three shops, and the one that sold it has taken
/// its units off itself. More wait for the claimer.
const PUSHES_OF_A_LINE: usize = 3;
/// How far the first poll of a shop's returns looks back, in milliseconds.
const FIRST_MS: i64 = 24 * 3_600_000;

impl Flows {
    pub(super) async fn fetch_order(
        &self,
        attempt: Attempt<'_>,
        shop: ShopId,
        reference: &str,
    ) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let began = visit.now();
        if let Some(until) = self.seen.rests_until(shop, reference, began) {
            return Err(End::Snooze { until });
        }
        let references = [reference.to_owned()];
        let taken = self.take_orders(&attempt, &mut visit, &references).await?;
        let ended = visit.now();
        self.seen.fetch_took(shop, reference, ended - began, ended);
        // The marketplace tells of an order before it can be fetched, or of one that is nobody's.
        if taken == 0 && attempt.job.attempts < 3 {
            let message = "the marketplace does not know this order (yet)";
            return Err(super::failed(FailureClass::Network, "order_not_found", message));
        }
        if taken == 0 { Err(done("obsolete")) } else { Ok(()) }
    }

    /// Fetches and applies these orders; yields how many there were. One that cannot be had holds none of the others up: a
    /// job of its own asks for it, and fails visibly if it stays so.
    pub(super) async fn take_orders(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        references: &[String],
    ) -> Result<usize, End> {
        let mut count = 0;
        let many = !matches!(attempt.job.body, JobBody::FetchOrder { .. });
        let most = visit.outlet.channel.facts().orders_max.max(1);
        let mut chunks: Vec<&[String]> = references.chunks(most).rev().collect();
        while let Some(chunk) = chunks.pop() {
            let fetch =
                |channel: Arc<dyn Channel>, call: Call| async move { channel.orders(&call, chunk).await };
            let orders = match self.ask(attempt, visit, Endpoint::Orders, fetch).await {
                Ok((orders, _)) => orders,
                // Orders of many lines, or one that cannot be had: fewer of them in one answer.
                Err(End::Failed { class, code, .. }) if chunk.len() > 1 && is_of_one(class, &code) => {
                    let (first, rest) = chunk.split_at(chunk.len() / 2);
                    chunks.extend([rest, first]);
                    continue;
                }
                Err(End::Failed { class, code, .. }) if many && is_of_one(class, &code) => {
                    self.leave_to_itself(visit.shop.id, chunk).await?;
                    continue;
                }
                Err(end) => return Err(end),
            };
            for order in orders {
                count += 1;
                let reference = order.reference.clone();
                self.take_order(attempt, visit.shop.id, order).await?;
                self.seen.fetched(visit.shop.id, reference, attempt.claimed_at);
            }
        }
        Ok(count)
    }

    async fn leave_to_itself(&self, shop: ShopId, references: &[String]) -> Result<(), End> {
        let job = |reference: &String| {
            let body = JobBody::FetchOrder { shop, reference: reference.clone() };
            NewJob { body, class: 2, run_at: 0, cause_at: None }
        };
        let jobs: Vec<NewJob> = references.iter().map(job).collect();
        tracing::warn!(
            shop = shop.0,
            ?references,
            "an order cannot be fetched with others; a job of its own asks for it"
        );
        self.submit(EnqueueJobs { jobs }).await.map(|_| ())
    }

    async fn take_order(&self, attempt: &Attempt<'_>, shop: ShopId, order: RemoteOrder) -> Result<(), End> {
        let reference = order.reference.clone();
        let job = Some(attempt.job.id);
        let snapshot = snapshot_of(order);
        let held = attempt.guard.slots().take(PUSHES_OF_A_LINE * snapshot.lines.len());
        let slots = held.as_ref().map(HeldSlots::slots);
        let take = TakeMarketOrder { shop, reference: reference.clone(), snapshot, job, slots };
        let taken = HeldSlots::submit(held, &self.engine, Request::internal(take)).await;
        if let Receipt::MarketOrder { state, .. } = receipt_of(taken)? {
            tracing::debug!(shop = shop.0, reference, ?state, "an order was taken");
        }
        Ok(())
    }

    pub(super) async fn poll_returns(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let until = read(self.engine.reads().now().await)? + visit.shop.health.clock_offset;
        let known = visit.shop.cursors.returns_until;
        let since = if known == 0 { until - FIRST_MS } else { known - OVERLAP_MS };
        let window = OrderWindow { since, until };
        let list =
            |channel: Arc<dyn Channel>, call: Call| async move { channel.returns(&call, window).await };
        let (returns, _) = self.ask(&attempt, &mut visit, Endpoint::Orders, list).await?;
        for back in returns {
            let units: i64 = back.lines.iter().map(|(_, units)| *units).sum();
            let subject = format!("{}/{}", shop.0, back.reference);
            let (id, order, said) = (back.id, back.reference, back.raw_status);
            let told = NoticeBody::ReturnOpened { id, order, units, said };
            self.submit(RaiseNotice::open(subject, Some(shop), told)).await?;
        }
        let cursors = ShopCursors { returns_until: until, ..ShopCursors::default() };
        self.submit(MoveCursors { shop, cursors }).await.map(|_| ())
    }

    pub(super) async fn recover_webhooks(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        if !visit.outlet.channel.facts().lost_webhooks {
            return Err(done("obsolete"));
        }
        loop {
            let fetch =
                |channel: Arc<dyn Channel>, call: Call| async move { channel.lost_webhooks(&call).await };
            let ((lost, last), _) = self.ask(&attempt, &mut visit, Endpoint::Orders, fetch).await?;
            let now = read(self.engine.reads().now().await)?;
            for webhook in &lost {
                let kept = self.keep_webhook(visit.outlet.channel.as_ref(), webhook, now).await;
                kept.map_err(|error| {
                    super::failed(FailureClass::Unclear, "lost_webhook", &error.to_string())
                })?;
            }
            // Confirmed only when all of them are kept.
            let Some(last) = last else { return Ok(()) };
            let last = last.as_str();
            let confirm = |channel: Arc<dyn Channel>, call: Call| async move {
                channel.confirm_lost(&call, last).await
            };
            self.ask(&attempt, &mut visit, Endpoint::Orders, confirm).await?;
            if lost.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Whether a failure may be of one order among those that were asked for: it is too long, is not there, or is told in a way
/// that cannot be read.
fn is_of_one(class: FailureClass, code: &str) -> bool {
    code == TOO_LARGE || code == FIELDS || matches!(class, FailureClass::Gone | FailureClass::Invalid)
}

fn status_of(status: RemoteStatus) -> MarketStatus {
    match status {
        RemoteStatus::Pending => MarketStatus::Pending,
        RemoteStatus::Confirmed => MarketStatus::Confirmed,
        RemoteStatus::Shipped => MarketStatus::Shipped,
        RemoteStatus::Cancelled => MarketStatus::Cancelled,
    }
}

fn line_of(line: RemoteLine) -> MarketLine {
    MarketLine {
        ids: line.ids,
        item: line.listing.item,
        variant: line.listing.variant,
        seller_sku: line.seller_sku,
        title: line.title,
        quantity: line.quantity,
        cancelled: line.cancelled,
        status: status_of(line.status),
        unit_minor: line.unit_minor,
    }
}

fn snapshot_of(order: RemoteOrder) -> MarketSnapshot {
    MarketSnapshot {
        lines: order.lines.into_iter().map(line_of).collect(),
        status: status_of(order.status),
        raw_status: order.raw_status,
        known_status: order.known_status,
        cancel_requested: order.flags.cancel_requested,
        updated_at: order.updated_at,
        created_at: order.created_at,
        currency: order.currency,
        completed: order.flags.completed,
        returning: order.flags.returning,
    }
}
