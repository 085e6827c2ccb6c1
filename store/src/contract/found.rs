//! `verify` sees what is broken. Each break is written past the rules; a store may refuse it with its second wall, and
//! what it lets through must be found.

use onhand_rules::order::{OrderState, PaymentState};
use onhand_rules::reservation::ReservationState;
use onhand_rules::{
    Changes, Movement, MovementKind, Order, OrderId, Reservation, ReservationId, Stock, Tracked,
};

use super::Fixture;
use super::commands::*;
use super::world::World;
use crate::error::StoreError;
use crate::reads::StockFilter;
use crate::verify::{TOLD_MAX, stock_digest, verify};

/// What the break works on: a SKU of its own with an order, a confirmed order and a cart.
struct Victim {
    stock: Stock,
    last: Movement,
    order: Order,
    confirmed: Order,
    cart: Reservation,
}

async fn victim(world: &mut World, number: u128) -> Victim {
    let code = format!("S{number}");
    let id = 100 * (number + 1);
    world.done(sku(&code)).await;
    world.done(adjust(&code, "L", 10)).await;
    world.done(place_confirmed(id, &[(&code, "L", 1)])).await;
    world.done(place(id + 1, &[(&code, "L", 1)])).await;
    world.done(reserve(id, &[(&code, "L", 1)])).await;
    let filter = StockFilter { sku: Some(code), ..StockFilter::default() };
    let reads = world.reads();
    let stock = reads.stock(&filter, 1).await.unwrap().rows.remove(0).stock;
    Victim {
        stock,
        last: reads.movements(stock.key, None, 1).await.unwrap().rows.remove(0),
        order: reads.order(OrderId(id + 1)).await.unwrap().unwrap(),
        confirmed: reads.order(OrderId(id)).await.unwrap().unwrap(),
        cart: reads.reservation(ReservationId(id)).await.unwrap().unwrap(),
    }
}

fn stock(before: Stock, change: impl FnOnce(&mut Stock)) -> Changes {
    let mut now = before;
    change(&mut now);
    Changes { stock: vec![Tracked { before: Some(before), now: Some(now) }], ..Changes::default() }
}

fn order(before: &Order, change: impl FnOnce(&mut Order)) -> Changes {
    let mut now = before.clone();
    now.version += 1;
    change(&mut now);
    Changes { orders: vec![Tracked { before: Some(before.clone()), now: Some(now) }], ..Changes::default() }
}

fn cart(before: &Reservation, change: impl FnOnce(&mut Reservation)) -> Changes {
    let mut now = before.clone();
    now.version += 1;
    change(&mut now);
    Changes {
        reservations: vec![Tracked { before: Some(before.clone()), now: Some(now) }],
        ..Changes::default()
    }
}

/// A movement after the last one, which the caller breaks, and the stock row that follows from it.
fn movement(victim: &Victim, change: impl FnOnce(&mut Movement)) -> Changes {
    let mut next = victim.last.clone();
    next.version += 1;
    next.kind = MovementKind::Count;
    next.delta = onhand_rules::Quantities { on_hand: -1, ..Default::default() };
    next.after.on_hand -= 1;
    next.hash = next.chain(&victim.last.hash);
    change(&mut next);
    let (figures, version, head) = (next.after, next.version, next.hash);
    Changes {
        movements: vec![next],
        ..stock(victim.stock, |row| (row.figures, row.version, row.head) = (figures, version, head))
    }
}

type Break = (&'static str, fn(&Victim) -> Changes);

/// The invariant that is broken, and how.
const BREAKS: [Break; 17] = [
    ("I1", |v| stock(v.stock, |row| row.figures.on_hand += 1)),
    ("I1", |v| stock(v.stock, |row| row.version += 1)),
    ("I1", |v| Changes { stock: Vec::new(), ..movement(v, |_| ()) }),
    ("I1", |v| {
        movement(v, |next| {
            next.delta.on_hand = -2;
            next.hash = next.chain(&v.last.hash);
        })
    }),
    ("I1", |v| {
        movement(v, |next| {
            next.version += 1;
            next.hash = next.chain(&v.last.hash);
        })
    }),
    ("I2", |v| {
        movement(v, |next| {
            next.kind = MovementKind::Reserve;
            next.delta = onhand_rules::Quantities { reserved: 9, ..Default::default() };
            next.after = v.last.after;
            next.after.reserved += 9;
            next.hash = next.chain(&v.last.hash);
        })
    }),
    ("I4", |v| {
        cart(&v.cart, |cart| {
            cart.state = ReservationState::Released;
            cart.lines[0].released = 1;
        })
    }),
    ("I4", |v| cart(&v.cart, |cart| cart.state = ReservationState::Expired)),
    ("I4", |v| {
        order(&v.order, |order| {
            order.state = OrderState::Cancelled;
            (order.lines[0].reserved, order.lines[0].cancelled) = (0, 1);
        })
    }),
    ("I5", |v| order(&v.order, |order| order.lines[0].ordered += 1)),
    ("I6", |v| {
        order(&v.confirmed, |order| {
            (order.state, order.payment) = (OrderState::Cancelled, PaymentState::RefundPending);
            (order.lines[0].allocated, order.lines[0].cancelled) = (0, 1);
        })
    }),
    ("I9", |v| order(&v.confirmed, |order| order.state = OrderState::Shipped)),
    ("I10", |v| {
        order(&v.order, |o| (o.payment, o.payment_reference) = (PaymentState::Paid, Some("p".into())))
    }),
    ("I10", |v| order(&v.confirmed, |order| order.payment_reference = None)),
    ("I10", |v| order(&v.confirmed, |order| order.payment = PaymentState::RefundPending)),
    ("I14", |v| {
        movement(v, |next| {
            next.at -= 1;
            next.hash = next.chain(&v.last.hash);
        })
    }),
    ("I15", |v| movement(v, |next| next.note = Some("edited".into()))),
];

pub(super) async fn verify_finds_what_is_broken(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[]).await;
    let mut let_through = 0;
    for (number, (invariant, broken)) in (0..).zip(BREAKS) {
        let victim = victim(&mut world, number).await;
        let before = verify(world.reads(), &mut |_| ()).await.unwrap();
        let session = world.driver.session();
        let now = session.begin().await.unwrap();
        let mut result = session.write(&broken(&victim), &[], now).await;
        if result.is_ok() {
            result = session.commit().await.map(|_| ());
        }
        let after = verify(world.reads(), &mut |_| ()).await.unwrap();
        match result {
            Err(StoreError::Rejected(_) | StoreError::Conflict(_)) => {
                assert_eq!(after.violations_total, before.violations_total, "break {number}");
            }
            Err(other) => panic!("break {number} of {invariant}: {other}"),
            Ok(()) => {
                let_through += 1;
                let new: Vec<_> =
                    after.violations.iter().filter(|v| !before.violations.contains(v)).collect();
                let found = new.iter().any(|violation| violation.invariant == invariant);
                assert!(found, "break {number} of {invariant} was not found: {new:#?}");
            }
        }
    }
    assert!(let_through >= 6, "the walls refuse so much that this test tests little: {let_through}");
    let report = verify(world.reads(), &mut |_| ()).await.unwrap();
    assert!(!report.is_clean() && report.violations.len() <= TOLD_MAX);
}

pub(super) async fn the_digest_is_of_the_figures(fixture: Fixture) {
    use sha2::Digest;
    let mut world = World::stocked(fixture, &["L", "M"], &[("b", 5), ("B", 0), ("a", 7)]).await;
    world.done(bundle("BOX", &[("a", 1)])).await;
    world.done(adjust("a", "M", 2)).await;
    world.done(place(1, &[("a", "M", 1), ("b", "L", 2)])).await;
    world.done(place_confirmed(2, &[("a", "L", 3)])).await;
    world.done(restate("b", "L", 1)).await;
    let text = "B\t0\t0\t0\t0\na\t9\t1\t3\t0\nb\t5\t2\t0\t1\n";
    let wanted: [u8; 32] = sha2::Sha256::digest(text).into();
    let hex: String = wanted.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(stock_digest(world.reads()).await.unwrap(), hex);
    world.done(adjust("B", "M", 1)).await;
    assert_ne!(stock_digest(world.reads()).await.unwrap(), hex);
}

pub(super) async fn progress_is_told(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 5)]).await;
    let request = super::driver::Request::of(place(1, &[("A", "L", 2)])).keyed("k");
    world.batch(&[request]).await;
    world.done(reserve(1, &[("A", "L", 2)])).await;
    let mut phases = Vec::new();
    let report = verify(world.reads(), &mut |step| phases.push(step.phase)).await.unwrap();
    phases.dedup();
    assert_eq!(
        phases,
        [
            "files",
            "stock",
            "orders",
            "reservations",
            "events",
            "operations",
            "jobs",
            "listings",
            "market_orders",
        ]
    );
    let counts = [report.stock_rows, report.movements, report.orders, report.reservations, report.operations];
    assert_eq!(counts, [1, 3, 1, 1, 1]);
    assert_eq!(i64::try_from(report.events).unwrap(), world.reads().feed_head().await.unwrap());
}
