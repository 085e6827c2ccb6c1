//! A webhook came in.

use super::disconnect_shop::DisconnectShop;
use crate::command::Context;
use crate::inbox::Inbox;
use crate::job::NewJob;
use crate::notice::NoticeKind;
use crate::noticing::{needs_of_notice, raise};
use crate::quantity::Millis;
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps a webhook and what follows from it in one transaction, once, however often it is delivered (G1). Of a shop that we do
/// not know, it is kept to be seen (G7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeWebhook {
    /// As it came; `deliveries` and `received_at` are set here.
    pub inbox: Inbox,
    /// What follows.
    pub jobs: Vec<NewJob>,
    /// The owner withdrew the grant.
    pub deauthorised: bool,
    /// The grant ends then.
    pub grant_ends: Option<Millis>,
}

/// Webhooks of one shop are noted at most this often, in milliseconds.
const NOTED_MS: Millis = 10_000;

impl TakeWebhook {
    fn disconnect(&self) -> Option<DisconnectShop> {
        let shop = self.inbox.shop.filter(|_| self.deauthorised)?;
        Some(DisconnectShop { shop, from_number: None, reason: "the owner withdrew the grant".to_owned() })
    }

    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.inbox.insert(self.inbox.key.clone());
        needs.sync.shops.extend(self.inbox.shop);
        self.jobs.iter().for_each(|job| needs_of_job(&job.body, needs));
        if let Some(disconnect) = self.disconnect() {
            disconnect.needs(seen, needs);
        }
        let shop = self.inbox.shop.and_then(|id| seen.sync.shops.get(&id)).and_then(|row| row.now.as_ref());
        if let Some(shop) = shop {
            needs_of_notice(NoticeKind::GrantEnds, &shop.code, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if let Some(mut known) = scope.inbox(&self.inbox.key).cloned() {
            known.deliveries += 1;
            scope.put_inbox(self.inbox.key.clone(), known);
            return Ok(Receipt::Webhook { duplicate: true });
        }
        let inbox = Inbox { deliveries: 1, received_at: context.now, ..self.inbox.clone() };
        let shop = inbox.shop.and_then(|id| scope.shop(&id).cloned());
        scope.put_inbox(self.inbox.key.clone(), inbox);
        let Some(mut shop) = shop else { return Ok(Receipt::Webhook { duplicate: false }) };
        for job in &self.jobs {
            enqueue(scope, context, job);
        }
        if shop.health.webhook_at.is_none_or(|at| context.now - at >= NOTED_MS) {
            shop.health.webhook_at = Some(context.now);
            shop.version += 1;
            scope.put_shop(shop.id, shop.clone());
        }
        if let Some(at) = self.grant_ends {
            let days = (at - context.now).max(0) / 86_400_000;
            let text = format!("The grant of {} ends in {days} days. Authorise it again.", shop.name);
            raise(scope, context, NoticeKind::GrantEnds, &shop.code, Some(shop.id), &text);
        }
        if let Some(disconnect) = self.disconnect() {
            disconnect.decide(scope, context)?;
        }
        Ok(Receipt::Webhook { duplicate: false })
    }
}
