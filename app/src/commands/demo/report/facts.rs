//! What was done about one fault.

use std::collections::BTreeMap;

use super::super::aftermath::Aftermath;
use super::super::board::{Board, Sample, Standing};
use super::super::chaos::Struck;
use crate::markets::for_people;
use crate::markets::journal::What;
use crate::markets::oversold::Trouble;
use crate::markets::sales::ShopCodes;

/// Finds what there is to tell.
pub(super) struct Teller<'a> {
    pub(super) board: &'a Board,
    pub(super) aftermath: &'a Aftermath,
    pub(super) codes: &'a ShopCodes,
}

/// The time and the shops that a fault concerned.
struct Scope<'a> {
    struck: &'a Struck,
    /// When the next fault began.
    next: i64,
    shops: Vec<&'a str>,
}

impl Scope<'_> {
    fn has(&self, shop: Option<&str>) -> bool {
        shop.is_some_and(|shop| self.shops.contains(&shop))
    }

    /// From its beginning to that of the next fault.
    fn within(&self, at: i64) -> bool {
        (self.struck.from..self.next).contains(&at)
    }
}

impl Teller<'_> {
    /// In the order in which a reader asks.
    pub(super) fn facts(&self, struck: &Struck, next: i64) -> Vec<String> {
        let scope = self.scope(struck, next);
        let mut facts: Vec<String> = struck.notes.clone();
        facts.extend(Some(struck_in_words(struck)).filter(|text| !text.is_empty()));
        facts.extend(attempts(struck));
        facts.extend(self.messages(&scope));
        facts.extend(self.shop_changes(&scope));
        facts.extend(self.notices(&scope));
        facts.extend(self.edits(&scope));
        facts.extend(self.given_up(&scope));
        facts.extend(self.backlog(&scope));
        facts
    }

    /// Webhooks that came twice or out of order, and orders that no webhook told of.
    fn messages(&self, scope: &Scope<'_>) -> Vec<String> {
        let Aftermath { orders, again } = self.aftermath;
        let more: i64 = again
            .iter()
            .filter(|one| scope.within(one.at) && scope.has(one.shop.as_deref()))
            .map(|one| one.more)
            .sum();
        let orders = || orders.iter().filter(|order| scope.within(order.at) && scope.has(Some(&order.shop)));
        let stale: u32 = orders().map(|order| order.stale).sum();
        let polled = orders().filter(|order| order.by_poll).count();
        let mut facts = Vec::new();
        let mut tell = |count: i64, text: &str| {
            if count > 0 {
                facts.push(format!("{count} {text}"));
            }
        };
        tell(more, "webhooks came again and changed nothing");
        tell(i64::from(stale), "older news of orders came after newer ones and were ignored");
        tell(polled as i64, "orders that no webhook had told of were found by asking the marketplace");
        facts
    }

    fn shop_changes(&self, scope: &Scope<'_>) -> Vec<String> {
        let mut facts = Vec::new();
        for one in self.board.journal.happened.iter().filter(|one| scope.within(one.at)) {
            let What::Shop { state, reason } = &one.what else { continue };
            if !scope.has(one.shop.as_deref()) || reason.as_deref() == Some("settings") {
                continue;
            }
            let shop = one.shop.as_deref().unwrap_or_default();
            let why = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let after = for_people(one.at - scope.struck.from);
            facts.push(format!("{shop} was {state} after {after}{why}"));
        }
        facts
    }

    /// What people were told, and when it was over.
    fn notices(&self, scope: &Scope<'_>) -> Vec<String> {
        let happened = &self.board.journal.happened;
        let mut seen: BTreeMap<&str, (&str, &str, i64)> = BTreeMap::new();
        for one in happened.iter().filter(|one| scope.within(one.at)) {
            let What::Notice { kind, key, text, open: true } = &one.what else { continue };
            // A drift is told with its edit, and a shortfall with the units that were sold twice.
            let apart = matches!(kind.as_str(), "drift" | "shortfall" | "unmapped");
            if scope.has(one.shop.as_deref()) && !apart {
                seen.entry(key).or_insert((kind, text, one.at));
            }
        }
        let mut facts = Vec::new();
        for (key, (kind, text, at)) in seen {
            let closed = happened.iter().find(|one| {
                one.at >= at && matches!(&one.what, What::Notice { key: k, open: false, .. } if k == key)
            });
            let over = match closed {
                Some(closed) => format!("over after {}", for_people(closed.at - at)),
                None => "still open".to_owned(),
            };
            let what = if kind == "shop_failing" { "the breaker opened" } else { "people were told" };
            facts.push(format!("{what} after {}: {text} ({over})", for_people(at - scope.struck.from)));
        }
        facts
    }

    /// Figures that were found on the marketplace and were not ours. One that is decided long after it was seen belongs to the
    /// fault that put it there.
    fn edits(&self, scope: &Scope<'_>) -> Vec<String> {
        let edits: Vec<(i64, &str, &str, i64, i64)> = self
            .board
            .journal
            .happened
            .iter()
            .filter(|one| scope.has(one.shop.as_deref()))
            .filter_map(|one| match &one.what {
                What::Edit { step, sku, seen, expected } => {
                    Some((one.at, step.as_str(), sku.as_str(), *seen, *expected))
                }
                _ => None,
            })
            .collect();
        let mut facts = Vec::new();
        let mut mended: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, step, sku, seen, expected) in edits.iter().copied().filter(|edit| scope.within(edit.0)) {
            match step {
                "suspected" => {
                    let end = edits.iter().find(|later| {
                        later.0 > at && later.2 == sku && !matches!(later.1, "suspected" | "restarted")
                    });
                    let end = match end {
                        Some(end) => format!("{} after {}", end.1, for_people(end.0 - at)),
                        None => "not decided yet".to_owned(),
                    };
                    let after = for_people(at - scope.struck.from);
                    facts.push(format!("{sku}: {seen} instead of {expected} seen after {after}; {end}"));
                }
                "lost_push" | "late_write" | "unseen_order" | "campaign" => {
                    *mended.entry(step).or_default() += 1
                }
                _ => {}
            }
        }
        facts.extend(mended.into_iter().map(|(step, count)| {
            let cause = match step {
                "lost_push" => "an acknowledged figure was not there: told again",
                "late_write" => "a write without an answer arrived late: told over",
                "unseen_order" => "a sale was missing from the figure: told again",
                _ => "a campaign had moved units: nothing was written over it",
            };
            format!("{count} times {cause}")
        }));
        facts
    }

    fn given_up(&self, scope: &Scope<'_>) -> Vec<String> {
        let mut causes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in self.board.journal.happened.iter().filter(|one| scope.within(one.at)) {
            if let What::Died { kind, code } = &one.what
                && scope.has(one.shop.as_deref())
            {
                *causes.entry((kind, code)).or_default() += 1;
            }
        }
        causes.into_iter().map(|((kind, code), count)| format!("{count} {kind} given up: {code}")).collect()
    }

    /// When the shops had been told everything from before the end of the fault.
    fn caught_up(&self, scope: &Scope<'_>) -> Option<i64> {
        let until = scope.struck.until;
        let told = |sample: &&Sample| {
            let mut shops = scope.shops.iter().filter_map(|shop| sample.shops.get(*shop));
            shops.all(|shop| shop.dirty == 0 || shop.oldest > until)
        };
        self.board.samples.iter().filter(|sample| sample.at >= until).find(told).map(|sample| sample.at)
    }

    /// The fault with its aftermath: until the shops were true again.
    pub(super) fn trouble(&self, struck: &Struck) -> Trouble {
        let scope = self.scope(struck, i64::MAX);
        Trouble {
            what: format!("{} ({})", struck.fault.name, struck.fault.what),
            market: struck.fault.market.map(|market| market.name().to_owned()),
            from: struck.from,
            until: self.caught_up(&scope).unwrap_or(i64::MAX),
        }
    }

    fn scope<'b>(&'b self, struck: &'b Struck, next: i64) -> Scope<'b> {
        let market = struck.fault.market.map(onhand_sandbox::Market::name);
        let shops = self
            .codes
            .iter()
            .filter(|((channel, _), _)| market.is_none_or(|market| market == channel))
            .map(|(_, code)| code.as_str())
            .collect();
        Scope { struck, next, shops }
    }

    /// What waited for the shops, and when they were told everything from before the end of the fault.
    fn backlog(&self, scope: &Scope<'_>) -> Vec<String> {
        let Struck { from, until, .. } = *scope.struck;
        let samples = || self.board.samples.iter().filter(|sample| sample.at >= from);
        let of = |shops: &BTreeMap<String, Standing>, figure: fn(&Standing) -> i64| -> i64 {
            scope.shops.iter().filter_map(|shop| shops.get(*shop)).map(figure).sum()
        };
        let during = || samples().filter(|sample| sample.at < scope.next);
        let jobs = during().map(|sample| of(&sample.shops, |shop| shop.jobs)).max().unwrap_or(0);
        let dirty = during().map(|sample| of(&sample.shops, |shop| shop.dirty)).max().unwrap_or(0);
        let over = match self.caught_up(scope) {
            Some(at) => format!("all told {} after it ended", for_people(at - until)),
            None => "not all told when the report was made".to_owned(),
        };
        let slowest = self
            .board
            .journal
            .all_pushes()
            .filter(|(shop, push)| scope.has(Some(shop)) && (from..until).contains(&push.cause_at))
            .map(|(_, push)| push.total_ms)
            .max();
        let slowest = slowest.map(|ms| format!("; slowest push {}", for_people(ms))).unwrap_or_default();
        vec![format!("at most {jobs} jobs and {dirty} listings waited at once; {over}{slowest}")]
    }
}

/// What the fault did, in its own words.
fn struck_in_words(struck: &Struck) -> String {
    let times = struck.times;
    match struck.fault.name {
        "latency" => format!("{times} calls took longer"),
        "throttle" => format!("{times} calls were turned down"),
        "outage" => format!("{times} calls were answered with 5xx"),
        "html" => format!("{times} calls were answered with a page"),
        "lose_answer" => format!("{times} calls were carried out and not answered"),
        "partial_failure" => format!("{times} writes failed in part"),
        "campaign_lock" | "promotion_lock" => format!("{times} writes met the lock"),
        "drop_webhooks" => format!("{times} webhooks were lost"),
        "duplicate_webhooks" => format!("{times} webhooks were sent twice"),
        "reorder_webhooks" => format!("{times} webhooks were overtaken"),
        "delay_webhooks" => format!("{times} webhooks were late"),
        "clock_skew" => "every time that it told or checked was wrong".to_owned(),
        _ => String::new(),
    }
}

/// How attempts at jobs failed between this fault and the next, over all replicas.
fn attempts(struck: &Struck) -> Vec<String> {
    let mut facts = Vec::new();
    for (class, count) in struck.measured.failures() {
        facts.push(match class.as_str() {
            "rate_limited" => {
                format!("{count} attempts put off as the marketplace said; none counted against a job")
            }
            "server" => {
                format!("{count} attempts failed with the marketplace's error; again after 1, 5, 15 minutes")
            }
            "network" => format!("{count} attempts without an answer; again after 1, 5, 15 s"),
            "unclear" => format!(
                "{count} attempts with an answer that could not be understood; again after 1, 5, 15 s"
            ),
            "auth" => format!("{count} attempts without a good token: parked until the shop is authorised"),
            "locked" => {
                format!("{count} attempts met a lock; again after 15 minutes, or with the next change")
            }
            "conflict" => format!("{count} attempts found that somebody else was first; again at once"),
            "crash" => format!("{count} attempts ended with their worker; again after 5 s"),
            other => format!("{count} attempts ended as {other}"),
        });
    }
    if struck.measured.rescues > 0 {
        facts.push(format!("{} jobs of a dead worker were taken over", struck.measured.rescues));
    }
    if struck.measured.stale > 0 {
        facts.push(format!(
            "{} ends of jobs came after their lease was lost and counted for nothing",
            struck.measured.stale
        ));
    }
    facts
}
