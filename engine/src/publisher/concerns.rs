//! What a page of events is about.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use onhand_rules::commands::channels::Urgency;
use onhand_rules::notice::{NoticeKind, kind_name};
use onhand_rules::{EventBody, ListingId, Millis, OpId, ShopId};
use onhand_store::EventRow;

use super::{Change, Row};

/// A command that changes more SKUs than this, and is no order, is one of many figures at once.
const MANY: usize = 20;

/// What a page of events is about, with the oldest change of each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Concerns {
    pub(super) skus: BTreeMap<String, Change>,
    pub(super) shops: BTreeMap<String, Millis>,
    /// Shops that are well again, by code and by number: what waits after their failures is tried now.
    pub(super) well: BTreeSet<String>,
    pub(super) answers: BTreeSet<ShopId>,
    /// Listings that the commit of every change of their SKU has dealt with, by SKU.
    pub(super) told: BTreeMap<String, BTreeSet<ListingId>>,
    /// By SKU and location: what is available, or that it is over.
    pub(super) shortfalls: Vec<(Row, Option<i64>, Millis)>,
}

impl Concerns {
    pub(super) fn of(events: &[EventRow]) -> Self {
        let bulk = bulk(events);
        let mut concerns = Self::default();
        for event in events {
            match &event.body {
                EventBody::StockChanged { sku, .. } | EventBody::SkuChanged { sku, .. } => {
                    let urgency = if bulk.contains(&event.op) { Urgency::Bulk } else { Urgency::Sale };
                    merge(&mut concerns.skus, sku.clone(), (event.at, urgency));
                    concerns.keep_told(sku, dealt_with(&event.body));
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

    fn keep_told(&mut self, sku: &str, listings: BTreeSet<ListingId>) {
        match self.told.get_mut(sku) {
            Some(told) => told.retain(|listing| listings.contains(listing)),
            None => drop(self.told.insert(sku.to_owned(), listings)),
        }
    }
}

fn dealt_with(body: &EventBody) -> BTreeSet<ListingId> {
    match body {
        EventBody::StockChanged { told, .. } => told.iter().copied().collect(),
        _ => BTreeSet::new(),
    }
}

/// Keeps the oldest time and the greater hurry.
pub(super) fn merge<K: Ord>(changes: &mut BTreeMap<K, Change>, key: K, (at, urgency): Change) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_rules::PrincipalId;

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
            told: Vec::new(),
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
    fn only_what_every_change_has_dealt_with_needs_no_second_look() {
        let dealt = |sku: &str, listings: &[i64]| {
            let mut body = stock(sku);
            if let EventBody::StockChanged { told, .. } = &mut body {
                told.extend(listings.iter().map(|id| ListingId(*id)));
            }
            event(1, body)
        };
        let told = |events: &[EventRow]| {
            let told = Concerns::of(events).told.remove("A").unwrap_or_default();
            told.into_iter().map(|listing| listing.0).collect::<Vec<_>>()
        };
        assert_eq!(told(&[dealt("A", &[1, 2]), dealt("B", &[3])]), [1, 2]);
        assert_eq!(
            told(&[dealt("A", &[1, 2]), dealt("A", &[2, 3])]),
            [2],
            "1 was not looked at the second time"
        );
        assert_eq!(told(&[dealt("A", &[1, 2]), dealt("A", &[]), dealt("A", &[1, 2])]), [0; 0]);
        let composed = event(1, EventBody::SkuChanged { sku: "A".into(), version: 2, archived: false });
        assert_eq!(told(&[dealt("A", &[1]), composed]), [0; 0]);
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
