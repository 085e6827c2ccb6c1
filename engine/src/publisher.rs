//! The publisher: follows the feed of events and marks the listings whose figure may have changed.
//!
//! Its place in the feed is a row. It is moved in the same transaction that marks the listings, and only from where it
//! was, so two replicas do not both do it and none can skip (`Publish`). Events that concern nobody cost no commit: the
//! row follows every few thousand events or seconds.

mod follower;
mod hurry;
mod low_stock;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use onhand_rules::commands::channels::{Publish, RaiseNotice, Urgency};
use onhand_rules::notice::{Notice, NoticeKind, kind_name};
use onhand_rules::setting::{PUBLISHER, Setting};
use onhand_rules::{EventBody, ListingId, Millis, NoticeBody, OpId, Refusal, ShopId, SkuId};
use onhand_store::{EventRow, ListingFilter, Outcome};

use self::low_stock::LowStock;
use crate::jobs::within;
use crate::ledger::{Engine, Request};

pub use follower::Follower;
pub(crate) use follower::run;

/// Events read at once.
const PAGE: usize = 1_000;
/// Listings in one command.
const LISTINGS: usize = 500;
/// The row follows after so many events that concern nobody …
const BEHIND_MAX: i64 = 10_000;
/// … or so long.
const BEHIND_FOR: Duration = Duration::from_secs(5);
/// A command that changes more SKUs than this, and is no order, is one of many figures at once.
const MANY: usize = 20;
/// Codes of SKUs that are remembered.
const CODES_MAX: usize = 200_000;

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
type Told = BTreeMap<ListingId, Change>;

/// What a page of events is about, with the oldest change of each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Concerns {
    skus: BTreeMap<String, Change>,
    shops: BTreeMap<String, Millis>,
    /// Shops that are well again, by code and by number: what waits after their failures is tried now.
    well: BTreeSet<String>,
    answers: BTreeSet<ShopId>,
    /// By SKU and location: what is available, or that it is over.
    shortfalls: Vec<(Row, Option<i64>, Millis)>,
}

impl Concerns {
    fn of(events: &[EventRow]) -> Self {
        let bulk = bulk(events);
        let mut concerns = Self::default();
        for event in events {
            match &event.body {
                EventBody::StockChanged { sku, .. } | EventBody::SkuChanged { sku, .. } => {
                    let urgency = if bulk.contains(&event.op) { Urgency::Bulk } else { Urgency::Sale };
                    merge(&mut concerns.skus, sku.clone(), (event.at, urgency));
                }
                EventBody::ShopChanged { shop, state, reason } => {
                    // It may sell again, or something else is published there.
                    if state == "connected" || reason.as_deref() == Some("settings") {
                        concerns.shops.entry(shop.clone()).or_insert(event.at);
                    }
                    if state == "connected" && reason.is_none() {
                        concerns.well.insert(shop.clone());
                    }
                }
                EventBody::NoticeChanged { kind, shop: Some(shop), open: false, .. }
                    if kind == kind_name(NoticeKind::ShopFailing) =>
                {
                    concerns.answers.insert(ShopId(*shop));
                }
                EventBody::StockShortfall { sku, location, available } => {
                    let row = (sku.clone(), location.clone());
                    concerns.shortfalls.push((row, Some(*available), event.at));
                }
                EventBody::StockShortfallCleared { sku, location, .. } => {
                    concerns.shortfalls.push(((sku.clone(), location.clone()), None, event.at));
                }
                _ => {}
            }
        }
        concerns
    }
}

/// Keeps the oldest time and the greater hurry.
fn merge<K: Ord>(changes: &mut BTreeMap<K, Change>, key: K, (at, urgency): Change) {
    let change = changes.entry(key).or_insert((at, urgency));
    change.0 = change.0.min(at);
    if urgency == Urgency::Sale {
        change.1 = Urgency::Sale;
    }
}

/// The commands that changed many SKUs at once, without being an order or a reservation of somebody's.
fn bulk(events: &[EventRow]) -> HashSet<OpId> {
    let mut skus: HashMap<OpId, BTreeSet<&str>> = HashMap::new();
    let mut wanted = HashSet::new();
    for event in events {
        match &event.body {
            EventBody::StockChanged { sku, .. } | EventBody::SkuChanged { sku, .. } => {
                skus.entry(event.op).or_default().insert(sku);
            }
            EventBody::OrderPlaced { .. }
            | EventBody::OrderChanged { .. }
            | EventBody::ReservationHeld { .. }
            | EventBody::ReservationChanged { .. }
            | EventBody::MarketOrderChanged { .. } => {
                wanted.insert(event.op);
            }
            _ => {}
        }
    }
    let many = skus.into_iter().filter(|(_, skus)| skus.len() > MANY).map(|(op, _)| op);
    many.filter(|op| !wanted.contains(op)).collect()
}

/// What sells first, in commands of a good size.
fn parts_of(listings: Told) -> Vec<(Urgency, Vec<(ListingId, Millis)>)> {
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

/// The codes of a SKU and of a location.
type Row = (String, String);

struct Publisher {
    engine: Engine,
    /// Changes that nobody listens for are passed over unread.
    sparing: bool,
    /// There is a shop; shops never go.
    shops: bool,
    place: Option<Place>,
    /// Ids never change, and a code is never another SKU's.
    ids: HashMap<String, SkuId>,
    low: LowStock,
    kept_at: Instant,
}

impl Publisher {
    fn new(engine: Engine, sparing: bool) -> Self {
        Self {
            engine,
            sparing,
            shops: false,
            place: None,
            ids: HashMap::new(),
            low: LowStock::default(),
            kept_at: Instant::now(),
        }
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
        if !self.sparing || self.shops {
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
            self.publish(place, Told::new()).await?;
        }
        Ok(())
    }

    /// The listings that these events may concern, with the oldest change of each.
    async fn concerned(&mut self, concerns: &Concerns) -> Result<Told, String> {
        let mut listings = Told::new();
        let mut changes: BTreeMap<SkuId, Change> = BTreeMap::new();
        for (code, change) in &concerns.skus {
            if let Some(id) = self.id_of(code).await? {
                changes.insert(id, *change);
            }
        }
        let reads = self.engine.reads();
        let skus: Vec<SkuId> = changes.keys().copied().collect();
        for part in skus.chunks(LISTINGS) {
            for (sku, listing) in within(reads.listings_concerning(part)).await? {
                let change = changes.get(&sku).copied().unwrap_or((0, Urgency::Sale));
                merge(&mut listings, listing, change);
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
        let Some(sku) = within(self.engine.reads().sku(code)).await? else { return Ok(None) };
        if self.ids.len() >= CODES_MAX {
            self.ids.clear();
        }
        self.ids.insert(code.to_owned(), sku.id);
        Ok(Some(sku.id))
    }

    /// All mapped listings of a shop.
    async fn concerned_by_shop(&self, code: &str, at: Millis, listings: &mut Told) -> Result<(), String> {
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
    async fn publish(&mut self, place: Place, listings: Told) -> Result<(), String> {
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
        let command = Publish { from, to, listings, read_back: false, urgency };
        let answer = self.engine.submit(Request::internal(command)).await;
        match answer.map_err(|error| error.to_string())?.outcome {
            Outcome::Done(_) => Ok(Ok(())),
            Outcome::Refused(Refusal::StaleVersion { actual, .. }) => Ok(Err(actual)),
            Outcome::Refused(refusal) => Err(format!("publishing was refused: {refusal}")),
        }
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
        let sale = |at| (at, Urgency::Sale);
        assert_eq!(concerns.skus, BTreeMap::from([("A".into(), sale(10)), ("B".into(), sale(20))]));
        assert_eq!(concerns.shops, BTreeMap::from([("shopee-1".into(), 40), ("shopee-3".into(), 70)]));
        assert_eq!(concerns.shortfalls, [(("A".to_owned(), "main".to_owned()), Some(-2), 50)]);
        assert_eq!(concerns.well, BTreeSet::from(["shopee-1".to_owned()]), "settings are no sign of health");
        assert_eq!(concerns.answers, BTreeSet::new());
    }

    /// A command that changed so many SKUs, of the number `op`.
    fn changes(op: u128, from: usize, count: usize) -> Vec<EventRow> {
        let numbered = |number: usize| EventRow { op: OpId(op), ..event(1, stock(&format!("S{number}"))) };
        (from..from + count).map(numbered).collect()
    }

    #[test]
    fn what_an_import_changes_waits_for_what_sells() {
        let urgency = |events: &[EventRow], sku: &str| Concerns::of(events).skus[sku].1;
        assert_eq!(urgency(&changes(1, 0, MANY), "S0"), Urgency::Sale, "a few by hand");
        let mut events = changes(1, 0, MANY + 1);
        assert_eq!(urgency(&events, "S0"), Urgency::Bulk);
        events.extend(changes(2, 5, 1));
        assert_eq!((urgency(&events, "S5"), urgency(&events, "S6")), (Urgency::Sale, Urgency::Bulk));
        assert_eq!(Concerns::of(&events).skus["S5"].0, 10, "since the older of the two");
        let mut order = changes(3, 0, MANY + 1);
        let held = EventBody::MarketOrderChanged {
            shop: "shopee-1".into(),
            reference: "9".into(),
            state: "applied".into(),
            status: "paid".into(),
            order: None,
        };
        order.push(EventRow { op: OpId(3), ..event(2, held) });
        assert_eq!(urgency(&order, "S0"), Urgency::Sale, "however many lines it has");
    }

    #[test]
    fn what_sells_is_marked_first() {
        let told = Told::from([
            (ListingId(1), (5, Urgency::Bulk)),
            (ListingId(2), (6, Urgency::Sale)),
            (ListingId(3), (7, Urgency::Bulk)),
        ]);
        let bulk = vec![(ListingId(1), 5), (ListingId(3), 7)];
        assert_eq!(parts_of(told), [(Urgency::Sale, vec![(ListingId(2), 6)]), (Urgency::Bulk, bulk)]);
    }

    #[test]
    fn a_shop_that_answers_again_is_known_by_the_end_of_its_notice() {
        let notice = |open: bool, kind: &str| EventBody::NoticeChanged {
            key: format!("{kind}:s"),
            kind: kind.into(),
            subject: "s".into(),
            shop: Some(7),
            text: String::new(),
            told: None,
            open,
            count: 1,
        };
        let answers = |body: EventBody| Concerns::of(&[event(1, body)]).answers;
        assert_eq!(answers(notice(false, "shop_failing")), BTreeSet::from([ShopId(7)]));
        assert_eq!(answers(notice(true, "shop_failing")), BTreeSet::new());
        assert_eq!(answers(notice(false, "clock_skew")), BTreeSet::new());
    }
}
