//! A webhook came in.

use crate::command::Context;
use crate::inbox::Inbox;
use crate::job::NewJob;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{needs_of_notice, raise};
use crate::quantity::Millis;
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::Shop;
use crate::working::{Needs, Scope, Working};

/// Keeps a webhook and what follows from it in one transaction, once, however often it is delivered (G1). Of a shop that we do
/// not know, it is kept to be seen (G7); once the shop is known, the next delivery counts as the first, and a person may
/// ask for any webhook to be followed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeWebhook {
    /// As it came; `deliveries` and `received_at` are set here.
    pub inbox: Inbox,
    /// What follows.
    pub jobs: Vec<NewJob>,
    /// The grant ends then.
    pub grant_ends: Option<Millis>,
    /// Follow it whether or not it has come before: a person wants it so. Not a delivery.
    pub retry: bool,
}

/// An end that is further away than this is kept, and not told yet. Milliseconds.
const GRANT_ENDS_MS: Millis = 7 * 86_400_000;
/// An end this near to that of the access token is the token's, where more was granted. Milliseconds.
const TOKEN_MS: Millis = 3_600_000;
/// Webhooks of one shop are noted at most this often, in milliseconds.
const NOTED_MS: Millis = 10_000;

impl TakeWebhook {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.inbox.insert(self.inbox.key.clone());
        needs.sync.shops.extend(self.inbox.shop);
        self.jobs.iter().for_each(|job| needs_of_job(&job.body, needs));
        let shop = self.inbox.shop.and_then(|id| seen.sync.shops.get(&id)).and_then(|row| row.now.as_ref());
        if let Some(shop) = shop {
            needs_of_notice(NoticeKind::GrantEnds, &shop.code, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let known = scope.inbox(&self.inbox.key).cloned();
        let is_new = known.is_none();
        let inbox = match known {
            Some(mut known) => {
                let found_its_shop = known.shop.is_none() && self.inbox.shop.is_some();
                known.deliveries += i64::from(!self.retry);
                known.shop = known.shop.or(self.inbox.shop);
                if !self.retry && !found_its_shop {
                    scope.put_inbox(self.inbox.key.clone(), known);
                    return Ok(Receipt::Webhook { duplicate: true });
                }
                known
            }
            None => Inbox { deliveries: 1, received_at: context.now, ..self.inbox.clone() },
        };
        let shop = inbox.shop.and_then(|id| scope.shop(&id).cloned());
        scope.put_inbox(self.inbox.key.clone(), inbox);
        let Some(mut shop) = shop else { return Ok(Receipt::Webhook { duplicate: false }) };
        for job in &self.jobs {
            enqueue(scope, context, job);
        }
        // What it said of the shop itself was true when it came; the owner may have consented since.
        if !is_new {
            return Ok(Receipt::Webhook { duplicate: false });
        }
        if shop.health.webhook_at.is_none_or(|at| context.now - at >= NOTED_MS) {
            shop.health.webhook_at = Some(context.now);
            shop.version += 1;
            scope.put_shop(shop.id, shop.clone());
        }
        if let Some(at) = self.grant_ends.filter(|at| !is_of_the_token(&shop, *at)) {
            if at > context.now {
                shop.grant_until = Some(at);
                shop.version += 1;
                scope.put_shop(shop.id, shop.clone());
            }
            if at - context.now > GRANT_ENDS_MS {
                // The watch over shops tells it when it is time.
                return Ok(Receipt::Webhook { duplicate: false });
            }
            let days = (at - context.now).max(0) / 86_400_000;
            let told = NoticeBody::GrantEnds { name: shop.name.clone(), days };
            raise(scope, context, &shop.code, Some(shop.id), told);
        }
        Ok(Receipt::Webhook { duplicate: false })
    }
}

/// Lazada tells in the same way that an access token ends, which is refreshed without the owner.
fn is_of_the_token(shop: &Shop, at: Millis) -> bool {
    let near = (at - shop.access_until).abs() <= TOKEN_MS;
    near && shop.refresh_until.is_some_and(|end| end > at + TOKEN_MS)
}
