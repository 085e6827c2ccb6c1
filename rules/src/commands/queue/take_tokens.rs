//! Requests to a marketplace are paid for before they are made.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::{Bucket, Setting, bucket_key};
use crate::working::{Needs, Scope, Working};

/// Takes tokens from the bucket of a shop and endpoint, making it if it is missing. Committed before a request is sent, so
/// neither a restart nor a second replica doubles the rate (Q9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeTokens {
    /// Whose.
    pub shop: ShopId,
    /// Which.
    pub endpoint: String,
    /// Thousandths of requests a second.
    pub rate: i64,
    /// Thousandths of requests that can be saved up.
    pub burst: i64,
    /// How many requests. Fewer may be granted. At least 1, unless something is `spent`.
    pub want: u32,
    /// Requests that were made beyond what was granted, because one call of a connector is several: they are charged even
    /// where that leaves a debt, so that the next ones wait.
    pub spent: u32,
}

/// One request, in the unit of buckets.
const ONE: i64 = 1_000;
/// A debt is worked off within so many seconds at most: a wrong count must not stop a shop for long.
const DEBT_SECONDS: i64 = 60;

impl TakeTokens {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(bucket_key(self.shop, &self.endpoint));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.rate < 1 || self.burst < ONE || self.want.max(self.spent) < 1 {
            return Err(Refusal::OutOfRange);
        }
        let key = bucket_key(self.shop, &self.endpoint);
        let now = context.now;
        let known = matches!(scope.setting(&key), Some(Setting::Bucket(_)));
        let mut bucket = match scope.setting(&key) {
            Some(Setting::Bucket(bucket)) => Bucket { rate: self.rate, burst: self.burst, ..*bucket },
            _ => Bucket {
                tokens: self.burst,
                at: now,
                rate: self.rate,
                burst: self.burst,
                blocked_until: 0,
                throttled: 0,
                throttled_since: None,
            },
        };
        let spent = i64::from(self.spent) * ONE;
        let most = self.rate.saturating_mul(DEBT_SECONDS);
        if bucket.blocked_until > now {
            if spent > 0 {
                bucket.tokens = (bucket.tokens - spent).max(-most);
                scope.put_setting(key, Setting::Bucket(bucket));
            }
            return Ok(Receipt::Tokens { granted: 0, next_at: bucket.blocked_until });
        }
        let gained = (now - bucket.at).max(0).saturating_mul(bucket.rate) / 1_000;
        bucket.tokens = bucket.tokens.saturating_add(gained).min(bucket.burst);
        bucket.at = now;
        bucket.tokens = (bucket.tokens - spent).max(-most);
        let granted = (bucket.tokens / ONE).clamp(0, i64::from(self.want));
        bucket.tokens -= granted * ONE;
        let missing = (ONE - bucket.tokens).max(0);
        let next_at = now + (missing * 1_000 + bucket.rate - 1) / bucket.rate;
        // Asking in vain moves nothing: time that is rounded away would never become a token.
        if granted > 0 || spent > 0 || !known {
            scope.put_setting(key, Setting::Bucket(bucket));
        }
        Ok(Receipt::Tokens { granted: u32::try_from(granted).unwrap_or(0), next_at })
    }
}
