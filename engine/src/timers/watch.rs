//! The watch over shops: grants that are to be refreshed or end, shops that are silent, webhooks that stopped.

use std::collections::HashSet;

use onhand_rules::commands::channels::RaiseNotice;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::NewJob;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::shop::ShopState;
use onhand_rules::{JobBody, Millis, NoticeBody, Shop};
use onhand_store::{MarketOrderFilter, NoticeFilter};

use super::{HOUR, MINUTE};
use crate::jobs::{Shared, within};
use crate::ledger::Request;

/// The owner is told so long before a grant ends.
const GRANT_ENDS: Millis = 7 * 24 * HOUR;
/// An order that came so long after the last webhook came without one.
const SILENCE: Millis = 10 * MINUTE;
/// Open notices that are looked at.
const NOTICES: usize = 1_000;

/// Something that is so, or not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    kind: NoticeKind,
    /// What is wrong, if something is.
    told: Option<NoticeBody>,
}

/// Looks at every shop once.
pub(super) async fn shops(shared: &Shared, shops: &[Shop], now: Millis) -> Result<(), String> {
    let mut open = HashSet::new();
    for kind in [NoticeKind::ShopStale, NoticeKind::WebhooksSilent, NoticeKind::GrantEnds] {
        let filter = NoticeFilter { open: Some(true), kind: Some(kind), ..NoticeFilter::default() };
        let page = within(shared.engine.reads().notices(&filter, NOTICES)).await?;
        open.extend(page.rows.into_iter().map(|notice| notice.key));
    }
    let mut refreshes = Vec::new();
    for shop in shops.iter().filter(|shop| shop.state != ShopState::Disconnected) {
        if shared.handlers.times(&shop.channel).refresh_due(shop) <= now {
            let body = JobBody::RefreshGrant { shop: shop.id };
            refreshes.push(NewJob { body, class: 1, run_at: 0, cause_at: None });
        }
        let filter = MarketOrderFilter { shop: Some(shop.id), ..MarketOrderFilter::default() };
        let orders = within(shared.engine.reads().market_orders(&filter, 1)).await?;
        let last_order = orders.rows.first().map(|order| order.received_at);
        for finding in findings(shop, last_order, now) {
            // Said once, not every minute.
            let is_open = open.contains(&Notice::key(finding.kind, &shop.code));
            if is_open != finding.told.is_some() {
                tell(shared, shop, finding).await?;
            }
        }
    }
    if !refreshes.is_empty() {
        let answer = shared.engine.submit(Request::internal(EnqueueJobs { jobs: refreshes })).await;
        answer.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn findings(shop: &Shop, last_order: Option<Millis>, now: Millis) -> [Finding; 3] {
    let connected = shop.state == ShopState::Connected;
    let health = &shop.health;
    let heard = health.answered_at.max(health.webhook_at).unwrap_or(shop.created_at).max(shop.created_at);
    let silent_for = now - heard;
    let name = || shop.name.clone();
    let stale = (connected && silent_for > shop.settings.stale_after_ms)
        .then(|| NoticeBody::ShopStale { name: name(), minutes: silent_for / MINUTE });
    let webhook = health.webhook_at.unwrap_or(shop.created_at);
    let unheard = last_order.is_some_and(|order| order - webhook > SILENCE);
    let silent = (connected && unheard).then(|| NoticeBody::WebhooksSilent { name: name() });
    // A shop that answers a day after its grant should have ended was authorised again there, where nobody told us.
    let granted = shop.grant_until.filter(|end| health.answered_at.is_none_or(|at| at < end + 24 * HOUR));
    let end = match (granted, shop.refresh_until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let ends = end
        .filter(|end| end - now <= GRANT_ENDS)
        .map(|end| NoticeBody::GrantEnds { name: name(), days: (end - now).max(0) / (24 * HOUR) });
    [
        Finding { kind: NoticeKind::ShopStale, told: stale },
        Finding { kind: NoticeKind::WebhooksSilent, told: silent },
        Finding { kind: NoticeKind::GrantEnds, told: ends },
    ]
}

async fn tell(shared: &Shared, shop: &Shop, finding: Finding) -> Result<(), String> {
    let subject = shop.code.clone();
    let command = match finding.told {
        Some(told) => RaiseNotice::open(subject, Some(shop.id), told),
        None => RaiseNotice::over(finding.kind, subject),
    };
    let answer = shared.engine.submit(Request::internal(command)).await;
    answer.map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::a_shop;
    use onhand_rules::shop::ShopHealth;

    fn said(shop: &Shop, last_order: Option<Millis>, now: Millis) -> Vec<NoticeKind> {
        findings(shop, last_order, now).into_iter().filter(|f| f.told.is_some()).map(|f| f.kind).collect()
    }

    #[test]
    fn a_shop_is_stale_when_nothing_is_heard_of_it() {
        let mut shop = a_shop(1, ShopState::Connected, None);
        let after = shop.settings.stale_after_ms;
        assert_eq!(said(&shop, None, after), []);
        assert_eq!(said(&shop, None, after + 1), [NoticeKind::ShopStale]);
        shop.health = ShopHealth { answered_at: Some(500), webhook_at: Some(1), ..ShopHealth::default() };
        assert_eq!(said(&shop, None, after + 500), []);
        shop.state = ShopState::Paused;
        assert_eq!(said(&shop, None, HOUR * 100), [], "nobody asks it");
    }

    #[test]
    fn g6_orders_without_webhooks_are_noticed() {
        let mut shop = a_shop(1, ShopState::Connected, None);
        shop.health.webhook_at = Some(1_000);
        assert_eq!(said(&shop, Some(1_000 + SILENCE), 2_000), [], "its webhook may be on the way");
        assert_eq!(said(&shop, Some(1_001 + SILENCE), 2_000), [NoticeKind::WebhooksSilent]);
    }

    #[test]
    fn the_end_of_a_grant_is_told_a_week_before() {
        let mut shop = a_shop(1, ShopState::Connected, None);
        shop.health.answered_at = Some(0);
        shop.refresh_until = Some(GRANT_ENDS + 100);
        shop.grant_until = Some(GRANT_ENDS * 9);
        assert_eq!(said(&shop, None, 99), []);
        assert_eq!(said(&shop, None, 100), [NoticeKind::GrantEnds]);
        shop.refresh_until = None;
        shop.grant_until = Some(GRANT_ENDS);
        let day = 24 * HOUR;
        shop.health.answered_at = Some(GRANT_ENDS + day - 1);
        assert_eq!(said(&shop, None, GRANT_ENDS + day), [NoticeKind::GrantEnds], "it goes on for a while");
        shop.health.answered_at = Some(GRANT_ENDS + day);
        assert_eq!(said(&shop, None, GRANT_ENDS + day), [], "it was authorised again");
    }
}
