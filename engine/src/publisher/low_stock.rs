//! Which changes of stock are about a threshold of low stock: only these cost a command (`WatchStock`), which looks again
//! and decides.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::commands::channels::WatchStock;
use onhand_rules::notice::{NoticeKind, kind_name};
use onhand_rules::setting::{LOW_STOCK, Setting, low_stock_key};
use onhand_rules::{EventBody, Quantity};
use onhand_store::{EventRow, NoticeFilter};

use super::subject_of;
use crate::jobs::within;
use crate::ledger::{Engine, Request};

/// Notices read at once.
const PAGE: usize = 1_000;

/// The thresholds, and what is said to be low, as far as the feed was followed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LowStock {
    /// By key of the setting.
    thresholds: BTreeMap<String, Quantity>,
    /// Subjects of open notices: `SKU@LOCATION`.
    open: BTreeSet<String>,
    /// Nothing is known before the first look, and after a failure.
    known: bool,
}

impl LowStock {
    /// Follows one page of events: what has become low, or is not any more, is told.
    pub(super) async fn follow(&mut self, engine: &Engine, events: &[EventRow]) -> Result<(), String> {
        let threshold_set = |event: &EventRow| matches!(&event.body, EventBody::QueueChanged { key } if key.starts_with(LOW_STOCK));
        if !self.known || events.iter().any(threshold_set) {
            self.look(engine).await?;
        }
        for (sku, location) in self.crossed(events) {
            let answer = engine.submit(Request::internal(WatchStock { sku, location })).await;
            answer.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// After a failure nothing that was only in memory is believed.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    async fn look(&mut self, engine: &Engine) -> Result<(), String> {
        let reads = engine.reads();
        let rows = within(reads.settings(LOW_STOCK)).await?;
        self.thresholds = rows
            .into_iter()
            .filter_map(|(key, setting)| match setting {
                Setting::LowStock { units } => Some((key, units)),
                _ => None,
            })
            .collect();
        self.open.clear();
        let kind = Some(NoticeKind::LowStock);
        let mut filter = NoticeFilter { open: Some(true), kind, ..NoticeFilter::default() };
        loop {
            let page = within(reads.notices(&filter, PAGE)).await?;
            filter.before = page.rows.last().map(|notice| (notice.last_at, notice.key.clone()));
            self.open.extend(page.rows.into_iter().map(|notice| notice.subject));
            if !page.more || filter.before.is_none() {
                break;
            }
        }
        self.known = true;
        Ok(())
    }

    /// The stock rows whose last figure in these events is on the other side of the threshold than the notice says.
    fn crossed(&mut self, events: &[EventRow]) -> BTreeSet<(String, String)> {
        let mut crossed = BTreeSet::new();
        for event in events {
            match &event.body {
                EventBody::StockChanged { sku, location, available, .. } => {
                    let own = self.thresholds.get(&low_stock_key(sku));
                    let threshold = own.or_else(|| self.thresholds.get(LOW_STOCK));
                    let low = threshold.is_some_and(|units| available <= units);
                    let row = (sku.clone(), location.clone());
                    if low == self.open.contains(&subject_of(sku, location)) {
                        crossed.remove(&row);
                    } else {
                        crossed.insert(row);
                    }
                }
                // One that is not sold any more does not run low.
                EventBody::SkuChanged { sku, archived: true, .. } => {
                    let of_sku = |subject: &&String| {
                        subject.strip_prefix(sku.as_str()).is_some_and(|rest| rest.starts_with('@'))
                    };
                    let row =
                        |subject: &String| Some((sku.clone(), subject.get(sku.len() + 1..)?.to_owned()));
                    crossed.extend(self.open.iter().filter(of_sku).filter_map(row));
                }
                EventBody::NoticeChanged { kind, subject, open, .. }
                    if kind == kind_name(NoticeKind::LowStock) =>
                {
                    if *open {
                        self.open.insert(subject.clone());
                    } else {
                        self.open.remove(subject);
                    }
                }
                _ => {}
            }
        }
        crossed
    }
}

/// Whether there is a threshold, or something that was said of one and is to be taken back.
pub(super) async fn is_followed(engine: &Engine) -> Result<bool, String> {
    let reads = engine.reads();
    if !within(reads.settings(LOW_STOCK)).await?.is_empty() {
        return Ok(true);
    }
    let kind = Some(NoticeKind::LowStock);
    let filter = NoticeFilter { open: Some(true), kind, ..NoticeFilter::default() };
    Ok(!within(reads.notices(&filter, 1)).await?.rows.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_rules::{OpId, PrincipalId};

    fn event(body: EventBody) -> EventRow {
        EventRow { number: 1, at: 1, body, op: OpId(1), actor: PrincipalId::SYSTEM, trace: None }
    }

    fn stock(sku: &str, available: Quantity) -> EventRow {
        event(EventBody::StockChanged {
            sku: sku.into(),
            location: "main".into(),
            on_hand: available,
            reserved: 0,
            allocated: 0,
            unavailable: 0,
            available,
            version: 1,
            told: Vec::new(),
        })
    }

    fn known() -> LowStock {
        let thresholds = BTreeMap::from([(LOW_STOCK.to_owned(), 5), (low_stock_key("B"), 2)]);
        LowStock { thresholds, open: BTreeSet::from(["C@main".to_owned()]), known: true }
    }

    fn codes(crossed: BTreeSet<(String, String)>) -> Vec<String> {
        crossed.into_iter().map(|(sku, _)| sku).collect()
    }

    #[test]
    fn only_what_crosses_its_threshold_is_looked_at() {
        let mut low = known();
        let events = [stock("A", 6), stock("B", 3), stock("C", 5)];
        assert_eq!(low.crossed(&events), BTreeSet::new(), "A and B are above, C is low and said to be");
        assert_eq!(codes(low.crossed(&[stock("A", 5), stock("B", 2), stock("C", 6)])), ["A", "B", "C"]);
        assert_eq!(codes(low.crossed(&[stock("A", 5), stock("A", 9)])), [""; 0], "the last figure counts");
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        let mut low = known();
        let said = event(EventBody::NoticeChanged {
            key: "low_stock:A@main".into(),
            kind: "low_stock".into(),
            subject: "A@main".into(),
            shop: None,
            text: String::new(),
            told: None,
            open: true,
            count: 1,
        });
        assert_eq!(low.crossed(&[said, stock("A", 4)]), BTreeSet::new());
        let archived = event(EventBody::SkuChanged { sku: "C".into(), version: 2, archived: true });
        assert_eq!(low.crossed(&[archived]), BTreeSet::from([("C".to_owned(), "main".to_owned())]));
    }
}
