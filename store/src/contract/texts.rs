//! Texts that have broken other systems.

use onhand_rules::commands::{PlaceOrder, Reserve, StockItem, UpdateSku};
use onhand_rules::holding::LineRequest;
use onhand_rules::{OrderId, ReservationId};

use super::Fixture;
use super::commands::*;
use super::driver::Request;
use super::world::World;
use crate::error::StoreError;

fn nasty() -> Vec<String> {
    vec![
        "'; DROP TABLE stock; --".into(),
        "\u{1f4e6}\u{1f469}\u{200d}\u{1f680}".into(),
        "\u{202e}live\u{202c} שלום مرحبا".into(),
        "line\nbreak\r\n\ttab".into(),
        "../../etc/passwd".into(),
        "=cmd|'/c calc'!A0".into(),
        "\\ \" ' ` % _ $1 ?1 :name {}".into(),
        "é and e\u{301}".into(),
        "\u{feff}marked".into(),
        "x".repeat(10 * 1024),
        "\u{fffd}\u{10ffff}".into(),
        "{\"json\":null}".into(),
    ]
}

/// Every free text of one round of commands.
fn commands(number: u128, text: &str) -> Vec<Request> {
    let code = format!("S{number}");
    vec![
        Request::of(sku(&code)),
        Request::of(UpdateSku { code: code.clone(), name: Some(text.into()), ..UpdateSku::default() }),
        Request::of(one(StockItem::Count {
            sku: code.clone(),
            location: "L".into(),
            counted: 5,
            confirmed: false,
            note: Some(text.into()),
        })),
        Request::of(PlaceOrder {
            channel: text.chars().take(50).collect(),
            reference: Some(text.chars().take(50).collect()),
            lines: vec![LineRequest {
                sku: code.clone(),
                location: "L".into(),
                quantity: 1,
                unit_minor: None,
            }],
            ..place(number, &[])
        }),
        Request::of(confirm(number, Some(text))).keyed(&text.chars().take(60).collect::<String>()),
        Request::of(Reserve { owner: Some(text.into()), ..reserve(number, &[(&code, "L", 1)]) }),
    ]
}

pub(super) async fn texts_come_back_or_are_refused(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[]).await;
    for (number, text) in (1..).zip(nasty()) {
        for request in commands(number, &text) {
            world.batch(&[request]).await;
        }
        check(&world, number, &text).await;
    }
    world.verify().await;
    // NUL cannot be kept by every database: then the write is refused as rejected, and nothing is half done.
    let text = "before\0after";
    let mut kept = Ok(());
    for request in commands(99, text) {
        let before = world.dump().await;
        if let Err(error) = world.driver.batch(&[request]).await {
            assert_eq!(world.dump().await, before, "something of the refused batch was written");
            kept = Err(error);
        }
    }
    match kept {
        Ok(()) => check(&world, 99, text).await,
        Err(StoreError::Rejected(_)) => {}
        Err(other) => panic!("neither kept nor refused: {other}"),
    }
    world.done(sku("after NUL")).await;
    world.verify().await;
}

async fn check(world: &World, number: u128, text: &str) {
    let reads = world.reads();
    let sku = reads.sku(&format!("S{number}")).await.unwrap().expect("the SKU");
    assert_eq!(sku.name, text);
    let order = reads.order(OrderId(number)).await.unwrap().expect("the order");
    let short: String = text.chars().take(50).collect();
    assert_eq!((order.channel.as_str(), order.reference.as_deref()), (short.as_str(), Some(short.as_str())));
    assert_eq!(order.payment_reference.as_deref(), Some(text));
    let cart = reads.reservation(ReservationId(number)).await.unwrap().expect("the reservation");
    assert_eq!(cart.owner.as_deref(), Some(text));
    let key = order.lines[0].key;
    let movements = reads.movements_from(key, 0, 10).await.unwrap();
    assert_eq!(movements[0].note.as_deref(), Some(text));
}

pub(super) async fn codes_are_told_apart_by_every_byte(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[]).await;
    let codes =
        ["1", "01", "001", "a", "A", "a b", "a  b", "é", "e\u{301}", "ß", "ss", "ﬀ", "ff", "-", "_", "%"];
    for (number, code) in (1..).zip(codes) {
        world.done(sku(code)).await;
        world.done(adjust(code, "L", number)).await;
        world.done(location(code)).await;
    }
    for (number, code) in (1..).zip(codes) {
        let sku = world.reads().sku(code).await.unwrap().expect("the SKU");
        assert_eq!(sku.code, code);
        let place = world.reads().location(code).await.unwrap().expect("the location");
        assert_eq!(place.code, code);
        let rows = world.reads().stock(&Default::default(), 100).await.unwrap().rows;
        let row = rows.iter().find(|row| row.sku == code).expect("its stock");
        assert_eq!(row.stock.figures.on_hand, number);
        world.refused(super::commands::sku(code)).await;
    }
    world.verify().await;
}
