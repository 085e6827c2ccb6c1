//! What Onhand did, as its own feed of events tells it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use onhand_rules::EventBody;
use onhand_store::{EventRow, ListingFilter, Reads};

/// Events read at once.
const PAGE: usize = 1_000;

/// A figure that a marketplace acknowledged. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Push {
    /// When it was known here.
    pub(crate) at: i64,
    /// When the figure was read here, at the latest: what happened afterwards it does not tell, however long it waited
    /// for the limit and for the answer.
    pub(crate) read_at: i64,
    /// When the change happened that it tells.
    pub(crate) cause_at: i64,
    pub(crate) total_ms: i64,
    /// Of these, the time that was not the marketplace's.
    pub(crate) ours_ms: i64,
}

/// A time in which more was promised of a SKU than there was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub(crate) sku: String,
    pub(crate) opened: i64,
    pub(crate) cleared: Option<i64>,
    /// The lowest that was available; below zero.
    pub(crate) lowest: i64,
}

/// Something that happened to a shop, a listing, a notice or a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) at: i64,
    /// Code of the shop, where there is one.
    pub(crate) shop: Option<String>,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A figure that we did not put there: the step, and the SKU of the listing.
    Edit { step: String, sku: String, seen: i64, expected: i64 },
    /// A notice opened or closed.
    Notice { kind: String, key: String, text: String, open: bool },
    /// A shop was connected, disconnected, paused.
    Shop { state: String, reason: Option<String> },
    /// A job was given up.
    Died { kind: String, code: String },
}

/// Everything that was read so far.
#[derive(Default)]
pub(crate) struct Journal {
    feed: i64,
    /// By shop and SKU, in the order in which they were acknowledged.
    pub(crate) pushes: BTreeMap<String, HashMap<String, Vec<Push>>>,
    /// When orders of ours were placed, by their references.
    pub(crate) placed: HashMap<String, i64>,
    pub(crate) shortages: Vec<Shortage>,
    pub(crate) happened: Vec<Happened>,
    /// Changes of orders of marketplaces.
    pub(crate) news: u64,
    /// The last push, for people.
    pub(crate) last: String,
    open: HashMap<String, usize>,
    /// Codes of shops by number.
    shops: HashMap<i64, String>,
    /// The sellers' codes of listings by number.
    listings: HashMap<i64, String>,
}

impl Journal {
    /// From here on. The listings are there.
    pub(crate) async fn begin(&mut self, reads: &dyn Reads) -> anyhow::Result<()> {
        self.feed = reads.feed_head().await?;
        let mut filter = ListingFilter::default();
        loop {
            let page = reads.listings(&filter, PAGE).await?;
            filter.after = page.rows.last().map(|listing| listing.id);
            self.listings.extend(page.rows.into_iter().map(|listing| (listing.id.0, listing.seller_sku)));
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Reads what happened since the last time.
    pub(crate) async fn read(&mut self, reads: &dyn Reads) -> anyhow::Result<()> {
        self.shops = reads.shops().await?.into_iter().map(|shop| (shop.id.0, shop.code)).collect();
        loop {
            let page = reads.events(self.feed, PAGE).await?;
            for row in &page.rows {
                self.feed = row.number;
                self.take(row);
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Every push with its shop, in no order.
    pub(crate) fn all_pushes(&self) -> impl Iterator<Item = (&str, &Push)> {
        self.pushes
            .iter()
            .flat_map(|(shop, skus)| skus.values().flatten().map(move |push| (shop.as_str(), push)))
    }

    /// The pushes of a listing, in the order in which they were acknowledged.
    fn pushes_of(&self, shop: &str, sku: &str) -> &[Push] {
        self.pushes.get(shop).and_then(|skus| skus.get(sku)).map_or(&[], Vec::as_slice)
    }

    /// The first push of a listing that can tell what was known here at `at`.
    pub(crate) fn told_of(&self, shop: &str, sku: &str, at: i64) -> Option<&Push> {
        self.pushes_of(shop, sku).iter().find(|push| push.read_at >= at)
    }

    /// A push of a listing that may have taken effect in this time, and cannot tell what was known here at `heard` only.
    /// The marketplace writes a figure down some time between its reading here and its answer.
    pub(crate) fn blind(&self, shop: &str, sku: &str, (from, until): (i64, i64), heard: i64) -> bool {
        let blind = |push: &Push| push.read_at <= until && push.at >= from && push.read_at < heard;
        self.pushes_of(shop, sku).iter().any(blind)
    }

    fn take(&mut self, row: &EventRow) {
        let at = row.at;
        match &row.body {
            EventBody::MarketOrderChanged { .. } => self.news += 1,
            EventBody::OrderPlaced { reference: Some(reference), .. } => {
                self.placed.entry(reference.clone()).or_insert(at);
            }
            EventBody::ListingPushed {
                shop,
                sku,
                quantity,
                cause_at,
                sent_at,
                wait_ms,
                limit_ms,
                network_ms,
                total_ms,
                ..
            } => {
                let (read_at, ours_ms) = (sent_at - limit_ms, wait_ms + limit_ms);
                let push = Push { at, read_at, cause_at: *cause_at, total_ms: *total_ms, ours_ms };
                let of_shop = self.pushes.entry(shop.clone()).or_default();
                of_shop.entry(sku.clone()).or_default().push(push);
                self.last = format!(
                    "{sku} is {quantity} on {shop}: {total_ms} ms ({wait_ms} wait, {limit_ms} limit, {network_ms} network)"
                );
            }
            EventBody::StockShortfall { sku, available, .. } => self.short(sku, *available, at),
            EventBody::StockShortfallCleared { sku, .. } => {
                if let Some(index) = self.open.remove(sku)
                    && let Some(shortage) = self.shortages.get_mut(index)
                {
                    shortage.cleared = Some(at);
                }
            }
            EventBody::StockChanged { sku, available, .. } => {
                if let Some(index) = self.open.get(sku)
                    && let Some(shortage) = self.shortages.get_mut(*index)
                {
                    shortage.lowest = shortage.lowest.min(*available);
                }
            }
            body => self.note(at, body),
        }
    }

    fn short(&mut self, sku: &str, available: i64, at: i64) {
        let shortage = Shortage { sku: sku.to_owned(), opened: at, cleared: None, lowest: available.min(-1) };
        self.open.insert(sku.to_owned(), self.shortages.len());
        self.shortages.push(shortage);
    }

    fn note(&mut self, at: i64, body: &EventBody) {
        let code = |number: &Option<i64>| number.and_then(|number| self.shops.get(&number).cloned());
        let (shop, what) = match body {
            EventBody::ListingEdit { listing, shop, step, seen, expected } => {
                let sku = self.listings.get(listing).cloned().unwrap_or_default();
                let (step, seen, expected) = (step.clone(), *seen, *expected);
                (Some(shop.clone()), What::Edit { step, sku, seen, expected })
            }
            EventBody::NoticeChanged { key, kind, shop, text, open, .. } => {
                let (kind, key, text) = (kind.clone(), key.clone(), text.clone());
                (code(shop), What::Notice { kind, key, text, open: *open })
            }
            EventBody::ShopChanged { shop, state, reason } => {
                (Some(shop.clone()), What::Shop { state: state.clone(), reason: reason.clone() })
            }
            EventBody::JobDied { kind, shop, code: why, .. } => {
                (code(shop), What::Died { kind: kind.clone(), code: why.clone() })
            }
            _ => return,
        };
        self.happened.push(Happened { at, shop, what });
    }

    /// SKUs of which more was promised than there was.
    pub(crate) fn short_skus(&self) -> BTreeSet<&str> {
        self.shortages.iter().map(|shortage| shortage.sku.as_str()).collect()
    }

    /// Jobs that were given up.
    pub(crate) fn died(&self) -> usize {
        self.happened.iter().filter(|one| matches!(one.what, What::Died { .. })).count()
    }
}

#[cfg(test)]
mod tests {
    use onhand_rules::{OpId, PrincipalId};

    use super::*;

    fn event(at: i64, body: EventBody) -> EventRow {
        EventRow { number: at, at, body, op: OpId(1), actor: PrincipalId::SYSTEM, trace: None }
    }

    fn stock(available: i64) -> EventBody {
        EventBody::StockChanged {
            sku: "A".into(),
            location: "main".into(),
            on_hand: 1,
            reserved: 0,
            allocated: 0,
            unavailable: 0,
            available,
            version: 1,
            told: Vec::new(),
        }
    }

    #[test]
    fn a_shortage_lasts_until_it_is_cleared_and_is_as_deep_as_it_was() {
        let place = || ("A".to_owned(), "main".to_owned());
        let short = |available| {
            let (sku, location) = place();
            EventBody::StockShortfall { sku, location, available }
        };
        let (sku, location) = place();
        let over = EventBody::StockShortfallCleared { sku, location, available: 2 };
        let mut journal = Journal::default();
        for row in [
            event(1, short(-1)),
            event(2, stock(-4)),
            event(3, stock(-2)),
            event(4, over),
            event(5, stock(-9)),
            event(6, short(-2)),
        ] {
            journal.take(&row);
        }
        let told: Vec<_> = journal.shortages.iter().map(|s| (s.opened, s.cleared, s.lowest)).collect();
        assert_eq!(told, [(1, Some(4), -4), (6, None, -2)]);
    }

    #[test]
    fn the_first_push_after_a_moment_is_found() {
        let mut journal = Journal::default();
        let push = |at| Push { at, read_at: at, cause_at: 0, total_ms: 1, ours_ms: 1 };
        let skus = HashMap::from([("A".to_owned(), vec![push(10), push(20)])]);
        journal.pushes.insert("shop".to_owned(), skus);
        let at = |moment| journal.told_of("shop", "A", moment).map(|push| push.at);
        assert_eq!((at(10), at(11), at(21)), (Some(10), Some(20), None));
        assert_eq!(journal.told_of("shop", "B", 0), None);
    }
}
