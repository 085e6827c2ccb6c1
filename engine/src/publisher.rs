//! The publisher: follows the feed of events and marks the listings whose figure may have changed.
//!
//! Its place in the feed is a row. It is moved in the same transaction that marks the listings, and only from where it
//! was, so two replicas do not both do it and none can skip (`Publish`). Events that concern nobody cost no commit: the
//! row follows every few thousand events or seconds. What an order of a marketplace has marked itself (its event says so) is
//! not marked again.

mod concerns;
mod follower;
mod hurry;
mod low_stock;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onhand_rules::commands::channels::{Publish, RaiseNotice, Urgency};
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::setting::{PUBLISHER, Setting};
use onhand_rules::{ListingId, Millis, NoticeBody, Refusal};
use onhand_store::{ListingFilter, Outcome};

use self::concerns::{Concerns, merge};
use self::low_stock::LowStock;
use crate::jobs::{HeldSlots, Shared, within};
use crate::ledger::{Engine, Request};

pub use follower::Follower;
pub(crate) use follower::run_with_slots;

/// Events read at once.
const PAGE: usize = 1_000;
/// Listings in one command.
const LISTINGS: usize = 500;
/// The row follows after so many events that concern nobody …
const BEHIND_MAX: i64 = 10_000;
/// … or so long.
const BEHIND_FOR: Duration = Duration::from_secs(5);

/// Where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The row: everything up to here is marked.
    kept: i64,
    /// Looked at up to here; between the two nothing concerned anybody.
    looked: i64,
}

/// The time of the oldest change, and whether somebody bought it or many figures changed at once.
type Change = (Millis, Urgency);
/// What is to be told, with its changes.
type Changed = BTreeMap<ListingId, Change>;

/// What sells first, in commands of a good size.
fn parts_of(listings: Changed) -> Vec<(Urgency, Vec<(ListingId, Millis)>)> {
    let mut parts = Vec::new();
    for wanted in [Urgency::Sale, Urgency::Bulk] {
        let of = listings.iter().filter(|(_, (_, urgency))| *urgency == wanted);
        let of: Vec<_> = of.map(|(listing, (at, _))| (*listing, *at)).collect();
        parts.extend(of.chunks(LISTINGS).map(|part| (wanted, part.to_vec())));
    }
    parts
}

/// What a notice about a row of stock is about.
fn subject_of(sku: &str, location: &str) -> String {
    format!("{sku}@{location}")
}

/// What became of a command that moves the row: `Ok(Err(place))`, it is at another place.
fn place_of(outcome: Outcome) -> Result<Result<(), i64>, String> {
    match outcome {
        Outcome::Done(_) => Ok(Ok(())),
        Outcome::Refused(Refusal::StaleVersion { actual, .. }) => Ok(Err(actual)),
        Outcome::Refused(refusal) => Err(format!("publishing was refused: {refusal}")),
    }
}

/// The codes of a SKU and of a location.
type Row = (String, String);

struct Publisher {
    engine: Engine,
    /// Whose slots pushes may begin in. Without a runner, changes that nobody listens for are passed over unread.
    runner: Option<Arc<Shared>>,
    /// There is a shop; shops never go.
    shops: bool,
    place: Option<Place>,
    low: LowStock,
    kept_at: Instant,
}

impl Publisher {
    fn new(engine: Engine, runner: Option<Arc<Shared>>) -> Self {
        Self { engine, runner, shops: false, place: None, low: LowStock::default(), kept_at: Instant::now() }
    }

    /// After a failure nothing that was only in memory is believed.
    fn forget(&mut self) {
        self.place = None;
        self.low.forget();
    }

    /// One page. Whether there may be more.
    async fn follow(&mut self) -> Result<bool, String> {
        let place = match self.place {
            Some(place) => place,
            None => self.read_place().await?,
        };
        if let Some(head) = self.unheard(place).await? {
            self.low.forget();
            let place = Place { looked: head, ..place };
            self.place = Some(place);
            return self.keep_up(place).await.map(|()| false);
        }
        let reads = self.engine.reads();
        let page = within(reads.events(place.looked, PAGE)).await?;
        let lag = self.engine.metrics().queue.publisher_lag.clone();
        let Some(last) = page.rows.last().map(|event| event.number) else {
            lag.set(0);
            return self.keep_up(place).await.map(|()| false);
        };
        let concerns = Concerns::of(&page.rows);
        let listings = self.concerned(&concerns).await?;
        for (row, available, at) in &concerns.shortfalls {
            self.tell(row, *available, *at).await?;
        }
        self.low.follow(&self.engine, &page.rows).await?;
        hurry::those_of(&self.engine, &concerns.well, &concerns.answers).await?;
        let place = Place { looked: last, ..place };
        if listings.is_empty() {
            self.place = Some(place);
            self.keep_up(place).await?;
        } else {
            self.publish(place, listings).await?;
        }
        let head = *self.engine.feed().borrow();
        lag.set((head - last).max(0));
        Ok(page.more)
    }

    /// Up to where nobody listens, if nobody does. The end of the feed is read first: whoever listens from a later event on
    /// finds it before his own.
    async fn unheard(&mut self, place: Place) -> Result<Option<i64>, String> {
        if self.runner.is_some() || self.shops {
            return Ok(None);
        }
        let reads = self.engine.reads();
        let head = within(reads.feed_head()).await?;
        if head <= place.looked {
            return Ok(None);
        }
        self.shops = !within(reads.shops()).await?.is_empty();
        let heard = self.shops || low_stock::is_followed(&self.engine).await?;
        Ok((!heard).then_some(head))
    }

    async fn read_place(&mut self) -> Result<Place, String> {
        let kept = self.kept().await?;
        let place = Place { kept, looked: kept };
        self.place = Some(place);
        Ok(place)
    }

    async fn kept(&self) -> Result<i64, String> {
        let rows = within(self.engine.reads().settings(PUBLISHER)).await?;
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
            self.publish(place, Changed::new()).await?;
        }
        Ok(())
    }

    /// The listings that these events may concern, with the oldest change of each.
    async fn concerned(&self, concerns: &Concerns) -> Result<Changed, String> {
        let mut listings = Changed::new();
        let reads = self.engine.reads();
        let skus: Vec<&str> = concerns.skus.keys().map(String::as_str).collect();
        for part in skus.chunks(LISTINGS) {
            for (sku, listing) in within(reads.listings_concerning(part)).await? {
                let change = concerns.skus.get(&sku).copied().unwrap_or((0, Urgency::Sale));
                if concerns.told.get(&sku).is_none_or(|told| !told.contains(&listing)) {
                    merge(&mut listings, listing, change);
                }
            }
        }
        for (code, at) in &concerns.shops {
            self.concerned_by_shop(code, *at, &mut listings).await?;
        }
        Ok(listings)
    }

    /// All mapped listings of a shop.
    async fn concerned_by_shop(&self, code: &str, at: Millis, listings: &mut Changed) -> Result<(), String> {
        let reads = self.engine.reads();
        let Some(shop) = within(reads.shop_by_code(code)).await? else { return Ok(()) };
        let mut filter =
            ListingFilter { shop: Some(shop.id), mapped: Some(true), ..ListingFilter::default() };
        loop {
            let page = within(reads.listings(&filter, PAGE)).await?;
            for listing in &page.rows {
                merge(listings, listing.id, (at, Urgency::Bulk));
            }
            filter.after = page.rows.last().map(|listing| listing.id);
            if !page.more || filter.after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Marks the listings, first those that sell, and moves the row; all but the last part without moving it, which is
    /// repeated without harm.
    async fn publish(&mut self, place: Place, listings: Changed) -> Result<(), String> {
        let count = listings.len() as u64;
        let mut parts = parts_of(listings);
        let (urgency, last) = parts.pop().unwrap_or((Urgency::Sale, Vec::new()));
        for (urgency, part) in parts {
            if let Err(at) = self.submit(None, place.looked, part, urgency).await? {
                return Err(format!("listings were marked from nowhere, and the place is {at}"));
            }
        }
        let mut from = place.kept;
        // Each time another replica was first it has moved the row, so this ends.
        while let Err(actual) = self.submit(Some(from), place.looked, last.clone(), urgency).await? {
            if actual >= place.looked {
                // It has done all of this. What comes after its place is looked at by us too.
                self.place = Some(Place { kept: actual, looked: actual });
                return Ok(());
            }
            from = actual;
        }
        self.place = Some(Place { kept: place.looked, looked: place.looked });
        self.kept_at = Instant::now();
        self.engine.metrics().queue.published.inc_by(count);
        Ok(())
    }

    /// `Ok(Err(place))`: the row is at another place.
    async fn submit(
        &self,
        from: Option<i64>,
        to: i64,
        listings: Vec<(ListingId, Millis)>,
        urgency: Urgency,
    ) -> Result<Result<(), i64>, String> {
        let held = match (&self.runner, urgency) {
            (Some(runner), Urgency::Sale) => HeldSlots::take(runner, listings.len()),
            _ => None,
        };
        let slots = held.as_ref().map(HeldSlots::slots);
        let command = Publish { from, to, listings, read_back: false, urgency, slots };
        let answer = HeldSlots::submit(held, &self.engine, Request::internal(command)).await;
        place_of(answer.map_err(|error| error.to_string())?)
    }

    /// A shortfall began (with what is available) or ended. Replicas follow the same feed: what is said already is not
    /// said again.
    async fn tell(&self, row: &Row, available: Option<i64>, at: Millis) -> Result<(), String> {
        let (sku, location) = row.clone();
        let subject = subject_of(&sku, &location);
        let key = Notice::key(NoticeKind::Shortfall, &subject);
        let known = within(self.engine.reads().notice(&key)).await?;
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
        let command = match available {
            Some(available) => {
                RaiseNotice::open(subject, None, NoticeBody::Shortfall { sku, location, available })
            }
            None => RaiseNotice::over(NoticeKind::Shortfall, subject),
        };
        let answer = self.engine.submit(Request::internal(command)).await;
        answer.map(|_| ()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sells_is_marked_first() {
        let told = Changed::from([
            (ListingId(1), (5, Urgency::Bulk)),
            (ListingId(2), (6, Urgency::Sale)),
            (ListingId(3), (7, Urgency::Bulk)),
        ]);
        let bulk = vec![(ListingId(1), 5), (ListingId(3), 7)];
        assert_eq!(parts_of(told), [(Urgency::Sale, vec![(ListingId(2), 6)]), (Urgency::Bulk, bulk)]);
    }
}
