//! Writing orders and reservations with their lines.

use onhand_rules::payment::write_payments;
use onhand_rules::{Order, OrderLine, Reservation, ReservationLine, Tracked};
use onhand_store::StoreError;

use crate::column::Uuid;
use crate::session::Desk;
use crate::statements::Sql;
use crate::write::{Pairs, column, exactly, sorted_out};

/// Carries out one statement whose parameters are columns over rows: one value of each row for each of them.
macro_rules! put {
    ($desk:expr, $sql:ident, $rows:expr, $row:ident => [$($value:expr),+ $(,)?]) => {
        exactly($desk, $rows.len(), Sql::$sql, &[$(&column!($rows, $row => $value)),+]).await
    };
}

pub(crate) use put;

pub(crate) async fn orders(desk: &Desk, rows: &[Tracked<Order>]) -> Result<(), StoreError> {
    let (mut new, changed) = sorted_out(rows);
    // By the key that another replica may insert at the same moment.
    new.sort_by(|a, b| (&a.channel, &a.reference).cmp(&(&b.channel, &b.reference)));
    tokio::try_join!(biased; insert_orders(desk, new), update_orders(desk, changed))?;
    Ok(())
}

async fn insert_orders(desk: &Desk, new: Vec<&Order>) -> Result<(), StoreError> {
    put!(desk, InsertOrders, new, order => [
        Uuid(order.id.0),
        order.channel.as_str(),
        order.reference.as_deref(),
        order.state.name(),
        order.payment.name(),
        order.fulfilment.name(),
        order.forced,
        order.late,
        order.payment_reference.as_deref(),
        order.currency.as_deref(),
        order.expires_at,
        order.created_at,
        order.updated_at,
        order.version,
        write_payments(&order.payments),
    ])
}

async fn update_orders(desk: &Desk, changed: Pairs<'_, Order>) -> Result<(), StoreError> {
    put!(desk, UpdateOrders, changed, pair => [
        Uuid(pair.1.id.0),
        pair.1.state.name(),
        pair.1.payment.name(),
        pair.1.fulfilment.name(),
        pair.1.forced,
        pair.1.late,
        pair.1.payment_reference.as_deref(),
        pair.1.currency.as_deref(),
        pair.1.expires_at,
        pair.1.updated_at,
        pair.1.version,
        write_payments(&pair.1.payments),
        pair.0.version,
    ])
}

/// Lines with the ids of their owners.
type Owned<'a, L> = Vec<(Uuid, &'a L)>;

/// Lines to insert and lines to update. Most steps change few lines of an order of many.
fn sorted_lines<T, L: PartialEq>(
    rows: &[Tracked<T>],
    id: fn(&T) -> u128,
    lines: fn(&T) -> &[L],
    number: fn(&L) -> (i32, i32),
) -> (Owned<'_, L>, Owned<'_, L>) {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for row in rows {
        let Some(now) = &row.now else { continue };
        let before = row.before.as_ref().map_or(&[][..], lines);
        for line in lines(now) {
            // Lines are ordered by their number.
            match before.binary_search_by_key(&number(line), number) {
                Ok(at) if before[at] == *line => {}
                Ok(_) => changed.push((Uuid(id(now)), line)),
                Err(_) => new.push((Uuid(id(now)), line)),
            }
        }
    }
    (new, changed)
}

pub(crate) async fn order_lines(desk: &Desk, rows: &[Tracked<Order>]) -> Result<(), StoreError> {
    let (new, changed) = sorted_lines(
        rows,
        |order| order.id.0,
        |order| &order.lines,
        |line: &OrderLine| (line.line, line.part),
    );
    tokio::try_join!(
        biased;
        insert_order_lines(desk, &new),
        update_order_lines(desk, &changed),
    )?;
    Ok(())
}

async fn insert_order_lines(desk: &Desk, new: &[(Uuid, &OrderLine)]) -> Result<(), StoreError> {
    put!(desk, InsertOrderLines, new, row => [
        row.0,
        row.1.line,
        row.1.part,
        row.1.item.0,
        row.1.key.sku.0,
        row.1.key.location.0,
        row.1.per_item,
        row.1.ordered,
        row.1.reserved,
        row.1.allocated,
        row.1.short,
        row.1.shipped,
        row.1.cancelled,
        row.1.expired,
        row.1.returned,
        row.1.unit_minor,
    ])
}

async fn update_order_lines(desk: &Desk, changed: &[(Uuid, &OrderLine)]) -> Result<(), StoreError> {
    put!(desk, UpdateOrderLines, changed, row => [
        row.0,
        row.1.line,
        row.1.part,
        row.1.ordered,
        row.1.reserved,
        row.1.allocated,
        row.1.short,
        row.1.shipped,
        row.1.cancelled,
        row.1.expired,
        row.1.returned,
    ])
}

pub(crate) async fn reservations(desk: &Desk, rows: &[Tracked<Reservation>]) -> Result<(), StoreError> {
    let (new, changed) = sorted_out(rows);
    tokio::try_join!(
        biased;
        insert_reservations(desk, new),
        update_reservations(desk, changed),
    )?;
    Ok(())
}

async fn insert_reservations(desk: &Desk, new: Vec<&Reservation>) -> Result<(), StoreError> {
    put!(desk, InsertReservations, new, row => [
        Uuid(row.id.0),
        row.state.name(),
        row.owner.as_deref(),
        row.order.map(|order| Uuid(order.0)),
        row.expires_at,
        row.extensions,
        row.created_at,
        row.updated_at,
        row.version,
    ])
}

async fn update_reservations(desk: &Desk, changed: Pairs<'_, Reservation>) -> Result<(), StoreError> {
    put!(desk, UpdateReservations, changed, pair => [
        Uuid(pair.1.id.0),
        pair.1.state.name(),
        pair.1.owner.as_deref(),
        pair.1.order.map(|order| Uuid(order.0)),
        pair.1.expires_at,
        pair.1.extensions,
        pair.1.updated_at,
        pair.1.version,
        pair.0.version,
    ])
}

pub(crate) async fn reservation_lines(desk: &Desk, rows: &[Tracked<Reservation>]) -> Result<(), StoreError> {
    let (new, changed) = sorted_lines(
        rows,
        |reservation| reservation.id.0,
        |reservation| &reservation.lines,
        |line: &ReservationLine| (line.line, line.part),
    );
    tokio::try_join!(
        biased;
        insert_reservation_lines(desk, &new),
        update_reservation_lines(desk, &changed),
    )?;
    Ok(())
}

async fn insert_reservation_lines(desk: &Desk, new: &[(Uuid, &ReservationLine)]) -> Result<(), StoreError> {
    put!(desk, InsertReservationLines, new, row => [
        row.0,
        row.1.line,
        row.1.part,
        row.1.item.0,
        row.1.key.sku.0,
        row.1.key.location.0,
        row.1.per_item,
        row.1.quantity,
        row.1.allocated,
        row.1.released,
        row.1.expired,
    ])
}

async fn update_reservation_lines(
    desk: &Desk,
    changed: &[(Uuid, &ReservationLine)],
) -> Result<(), StoreError> {
    put!(desk, UpdateReservationLines, changed, row => [
        row.0,
        row.1.line,
        row.1.part,
        row.1.quantity,
        row.1.allocated,
        row.1.released,
        row.1.expired,
    ])
}
