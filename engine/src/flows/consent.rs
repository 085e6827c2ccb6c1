//! Connecting a shop: the way to the consent page and back.

use std::sync::Arc;

use onhand_connector::http::measured;
use onhand_connector::{Call, Consent, Failure, Grant, Secret};
use onhand_rules::commands::channels::{ConnectShop, StartConsent};
use onhand_rules::setting::{Setting, consent_key};
use onhand_rules::shop::ShopSettings;
use onhand_rules::{Receipt, ShopId};
use onhand_store::Outcome;
use thiserror::Error;

use super::visit::{CLOCK_SKEW, SKEW_NOTED_MS, wall_clock};
use super::{Flows, Outlet};
use crate::ledger::Request;

/// Why a shop could not be connected.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No keys are set for this marketplace.
    #[error("no app keys are set for {0}; see `channels` in the settings")]
    NoKeys(String),
    /// The state is unknown, used up or too old: somebody else's link, or ten minutes have passed.
    #[error("this link is not valid any more; start again")]
    State,
    /// A known shop was to be authorised again, and somebody signed in with an account that is not its own.
    #[error(
        "{shop} is the account {wanted}, but the sign-in was for {got}; sign in with the account {wanted}, \
         or connect the other one as a new shop"
    )]
    OtherAccount {
        /// The shop that was to be authorised again.
        shop: String,
        /// Its account.
        wanted: String,
        /// What the sign-in covers.
        got: String,
    },
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

/// A name that nobody can guess.
fn random_name() -> Result<String, ConnectError> {
    let bytes = crate::vault::random::<32>().map_err(|error| ConnectError::Ours(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
        let state = random_name()?;
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
        let wanted = rows.iter().find_map(|(found, setting)| match setting {
            Setting::Consent { channel: of, until, shop }
                if *found == key && of == channel && *until > now =>
            {
                Some(*shop)
            }
            _ => None,
        });
        let Some(wanted) = wanted else { return Err(ConnectError::State) };
        let consent = Consent { code: Secret::new(code), parameters };
        let grants = self.exchange(channel, outlet, &consent, now).await?;
        if let Some(wanted) = wanted {
            self.is_covered(wanted, &grants).await?;
        }
        let shared = match outlet.channel.one_grant_for_all() && grants.len() > 1 {
            true => Some(random_name()?),
            false => None,
        };
        let mut shops = Vec::new();
        for (index, grant) in grants.into_iter().enumerate() {
            let sealed = self
                .seal_grant(channel, &grant, shared.as_deref())
                .map_err(|error| ours(error.to_string()))?;
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

    /// Whoever authorises a known shop again must not make a new one of another account by mistake, which would be told
    /// figures and would sell, while the known one waits on.
    async fn is_covered(&self, wanted: ShopId, grants: &[Grant]) -> Result<(), ConnectError> {
        let shops =
            self.engine.reads().shops().await.map_err(|error| ConnectError::Ours(error.to_string()))?;
        let Some(shop) = shops.into_iter().find(|shop| shop.id == wanted) else { return Ok(()) };
        if grants.is_empty() || grants.iter().any(|grant| grant.account == shop.account) {
            return Ok(());
        }
        let got: Vec<String> =
            grants.iter().map(|grant| format!("{} ({})", grant.account, grant.name)).collect();
        Err(ConnectError::OtherAccount {
            shop: format!("{} ({})", shop.name, shop.code),
            wanted: shop.account,
            got: got.join(", "),
        })
    }

    /// Exchanges the code, by the marketplace's clock as far as that is known. A request that was refused for its time has
    /// not used the code up; corrected, the same is right.
    async fn exchange(
        &self,
        channel: &str,
        outlet: &Outlet,
        consent: &Consent,
        now: i64,
    ) -> Result<Vec<Grant>, ConnectError> {
        let ahead = wall_clock() - now;
        let shops =
            self.engine.reads().shops().await.map_err(|error| ConnectError::Ours(error.to_string()))?;
        let others = shops.iter().filter(|shop| shop.channel == channel && shop.health.answered_at.is_some());
        let latest = others.max_by_key(|shop| shop.health.answered_at);
        let mut offset = latest.map_or(0, |shop| shop.health.clock_offset);
        let mut corrected = false;
        loop {
            let call =
                Call { app: Arc::clone(&outlet.app), grant: None, now: now + offset, budget_ms: 20_000 };
            let (result, cost) = measured(outlet.channel.exchange(&call, consent)).await;
            let failure = match result {
                Ok(grants) => return Ok(grants),
                Err(failure) => failure,
            };
            let found = cost.offset_ms.map(|found| found + ahead);
            match found {
                _ if failure.code != CLOCK_SKEW => return Err(failure.into()),
                Some(found) if !corrected && (found - offset).abs() >= SKEW_NOTED_MS => {
                    (offset, corrected) = (found, true);
                }
                _ => return Err(wrong_clock(&failure, found).into()),
            }
        }
    }
}

/// Whose clock is wrong, by how much as far as that is known, and what to do.
fn wrong_clock(failure: &Failure, offset: Option<i64>) -> Failure {
    let by = match offset {
        Some(offset) if offset < 0 => format!("{} s ahead of the marketplace's", -offset / 1_000),
        Some(offset) => format!("{} s behind the marketplace's", offset / 1_000),
        None => "not the marketplace's".to_owned(),
    };
    let message = format!(
        "the clock here is {by}: set it right (timedatectl set-ntp true), then start again from the marketplace's page ({})",
        failure.message
    );
    Failure { message, ..failure.clone() }
}
