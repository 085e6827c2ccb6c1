//! Webhooks: verified on the raw bytes, kept with what follows from them in one transaction, and only then answered.

use std::sync::Arc;

use onhand_connector::{Call, Channel, Hint, RawWebhook, Refused, Verified};
use onhand_rules::commands::channels::TakeWebhook;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::{Inbox, Millis, Receipt, ShopId};
use onhand_store::{Outcome, StoreError};
use thiserror::Error;

use super::Flows;
use crate::ledger::{Request, SubmitError};

/// Why a webhook was not taken.
#[derive(Debug, Error)]
pub enum IngestError {
    /// No keys are set for this marketplace.
    #[error("no app keys are set for {0}")]
    NoKeys(String),
    /// It was not believed. Nothing was kept.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be kept: the marketplace must send it again.
    #[error("the webhook could not be kept: {0}")]
    Submit(#[from] SubmitError),
    /// It could not be kept: the marketplace must send it again.
    #[error("the webhook could not be kept: {0}")]
    Store(#[from] StoreError),
}

/// A webhook that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// It had come before.
    pub duplicate: bool,
}

impl Flows {
    /// Takes a webhook in. When this returns, it is durable.
    ///
    /// # Errors
    /// [`IngestError`]: nothing was kept.
    pub async fn receive(&self, channel: &str, raw: &RawWebhook) -> Result<Arrived, IngestError> {
        let outlet = self.outlets.get(channel).ok_or_else(|| IngestError::NoKeys(channel.to_owned()))?;
        let now = self.engine.reads().now().await?;
        let call = Call { app: Arc::clone(&outlet.app), grant: None, now, budget_ms: 1_000 };
        let verified = outlet.channel.verify(&call, raw)?;
        self.keep_webhook(outlet.channel.as_ref(), &verified, now).await
    }

    /// `now`: when it came. Ledger clock.
    pub(super) async fn keep_webhook(
        &self,
        channel: &dyn Channel,
        webhook: &Verified,
        now: Millis,
    ) -> Result<Arrived, IngestError> {
        let hints = channel.hints(webhook)?;
        let name = channel.facts().name;
        let reads = self.engine.reads();
        let shop = reads.shop_by_account(name, &webhook.account).await?.map(|shop| shop.id);
        let jobs = shop.map(|shop| jobs_of(shop, &hints, now)).unwrap_or_default();
        let inbox = Inbox {
            key: format!("{name}:{}", webhook.dedupe),
            channel: name.to_owned(),
            account: webhook.account.clone(),
            shop,
            topic: webhook.topic.clone(),
            body: String::from_utf8_lossy(&webhook.body).into_owned(),
            deliveries: 1,
            received_at: now,
        };
        let grant_ends = hints.iter().find_map(|hint| match hint {
            Hint::GrantEnds { at, account: None } => Some(at.unwrap_or(now)),
            _ => None,
        });
        let take = TakeWebhook { inbox: inbox.clone(), jobs, grant_ends, retry: false };
        let answer = self.engine.submit(Request::internal(take)).await?;
        self.keep_ends(&inbox, &hints).await?;
        let duplicate = matches!(answer.outcome, Outcome::Done(Receipt::Webhook { duplicate: true }));
        Ok(Arrived { duplicate })
    }
}

impl Flows {
    /// What follows from a webhook that was kept, once more: its shop may be known by now.
    ///
    /// # Errors
    /// [`IngestError`]: nothing was changed.
    pub async fn follow_again(&self, inbox: &Inbox) -> Result<TakeWebhook, IngestError> {
        let name = inbox.channel.as_str();
        let hints = self.hints_of(inbox)?;
        let reads = self.engine.reads();
        let shop = match inbox.shop {
            Some(shop) => Some(shop),
            None => reads.shop_by_account(name, &inbox.account).await?.map(|shop| shop.id),
        };
        let now = reads.now().await?;
        let jobs = shop.map(|shop| jobs_of(shop, &hints, now)).unwrap_or_default();
        let inbox = Inbox { shop, ..inbox.clone() };
        Ok(TakeWebhook { inbox, jobs, grant_ends: None, retry: true })
    }

    /// The orders that a webhook that was kept is about, as the marketplace calls them; none where that cannot be told.
    #[must_use]
    pub fn orders_of(&self, inbox: &Inbox) -> Vec<String> {
        let reference = |hint| match hint {
            Hint::Order { reference } | Hint::Return { reference: Some(reference), .. } => Some(reference),
            _ => None,
        };
        self.hints_of(inbox).into_iter().flatten().filter_map(reference).collect()
    }

    fn hints_of(&self, inbox: &Inbox) -> Result<Vec<Hint>, IngestError> {
        let name = inbox.channel.as_str();
        let outlet = self.outlets.get(name).ok_or_else(|| IngestError::NoKeys(name.to_owned()))?;
        let dedupe = inbox.key.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
        let webhook = Verified {
            body: inbox.body.clone().into_bytes(),
            dedupe: dedupe.unwrap_or(&inbox.key).to_owned(),
            account: inbox.account.clone(),
            topic: inbox.topic.clone(),
        };
        Ok(outlet.channel.hints(&webhook)?)
    }
}

fn jobs_of(shop: ShopId, hints: &[Hint], now: i64) -> Vec<NewJob> {
    let body = |hint: &Hint| match hint {
        Hint::Order { reference } | Hint::Return { reference: Some(reference), .. } => {
            Some(JobBody::FetchOrder { shop, reference: reference.clone() })
        }
        Hint::Return { reference: None, .. } => Some(JobBody::PollReturns { shop }),
        Hint::Stock { item } | Hint::Listing { item } => {
            Some(JobBody::ImportItem { shop, item: item.clone() })
        }
        // It may be an old message, and the owner has consented since: the shop itself says whether it is true.
        Hint::Deauthorised => Some(JobBody::ProbeShop { shop }),
        Hint::GrantEnds { .. } | Hint::Nothing => None,
    };
    hints.iter().filter_map(body).map(|body| NewJob { body, class: 1, run_at: now, cause_at: None }).collect()
}
