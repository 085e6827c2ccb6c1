//! Talking to a shop: its grant, its limits, its failures.

use std::sync::{Arc, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use onhand_connector::http::{Measured, measured};
use onhand_connector::{Call, Channel, Class, Endpoint, Failure};
use onhand_rules::commands::channels::NoteHealth;
use onhand_rules::commands::queue::End;
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::ShopState;
use onhand_rules::{JobBody, Shop, ShopId};

use super::grants::Kept;
use super::{Attempt, Flows, Outlet, Pace, endpoint_name, failed, read};

/// How long a job waits for the rate limit while it keeps its slot, in milliseconds.
const PATIENCE_MS: i64 = 1_000;
/// The same for jobs of many requests, which would begin again from the front.
const LONG_PATIENCE_MS: i64 = 60_000;
/// An access token that ends within this time is refreshed before it is used, in milliseconds.
const ACCESS_MARGIN_MS: i64 = 60_000;
/// Good answers of one shop are noted at most this often.
const NOTE_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

/// A clock that is nearer to ours than this is not corrected: `Date` has whole seconds and comes by a network.
pub(super) const SKEW_NOTED_MS: i64 = 2_000;

/// A shop that may be talked to.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) shop: Shop,
    pub(super) outlet: Outlet,
    pub(super) kept: Kept,
    /// What the ledger clock said, and when that was asked for: a visit is short, and not every step of it has to ask again.
    pub(super) clock: (i64, Instant),
}

/// What a request cost, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) limit_ms: i64,
    pub(super) network_ms: i64,
    /// When it left. Ledger clock.
    pub(super) sent_at: i64,
}

impl Visit {
    /// Whose shop, and the endpoint's limit in thousandths.
    fn limit(&self, endpoint: Endpoint) -> (i64, i64) {
        if let Some(granted) = self.outlet.app.limits.get(&endpoint) {
            // Together what was granted, so that no second sees more; one can always be saved up.
            let granted = i64::from(*granted) * 1_000;
            let burst = (granted / 5).max(1_000);
            return ((granted - burst).max(1), burst);
        }
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

    /// The ledger clock.
    pub(super) fn now(&self) -> i64 {
        let (at, asked) = self.clock;
        at + i64::try_from(asked.elapsed().as_millis()).unwrap_or(i64::MAX / 2)
    }

    pub(super) fn call(&self, now: i64, attempt: &Attempt<'_>) -> Call {
        // Whatever was sent must be answered while nobody else may send (Q5).
        let left = attempt.guard.for_requests().as_millis();
        Call {
            app: Arc::clone(&self.outlet.app),
            grant: Some(Arc::clone(&self.kept.grant)),
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
        let now = read(self.engine.look_at_clock().await)?;
        let asked = Instant::now();
        // What keeps its grant alive goes on in a shop that is paused: it would have to be authorised again.
        let alive =
            matches!(attempt.job.body, JobBody::RefreshGrant { .. }) && shop.state == ShopState::Paused;
        if shop.state != ShopState::Connected && !alive {
            return Err(End::Snooze { until: now + 60_000 });
        }
        let Some(outlet) = self.outlets.get(shop.channel.as_str()).cloned() else {
            let message = format!("no keys are set for {}", shop.channel);
            return Err(failed(FailureClass::Forbidden, "no_keys", &message));
        };
        let kept = self.open_grant(&shop)?;
        let visit = Visit { shop, outlet, kept, clock: (now, asked) };
        if visit.kept.grant.access_until - now < ACCESS_MARGIN_MS {
            return self.renew(attempt, visit).await;
        }
        Ok(visit)
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
        let (mut refreshed, mut corrected) = (false, false);
        let patience = patience_of(&attempt.job.body);
        loop {
            let (rate, burst) = visit.limit(endpoint);
            let name = endpoint_name(endpoint);
            let limit_ms = match self.limits.acquire(visit.shop.id, name, rate, burst, patience).await {
                Pace::Go { waited_ms } => waited_ms,
                Pace::Wait { until } => return Err(End::Snooze { until }),
            };
            if attempt.guard.for_requests().is_zero() {
                return Err(failed(FailureClass::Crash, "deadline", "the time of the job was over"));
            }
            let sent_at = visit.now();
            let ahead = wall_clock() - sent_at;
            let call = visit.call(sent_at, attempt);
            let started = Instant::now();
            let (result, cost) = measured(request(Arc::clone(&visit.outlet.channel), call)).await;
            let network_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
            if let Some(more) = cost.requests.checked_sub(1).filter(|more| *more > 0) {
                self.limits.charge(visit.shop.id, name, rate, burst, more).await;
            }
            let moved = self.correct_clock(visit, &cost, ahead).await;
            match result {
                Ok(value) => {
                    self.good_answer(visit, endpoint).await;
                    return Ok((value, Cost { limit_ms, network_ms, sent_at }));
                }
                Err(failure) if failure.class == Class::Auth && !refreshed => {
                    refreshed = true;
                    *visit = self.renew(attempt, visit.clone()).await?;
                }
                Err(failure) if failure.class == Class::Auth => {
                    return Err(self.refused_again(attempt, visit, &failure).await);
                }
                // Signed with the right time, the same request is right.
                Err(failure) if failure.code == CLOCK_SKEW && moved && !corrected => corrected = true,
                Err(failure) => return Err(self.end_of(visit, endpoint, &failure).await),
            }
        }
    }

    /// A request was refused with a grant that is new. If the shop answers with that grant, the request is what the marketplace
    /// does not allow, and the shop is not disconnected for it: Shopee calls some refusals of single requests so.
    async fn refused_again(&self, attempt: &Attempt<'_>, visit: &Visit, failure: &Failure) -> End {
        if matches!(attempt.job.body, JobBody::ProbeShop { .. }) {
            return self.end_of(visit, Endpoint::Listings, failure).await;
        }
        let (rate, burst) = visit.limit(Endpoint::Listings);
        let name = endpoint_name(Endpoint::Listings);
        let pace = self.limits.acquire(visit.shop.id, name, rate, burst, PATIENCE_MS).await;
        if let Pace::Wait { until } = pace {
            return End::Snooze { until };
        }
        match visit.outlet.channel.probe(&visit.call(visit.now(), attempt)).await {
            Ok(_) => failed(FailureClass::Forbidden, &failure.code, &failure.message),
            Err(other) => self.end_of(visit, Endpoint::Listings, &other).await,
        }
    }

    /// Keeps what the answers say of the marketplace's clock, against the ledger's, and signs by it from now on.
    /// `ahead`: this machine's clock minus the ledger's. Whether it has changed.
    pub(super) async fn correct_clock(&self, visit: &mut Visit, cost: &Measured, ahead: i64) -> bool {
        let Some(offset) = cost.offset_ms.map(|offset| offset + ahead) else { return false };
        if (offset - visit.shop.health.clock_offset).abs() < SKEW_NOTED_MS {
            return false;
        }
        visit.shop.health.clock_offset = offset;
        let (shop, clock_offset) = (visit.shop.id, Some(offset));
        self.note(NoteHealth { shop, answered: None, webhook: false, clock_offset }).await;
        true
    }

    /// Whether the shop's limit leaves room for a request that could be left out.
    pub(super) async fn has_room(&self, visit: &Visit, endpoint: Endpoint) -> bool {
        let (rate, burst) = visit.limit(endpoint);
        self.limits.has_room(visit.shop.id, endpoint_name(endpoint), rate, burst).await
    }

    async fn good_answer(&self, visit: &Visit, endpoint: Endpoint) {
        self.limits.answered(visit.shop.id, endpoint_name(endpoint)).await;
        let due = {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.note(NoteHealth { shop, answered, webhook: false, clock_offset: None }).await;
    }

    async fn note(&self, note: NoteHealth) {
        let shop = note.shop.0;
        if let Err(error) = self.submit(note).await {
            tracing::debug!(shop, ?error, "a shop's health could not be noted");
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

    pub(super) async fn probe(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let probe = |channel: Arc<dyn Channel>, call: Call| async move { channel.probe(&call).await };
        self.ask(&attempt, &mut visit, Endpoint::Listings, probe).await.map(|_| ())
    }
}

/// The connectors' code for a time that the marketplace does not accept.
pub(super) const CLOCK_SKEW: &str = "clock_skew";

/// How long a request of this job waits for the limit.
fn patience_of(body: &JobBody) -> i64 {
    match body {
        JobBody::ImportListings { .. }
        | JobBody::PollOrders { .. }
        | JobBody::PollReturns { .. }
        | JobBody::CompareOrders { .. }
        | JobBody::RecoverWebhooks { .. } => LONG_PATIENCE_MS,
        _ => PATIENCE_MS,
    }
}

/// This machine's clock, in milliseconds since 1970: what `Measured` compares with.
pub(super) fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
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
