//! The feed of events.

use onhand_rules::audit::{self, AuditChange, AuditNote};
use onhand_rules::commands::channels::MapListing;
use onhand_rules::event::{EventLine, KINDS, SELDOM};
use onhand_rules::order::{FulfilmentState, OrderState, PaymentState};
use onhand_rules::{Changes, Event, EventBody, ListingId, OpId, OrderId, PrincipalId, ReservationId};

use super::commands::*;
use super::driver::Request;
use super::world::{START, World};
use super::{Fixture, golden};
use crate::reads::{EventFilter, EventRow, EventsFrom};

async fn all(world: &World, limit: usize) -> Vec<EventRow> {
    let mut rows: Vec<EventRow> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.number);
        let page = world.reads().events(after, limit).await.unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        if !page.more {
            return rows;
        }
    }
}

pub(super) async fn numbers_have_no_gaps(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    assert_eq!(world.reads().feed_head().await.unwrap(), 0);
    let mut told: Vec<Event> = Vec::new();
    for (at, batch) in golden::script() {
        world.at(at).await;
        for pair in batch.chunks(2) {
            world.batch(pair).await;
            told.extend(world.driver.events.clone());
            // A batch that is given up between two others leaves no gap.
            let session = world.driver.session();
            let now = session.begin().await.unwrap();
            session.write(&one_event(), &[], now).await.unwrap();
            session.rollback().await.unwrap();
            assert_eq!(world.reads().feed_head().await.unwrap(), told.len() as i64);
        }
    }
    for limit in [3, 1_000] {
        let rows = all(&world, limit).await;
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, (1..=told.len() as i64).collect::<Vec<_>>());
        let events: Vec<Event> = rows.into_iter().map(event).collect();
        assert_eq!(events, told, "in the order in which they were written");
    }
}

fn event(row: EventRow) -> Event {
    Event { body: row.body, op: row.op, actor: row.actor, trace: row.trace }
}

fn one_event() -> Changes {
    Changes {
        events: vec![Event {
            body: EventBody::LocationChanged { location: "L".into(), version: 1, archived: false },
            op: OpId(1),
            actor: PrincipalId(1),
            trace: None,
        }],
        ..Changes::default()
    }
}

pub(super) async fn time_never_goes_back(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    for (id, at) in [(1, 10), (2, 50_000), (3, 20), (4, 0), (5, 50_001)] {
        // Where the server's clock can be set, it goes back; elsewhere the driver only writes at later times.
        if world.fixture.set_clock.is_some() || START + at > world.driver.now {
            world.at(START + at).await;
        }
        let before = world.driver.now;
        world.done(place(id, &[("A", "L", 1)])).await;
        assert!(world.driver.now >= before);
    }
    let times: Vec<i64> = all(&world, 100).await.iter().map(|row| row.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.last(), Some(&(START + 50_001)));
    let now = world.reads().now().await.unwrap();
    assert!(now > START + 50_000, "{now}");
    if let Some(set) = &world.fixture.set_clock {
        // The clock itself may stand elsewhere; the ledger's does not follow it back.
        set(START + 7);
        assert_eq!(world.reads().clock().await.unwrap(), START + 7);
        assert_eq!(world.reads().now().await.unwrap(), START + 50_001);
    } else {
        let clock = world.reads().clock().await.unwrap();
        assert!(clock <= world.reads().now().await.unwrap(), "{clock}");
    }
    world.verify().await;
}

pub(super) async fn events_are_found_by_subject(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    world.batch(&[Request::of(place(1, &[("A", "L", 1)])), Request::of(place(2, &[("A", "L", 1)]))]).await;
    world.batch(&[Request::of(reserve(1, &[("A", "L", 1)])), Request::of(confirm(1, None))]).await;
    world.done(ship(1, &[])).await;
    for subject in [OrderId(1).to_string(), OrderId(2).to_string(), ReservationId(1).to_string()] {
        let wanted: Vec<EventRow> =
            all(&world, 100).await.into_iter().filter(|row| row.body.subject() == subject).collect();
        assert!(!wanted.is_empty());
        let mut found: Vec<EventRow> = Vec::new();
        loop {
            let after = found.last().map_or(0, |row| row.number);
            let page = world.reads().events_of(&subject, after, 1).await.unwrap();
            found.extend(page.rows);
            if !page.more {
                break;
            }
        }
        assert_eq!(found, wanted);
    }
    let nobody = world.reads().events_of(&OrderId(9).to_string(), 0, 9).await.unwrap();
    assert!(nobody.rows.is_empty() && !nobody.more);
}

/// One event of each kind; a new kind must be added here, or this does not compile.
fn every_kind() -> Vec<EventBody> {
    let sku = "Ä \"x\"\t\u{1f4e6}".into();
    let lines = vec![EventLine { line: 1, sku, location: "L".into(), quantity: i64::MAX }];
    let stock = |available| (String::from("A"), String::from("L"), available);
    let (sku, location, available) = stock(-3);
    let bodies = vec![
        EventBody::StockChanged {
            sku: sku.clone(),
            location: location.clone(),
            on_hand: 1,
            reserved: 2,
            allocated: 3,
            unavailable: 4,
            available: -8,
            version: 9,
            told: vec![ListingId(1), ListingId(i64::MAX)],
        },
        EventBody::StockShortfall { sku: sku.clone(), location: location.clone(), available },
        EventBody::StockShortfallCleared { sku: sku.clone(), location: location.clone(), available: 0 },
        EventBody::OrderPlaced {
            order: OrderId(u128::MAX),
            channel: "api".into(),
            reference: None,
            state: OrderState::Pending,
            expires_at: Some(START),
            lines: lines.clone(),
        },
        EventBody::OrderChanged {
            order: OrderId(1),
            step: "shipped".into(),
            state: OrderState::Shipped,
            payment_state: PaymentState::PartRefundPending,
            fulfilment_state: FulfilmentState::PartReturned,
            lines: Vec::new(),
            note: Some("line\nbreak".into()),
        },
        EventBody::ReservationHeld {
            reservation: ReservationId(1),
            owner: Some(String::new()),
            expires_at: 0,
            lines,
        },
        EventBody::ReservationChanged {
            reservation: ReservationId(1),
            step: "allocated".into(),
            expires_at: i64::MAX,
            order: Some(OrderId(2)),
        },
        EventBody::SkuChanged { sku, version: 1, archived: true },
        EventBody::LocationChanged { location, version: 2, archived: false },
        EventBody::ApiKeyChanged { api_key: "key_1".into(), name: String::new(), revoked: true },
        EventBody::AuditRecorded {
            number: 100,
            by: "ann@shop.example".into(),
            action: "PATCH /v1/users/{id}".into(),
            object: "usr_1".into(),
            reason: None,
            changes: vec![AuditChange { row: "user:1".into(), before: None, after: Some(true.into()) }],
            chain: "c".into(),
        },
    ];
    bodies.iter().for_each(is_of_the_ledger);
    bodies
}

/// A new kind of event must be added above, or here, where those of the queue and the channels are.
fn is_of_the_ledger(body: &EventBody) {
    match body {
        EventBody::StockChanged { .. }
        | EventBody::StockShortfall { .. }
        | EventBody::StockShortfallCleared { .. }
        | EventBody::OrderPlaced { .. }
        | EventBody::OrderChanged { .. }
        | EventBody::ReservationHeld { .. }
        | EventBody::ReservationChanged { .. }
        | EventBody::SkuChanged { .. }
        | EventBody::LocationChanged { .. }
        | EventBody::ApiKeyChanged { .. }
        | EventBody::ShopChanged { .. }
        | EventBody::ListingChanged { .. }
        | EventBody::ListingPushed { .. }
        | EventBody::ListingEdit { .. }
        | EventBody::MarketOrderChanged { .. }
        | EventBody::JobDied { .. }
        | EventBody::JobReplayed { .. }
        | EventBody::JobDiscarded { .. }
        | EventBody::NoticeChanged { .. }
        | EventBody::QueueChanged { .. }
        | EventBody::UserChanged { .. }
        | EventBody::AuditRecorded { .. } => {}
    }
}

pub(super) async fn events_come_back_as_written(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let traces = [None, Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned())];
    let events: Vec<Event> = (0..)
        .zip(every_kind())
        .map(|(number, body)| Event {
            body,
            op: OpId(u128::MAX - number),
            actor: PrincipalId(i64::MAX),
            trace: traces[usize::try_from(number % 2).unwrap()].clone(),
        })
        .collect();
    let changes = Changes { events: events.clone(), ..Changes::default() };
    let session = world.driver.session();
    let now = session.begin().await.unwrap();
    session.write(&changes, &[], now).await.unwrap();
    let head = session.commit().await.unwrap();
    assert_eq!(head, events.len() as i64);
    let rows = all(&world, 4).await;
    assert!(rows.iter().all(|row| row.at >= now));
    assert_eq!(rows.into_iter().map(event).collect::<Vec<_>>(), events);
    // A page of the audit log is found by its subject, and no other page is.
    let page = world.reads().events_of(&audit::subject(100), 0, 9).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert!(world.reads().events_of(&audit::subject(99), 0, 9).await.unwrap().rows.is_empty());
}

/// I21: an entry of the audit log that was changed, or is missing, is named.
pub(super) async fn a_broken_audit_log_is_found(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let note = AuditNote { by: "ann".into(), action: "POST".into(), object: "x".into(), reason: None };
    let first = audit::chain("", 1, &note, &[]);
    let second = audit::chain(&first, 2, &note, &[]);
    let entry = |number, by: &str, chain: &str| EventBody::AuditRecorded {
        number,
        by: by.into(),
        action: note.action.clone(),
        object: note.object.clone(),
        reason: None,
        changes: Vec::new(),
        chain: chain.into(),
    };
    let third = audit::chain(&second, 4, &note, &[]);
    let bodies = [entry(1, "ann", &first), entry(2, "bob", &second), entry(4, "ann", &third)];
    let event = |body| Event { body, op: OpId(1), actor: PrincipalId(1), trace: None };
    let changes = Changes { events: bodies.into_iter().map(event).collect(), ..Changes::default() };
    let session = world.driver.session();
    let now = session.begin().await.unwrap();
    session.write(&changes, &[], now).await.unwrap();
    session.commit().await.unwrap();
    let report = crate::verify::verify(world.reads(), &mut |_| ()).await.unwrap();
    let found: Vec<(&str, &str)> =
        report.violations.iter().map(|one| (one.invariant.as_str(), one.subject.as_str())).collect();
    assert_eq!(found, [("I21", "audit entry 2, event 2"), ("I21", "audit entry 4, event 3")], "{report:?}");
}

/// Everything that the filter lets through, in pages of two.
async fn pages_of(world: &World, filter: &EventFilter) -> Vec<i64> {
    let mut filter = filter.clone();
    let mut numbers: Vec<i64> = Vec::new();
    loop {
        let page = world.reads().events_by(&filter, 2).await.unwrap();
        assert!(page.rows.len() == 2 || !page.more);
        numbers.extend(page.rows.iter().map(|row| row.number));
        let Some(last) = numbers.last().filter(|_| page.more) else { return numbers };
        filter.from = match filter.from {
            EventsFrom::After(_) => EventsFrom::After(*last),
            EventsFrom::Before(_) => EventsFrom::Before(*last),
        };
    }
}

pub(super) async fn events_are_found_by_type_both_ways(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    super::channels::market(&mut world).await;
    let map = |listing, to: Option<&str>| MapListing {
        listing: ListingId(listing),
        expected_version: None,
        to: to.map(|sku| (sku.into(), 2)),
    };
    world.done(map(1, Some("B"))).await;
    world.done(map(3, Some("A"))).await;
    world.done(place(1, &[("A", "L", 1)])).await;
    world.done(map(1, None)).await;
    // The same text in other members of other events is none of it.
    world.done(sku("\"step\":\"mapped\"")).await;
    let rows = all(&world, 100).await;
    let is_mapping = |row: &EventRow| {
        let EventBody::ListingChanged { step, .. } = &row.body else { return false };
        ["mapped", "unmapped"].contains(&step.as_str())
    };
    assert_eq!(rows.iter().filter(|row| is_mapping(row)).count(), 3);
    let subjects = [None, Some("1".to_owned()), Some("A".to_owned()), Some(OrderId(1).to_string())];
    for subject in subjects {
        for kind in [None].into_iter().chain(SELDOM.iter().copied().map(Some)) {
            for mapping in [false, true] {
                let fits = |row: &&EventRow| {
                    let of_kind =
                        if mapping { is_mapping(row) } else { kind.is_none_or(|k| k == row.body.kind()) };
                    of_kind && subject.as_ref().is_none_or(|subject| *subject == row.body.subject())
                };
                let mut should: Vec<i64> = rows.iter().filter(fits).map(|row| row.number).collect();
                let mut filter =
                    EventFilter { subject: subject.clone(), kind, mapping, from: EventsFrom::After(0) };
                assert_eq!(pages_of(&world, &filter).await, should, "{filter:?}");
                should.reverse();
                filter.from = EventsFrom::Before(i64::MAX);
                assert_eq!(pages_of(&world, &filter).await, should, "{filter:?}");
            }
        }
    }
    // The types of which each sale writes one have no index: by them nothing is found.
    for kind in KINDS.iter().filter(|kind| !SELDOM.contains(kind)) {
        let from = EventsFrom::Before(i64::MAX);
        let filter = EventFilter { subject: None, kind: Some(kind), mapping: false, from };
        assert_eq!(pages_of(&world, &filter).await, Vec::<i64>::new(), "{kind}");
    }
}

/// Newest first, what is written meanwhile is neither skipped nor told twice: it is newer than the first page.
pub(super) async fn older_events_are_the_same_whatever_is_written_meanwhile(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    world.done(place(1, &[("A", "L", 1)])).await;
    let head = world.reads().feed_head().await.unwrap();
    let mut filter =
        EventFilter { subject: None, kind: None, mapping: false, from: EventsFrom::Before(i64::MAX) };
    let mut numbers: Vec<i64> = Vec::new();
    for id in 2.. {
        let page = world.reads().events_by(&filter, 1).await.unwrap();
        numbers.extend(page.rows.iter().map(|row| row.number));
        if !page.more {
            break;
        }
        filter.from = EventsFrom::Before(page.rows[0].number);
        if id < 6 {
            world.done(place(id, &[("A", "L", 1)])).await;
        }
    }
    assert!(world.reads().feed_head().await.unwrap() > head);
    assert_eq!(numbers, (1..=head).rev().collect::<Vec<_>>());
}
