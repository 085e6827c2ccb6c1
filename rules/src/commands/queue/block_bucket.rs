//! A marketplace said: fewer requests.

use crate::command::Context;
use crate::id::ShopId;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::retry::{RATE_LIMITED, RETRY_AFTER_MAX};
use crate::setting::{Bucket, Setting, bucket_key};
use crate::working::{Needs, Scope, Working};

/// Blocks a bucket: 5, 10, 30, 30… seconds or what the marketplace says (15 minutes at most), and raises a notice after ten
/// minutes. `lift` ends the series after a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockBucket {
    /// Whose.
    pub shop: ShopId,
    /// Which.
    pub endpoint: String,
    /// What the marketplace says, in milliseconds.
    pub retry_after_ms: Option<Millis>,
    /// The marketplace answers again.
    pub lift: bool,
}

/// Throttled for so long without a break, somebody is told.
const ALARM_MS: Millis = 10 * 60_000;

impl BlockBucket {
    fn subject(&self) -> String {
        format!("{}:{}", self.shop.0, self.endpoint)
    }

    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(bucket_key(self.shop, &self.endpoint));
        needs_of_notice(NoticeKind::ShopThrottled, &self.subject(), needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let key = bucket_key(self.shop, &self.endpoint);
        let now = context.now;
        let known = match scope.setting(&key) {
            Some(Setting::Bucket(bucket)) => Some(*bucket),
            _ => None,
        };
        let mut bucket = known.unwrap_or(Bucket {
            tokens: 0,
            at: now,
            rate: 1_000,
            burst: 1_000,
            blocked_until: 0,
            throttled: 0,
            throttled_since: None,
        });
        if self.lift {
            bucket.throttled = 0;
            bucket.throttled_since = None;
            close(scope, context, NoticeKind::ShopThrottled, &self.subject());
        } else {
            let turn = (bucket.throttled as usize).min(RATE_LIMITED.len() - 1);
            let wait = self.retry_after_ms.map_or(RATE_LIMITED[turn], |said| said.clamp(1, RETRY_AFTER_MAX));
            // Several requests were on their way when the first was turned down: that is one time, not several.
            if bucket.blocked_until <= now {
                bucket.throttled += 1;
            }
            bucket.blocked_until = bucket.blocked_until.max(now + wait);
            bucket.tokens = 0;
            bucket.at = bucket.blocked_until;
            let since = *bucket.throttled_since.get_or_insert(now);
            if now - since >= ALARM_MS {
                let (endpoint, minutes) = (self.endpoint.clone(), (now - since) / 60_000);
                let told = NoticeBody::ShopThrottled { endpoint, minutes };
                raise(scope, context, &self.subject(), Some(self.shop), told);
            }
        }
        let next_at = bucket.blocked_until.max(now);
        scope.put_setting(key, Setting::Bucket(bucket));
        Ok(Receipt::Tokens { granted: 0, next_at })
    }
}
