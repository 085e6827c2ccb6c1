//! A shop answered, or did not.

use crate::command::Context;
use crate::id::ShopId;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps signs of life and the circuit breaker: five server or network failures in a row open it for 30 s, then twice as
/// long each time up to 15 minutes; a good answer closes it. A good answer within ten seconds of the last one changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteHealth {
    /// Which.
    pub shop: ShopId,
    /// A good answer (`true`) or a server or network failure (`false`); `None`: neither.
    pub answered: Option<bool>,
    /// A webhook came.
    pub webhook: bool,
    /// Their clock minus ours, milliseconds, if it was measured.
    pub clock_offset: Option<Millis>,
}

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// How long it is opened first, and at most, in milliseconds.
const OPEN_MS: (Millis, Millis) = (30_000, 15 * 60_000);
/// Good answers are noted at most this often, in milliseconds.
const NOTED_MS: Millis = 10_000;
/// Clocks that differ by more are told: TikTok Shop allows 30 s ahead, Shopee five minutes.
const SKEW_MS: Millis = 30_000;

impl NoteHealth {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        if let Some(shop) = seen.sync.shops.get(&self.shop).and_then(|row| row.now.as_ref()) {
            for kind in [NoticeKind::ShopFailing, NoticeKind::ShopStale, NoticeKind::ClockSkew] {
                needs_of_notice(kind, &shop.code, needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let before = super::shop_of(scope, self.shop)?;
        let mut shop = before.clone();
        let health = &mut shop.health;
        let now = context.now;
        match self.answered {
            Some(true) => {
                let recent = health.answered_at.is_some_and(|at| now - at < NOTED_MS);
                if health.failures > 0 || health.open_until.is_some() || !recent {
                    health.failures = 0;
                    health.open_until = None;
                    health.opened_for = 0;
                    health.answered_at = Some(now);
                    close(scope, context, NoticeKind::ShopFailing, &before.code);
                    close(scope, context, NoticeKind::ShopStale, &before.code);
                }
            }
            Some(false) => {
                health.failures += 1;
                // While it is open, only the probe after its time counts: what was on its way already does not.
                if health.failures >= FAILURES && health.open_until.is_none_or(|until| until <= now) {
                    health.opened_for = (health.opened_for * 2).clamp(OPEN_MS.0, OPEN_MS.1);
                    health.open_until = Some(now + health.opened_for);
                    let told =
                        NoticeBody::ShopFailing { name: before.name.clone(), failures: health.failures };
                    raise(scope, context, &before.code, Some(self.shop), told);
                }
            }
            None => {}
        }
        if self.webhook && health.webhook_at.is_none_or(|at| now - at >= NOTED_MS) {
            health.webhook_at = Some(now);
        }
        if let Some(offset) = self.clock_offset {
            health.clock_offset = offset;
            if offset.abs() > SKEW_MS {
                let told = NoticeBody::ClockSkew { name: before.name.clone(), seconds: offset / 1_000 };
                raise(scope, context, &before.code, Some(self.shop), told);
            } else {
                close(scope, context, NoticeKind::ClockSkew, &before.code);
            }
        }
        let changed = shop.health != before.health;
        if changed {
            shop.version += 1;
            scope.put_shop(self.shop, shop);
        }
        Ok(Receipt::Kept { version: before.version, changed })
    }
}
