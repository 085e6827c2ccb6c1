//! The reads: complete pages, filters, order.

use std::collections::BTreeSet;

use onhand_rules::commands::{Condition, PlaceOrder, UpdateSku};
use onhand_rules::order::OrderState;
use onhand_rules::payment::PaymentEvent;
use onhand_rules::reservation::ReservationState;
use onhand_rules::{Holder, Movement, Order, OrderId, Reservation, ReservationId, StockKey};

use super::Fixture;
use super::commands::*;
use super::driver::Request;
use super::world::{FEW, START, World};
use crate::reads::{OrderFilter, ReservationFilter, StockAudit, StockFilter, StockView};

/// A filter, and what it must let through.
type Case<F, T> = (F, fn(&T) -> bool);

/// Codes whose byte order is not what any language would sort.
const CODES: [&str; 9] = ["10", "9", "A", "a", "B", "_", "é", "z", "\u{1f4e6}"];

fn sorted() -> Vec<&'static str> {
    let mut codes = CODES.to_vec();
    codes.sort_unstable();
    codes
}

pub(super) async fn catalogue_pages_are_complete(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let mut batch: Vec<Request> = CODES.iter().map(|code| Request::of(sku(code))).collect();
    batch.extend(CODES.iter().map(|code| Request::of(location(code))));
    batch.extend(["ab", "abc", "a%", "a_", "aZ"].iter().map(|code| Request::of(sku(code))));
    world.batch(&batch).await;
    let mut found: Vec<String> = Vec::new();
    loop {
        let page = world.reads().locations(found.last().map(String::as_str), FEW).await.unwrap();
        assert!(page.rows.len() <= FEW);
        found.extend(page.rows.into_iter().map(|row| row.code));
        if !page.more {
            break;
        }
    }
    assert_eq!(found, sorted());
    for (prefix, wanted) in [
        ("", None),
        ("a", Some(vec!["a", "a%", "aZ", "a_", "ab", "abc"])),
        ("a%", Some(vec!["a%"])),
        ("a_", Some(vec!["a_"])),
        ("é", Some(vec!["é"])),
        ("\u{1f4e6}", Some(vec!["\u{1f4e6}"])),
        ("nothing", Some(vec![])),
    ] {
        let mut found: Vec<String> = Vec::new();
        loop {
            let after = found.last().map(String::as_str);
            let page = world.reads().skus(prefix, after, FEW).await.unwrap();
            found.extend(page.rows.into_iter().map(|row| row.code));
            if !page.more {
                break;
            }
        }
        match wanted {
            Some(wanted) => assert_eq!(found, wanted, "prefix {prefix:?}"),
            None => assert!(found.is_sorted() && found.len() == CODES.len() + 5, "{found:?}"),
        }
    }
    let page = world.reads().skus("", None, CODES.len() + 5).await.unwrap();
    assert!(!page.more, "a page that is just full has none after it");
    assert!(world.reads().sku("nothing").await.unwrap().is_none());
    assert!(world.reads().skus_by_id(&[]).await.unwrap().is_empty());
    let ids: Vec<_> = page.rows.iter().map(|row| row.id).rev().collect();
    let by_id: BTreeSet<_> =
        world.reads().skus_by_id(&ids).await.unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(by_id, ids.into_iter().collect());
}

pub(super) async fn skus_are_found_by_words_of_their_names(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let names = ["Blue Shirt, thin", "blue TROUSERS", "Shirt 100% wool", "50_50 shirt", "ÉTÉ", "back\\slash"];
    let mut batch: Vec<Request> = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let code = format!("N{number}");
        batch.push(Request::of(sku(&code)));
        let name = Some((*name).to_owned());
        batch.push(Request::of(UpdateSku { code, name, ..UpdateSku::default() }));
    }
    world.batch(&batch).await;
    for (words, found) in [
        (vec!["shirt"], vec![0, 2, 3]),
        (vec!["SHIRT", "blue"], vec![0]),
        (vec!["thin", "shirt", "blue"], vec![0]),
        (vec!["0%"], vec![2]),
        (vec!["0_"], vec![3]),
        (vec!["k\\s"], vec![5]),
        (vec!["ÉTÉ"], vec![4]),
        (vec!["%"], vec![2]),
        (vec!["socks"], vec![]),
        (vec![], vec![]),
    ] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let skus = world.reads().skus_named(&words, 9).await.unwrap();
        let codes: Vec<String> = skus.into_iter().map(|sku| sku.code).collect();
        let wanted: Vec<String> = found.into_iter().map(|number: u32| format!("N{number}")).collect();
        assert_eq!(codes, wanted, "{words:?}");
    }
    let few = world.reads().skus_named(&["shirt".to_owned()], 2).await.unwrap();
    assert_eq!(few.iter().map(|sku| sku.code.as_str()).collect::<Vec<_>>(), ["N0", "N2"], "the oldest first");
}

async fn stock(world: &World, filter: StockFilter) -> Vec<StockView> {
    let (mut filter, mut found) = (filter, Vec::new());
    loop {
        let page = world.reads().stock(&filter, FEW).await.unwrap();
        assert!(page.rows.len() <= FEW);
        filter.after = page.rows.last().map(|row| (row.sku.clone(), row.location.clone()));
        found.extend(page.rows);
        if !page.more {
            return found;
        }
    }
}

pub(super) async fn stock_filters_and_pages(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let mut batch: Vec<Request> = CODES.iter().map(|code| Request::of(sku(code))).collect();
    batch.extend(["L", "l", "Ü"].iter().map(|code| Request::of(location(code))));
    for (number, code) in (1..).zip(CODES) {
        for place in ["L", "l", "Ü"] {
            batch.push(Request::of(adjust(code, place, number)));
        }
    }
    batch.push(Request::of(place_forced(1, &[("9", "L", 5)])));
    batch.push(Request::of(limit("A", 4)));
    batch.push(Request::of(place_forced(2, &[("A", "L", 6)])));
    batch.push(Request::of(place_forced(3, &[("A", "l", 8)])));
    world.batch(&batch).await;
    let every = stock(&world, StockFilter::default()).await;
    let keys: Vec<_> = every.iter().map(|row| (row.sku.clone(), row.location.clone())).collect();
    assert!(keys.is_sorted());
    assert_eq!(keys.len(), CODES.len() * 3);
    let filters: [Case<StockFilter, StockView>; 6] = [
        (by_sku("z"), |row| row.sku == "z"),
        (by_location("Ü"), |row| row.location == "Ü"),
        (below(3), |row| row.stock.figures.available() < 3),
        (StockFilter { shortfall: true, ..StockFilter::default() }, |row| {
            row.stock.figures.available() < -row.stock.backorder_limit
        }),
        (StockFilter { location: Some("L".into()), ..below(5) }, |row| {
            row.location == "L" && row.stock.figures.available() < 5
        }),
        (by_sku("nothing"), |_| false),
    ];
    for (filter, holds) in filters {
        let wanted: Vec<StockView> = every.iter().filter(|row| holds(row)).cloned().collect();
        assert_eq!(stock(&world, filter.clone()).await, wanted, "{filter:?}");
    }
    let short = filters_short(&every);
    assert_eq!(short, [("9".to_owned(), "L".to_owned()), ("A".to_owned(), "l".to_owned())]);
}

fn filters_short(rows: &[StockView]) -> Vec<(String, String)> {
    let short = |row: &&StockView| row.stock.figures.available() < -row.stock.backorder_limit;
    rows.iter().filter(short).map(|row| (row.sku.clone(), row.location.clone())).collect()
}

fn by_sku(code: &str) -> StockFilter {
    StockFilter { sku: Some(code.into()), ..StockFilter::default() }
}

fn by_location(code: &str) -> StockFilter {
    StockFilter { location: Some(code.into()), ..StockFilter::default() }
}

fn below(units: i64) -> StockFilter {
    StockFilter { available_below: Some(units), ..StockFilter::default() }
}

async fn orders(world: &World, filter: OrderFilter) -> Vec<Order> {
    let (mut filter, mut found) = (filter, Vec::new());
    loop {
        let page = world.reads().orders(&filter, FEW).await.unwrap();
        assert!(page.rows.len() <= FEW);
        filter.before = page.rows.last().map(|row| row.id);
        found.extend(page.rows);
        if !page.more {
            return found;
        }
    }
}

pub(super) async fn order_filters_and_pages(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 900)]).await;
    for id in [5_u128, 1 << 100, 3, 9, 2, u128::MAX - 1, 77, 78] {
        world.done(place(id, &[("A", "L", 1), ("A", "L", 2), ("A", "L", 3)])).await;
    }
    for id in [5, 9, 77] {
        world.done(confirm(id, None)).await;
    }
    world.done(ship(77, &[])).await;
    world.done(cancel(3, &[])).await;
    world.done(place_forced(4, &[("A", "L", 1)])).await;
    for (id, name) in [(5, "p"), (9, "p"), (9, "q"), (77, "p")] {
        world.done(payment(id, name, PaymentEvent::Succeeded)).await;
    }
    world.done(payment(77, "p", PaymentEvent::Disputed)).await;
    let every = orders(&world, OrderFilter::default()).await;
    let ids: Vec<_> = every.iter().map(|order| order.id).collect();
    assert_eq!(ids.len(), 9);
    assert!(ids.iter().rev().is_sorted(), "newest first: {ids:?}");
    for order in &every {
        assert_eq!(world.reads().order(order.id).await.unwrap().as_ref(), Some(order));
    }
    let money_due = OrderFilter { money_due: true, ..OrderFilter::default() };
    let filters: [Case<OrderFilter, Order>; 7] = [
        (money_due.clone(), |order| [9, 77].contains(&order.id.0)),
        (OrderFilter { reference: Some("R-9".into()), ..money_due.clone() }, |order| order.id.0 == 9),
        (OrderFilter { reference: Some("R-5".into()), ..money_due }, |_| false),
        (in_state(OrderState::Pending), |order| order.state == OrderState::Pending),
        (in_state(OrderState::Delivered), |_| false),
        (OrderFilter { channel: Some("shopee".into()), ..OrderFilter::default() }, |order| {
            order.channel == "shopee"
        }),
        (OrderFilter { channel: Some("api".into()), ..in_state(OrderState::Confirmed) }, |order| {
            order.state == OrderState::Confirmed && order.channel == "api"
        }),
    ];
    for (filter, holds) in filters {
        let wanted: Vec<Order> = every.iter().filter(|order| holds(order)).cloned().collect();
        assert_eq!(orders(&world, filter.clone()).await, wanted, "{filter:?}");
    }
    let by_reference = OrderFilter { reference: Some("R-9".into()), ..OrderFilter::default() };
    let found = orders(&world, by_reference).await;
    assert_eq!(found.iter().map(|order| order.id).collect::<Vec<_>>(), [OrderId(9)]);
}

fn in_state(state: OrderState) -> OrderFilter {
    OrderFilter { state: Some(state), ..OrderFilter::default() }
}

pub(super) async fn reservation_filters_and_pages(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 900)]).await;
    for id in [5_u128, 1 << 100, 3, 9, 2] {
        world.done(reserve(id, &[("A", "L", 1), ("A", "L", 2)])).await;
    }
    world.done(release(3, &[])).await;
    world.done(release(9, &[(1, 1)])).await;
    let mut every: Vec<Reservation> = Vec::new();
    loop {
        let filter =
            ReservationFilter { before: every.last().map(|row| row.id), ..ReservationFilter::default() };
        let page = world.reads().reservations(&filter, FEW).await.unwrap();
        every.extend(page.rows);
        if !page.more {
            break;
        }
    }
    let ids: Vec<u128> = every.iter().map(|row| row.id.0).collect();
    assert_eq!(ids, [1 << 100, 9, 5, 3, 2]);
    for (filter, wanted) in [
        (
            ReservationFilter { state: Some(ReservationState::Released), ..ReservationFilter::default() },
            vec![3],
        ),
        (ReservationFilter { owner: Some("cart 9".into()), ..ReservationFilter::default() }, vec![9]),
        (
            ReservationFilter {
                owner: Some("cart 3".into()),
                state: Some(ReservationState::Held),
                before: None,
            },
            vec![],
        ),
    ] {
        let page = world.reads().reservations(&filter, 9).await.unwrap();
        let found: Vec<u128> = page.rows.iter().map(|row| row.id.0).collect();
        assert_eq!(found, wanted, "{filter:?}");
    }
}

async fn key_of(world: &World, sku: &str) -> StockKey {
    world.reads().stock(&by_sku(sku), 1).await.unwrap().rows[0].stock.key
}

pub(super) async fn movements_both_ways_and_by_time(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 1), ("B", 1)]).await;
    for at in [10, 20, 20, 30] {
        world.at(START + at).await;
        world.batch(&[Request::of(adjust("A", "L", 1)), Request::of(adjust("A", "L", 2))]).await;
    }
    let key = key_of(&world, "A").await;
    let rising = world.reads().movements_from(key, 0, 100).await.unwrap();
    assert_eq!(rising.iter().map(|row| row.version).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    let mut found: Vec<Movement> = Vec::new();
    loop {
        let after = found.last().map_or(0, |row| row.version);
        let page = world.reads().movements_from(key, after, FEW).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, rising);
    let mut falling: Vec<Movement> = Vec::new();
    loop {
        let before = falling.last().map(|row| row.version);
        let page = world.reads().movements(key, before, FEW).await.unwrap();
        falling.extend(page.rows);
        if !page.more {
            break;
        }
    }
    falling.reverse();
    assert_eq!(falling, rising);
    for (at, version) in
        [(-1, None), (0, Some(1)), (9, Some(1)), (10, Some(3)), (20, Some(7)), (25, Some(7)), (99, Some(9))]
    {
        let found = world.reads().movement_at(key, START + at).await.unwrap();
        assert_eq!(found.map(|row| row.version), version, "at {at}");
    }
}

pub(super) async fn holders_of_a_row(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L", "M"], &[("A", 90), ("B", 90)]).await;
    world.done(adjust("A", "M", 9)).await;
    world.done(bundle("BOX", &[("B", 1), ("A", 2)])).await;
    world.done(place(1, &[("A", "L", 1), ("BOX", "L", 2), ("A", "M", 5)])).await;
    world.done(place_confirmed(2, &[("A", "L", 4)])).await;
    world.done(reserve(3, &[("A", "L", 6), ("BOX", "L", 1)])).await;
    world.done(place(4, &[("A", "L", 7)])).await;
    world.done(cancel(4, &[])).await;
    world.done(place_confirmed(5, &[("A", "L", 2)])).await;
    world.done(ship(5, &[])).await;
    world.done(ship(2, &[(1, 1)])).await;
    world.done(release(3, &[(1, 5)])).await;
    let key = key_of(&world, "A").await;
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|row: &crate::reads::HolderUnits| (row.holder, row.line, row.part));
        let page = world.reads().holders(key, after, FEW).await.unwrap();
        assert!(page.rows.len() <= FEW);
        found.extend(page.rows);
        if !page.more {
            break;
        }
    }
    let (order, cart) = (|id| Holder::Order(OrderId(id)), Holder::Reservation(ReservationId(3)));
    let units: Vec<_> =
        found.iter().map(|row| (row.holder, row.line, row.part, row.reserved, row.allocated)).collect();
    let wanted = vec![
        (order(1), 1, 0, 1, 0),
        (order(1), 2, 1, 4, 0),
        (order(2), 1, 0, 0, 3),
        (cart, 1, 0, 1, 0),
        (cart, 2, 1, 2, 0),
    ];
    assert_eq!(units, wanted);
    let words: Vec<_> = found.iter().map(|row| (row.reference.clone(), row.expires_at)).collect();
    assert_eq!(words[0], (Some("R-1".into()), Some(START + HOLD)));
    assert_eq!(words[2], (Some("R-2".into()), None));
    assert_eq!(words[3], (Some("cart 3".into()), Some(START + HOLD)));
}

pub(super) async fn due_holds(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 90)]).await;
    assert_eq!(world.reads().next_due().await.unwrap(), None);
    for (id, later) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
        let mut order = place(id, &[("A", "L", 1)]);
        order.hold_ms = HOLD + later;
        world.done(order).await;
    }
    let mut reservation = reserve(9, &[("A", "L", 1)]);
    reservation.hold_ms = HOLD - 20;
    world.done(reservation).await;
    world.done(place_confirmed(5, &[("A", "L", 1)])).await;
    let dues: Vec<(i64, Holder)> = due_of(&world).await;
    assert_eq!(dues.len(), 5);
    assert_eq!(world.reads().next_due().await.unwrap(), Some(dues[0].0));
    for (number, (at, _)) in dues.iter().enumerate() {
        let found = world.reads().due(*at, 100).await.unwrap();
        assert_eq!(found, dues[..=number].iter().map(|due| due.1).collect::<Vec<_>>(), "due at {at}");
        let before = world.reads().due(*at - 1, 100).await.unwrap();
        assert_eq!(before.len(), number, "due just before {at}");
        assert_eq!(world.reads().due(*at, 1).await.unwrap(), [dues[0].1]);
    }
    // Of these nobody is of a marketplace; the next ones are, and one of them is paid.
    assert!(world.reads().market_holds(i64::MAX, 100).await.unwrap().is_empty());
    for (id, later, confirm) in [(6, 60, false), (7, 50, false), (8, 55, true)] {
        let order = place(id, &[("A", "L", 1)]);
        let (channel, reference) = ("shopee".to_owned(), Some(format!("shop/{id}")));
        world
            .done(PlaceOrder { channel, reference, hold_ms: HOLD + later, confirm, forced: true, ..order })
            .await;
    }
    let of =
        |ids: &[u32]| ids.iter().map(|id| ("shopee".to_owned(), format!("shop/{id}"))).collect::<Vec<_>>();
    let marks = due_of(&world).await;
    let (first, second) = (marks[5].0, marks[6].0);
    assert_eq!(world.reads().market_holds(first - 1, 100).await.unwrap(), []);
    assert_eq!(world.reads().market_holds(first, 100).await.unwrap(), of(&[7]));
    assert_eq!(world.reads().market_holds(second, 100).await.unwrap(), of(&[7, 6]));
    assert_eq!(world.reads().market_holds(second, 1).await.unwrap(), of(&[7]));
    world.at(second).await;
    world.done(expire(&[6, 7], &[])).await;
    assert!(world.reads().market_holds(i64::MAX, 100).await.unwrap().is_empty());
    let last = dues[4].0;
    world.at(last).await;
    world.done(expire(&[1, 2, 3, 4], &[9])).await;
    assert_eq!(world.reads().next_due().await.unwrap(), None);
    assert!(world.reads().due(i64::MAX, 100).await.unwrap().is_empty());
    world.verify().await;
}

/// Every hold by its due time, as orders and reservations tell it.
async fn due_of(world: &World) -> Vec<(i64, Holder)> {
    let orders = world.reads().audit_orders(None, 100).await.unwrap();
    let carts = world.reads().audit_reservations(None, 100).await.unwrap();
    let mut dues: Vec<(i64, Holder)> = orders
        .iter()
        .filter_map(|order| Some((order.expires_at?, Holder::Order(order.id))))
        .chain(carts.iter().map(|cart| (cart.expires_at, Holder::Reservation(cart.id))))
        .collect();
    dues.sort();
    let times: BTreeSet<i64> = dues.iter().map(|due| due.0).collect();
    assert_eq!(times.len(), dues.len(), "the test needs different times: {dues:?}");
    dues
}

pub(super) async fn audits_are_complete(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L", "M"], &[("A", 90), ("B", 90), ("C", 1)]).await;
    world.done(bundle("BOX", &[("B", 1), ("A", 2)])).await;
    for id in 1..=5 {
        world.done(place(id, &[("A", "L", 1), ("BOX", "L", 2), ("A", "L", 1)])).await;
        world.done(reserve(id, &[("BOX", "L", 1), ("B", "L", 3)])).await;
    }
    world.done(confirm(1, None)).await;
    world.done(confirm(2, None)).await;
    world.done(ship(1, &[(2, 1)])).await;
    world.done(give_back(1, 2, 1, Condition::Damaged)).await;
    world.done(release(3, &[(2, 2)])).await;
    world.done(adjust("B", "M", 4)).await;
    let mut rows: Vec<StockAudit> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.view.stock.key);
        let page = world.reads().audit_stock(after, FEW).await.unwrap();
        if page.is_empty() {
            break;
        }
        rows.extend(page);
    }
    let keys: Vec<_> = rows.iter().map(|row| row.view.stock.key).collect();
    assert!(keys.is_sorted());
    let mut views: Vec<StockView> = rows.iter().map(|row| row.view.clone()).collect();
    views.sort_by(|a, b| (&a.sku, &a.location).cmp(&(&b.sku, &b.location)));
    assert_eq!(views, stock(&world, StockFilter::default()).await);
    for row in &rows {
        let figures = row.view.stock.figures;
        let (reserved, allocated) = (row.reserved_by_holders, row.allocated_by_holders);
        assert_eq!((reserved, allocated), (figures.reserved, figures.allocated), "{row:?}");
    }
    let mut ids = Vec::new();
    while let Some(order) = world.reads().audit_orders(ids.last().copied(), 1).await.unwrap().pop() {
        assert_eq!(world.reads().order(order.id).await.unwrap().as_ref(), Some(&order));
        ids.push(order.id);
    }
    assert_eq!(ids, (1..=5).map(OrderId).collect::<Vec<_>>());
    let mut ids = Vec::new();
    while let Some(cart) = world.reads().audit_reservations(ids.last().copied(), 1).await.unwrap().pop() {
        assert_eq!(world.reads().reservation(cart.id).await.unwrap().as_ref(), Some(&cart));
        ids.push(cart.id);
    }
    assert_eq!(ids, (1..=5).map(ReservationId).collect::<Vec<_>>());
    assert!(world.reads().audit_files().await.unwrap().is_empty());
    assert!(world.reads().ping().await.is_ok());
    world.verify().await;
}
