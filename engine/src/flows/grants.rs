//! Grants: opened when they are used, renewed once for everybody who uses them, and kept before they are used.
//!
//! On TikTok Shop and Lazada one authorisation covers several shops: all of them bear the same tokens, and a refresh for
//! one is a refresh for all. Their rows name the authorisation that they share.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use onhand_connector::http::measured;
use onhand_connector::{Class, Endpoint, Failure, Grant, Hint};
use onhand_rules::commands::channels::{DisconnectShop, RenewGrant, TakeWebhook};
use onhand_rules::commands::queue::End;
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::Disconnection;
use onhand_rules::{Inbox, Shop, ShopId};
use serde_json::Value;

use super::ingest::IngestError;
use super::visit::{CLOCK_SKEW, Visit, wall_clock};
use super::{Attempt, Flows, done, failed, read};
use crate::jobs::Handlers as _;
use crate::ledger::Request;
use crate::vault::VaultError;

/// After a refresh that was refused, so often …
const LOOKS: u32 = 10;
/// … and so far apart it is looked whether another process has kept a new grant.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Under this name a kept grant says which authorisation it shares.
const SHARED: &str = "shared";

/// A grant as a shop's row keeps it.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) grant: Arc<Grant>,
    /// Names the authorisation that the shop shares with others.
    pub(super) shared: Option<String>,
}

/// The row that a grant is sealed for.
fn place(channel: &str, account: &str) -> String {
    format!("shop/{channel}/{account}")
}

impl Flows {
    pub(super) fn open_grant(&self, shop: &Shop) -> Result<Kept, End> {
        let bad = |message: String| failed(FailureClass::Forbidden, "credentials", &message);
        let text = self.vault.unseal(&place(&shop.channel, &shop.account), &shop.grant);
        let text = text.map_err(|error: VaultError| bad(error.to_string()))?;
        let unreadable = |error: serde_json::Error| bad(format!("the stored grant cannot be read: {error}"));
        let value: Value = serde_json::from_slice(&text).map_err(unreadable)?;
        let shared = value.get(SHARED).and_then(Value::as_str).map(str::to_owned);
        let grant = Arc::new(serde_json::from_value(value).map_err(unreadable)?);
        Ok(Kept { grant, shared })
    }

    pub(super) fn seal_grant(
        &self,
        channel: &str,
        grant: &Grant,
        shared: Option<&str>,
    ) -> Result<String, VaultError> {
        let mut value = serde_json::to_value(grant).unwrap_or_default();
        if let (Some(shared), Some(members)) = (shared, value.as_object_mut()) {
            members.insert(SHARED.to_owned(), Value::from(shared));
        }
        self.vault.seal(&place(channel, &grant.account), value.to_string().as_bytes())
    }

    fn refresh_lock(&self, visit: &Visit) -> Arc<tokio::sync::Mutex<()>> {
        let name = match &visit.kept.shared {
            Some(shared) => format!("{}:{shared}", visit.shop.channel),
            None => visit.shop.id.0.to_string(),
        };
        let mut locks = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(name).or_default())
    }

    /// A new grant, kept before it is used. Whoever comes second, for this shop or for another one of the same
    /// authorisation, finds the first one's.
    pub(super) async fn renew(&self, attempt: &Attempt<'_>, mut visit: Visit) -> Result<Visit, End> {
        let lock = self.refresh_lock(&visit);
        let _alone = lock.lock().await;
        if let Some(newer) = self.newer_grant(&visit).await? {
            return Ok(newer);
        }
        match self.refreshed(attempt, &mut visit).await? {
            Ok(grant) => {
                let sharers = self.sharers(&visit).await?;
                self.keep_grant(&visit.shop, &grant, visit.kept.shared.as_deref()).await?;
                for (shop, kept) in sharers {
                    self.keep_grant(&shop, &tokens_for(&kept.grant, &grant), kept.shared.as_deref()).await?;
                }
                self.reopen(visit).await
            }
            Err(failure) if matches!(failure.class, Class::Auth | Class::Forbidden | Class::Invalid) => {
                // A token for single use is void when another process was first: its grant is there soon.
                for _ in 0..LOOKS {
                    if let Some(newer) = self.newer_grant(&visit).await? {
                        return Ok(newer);
                    }
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                self.disconnect(&visit, &failure).await?;
                Err(failed(FailureClass::Auth, &failure.code, &failure.message))
            }
            Err(failure) => Err(self.end_of(&visit, Endpoint::Auth, &failure).await),
        }
    }

    /// Asks for a new grant. A request that was refused for its time has used nothing up, and is right by a corrected clock.
    async fn refreshed(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
    ) -> Result<Result<Grant, Failure>, End> {
        let mut corrected = false;
        loop {
            let now = read(self.engine.reads().now().await)?;
            let ahead = wall_clock() - now;
            let call = visit.call(now, attempt);
            let (result, cost) = measured(visit.outlet.channel.refresh(&call)).await;
            let moved = self.correct_clock(visit, &cost, ahead).await;
            let late = result.as_ref().is_err_and(|failure| failure.code == CLOCK_SKEW);
            if !late || !moved || corrected {
                return Ok(result);
            }
            corrected = true;
        }
    }

    /// The shop with the grant that somebody renewed since `visit` was opened: in its own row, or in that of a shop
    /// with the same authorisation.
    async fn newer_grant(&self, visit: &Visit) -> Result<Option<Visit>, End> {
        let current = read(self.engine.reads().shop(visit.shop.id).await)?;
        if current.is_some_and(|shop| shop.grant_number != visit.shop.grant_number) {
            return self.reopen(visit.clone()).await.map(Some);
        }
        let newest = self.sharers(visit).await?.into_iter().max_by_key(|(_, kept)| kept.grant.access_until);
        let Some((_, other)) = newest else { return Ok(None) };
        let mine = &visit.kept.grant;
        if other.grant.access_until <= mine.access_until || other.grant.access_token == mine.access_token {
            return Ok(None);
        }
        let grant = tokens_for(mine, &other.grant);
        self.keep_grant(&visit.shop, &grant, visit.kept.shared.as_deref()).await?;
        self.reopen(visit.clone()).await.map(Some)
    }

    /// The other shops of the same authorisation, whose tokens may be older or newer.
    async fn sharers(&self, visit: &Visit) -> Result<Vec<(Shop, Kept)>, End> {
        if visit.kept.shared.is_none() {
            return Ok(Vec::new());
        }
        let shops = read(self.engine.reads().shops().await)?;
        let others = shops.into_iter().filter(|shop| {
            shop.channel == visit.shop.channel && shop.id != visit.shop.id && !shop.grant.is_empty()
        });
        let open = |shop: Shop| self.open_grant(&shop).ok().map(|kept| (shop, kept));
        Ok(others.filter_map(open).filter(|(_, kept)| kept.shared == visit.kept.shared).collect())
    }

    async fn reopen(&self, visit: Visit) -> Result<Visit, End> {
        let shop = read(self.engine.reads().shop(visit.shop.id).await)?.unwrap_or(visit.shop);
        let kept = self.open_grant(&shop)?;
        Ok(Visit { shop, outlet: visit.outlet, kept, clock: visit.clock })
    }

    async fn keep_grant(&self, shop: &Shop, grant: &Grant, shared: Option<&str>) -> Result<(), End> {
        let sealed = self.seal_grant(&shop.channel, grant, shared);
        let sealed = sealed.map_err(|error| failed(FailureClass::Conflict, "vault", &error.to_string()))?;
        let renewed = RenewGrant {
            shop: shop.id,
            from_number: shop.grant_number,
            grant: sealed,
            access_until: grant.access_until,
            refresh_until: grant.refresh_until,
            grant_until: grant.grant_until,
        };
        // A single-use token is spent: the new one must be kept, whatever it takes.
        let mut tries = 0;
        loop {
            match self.engine.submit(Request::internal(renewed.clone())).await {
                Ok(_) => return Ok(()),
                Err(error) if tries < 50 => {
                    tries += 1;
                    tracing::warn!(shop = shop.id.0, %error, "a new grant cannot be kept yet; trying again");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                Err(error) => return Err(super::away(&error)),
            }
        }
    }

    /// One webhook may say of several shops that their grants end: for each that is ours it is kept once more, as its own.
    pub(super) async fn keep_ends(&self, inbox: &Inbox, hints: &[Hint]) -> Result<(), IngestError> {
        for hint in hints {
            let Hint::GrantEnds { at, account: Some(account) } = hint else { continue };
            let found = self.engine.reads().shop_by_account(&inbox.channel, account).await?;
            let Some(shop) = found else { continue };
            let inbox = Inbox {
                key: format!("{}:{account}", inbox.key),
                account: account.clone(),
                shop: Some(shop.id),
                ..inbox.clone()
            };
            let grant_ends = Some(at.unwrap_or(inbox.received_at));
            let take = TakeWebhook { inbox, jobs: Vec::new(), grant_ends, retry: false };
            self.engine.submit(Request::internal(take)).await?;
        }
        Ok(())
    }

    pub(super) async fn disconnect(&self, visit: &Visit, failure: &Failure) -> Result<(), End> {
        let why = Disconnection::Refused { code: failure.code.clone(), said: failure.message.clone() };
        let from_number = Some(visit.shop.grant_number);
        self.submit(DisconnectShop { shop: visit.shop.id, from_number, why }).await.map(|_| ())
    }

    pub(super) async fn refresh_grant(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let visit = self.visit(&attempt, shop).await?;
        let now = read(self.engine.reads().now().await)?;
        // It was renewed since the job was made, perhaps for another shop of the same authorisation.
        if self.times(&visit.shop.channel).refresh_due(&visit.shop) > now {
            return Err(done("obsolete"));
        }
        self.renew(&attempt, visit).await.map(|_| ())
    }
}

/// The tokens of `fresh` for the shop of `old`.
fn tokens_for(old: &Grant, fresh: &Grant) -> Grant {
    Grant {
        account: old.account.clone(),
        name: old.name.clone(),
        region: old.region.clone(),
        extra: old.extra.clone(),
        ..fresh.clone()
    }
}
