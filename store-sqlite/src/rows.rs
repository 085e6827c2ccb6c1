//! How rows look in the database: their columns, and how each becomes a value of the rules.
//!
//! Every list of columns stands beside the function that reads it; queries put the list first and whatever else they
//! select after it.

use onhand_rules::access::{ApiKey, ScopeName};
use onhand_rules::audit::page_of;
use onhand_rules::event::subject_hash;
use onhand_rules::order::{FulfilmentState, OrderState, PaymentState};
use onhand_rules::payment::{Payment, read_payments};
use onhand_rules::reservation::ReservationState;
use onhand_rules::{
    ApiKeyId, Component, EventBody, Holder, Location, LocationId, Movement, MovementKind, OpId, Order,
    OrderId, OrderLine, PrincipalId, Quantities, Reservation, ReservationId, ReservationLine, Sku, SkuId,
    Stock, StockKey,
};
use onhand_store::{EventRow, OpKey, OpRow};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

/// A column that holds what we never write.
fn unreadable(column: usize, what: impl Into<String>) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, what.into().into())
}

fn text(row: &Row<'_>, column: usize) -> Result<String> {
    row.get(column)
}

fn named<T>(row: &Row<'_>, column: usize, from_name: fn(&str) -> Option<T>) -> Result<T> {
    let value = row.get_ref(column)?;
    let name = value.as_str().map_err(|error| unreadable(column, error.to_string()))?;
    from_name(name).ok_or_else(|| unreadable(column, format!("{name:?} is not a known state")))
}

fn key(row: &Row<'_>, column: usize) -> Result<StockKey> {
    Ok(StockKey { sku: SkuId(row.get(column)?), location: LocationId(row.get(column + 1)?) })
}

fn figures(row: &Row<'_>, column: usize) -> Result<Quantities> {
    Ok(Quantities {
        on_hand: row.get(column)?,
        reserved: row.get(column + 1)?,
        allocated: row.get(column + 2)?,
        unavailable: row.get(column + 3)?,
    })
}

pub(crate) const SKU: &str = "sku.id, sku.code, sku.name, sku.components, sku.backorder_limit, sku.archived, \
     sku.version, sku.created_at, sku.updated_at";

pub(crate) fn sku(row: &Row<'_>) -> Result<Sku> {
    let components: Vec<Component> = match row.get_ref(3)?.as_str_or_null()? {
        None => Vec::new(),
        Some(json) => serde_json::from_str(json).map_err(|error| unreadable(3, error.to_string()))?,
    };
    Ok(Sku {
        id: SkuId(row.get(0)?),
        code: text(row, 1)?,
        name: text(row, 2)?,
        components,
        backorder_limit: row.get(4)?,
        archived: row.get(5)?,
        version: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
    })
}

pub(crate) const LOCATION: &str = "location.id, location.code, location.name, location.archived, location.version, \
     location.created_at";

pub(crate) fn location(row: &Row<'_>) -> Result<Location> {
    Ok(Location {
        id: LocationId(row.get(0)?),
        code: text(row, 1)?,
        name: text(row, 2)?,
        archived: row.get(3)?,
        version: row.get(4)?,
        created_at: row.get(5)?,
    })
}

pub(crate) const STOCK: &str = "stock.sku, stock.location, stock.on_hand, stock.reserved, stock.allocated, \
     stock.unavailable, stock.backorder_limit, stock.version, stock.changed_at, stock.head";
/// How many columns [`STOCK`] has.
pub(crate) const STOCK_WIDTH: usize = 10;

pub(crate) fn stock(row: &Row<'_>) -> Result<Stock> {
    Ok(Stock {
        key: key(row, 0)?,
        figures: figures(row, 2)?,
        backorder_limit: row.get(6)?,
        version: row.get(7)?,
        changed_at: row.get(8)?,
        head: row.get(9)?,
    })
}

/// What pages of the audit log begin with, where orders have 1 and reservations 2.
const AUDIT: u8 = 3;
/// What everything else begins with.
const NAMED: u8 = 4;

/// The seventeen bytes of a holder.
pub(crate) fn holder_bytes(holder: Holder) -> [u8; 17] {
    let (tag, id) = match holder {
        Holder::Order(id) => (1, id.to_bytes()),
        Holder::Reservation(id) => (2, id.to_bytes()),
    };
    let mut bytes = [tag; 17];
    bytes[1..].copy_from_slice(&id);
    bytes
}

/// The holder of a tag and an id.
pub(crate) fn holder(tag: u8, id: [u8; 16]) -> Holder {
    if tag == 2 {
        Holder::Reservation(ReservationId::from_bytes(id))
    } else {
        Holder::Order(OrderId::from_bytes(id))
    }
}

fn holder_of(row: &Row<'_>, column: usize) -> Result<Option<Holder>> {
    let Some(bytes) = row.get::<_, Option<[u8; 17]>>(column)? else {
        return Ok(None);
    };
    let [tag, id @ ..] = bytes;
    match tag {
        1 | 2 => Ok(Some(holder(tag, id))),
        _ => Err(unreadable(column, format!("holders have no kind {tag}"))),
    }
}

pub(crate) const MOVEMENT: &str = "sku, location, version, kind, d_on_hand, d_reserved, d_allocated, d_unavailable, \
     on_hand, reserved, allocated, unavailable, backorder_limit, holder, op, actor, reason, note, at, hash";

/// Columns of [`MOVEMENT`].
pub(crate) const MOVEMENT_WIDTH: usize = 20;

pub(crate) fn movement(row: &Row<'_>) -> Result<Movement> {
    let kind: u8 = row.get(3)?;
    Ok(Movement {
        key: key(row, 0)?,
        version: row.get(2)?,
        kind: MovementKind::from_number(kind)
            .ok_or_else(|| unreadable(3, format!("movements have no kind {kind}")))?,
        delta: figures(row, 4)?,
        after: figures(row, 8)?,
        backorder_limit: row.get(12)?,
        holder: holder_of(row, 13)?,
        op: OpId::from_bytes(row.get(14)?),
        actor: PrincipalId(row.get(15)?),
        reason: row.get(16)?,
        note: row.get(17)?,
        at: row.get(18)?,
        hash: row.get(19)?,
    })
}

pub(crate) const ORDER: &str = "id, channel, reference, state, payment, fulfilment, forced, late, \
     payment_reference, currency, expires_at, created_at, updated_at, version, payments";

fn payments(row: &Row<'_>, column: usize) -> Result<Vec<Payment>> {
    let text =
        row.get_ref(column)?.as_str_or_null().map_err(|error| unreadable(column, error.to_string()))?;
    read_payments(text).map_err(|error| unreadable(column, error))
}

/// An order without its lines.
pub(crate) fn order(row: &Row<'_>) -> Result<Order> {
    Ok(Order {
        id: OrderId::from_bytes(row.get(0)?),
        channel: text(row, 1)?,
        reference: row.get(2)?,
        state: named(row, 3, OrderState::from_name)?,
        payment: named(row, 4, PaymentState::from_name)?,
        fulfilment: named(row, 5, FulfilmentState::from_name)?,
        forced: row.get(6)?,
        late: row.get(7)?,
        payment_reference: row.get(8)?,
        payments: payments(row, 14)?,
        currency: row.get(9)?,
        expires_at: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
        version: row.get(13)?,
        lines: Vec::new(),
    })
}

pub(crate) const ORDER_LINE: &str = "line, part, item, sku, location, per_item, ordered, reserved, allocated, short, \
     shipped, cancelled, expired, returned, unit_minor";

pub(crate) fn order_line(row: &Row<'_>) -> Result<OrderLine> {
    Ok(OrderLine {
        line: row.get(0)?,
        part: row.get(1)?,
        item: SkuId(row.get(2)?),
        key: key(row, 3)?,
        per_item: row.get(5)?,
        ordered: row.get(6)?,
        reserved: row.get(7)?,
        allocated: row.get(8)?,
        short: row.get(9)?,
        shipped: row.get(10)?,
        cancelled: row.get(11)?,
        expired: row.get(12)?,
        returned: row.get(13)?,
        unit_minor: row.get(14)?,
    })
}

pub(crate) const RESERVATION: &str =
    "id, state, owner, order_id, expires_at, extensions, created_at, updated_at, version";

/// A reservation without its lines.
pub(crate) fn reservation(row: &Row<'_>) -> Result<Reservation> {
    Ok(Reservation {
        id: ReservationId::from_bytes(row.get(0)?),
        state: named(row, 1, ReservationState::from_name)?,
        owner: row.get(2)?,
        order: row.get::<_, Option<[u8; 16]>>(3)?.map(OrderId::from_bytes),
        expires_at: row.get(4)?,
        extensions: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        version: row.get(8)?,
        lines: Vec::new(),
    })
}

pub(crate) const RESERVATION_LINE: &str =
    "line, part, item, sku, location, per_item, quantity, allocated, released, expired";

pub(crate) fn reservation_line(row: &Row<'_>) -> Result<ReservationLine> {
    Ok(ReservationLine {
        line: row.get(0)?,
        part: row.get(1)?,
        item: SkuId(row.get(2)?),
        key: key(row, 3)?,
        per_item: row.get(5)?,
        quantity: row.get(6)?,
        allocated: row.get(7)?,
        released: row.get(8)?,
        expired: row.get(9)?,
    })
}

pub(crate) const API_KEY: &str = "id, principal, name, hash, scopes, created_at, expires_at, revoked_at";

pub(crate) fn api_key(row: &Row<'_>) -> Result<ApiKey> {
    let names = text(row, 4)?;
    let scopes = names
        .split_whitespace()
        .map(|name| {
            ScopeName::from_name(name).ok_or_else(|| unreadable(4, format!("{name:?} is not a scope")))
        })
        .collect::<Result<_>>()?;
    Ok(ApiKey {
        id: ApiKeyId::from_bytes(row.get(0)?),
        principal: PrincipalId(row.get(1)?),
        name: text(row, 2)?,
        hash: row.get(3)?,
        scopes,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        revoked_at: row.get(7)?,
    })
}

pub(crate) const OP: &str = "principal, kind, key, id, fingerprint, outcome, at";

pub(crate) fn op(row: &Row<'_>) -> Result<OpRow> {
    let outcome = row.get_ref(5)?;
    let outcome = outcome.as_str().map_err(|error| unreadable(5, error.to_string()))?;
    Ok(OpRow {
        key: OpKey { principal: PrincipalId(row.get(0)?), kind: row.get(1)?, key: text(row, 2)? },
        id: OpId::from_bytes(row.get(3)?),
        fingerprint: row.get(4)?,
        outcome: serde_json::from_str(outcome).map_err(|error| unreadable(5, error.to_string()))?,
        at: row.get(6)?,
    })
}

pub(crate) const EVENT: &str = "number, at, data, op, actor, trace";

pub(crate) fn event(row: &Row<'_>) -> Result<EventRow> {
    let data = row.get_ref(2)?;
    let data = data.as_str().map_err(|error| unreadable(2, error.to_string()))?;
    Ok(EventRow {
        number: row.get(0)?,
        at: row.get(1)?,
        body: serde_json::from_str(data).map_err(|error| unreadable(2, error.to_string()))?,
        op: OpId::from_bytes(row.get(3)?),
        actor: PrincipalId(row.get(4)?),
        trace: row.get(5)?,
    })
}

/// Under what an event is found besides its number: the order or reservation that it is about, its page of the audit log,
/// or whatever else it is about.
pub(crate) fn subject_bytes(body: &EventBody) -> [u8; 17] {
    match body {
        EventBody::OrderPlaced { order, .. } | EventBody::OrderChanged { order, .. } => {
            holder_bytes(Holder::Order(*order))
        }
        EventBody::ReservationHeld { reservation, .. }
        | EventBody::ReservationChanged { reservation, .. } => {
            holder_bytes(Holder::Reservation(*reservation))
        }
        other => subject_of(&other.subject()),
    }
}

/// The same of a subject in words.
pub(crate) fn subject_of(subject: &str) -> [u8; 17] {
    if let Ok(order) = subject.parse() {
        return holder_bytes(Holder::Order(order));
    }
    if let Ok(reservation) = subject.parse() {
        return holder_bytes(Holder::Reservation(reservation));
    }
    let mut bytes = [0; 17];
    if let Some(page) = page_of(subject) {
        bytes[0] = AUDIT;
        bytes[9..].copy_from_slice(&page.to_be_bytes());
    } else {
        bytes[0] = NAMED;
        bytes[1..].copy_from_slice(&subject_hash(subject));
    }
    bytes
}
