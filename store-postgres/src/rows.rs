//! Rows of the database as values of the rules. Each macro lists the columns that the function of the same name reads.

use onhand_rules::access::{ApiKey, ScopeName};
use onhand_rules::order::{FulfilmentState, OrderState, PaymentState};
use onhand_rules::payment::read_payments;
use onhand_rules::reservation::ReservationState;
use onhand_rules::working::Counters;
use onhand_rules::{
    ApiKeyId, Component, Holder, Location, LocationId, Movement, MovementKind, OpId, Order, OrderId,
    OrderLine, PrincipalId, Quantities, Reservation, ReservationId, ReservationLine, Sku, SkuId, Stock,
    StockKey,
};
use onhand_store::{EventRow, OpKey, OpRow, StoreError};
use tokio_postgres::Row;

use crate::column::{Columns, Uuid, damaged};

macro_rules! sku_columns {
    () => {
        "s.id, s.code, s.name, s.component_skus, s.component_quantities, s.backorder_limit, s.archived, \
         s.version, s.created_at, s.updated_at"
    };
}
macro_rules! location_columns {
    () => {
        "l.id, l.code, l.name, l.archived, l.version, l.created_at"
    };
}
macro_rules! stock_columns {
    () => {
        "t.sku, t.location, t.on_hand, t.reserved, t.allocated, t.unavailable, t.backorder_limit, t.version, \
         t.changed_at, t.head"
    };
}
macro_rules! movement_columns {
    () => {
        "m.sku, m.location, m.version, m.at, m.actor, m.delta_on_hand, m.delta_reserved, m.delta_allocated, \
         m.delta_unavailable, m.on_hand, m.reserved, m.allocated, m.unavailable, m.backorder_limit, m.op, \
         m.order_id, m.reservation_id, m.kind, m.hash, m.reason, m.note"
    };
}
macro_rules! order_columns {
    () => {
        "o.id, o.channel, o.reference, o.state, o.payment, o.fulfilment, o.forced, o.late, \
         o.payment_reference, o.currency, o.expires_at, o.created_at, o.updated_at, o.version, o.payments, \
         ol.line, ol.part, ol.item, ol.sku, ol.location, ol.per_item, ol.ordered, ol.reserved, ol.allocated, \
         ol.short, ol.shipped, ol.cancelled, ol.expired, ol.returned, ol.unit_minor"
    };
}
macro_rules! reservation_columns {
    () => {
        "r.id, r.state, r.owner, r.order_id, r.expires_at, r.extensions, r.created_at, r.updated_at, r.version, \
         rl.line, rl.part, rl.item, rl.sku, rl.location, rl.per_item, rl.quantity, rl.allocated, rl.released, \
         rl.expired"
    };
}
macro_rules! op_columns {
    () => {
        "p.principal, p.kind, p.key, p.id, p.fingerprint, p.outcome, p.at"
    };
}
macro_rules! event_columns {
    () => {
        "e.number, e.at, e.data, e.op, e.actor, e.trace"
    };
}
macro_rules! api_key_columns {
    () => {
        "a.id, a.principal, a.name, a.hash, a.scopes, a.created_at, a.expires_at, a.revoked_at"
    };
}
pub(crate) use {
    api_key_columns, event_columns, location_columns, movement_columns, op_columns, order_columns,
    reservation_columns, sku_columns, stock_columns,
};

pub(crate) fn sku(row: &Row) -> Result<Sku, StoreError> {
    sku_at(&mut Columns::of(row))
}

pub(crate) fn sku_at(columns: &mut Columns<'_>) -> Result<Sku, StoreError> {
    let (id, code, name) = (SkuId(columns.next()?), columns.next()?, columns.next()?);
    let (skus, quantities): (Vec<i64>, Vec<i64>) = (columns.next()?, columns.next()?);
    let components = skus.into_iter().zip(quantities);
    Ok(Sku {
        id,
        code,
        name,
        components: components.map(|(sku, quantity)| Component { sku: SkuId(sku), quantity }).collect(),
        backorder_limit: columns.next()?,
        archived: columns.next()?,
        version: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
    })
}

pub(crate) fn location(row: &Row) -> Result<Location, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Location {
        id: LocationId(columns.next()?),
        code: columns.next()?,
        name: columns.next()?,
        archived: columns.next()?,
        version: columns.next()?,
        created_at: columns.next()?,
    })
}

pub(crate) fn key(columns: &mut Columns<'_>) -> Result<StockKey, StoreError> {
    Ok(StockKey { sku: SkuId(columns.next()?), location: LocationId(columns.next()?) })
}

fn figures(columns: &mut Columns<'_>) -> Result<Quantities, StoreError> {
    Ok(Quantities {
        on_hand: columns.next()?,
        reserved: columns.next()?,
        allocated: columns.next()?,
        unavailable: columns.next()?,
    })
}

pub(crate) fn stock(columns: &mut Columns<'_>) -> Result<Stock, StoreError> {
    Ok(Stock {
        key: key(columns)?,
        figures: figures(columns)?,
        backorder_limit: columns.next()?,
        version: columns.next()?,
        changed_at: columns.next()?,
        head: columns.bytes()?,
    })
}

pub(crate) fn movement(row: &Row) -> Result<Movement, StoreError> {
    let mut columns = Columns::of(row);
    let (key, version, at) = (key(&mut columns)?, columns.next()?, columns.next()?);
    let actor = PrincipalId(columns.next()?);
    let (delta, after) = (figures(&mut columns)?, figures(&mut columns)?);
    let (backorder_limit, op) = (columns.next()?, columns.next::<Uuid>()?);
    let order: Option<Uuid> = columns.next()?;
    let reservation: Option<Uuid> = columns.next()?;
    let kind: i16 = columns.next()?;
    Ok(Movement {
        key,
        version,
        kind: u8::try_from(kind)
            .ok()
            .and_then(MovementKind::from_number)
            .ok_or_else(|| damaged(&format!("movement kind {kind}")))?,
        delta,
        after,
        backorder_limit,
        holder: order
            .map(|id| Holder::Order(OrderId(id.0)))
            .or(reservation.map(|id| Holder::Reservation(ReservationId(id.0)))),
        op: OpId(op.0),
        actor,
        at,
        hash: columns.bytes()?,
        reason: columns.next()?,
        note: columns.next()?,
    })
}

fn order_head(columns: &mut Columns<'_>) -> Result<Order, StoreError> {
    let mut order = Order {
        id: OrderId(columns.next::<Uuid>()?.0),
        channel: columns.next()?,
        reference: columns.next()?,
        state: columns.name(OrderState::from_name)?,
        payment: columns.name(PaymentState::from_name)?,
        fulfilment: columns.name(FulfilmentState::from_name)?,
        forced: columns.next()?,
        late: columns.next()?,
        payment_reference: columns.next()?,
        currency: columns.next()?,
        expires_at: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
        version: columns.next()?,
        payments: Vec::new(),
        lines: Vec::new(),
    };
    order.payments = read_payments(columns.next()?).map_err(|error| damaged(&error))?;
    Ok(order)
}

fn order_line(columns: &mut Columns<'_>) -> Result<Option<OrderLine>, StoreError> {
    let Some(line) = columns.next()? else {
        return Ok(None);
    };
    Ok(Some(OrderLine {
        line,
        part: columns.next()?,
        item: SkuId(columns.next()?),
        key: key(columns)?,
        per_item: columns.next()?,
        ordered: columns.next()?,
        reserved: columns.next()?,
        allocated: columns.next()?,
        short: columns.next()?,
        shipped: columns.next()?,
        cancelled: columns.next()?,
        expired: columns.next()?,
        returned: columns.next()?,
        unit_minor: columns.next()?,
    }))
}

/// Orders with their lines, from a join that has the lines of one order side by side. One statement sees one moment:
/// two would show an order of one moment with the lines of another.
pub(crate) fn orders(rows: &[Row]) -> Result<Vec<Order>, StoreError> {
    let mut orders: Vec<Order> = Vec::new();
    for row in rows {
        let mut columns = Columns::of(row);
        let head = order_head(&mut columns)?;
        if orders.last().is_none_or(|last| last.id != head.id) {
            orders.push(head);
        }
        if let (Some(order), Some(line)) = (orders.last_mut(), order_line(&mut columns)?) {
            order.lines.push(line);
        }
    }
    Ok(orders)
}

fn reservation_head(columns: &mut Columns<'_>) -> Result<Reservation, StoreError> {
    Ok(Reservation {
        id: ReservationId(columns.next::<Uuid>()?.0),
        state: columns.name(ReservationState::from_name)?,
        owner: columns.next()?,
        order: columns.next::<Option<Uuid>>()?.map(|id| OrderId(id.0)),
        expires_at: columns.next()?,
        extensions: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
        version: columns.next()?,
        lines: Vec::new(),
    })
}

fn reservation_line(columns: &mut Columns<'_>) -> Result<Option<ReservationLine>, StoreError> {
    let Some(line) = columns.next()? else {
        return Ok(None);
    };
    Ok(Some(ReservationLine {
        line,
        part: columns.next()?,
        item: SkuId(columns.next()?),
        key: key(columns)?,
        per_item: columns.next()?,
        quantity: columns.next()?,
        allocated: columns.next()?,
        released: columns.next()?,
        expired: columns.next()?,
    }))
}

/// Reservations with their lines; see [`orders`].
pub(crate) fn reservations(rows: &[Row]) -> Result<Vec<Reservation>, StoreError> {
    let mut reservations: Vec<Reservation> = Vec::new();
    for row in rows {
        let mut columns = Columns::of(row);
        let head = reservation_head(&mut columns)?;
        if reservations.last().is_none_or(|last| last.id != head.id) {
            reservations.push(head);
        }
        if let (Some(reservation), Some(line)) = (reservations.last_mut(), reservation_line(&mut columns)?) {
            reservation.lines.push(line);
        }
    }
    Ok(reservations)
}

pub(crate) fn op(row: &Row) -> Result<OpRow, StoreError> {
    let mut columns = Columns::of(row);
    let (principal, kind, key) = (PrincipalId(columns.next()?), columns.next::<i16>()?, columns.next()?);
    Ok(OpRow {
        key: OpKey {
            principal,
            kind: u8::try_from(kind).map_err(|_| damaged(&format!("command number {kind}")))?,
            key,
        },
        id: OpId(columns.next::<Uuid>()?.0),
        fingerprint: columns.bytes()?,
        outcome: json(columns.next()?)?,
        at: columns.next()?,
    })
}

pub(crate) fn event(row: &Row) -> Result<EventRow, StoreError> {
    let mut columns = Columns::of(row);
    Ok(EventRow {
        number: columns.next()?,
        at: columns.next()?,
        body: json(columns.next()?)?,
        op: OpId(columns.next::<Uuid>()?.0),
        actor: PrincipalId(columns.next()?),
        trace: columns.next()?,
    })
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(&error.to_string()))
}

pub(crate) fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    let mut columns = Columns::of(row);
    Ok(ApiKey {
        id: ApiKeyId(columns.next::<Uuid>()?.0),
        principal: PrincipalId(columns.next()?),
        name: columns.next()?,
        hash: columns.bytes()?,
        scopes: columns
            .next::<&str>()?
            .split_whitespace()
            .map(|name| ScopeName::from_name(name).ok_or_else(|| damaged(&format!("scope {name}"))))
            .collect::<Result<_, _>>()?,
        created_at: columns.next()?,
        expires_at: columns.next()?,
        revoked_at: columns.next()?,
    })
}

pub(crate) fn counters(row: &Row) -> Result<Counters, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Counters {
        next_sku: columns.next()?,
        next_location: columns.next()?,
        next_principal: columns.next()?,
        next_shop: columns.next()?,
        next_listing: columns.next()?,
    })
}

/// Reads each row with one of the functions above.
pub(crate) fn all<T>(rows: &[Row], read: fn(&Row) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}
