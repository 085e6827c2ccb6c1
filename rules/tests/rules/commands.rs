//! Short ways to write commands.

use onhand_rules::commands::{
    AllocateReservation, CancelOrder, ChangeStock, Condition, ConfirmOrder, CreateLocation, CreateSku,
    DeliverOrder, ExpireHolds, ExtendReservation, LineChoice, PlaceOrder, Reason, RecordPayment,
    ReleaseReservation, Remainder, Reserve, ReturnLine, ReturnOrder, ShipOrder, StockItem, UpdateSku,
};
use onhand_rules::holding::LineRequest;
use onhand_rules::payment::PaymentEvent;
use onhand_rules::{Holder, OrderId, ReservationId};

/// Length of holds, one minute.
pub(crate) const HOLD: i64 = 60_000;

pub(crate) fn sku(code: &str) -> CreateSku {
    CreateSku { code: code.into(), name: format!("Thing {code}"), components: Vec::new(), backorder_limit: 0 }
}

pub(crate) fn bundle(code: &str, parts: &[(&str, i64)]) -> CreateSku {
    CreateSku {
        components: parts.iter().map(|(part, units)| ((*part).into(), *units)).collect(),
        ..sku(code)
    }
}

pub(crate) fn limit(code: &str, limit: i64) -> UpdateSku {
    UpdateSku { code: code.into(), backorder_limit: Some(limit), ..UpdateSku::default() }
}

pub(crate) fn location(code: &str) -> CreateLocation {
    CreateLocation { code: code.into(), name: format!("Place {code}") }
}

pub(crate) fn adjust(sku: &str, location: &str, delta: i64) -> ChangeStock {
    let reason = if delta > 0 { Reason::Received } else { Reason::TheftOrLoss };
    one(StockItem::Adjust { sku: sku.into(), location: location.into(), delta, reason, note: None })
}

pub(crate) fn count(sku: &str, location: &str, counted: i64) -> ChangeStock {
    one(StockItem::Count {
        sku: sku.into(),
        location: location.into(),
        counted,
        confirmed: false,
        note: Some("spring count".into()),
    })
}

pub(crate) fn restate(sku: &str, location: &str, quantity: i64) -> ChangeStock {
    one(StockItem::Restate {
        sku: sku.into(),
        location: location.into(),
        quantity,
        reason: Reason::Damaged,
        note: None,
    })
}

pub(crate) fn transfer(sku: &str, from: &str, to: &str, quantity: i64) -> ChangeStock {
    one(StockItem::Transfer { sku: sku.into(), from: from.into(), to: to.into(), quantity, note: None })
}

pub(crate) fn one(item: StockItem) -> ChangeStock {
    ChangeStock { items: vec![item] }
}

/// Lines of (SKU, location, items).
pub(crate) fn lines(lines: &[(&str, &str, i64)]) -> Vec<LineRequest> {
    lines
        .iter()
        .map(|(sku, location, quantity)| LineRequest {
            sku: (*sku).into(),
            location: (*location).into(),
            quantity: *quantity,
            unit_minor: Some(250),
        })
        .collect()
}

pub(crate) fn reserve(id: u128, wanted: &[(&str, &str, i64)]) -> Reserve {
    Reserve { id: ReservationId(id), owner: Some(format!("cart {id}")), lines: lines(wanted), hold_ms: HOLD }
}

pub(crate) fn place(id: u128, wanted: &[(&str, &str, i64)]) -> PlaceOrder {
    PlaceOrder {
        id: OrderId(id),
        channel: "api".into(),
        reference: Some(format!("R-{id}")),
        lines: lines(wanted),
        hold_ms: HOLD,
        confirm: false,
        forced: false,
        payment_reference: None,
        currency: Some("GBP".into()),
    }
}

pub(crate) fn place_confirmed(id: u128, wanted: &[(&str, &str, i64)]) -> PlaceOrder {
    PlaceOrder { confirm: true, payment_reference: Some(format!("pay-{id}")), ..place(id, wanted) }
}

pub(crate) fn place_forced(id: u128, wanted: &[(&str, &str, i64)]) -> PlaceOrder {
    PlaceOrder { channel: "shopee".into(), confirm: true, forced: true, ..place(id, wanted) }
}

pub(crate) fn confirm(id: u128, payment: Option<&str>) -> ConfirmOrder {
    ConfirmOrder { id: OrderId(id), payment_reference: payment.map(Into::into), expected_version: None }
}

pub(crate) fn payment(id: u128, reference: &str, event: PaymentEvent) -> RecordPayment {
    RecordPayment {
        id: OrderId(id),
        payment_reference: reference.into(),
        event,
        note: None,
        expected_version: None,
    }
}

pub(crate) fn choices(lines: &[(i32, i64)]) -> Vec<LineChoice> {
    lines.iter().map(|&(line, quantity)| LineChoice { line, quantity }).collect()
}

pub(crate) fn cancel(id: u128, lines: &[(i32, i64)]) -> CancelOrder {
    CancelOrder {
        id: OrderId(id),
        lines: choices(lines),
        reason: Some("changed their mind".into()),
        expected_version: None,
    }
}

pub(crate) fn ship(id: u128, lines: &[(i32, i64)]) -> ShipOrder {
    ShipOrder {
        id: OrderId(id),
        lines: choices(lines),
        tracking: Some("DHL 42".into()),
        despite_dispute: false,
        expected_version: None,
    }
}

pub(crate) fn deliver(id: u128) -> DeliverOrder {
    DeliverOrder { id: OrderId(id), expected_version: None }
}

pub(crate) fn give_back(id: u128, line: i32, quantity: i64, condition: Condition) -> ReturnOrder {
    ReturnOrder {
        id: OrderId(id),
        lines: vec![ReturnLine { line, quantity, condition }],
        reason: Some("too small".into()),
        expected_version: None,
    }
}

pub(crate) fn extend(id: u128) -> ExtendReservation {
    ExtendReservation { id: ReservationId(id), hold_ms: 2 * HOLD, expected_version: None }
}

pub(crate) fn release(id: u128, lines: &[(i32, i64)]) -> ReleaseReservation {
    ReleaseReservation { id: ReservationId(id), lines: choices(lines), expected_version: None }
}

pub(crate) fn allocate(
    id: u128,
    order: u128,
    lines: &[(i32, i64)],
    remainder: Remainder,
) -> AllocateReservation {
    AllocateReservation {
        id: ReservationId(id),
        order: OrderId(order),
        channel: "api".into(),
        reference: Some(format!("R-{order}")),
        lines: choices(lines),
        remainder,
        payment_reference: Some(format!("pay-{order}")),
        expected_version: None,
    }
}

pub(crate) fn expire(orders: &[u128], reservations: &[u128]) -> ExpireHolds {
    let orders = orders.iter().map(|&id| Holder::Order(OrderId(id)));
    let reservations = reservations.iter().map(|&id| Holder::Reservation(ReservationId(id)));
    ExpireHolds { holders: orders.chain(reservations).collect() }
}
