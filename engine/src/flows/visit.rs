//! Talking to a shop: its grant, its limits, its failures.

use std::sync::Arc;
use std::time::Instant;

use onhand_connector::{Call, Channel, Class, Consent, Endpoint, Failure, Grant, Secret};
use onhand_rules::commands::channels::{
    ConnectShop, DisconnectShop, NoteHealth, RaiseNotice, RenewGrant, StartConsent,
};
use onhand_rules::commands::queue::End;
use onhand_rules::notice::NoticeKind;
use onhand_rules::retry::FailureClass;
use onhand_rules::setting::{Setting, consent_key};
use onhand_rules::shop::{ShopSettings, ShopState};
use onhand_rules::{Receipt, Shop, ShopId};
use onhand_store::Outcome;
use thiserror::Error;

use super::{Attempt, Flows, Outlet, Pace, endpoint_name, failed, read};
use crate::ledger::Request;
use crate::vault::VaultError;

/// How long a job waits for the rate limit while it keeps its slot, in milliseconds.
const PATIENCE_MS: i64 = 1_000;
/// An access token that ends within this time is refreshed before it is used, in milliseconds.
const ACCESS_MARGIN_MS: i64 = 60_000;
/// A grant that ends within this time is told to its owner, in milliseconds.
const GRANT_WARNING_MS: i64 = 7 * 24 * 3_600_000;
/// Good answers of one shop are noted at most this often.
const NOTE_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

/// A shop that may be talked to.
pub(super) struct Visit {
    pub(super) shop: Shop,
    pub(super) outlet: Outlet,
    grant: Arc<Grant>,
}

/// What a request cost, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) limit_ms: i64,
    pub(super) network_ms: i64,
}

/// The row that a grant is sealed for.
fn place(channel: &str, account: &str) -> String {
    format!("shop/{channel}/{account}")
}

impl Visit {
    /// Whose shop, and the endpoint's limit in thousandths.
    fn limit(&self, endpoint: Endpoint) -> (i64, i64) {
        let limits = &self.outlet.channel.facts().limits;
        let (rate, burst) = limits
            .iter()
            .find(|(which, _, _)| *which == endpoint)
            .map_or((5.0, 5.0), |(_, rate, burst)| (*rate, *burst));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "limits are small numbers written in our own tables"
        )]
        let thousandths = |value: f64| (value * 1_000.0) as i64;
        (thousandths(rate), thousandths(burst))
    }

    fn call(&self, now: i64, attempt: &Attempt<'_>) -> Call {
        let left = attempt.deadline.saturating_duration_since(Instant::now()).as_millis();
        Call {
            app: Arc::clone(&self.outlet.app),
            grant: Some(Arc::clone(&self.grant)),
            now: now + self.shop.health.clock_offset,
            budget_ms: u64::try_from(left).unwrap_or(u64::MAX),
        }
    }
}

impl Flows {
    /// Opens a shop. One that must not be talked to puts the job off; nothing of it is burnt.
    pub(super) async fn visit(&self, attempt: &Attempt<'_>, id: ShopId) -> Result<Visit, End> {
        let reads = self.engine.reads();
        let Some(shop) = read(reads.shop(id).await)? else {
            return Err(failed(FailureClass::Gone, "no_shop", "the shop is not there any more"));
        };
        let now = read(reads.now().await)?;
        if shop.state != ShopState::Connected {
            return Err(End::Snooze { until: now + 60_000 });
        }
        let Some(outlet) = self.outlets.get(shop.channel.as_str()).cloned() else {
            let message = format!("no keys are set for {}", shop.channel);
            return Err(failed(FailureClass::Forbidden, "no_keys", &message));
        };
        let grant = self.open_grant(&shop)?;
        let visit = Visit { shop, outlet, grant: Arc::new(grant) };
        if visit.grant.access_until - now < ACCESS_MARGIN_MS {
            return self.renew(attempt, visit).await;
        }
        Ok(visit)
    }

    fn open_grant(&self, shop: &Shop) -> Result<Grant, End> {
        let bad = |message: String| failed(FailureClass::Forbidden, "credentials", &message);
        let text = self.vault.unseal(&place(&shop.channel, &shop.account), &shop.grant);
        let text = text.map_err(|error: VaultError| bad(error.to_string()))?;
        serde_json::from_slice(&text)
            .map_err(|error| bad(format!("the stored grant cannot be read: {error}")))
    }

    fn seal_grant(&self, channel: &str, grant: &Grant) -> Result<String, VaultError> {
        let text = serde_json::to_vec(grant).unwrap_or_default();
        self.vault.seal(&place(channel, &grant.account), &text)
    }

    /// A new grant, kept before it is used. Whoever comes second finds the first one's.
    pub(super) async fn renew(&self, attempt: &Attempt<'_>, visit: Visit) -> Result<Visit, End> {
        let lock = self.refresh_lock(visit.shop.id);
        let _alone = lock.lock().await;
        let current =
            read(self.engine.reads().shop(visit.shop.id).await)?.unwrap_or_else(|| visit.shop.clone());
        if current.grant_number != visit.shop.grant_number {
            let grant = Arc::new(self.open_grant(&current)?);
            return Ok(Visit { shop: current, outlet: visit.outlet, grant });
        }
        let now = read(self.engine.reads().now().await)?;
        let call = visit.call(now, attempt);
        match visit.outlet.channel.refresh(&call).await {
            Ok(grant) => self.keep_grant(visit, grant).await,
            Err(failure) if matches!(failure.class, Class::Auth | Class::Forbidden | Class::Invalid) => {
                self.disconnect(&visit, &failure).await?;
                Err(failed(FailureClass::Auth, &failure.code, &failure.message))
            }
            Err(failure) => Err(self.end_of(&visit, Endpoint::Auth, &failure).await),
        }
    }

    async fn keep_grant(&self, visit: Visit, grant: Grant) -> Result<Visit, End> {
        let shop = visit.shop.id;
        let sealed = self.seal_grant(&visit.shop.channel, &grant);
        let sealed = sealed.map_err(|error| failed(FailureClass::Conflict, "vault", &error.to_string()))?;
        let renewed = RenewGrant {
            shop,
            from_number: visit.shop.grant_number,
            grant: sealed,
            access_until: grant.access_until,
            refresh_until: grant.refresh_until,
            grant_until: grant.grant_until,
        };
        // A single-use token is spent: the new one must be kept, whatever it takes.
        let mut tries = 0;
        loop {
            match self.engine.submit(Request::internal(renewed.clone())).await {
                Ok(_) => break,
                Err(error) if tries < 50 => {
                    tries += 1;
                    tracing::warn!(shop = shop.0, %error, "a new grant cannot be kept yet; trying again");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
                Err(error) => return Err(super::away(&error)),
            }
        }
        let shop = read(self.engine.reads().shop(shop).await)?.unwrap_or(visit.shop);
        let grant = Arc::new(self.open_grant(&shop)?);
        Ok(Visit { shop, outlet: visit.outlet, grant })
    }

    pub(super) async fn disconnect(&self, visit: &Visit, failure: &Failure) -> Result<(), End> {
        let reason = format!("{}: {}", failure.code, failure.message);
        let from_number = Some(visit.shop.grant_number);
        self.submit(DisconnectShop { shop: visit.shop.id, from_number, reason }).await.map(|_| ())
    }

    /// One request: waits for the limit, refreshes a token that has ended once, keeps what the answer says about the
    /// shop's health, and turns a failure into the end of the job.
    pub(super) async fn ask<T, F, R>(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        endpoint: Endpoint,
        request: F,
    ) -> Result<(T, Cost), End>
    where
        F: Fn(Arc<dyn Channel>, Call) -> R,
        R: Future<Output = Result<T, Failure>>,
    {
        let mut refreshed = false;
        loop {
            let (rate, burst) = visit.limit(endpoint);
            let pace =
                self.limits.acquire(visit.shop.id, endpoint_name(endpoint), rate, burst, PATIENCE_MS).await;
            let limit_ms = match pace {
                Pace::Go { waited_ms } => waited_ms,
                Pace::Wait { until } => return Err(End::Snooze { until }),
            };
            if attempt.deadline <= Instant::now() {
                return Err(failed(FailureClass::Crash, "deadline", "the time of the job was over"));
            }
            let now = read(self.engine.reads().now().await)?;
            let call = visit.call(now, attempt);
            let started = Instant::now();
            let result = request(Arc::clone(&visit.outlet.channel), call).await;
            let network_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
            match result {
                Ok(value) => {
                    self.good_answer(visit, endpoint).await;
                    return Ok((value, Cost { limit_ms, network_ms }));
                }
                Err(failure) if failure.class == Class::Auth && !refreshed => {
                    refreshed = true;
                    let again = Visit {
                        shop: visit.shop.clone(),
                        outlet: visit.outlet.clone(),
                        grant: Arc::clone(&visit.grant),
                    };
                    *visit = self.renew(attempt, again).await?;
                }
                Err(failure) => return Err(self.end_of(visit, endpoint, &failure).await),
            }
        }
    }

    async fn good_answer(&self, visit: &Visit, endpoint: Endpoint) {
        self.limits.answered(visit.shop.id, endpoint_name(endpoint)).await;
        let due = {
            let mut noted = self.noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let last = noted.get(&visit.shop.id).copied();
            let due = last.is_none_or(|at| at.elapsed() >= NOTE_EVERY) || visit.shop.health.failures > 0;
            if due {
                noted.insert(visit.shop.id, Instant::now());
            }
            due
        };
        if due {
            self.note_health(visit.shop.id, Some(true)).await;
        }
    }

    async fn note_health(&self, shop: ShopId, answered: Option<bool>) {
        let note = NoteHealth { shop, answered, webhook: false, clock_offset: None };
        if let Err(error) = self.submit(note).await {
            tracing::debug!(shop = shop.0, ?error, "a shop's health could not be noted");
        }
    }

    /// What a failure means for the job, the shop and the limits.
    pub(super) async fn end_of(&self, visit: &Visit, endpoint: Endpoint, failure: &Failure) -> End {
        let retry_after_ms =
            failure.retry_after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        match failure.class {
            Class::RateLimited => {
                self.limits.throttled(visit.shop.id, endpoint_name(endpoint), retry_after_ms).await;
            }
            Class::Server | Class::Network => self.note_health(visit.shop.id, Some(false)).await,
            Class::Auth => {
                if let Err(end) = self.disconnect(visit, failure).await {
                    return end;
                }
            }
            _ => {}
        }
        let End::Failed { jitter, .. } = failed(FailureClass::Unclear, "", "") else {
            return failed(class_of(failure.class), &failure.code, &failure.message);
        };
        End::Failed {
            class: class_of(failure.class),
            code: failure.code.clone(),
            message: failure.message.clone(),
            retry_after_ms,
            jitter,
        }
    }

    pub(super) async fn refresh_grant(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let visit = self.visit(&attempt, shop).await?;
        let now = read(self.engine.reads().now().await)?;
        if let Some(until) = visit.shop.grant_until
            && until - now < GRANT_WARNING_MS
        {
            let days = (until - now).max(0) / 86_400_000;
            let text = format!("The grant of {} ends in {days} days. Authorise it again.", visit.shop.name);
            let (kind, subject) = (NoticeKind::GrantEnds, visit.shop.code.clone());
            self.submit(RaiseNotice { kind, subject, shop: Some(shop), text, open: true }).await?;
        }
        self.renew(&attempt, visit).await.map(|_| ())
    }

    pub(super) async fn probe(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let probe = |channel: Arc<dyn Channel>, call: Call| async move { channel.probe(&call).await };
        self.ask(&attempt, &mut visit, Endpoint::Listings, probe).await.map(|_| ())
    }
}

/// The class of the rules for a class of the connectors.
pub(super) fn class_of(class: Class) -> FailureClass {
    match class {
        Class::RateLimited => FailureClass::RateLimited,
        Class::Server => FailureClass::Server,
        Class::Network => FailureClass::Network,
        Class::Auth => FailureClass::Auth,
        Class::Forbidden => FailureClass::Forbidden,
        Class::Invalid => FailureClass::Invalid,
        Class::Gone => FailureClass::Gone,
        Class::Conflict => FailureClass::Conflict,
        Class::Locked => FailureClass::Locked,
        Class::Unclear => FailureClass::Unclear,
    }
}

/// Why a shop could not be connected.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No keys are set for this marketplace.
    #[error("no app keys are set for {0}; see `channels` in the settings")]
    NoKeys(String),
    /// The state is unknown, used up or too old: somebody else's link, or ten minutes have passed.
    #[error("this link is not valid any more; start again")]
    State,
    /// The marketplace did not take the code.
    #[error("the marketplace refused: {0}")]
    Refused(#[from] Failure),
    /// Our side.
    #[error("{0}")]
    Ours(String),
}

/// Shops that a consent connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consented {
    /// Which.
    pub shops: Vec<ShopId>,
}

impl Flows {
    /// Where the owner of a shop must go, and the state that comes back with him.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn start_consent(
        &self,
        channel: &str,
        shop: Option<ShopId>,
        redirect: &str,
    ) -> Result<String, ConnectError> {
        let outlet = self.outlets.get(channel).ok_or_else(|| ConnectError::NoKeys(channel.to_owned()))?;
        let bytes = crate::vault::random::<32>().map_err(|error| ConnectError::Ours(error.to_string()))?;
        let state: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let start = StartConsent { state: state.clone(), channel: channel.to_owned(), shop };
        self.submit(start).await.map_err(|end| ConnectError::Ours(format!("{end:?}")))?;
        let now = self.engine.reads().now().await.map_err(|error| ConnectError::Ours(error.to_string()))?;
        let call = Call { app: Arc::clone(&outlet.app), grant: None, now, budget_ms: 20_000 };
        Ok(outlet.channel.consent_url(&call, &state, redirect))
    }

    /// Takes the owner back from the consent page and connects what he granted.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn finish_consent(
        &self,
        channel: &str,
        state: &str,
        code: &str,
        parameters: Vec<(String, String)>,
        settings: ShopSettings,
    ) -> Result<Consented, ConnectError> {
        let ours = |error: String| ConnectError::Ours(error);
        let outlet = self.outlets.get(channel).ok_or_else(|| ConnectError::NoKeys(channel.to_owned()))?;
        let reads = self.engine.reads();
        let now = reads.now().await.map_err(|error| ours(error.to_string()))?;
        let key = consent_key(state);
        let rows = reads.settings(&key).await.map_err(|error| ours(error.to_string()))?;
        let known = rows.iter().any(|(found, setting)| {
            *found == key && matches!(setting, Setting::Consent { channel: of, until, .. } if of == channel && *until > now)
        });
        if !known {
            return Err(ConnectError::State);
        }
        let call = Call { app: Arc::clone(&outlet.app), grant: None, now, budget_ms: 20_000 };
        let grants = outlet.channel.exchange(&call, &Consent { code: Secret::new(code), parameters }).await?;
        let mut shops = Vec::new();
        for (index, grant) in grants.into_iter().enumerate() {
            let sealed = self.seal_grant(channel, &grant).map_err(|error| ours(error.to_string()))?;
            let connect = ConnectShop {
                // Used up by the first; a consent may cover several shops.
                state: (index == 0).then(|| state.to_owned()),
                code: format!("{channel}-{}", grant.account.to_lowercase()),
                channel: channel.to_owned(),
                account: grant.account.clone(),
                name: grant.name.clone(),
                grant: sealed,
                access_until: grant.access_until,
                refresh_until: grant.refresh_until,
                grant_until: grant.grant_until,
                settings: settings.clone(),
            };
            let answer =
                self.engine.submit(Request::internal(connect)).await.map_err(|e| ours(e.to_string()))?;
            match answer.outcome {
                Outcome::Done(Receipt::Shop { id, .. }) => shops.push(id),
                Outcome::Done(_) => {}
                Outcome::Refused(_) if index == 0 => return Err(ConnectError::State),
                Outcome::Refused(refusal) => return Err(ours(refusal.to_string())),
            }
        }
        Ok(Consented { shops })
    }
}
