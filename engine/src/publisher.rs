//! The publisher: follows the feed of events and marks the listings whose figure may have changed.
//!
//! Its place in the feed is a row. It is moved in the same transaction that marks the listings, and only from where it
//! was, so two replicas do not both do it and none can skip (`Publish`). Events that concern nobody cost no commit: the
//! row follows every few thousand events or seconds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use onhand_rules::commands::channels::{Publish, RaiseNotice};
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::setting::{PUBLISHER, Setting};
use onhand_rules::{EventBody, ListingId, Millis, Refusal, SkuId};
use onhand_store::{EventRow, ListingFilter, Outcome};

use crate::jobs::{Shared, backoff, within};
use crate::ledger::Request;

/// Events read at once.
const PAGE: usize = 1_000;
/// Listings in one command.
const LISTINGS: usize = 500;
/// The row follows after so many events that concern nobody …
const BEHIND_MAX: i64 = 10_000;
/// … or so long.
const BEHIND_FOR: Duration = Duration::from_secs(5);
/// How often the feed is looked at when nothing in this process wakes: what other replicas commit they publish
/// themselves, unless they die in between.
const POLL: Duration = Duration::from_millis(500);
/// Codes of SKUs that are remembered.
const CODES_MAX: usize = 200_000;

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut feed = shared.engine.feed();
    let mut publisher = Publisher::new(shared.clone());
    let mut failures = 0;
    while stop.borrow_and_update().is_none() {
        feed.mark_unchanged();
        let delay = match publisher.follow().await {
            Ok(true) => {
                failures = 0;
                continue;
            }
            Ok(false) => {
                failures = 0;
                POLL
            }
            Err(why) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(why, "changes of stock cannot be published; trying again for ever");
                }
                publisher.forget();
                tokio::select! {
                    () = tokio::time::sleep(backoff(failures)) => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            // The sender lives in the engine that `shared` holds.
            _ = feed.changed(), if shared.settings.hints => {}
            _ = stop.changed() => {}
        }
    }
}

/// Where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The row: everything up to here is marked.
    kept: i64,
    /// Looked at up to here; between the two nothing concerned anybody.
    looked: i64,
}

/// What a page of events is about, with the time of the oldest event of each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Concerns {
    skus: BTreeMap<String, Millis>,
    shops: BTreeMap<String, Millis>,
    shortfalls: Vec<(String, Option<i64>, Millis)>,
}

impl Concerns {
    fn of(events: &[EventRow]) -> Self {
        let mut concerns = Self::default();
        for event in events {
            match &event.body {
                EventBody::StockChanged { sku, .. } | EventBody::SkuChanged { sku, .. } => {
                    concerns.skus.entry(sku.clone()).or_insert(event.at);
                }
                // It may sell again, or something else is published there.
                EventBody::ShopChanged { shop, state, reason }
                    if state == "connected" || reason.as_deref() == Some("settings") =>
                {
                    concerns.shops.entry(shop.clone()).or_insert(event.at);
                }
                EventBody::StockShortfall { sku, location, available } => {
                    concerns.shortfalls.push((subject(sku, location), Some(*available), event.at));
                }
                EventBody::StockShortfallCleared { sku, location, .. } => {
                    concerns.shortfalls.push((subject(sku, location), None, event.at));
                }
                _ => {}
            }
        }
        concerns
    }
}

fn subject(sku: &str, location: &str) -> String {
    format!("{sku}@{location}")
}

struct Publisher {
    shared: Arc<Shared>,
    place: Option<Place>,
    /// Ids never change, and a code is never another SKU's.
    ids: HashMap<String, SkuId>,
    kept_at: Instant,
}

impl Publisher {
    fn new(shared: Arc<Shared>) -> Self {
        Self { shared, place: None, ids: HashMap::new(), kept_at: Instant::now() }
    }

    /// After a failure nothing that was only in memory is believed.
    fn forget(&mut self) {
        self.place = None;
    }

    /// One page. Whether there may be more.
    async fn follow(&mut self) -> Result<bool, String> {
        let place = match self.place {
            Some(place) => place,
            None => self.read_place().await?,
        };
        let reads = self.shared.engine.reads();
        let page = within(reads.events(place.looked, PAGE)).await?;
        let lag = self.shared.engine.metrics().queue.publisher_lag.clone();
        let Some(last) = page.rows.last().map(|event| event.number) else {
            lag.set(0);
            return self.keep_up(place).await.map(|()| false);
        };
        let concerns = Concerns::of(&page.rows);
        let listings = self.concerned(&concerns).await?;
        for (subject, available, at) in &concerns.shortfalls {
            self.tell(subject, *available, *at).await?;
        }
        let place = Place { looked: last, ..place };
        if listings.is_empty() {
            self.place = Some(place);
            self.keep_up(place).await?;
        } else {
            self.publish(place, listings).await?;
        }
        let head = *self.shared.engine.feed().borrow();
        lag.set((head - last).max(0));
        Ok(page.more)
    }

    async fn read_place(&mut self) -> Result<Place, String> {
        let kept = self.kept().await?;
        let place = Place { kept, looked: kept };
        self.place = Some(place);
        Ok(place)
    }

    async fn kept(&self) -> Result<i64, String> {
        let rows = within(self.shared.engine.reads().settings(PUBLISHER)).await?;
        Ok(rows
            .into_iter()
            .find_map(|(key, value)| match value {
                Setting::Publisher { event } if key == PUBLISHER => Some(event),
                _ => None,
            })
            .unwrap_or(0))
    }

    /// Moves the row after a while, so that a restart does not read everything again.
    async fn keep_up(&mut self, place: Place) -> Result<(), String> {
        let behind = place.looked - place.kept;
        if behind >= BEHIND_MAX || (behind > 0 && self.kept_at.elapsed() >= BEHIND_FOR) {
            self.publish(place, BTreeMap::new()).await?;
        }
        Ok(())
    }

    /// The listings that these events may concern, with the time of the oldest change of each.
    async fn concerned(&mut self, concerns: &Concerns) -> Result<BTreeMap<ListingId, Millis>, String> {
        let mut listings = BTreeMap::new();
        let mut times: BTreeMap<SkuId, Millis> = BTreeMap::new();
        for (code, at) in &concerns.skus {
            if let Some(id) = self.id_of(code).await? {
                times.insert(id, *at);
            }
        }
        let reads = self.shared.engine.reads();
        let skus: Vec<SkuId> = times.keys().copied().collect();
        for part in skus.chunks(LISTINGS) {
            for (sku, listing) in within(reads.listings_concerning(part)).await? {
                let at = times.get(&sku).copied().unwrap_or(0);
                listings
                    .entry(listing)
                    .and_modify(|oldest: &mut Millis| *oldest = at.min(*oldest))
                    .or_insert(at);
            }
        }
        for (code, at) in &concerns.shops {
            self.concerned_by_shop(code, *at, &mut listings).await?;
        }
        Ok(listings)
    }

    async fn id_of(&mut self, code: &str) -> Result<Option<SkuId>, String> {
        if let Some(id) = self.ids.get(code) {
            return Ok(Some(*id));
        }
        let Some(sku) = within(self.shared.engine.reads().sku(code)).await? else { return Ok(None) };
        if self.ids.len() >= CODES_MAX {
            self.ids.clear();
        }
        self.ids.insert(code.to_owned(), sku.id);
        Ok(Some(sku.id))
    }

    /// All mapped listings of a shop.
    async fn concerned_by_shop(
        &self,
        code: &str,
        at: Millis,
        listings: &mut BTreeMap<ListingId, Millis>,
    ) -> Result<(), String> {
        let reads = self.shared.engine.reads();
        let Some(shop) = within(reads.shop_by_code(code)).await? else { return Ok(()) };
        let mut filter =
            ListingFilter { shop: Some(shop.id), mapped: Some(true), ..ListingFilter::default() };
        loop {
            let page = within(reads.listings(&filter, PAGE)).await?;
            for listing in &page.rows {
                listings.entry(listing.id).or_insert(at);
            }
            filter.after = page.rows.last().map(|listing| listing.id);
            if !page.more || filter.after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Marks the listings and moves the row; all but the last part without moving it, which is repeated without harm.
    async fn publish(&mut self, place: Place, listings: BTreeMap<ListingId, Millis>) -> Result<(), String> {
        let listings: Vec<(ListingId, Millis)> = listings.into_iter().collect();
        let count = listings.len() as u64;
        let mut parts = listings.chunks(LISTINGS).map(<[_]>::to_vec).collect::<Vec<_>>();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            if let Err(at) = self.submit(None, place.looked, part).await? {
                return Err(format!("listings were marked from nowhere, and the place is {at}"));
            }
        }
        let mut from = place.kept;
        // Each time another replica was first it has moved the row, so this ends.
        while let Err(actual) = self.submit(Some(from), place.looked, last.clone()).await? {
            if actual >= place.looked {
                // It has done all of this. What comes after its place is looked at by us too.
                self.place = Some(Place { kept: actual, looked: actual });
                return Ok(());
            }
            from = actual;
        }
        self.place = Some(Place { kept: place.looked, looked: place.looked });
        self.kept_at = Instant::now();
        self.shared.engine.metrics().queue.published.inc_by(count);
        Ok(())
    }

    /// `Ok(Err(place))`: the row is at another place.
    async fn submit(
        &self,
        from: Option<i64>,
        to: i64,
        listings: Vec<(ListingId, Millis)>,
    ) -> Result<Result<(), i64>, String> {
        let command = Publish { from, to, listings, read_back: false };
        let answer = self.shared.engine.submit(Request::internal(command)).await;
        match answer.map_err(|error| error.to_string())?.outcome {
            Outcome::Done(_) => Ok(Ok(())),
            Outcome::Refused(Refusal::StaleVersion { actual, .. }) => Ok(Err(actual)),
            Outcome::Refused(refusal) => Err(format!("publishing was refused: {refusal}")),
        }
    }

    /// A shortfall began (with what is available) or ended. Replicas follow the same feed: what is said already is not
    /// said again.
    async fn tell(&self, subject: &str, available: Option<i64>, at: Millis) -> Result<(), String> {
        let key = Notice::key(NoticeKind::Shortfall, subject);
        let known = within(self.shared.engine.reads().notice(&key)).await?;
        let open = available.is_some();
        // Two things can happen in one millisecond: what is in doubt is said.
        let said = match &known {
            None => !open,
            Some(notice) if open => notice.last_at > at || (notice.open && notice.last_at == at),
            Some(notice) => !notice.open || notice.last_at > at,
        };
        if said {
            return Ok(());
        }
        let text = match available {
            Some(available) => format!(
                "More of {subject} is promised than there is: {available} available. Restock it, or cancel orders."
            ),
            None => format!("The shortfall of {subject} is over."),
        };
        let command =
            RaiseNotice { kind: NoticeKind::Shortfall, subject: subject.to_owned(), shop: None, text, open };
        let answer = self.shared.engine.submit(Request::internal(command)).await;
        answer.map(|_| ()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_rules::{OpId, PrincipalId};

    fn event(number: i64, body: EventBody) -> EventRow {
        EventRow { number, at: number * 10, body, op: OpId(1), actor: PrincipalId::SYSTEM, trace: None }
    }

    fn stock(sku: &str) -> EventBody {
        EventBody::StockChanged {
            sku: sku.into(),
            location: "main".into(),
            on_hand: 1,
            reserved: 0,
            allocated: 0,
            unavailable: 0,
            available: 1,
            version: 1,
        }
    }

    #[test]
    fn each_sku_once_with_its_oldest_change() {
        let shop = |code: &str, state: &str, reason: Option<&str>| EventBody::ShopChanged {
            shop: code.into(),
            state: state.into(),
            reason: reason.map(str::to_owned),
        };
        let short = EventBody::StockShortfall { sku: "A".into(), location: "main".into(), available: -2 };
        let events = [
            event(1, stock("A")),
            event(2, stock("B")),
            event(3, stock("A")),
            event(4, shop("shopee-1", "connected", None)),
            event(5, short),
            event(6, shop("shopee-2", "paused", None)),
            event(7, shop("shopee-3", "paused", Some("settings"))),
        ];
        let concerns = Concerns::of(&events);
        assert_eq!(concerns.skus, BTreeMap::from([("A".into(), 10), ("B".into(), 20)]));
        assert_eq!(concerns.shops, BTreeMap::from([("shopee-1".into(), 40), ("shopee-3".into(), 70)]));
        assert_eq!(concerns.shortfalls, [("A@main".to_owned(), Some(-2), 50)]);
    }
}
