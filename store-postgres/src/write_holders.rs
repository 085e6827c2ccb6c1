//! Writing orders and reservations with their lines.

use onhand_rules::{Order, OrderLine, Reservation, ReservationLine, Tracked};
use onhand_store::StoreError;

use crate::column::Uuid;
use crate::session::Desk;
use crate::statements::Sql;
use crate::write::{Pairs, column, exactly, sorted_out};

pub(crate) async fn orders(desk: &Desk, rows: &[Tracked<Order>]) -> Result<(), StoreError> {
    let (mut new, changed) = sorted_out(rows);
    // By the key that another replica may insert at the same moment.
    new.sort_by(|a, b| (&a.channel, &a.reference).cmp(&(&b.channel, &b.reference)));
    tokio::try_join!(biased; insert_orders(desk, new), update_orders(desk, changed))?;
    Ok(())
}

async fn insert_orders(desk: &Desk, new: Vec<&Order>) -> Result<(), StoreError> {
    exactly(
        desk,
        new.len(),
        Sql::InsertOrders,
        &[
            &column!(new, order => Uuid(order.id.0)),
            &column!(new, order => order.channel.as_str()),
            &column!(new, order => order.reference.as_deref()),
            &column!(new, order => order.state.name()),
            &column!(new, order => order.payment.name()),
            &column!(new, order => order.fulfilment.name()),
            &column!(new, order => order.forced),
            &column!(new, order => order.late),
            &column!(new, order => order.payment_reference.as_deref()),
            &column!(new, order => order.currency.as_deref()),
            &column!(new, order => order.expires_at),
            &column!(new, order => order.created_at),
            &column!(new, order => order.updated_at),
            &column!(new, order => order.version),
        ],
    )
    .await
}

async fn update_orders(desk: &Desk, changed: Pairs<'_, Order>) -> Result<(), StoreError> {
    exactly(
        desk,
        changed.len(),
        Sql::UpdateOrders,
        &[
            &column!(changed, pair => Uuid(pair.1.id.0)),
            &column!(changed, pair => pair.1.state.name()),
            &column!(changed, pair => pair.1.payment.name()),
            &column!(changed, pair => pair.1.fulfilment.name()),
            &column!(changed, pair => pair.1.forced),
            &column!(changed, pair => pair.1.late),
            &column!(changed, pair => pair.1.payment_reference.as_deref()),
            &column!(changed, pair => pair.1.currency.as_deref()),
            &column!(changed, pair => pair.1.expires_at),
            &column!(changed, pair => pair.1.updated_at),
            &column!(changed, pair => pair.1.version),
            &column!(changed, pair => pair.0.version),
        ],
    )
    .await
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
    exactly(
        desk,
        new.len(),
        Sql::InsertOrderLines,
        &[
            &column!(new, row => row.0),
            &column!(new, row => row.1.line),
            &column!(new, row => row.1.part),
            &column!(new, row => row.1.item.0),
            &column!(new, row => row.1.key.sku.0),
            &column!(new, row => row.1.key.location.0),
            &column!(new, row => row.1.per_item),
            &column!(new, row => row.1.ordered),
            &column!(new, row => row.1.reserved),
            &column!(new, row => row.1.allocated),
            &column!(new, row => row.1.short),
            &column!(new, row => row.1.shipped),
            &column!(new, row => row.1.cancelled),
            &column!(new, row => row.1.expired),
            &column!(new, row => row.1.returned),
            &column!(new, row => row.1.unit_minor),
        ],
    )
    .await
}

async fn update_order_lines(desk: &Desk, changed: &[(Uuid, &OrderLine)]) -> Result<(), StoreError> {
    exactly(
        desk,
        changed.len(),
        Sql::UpdateOrderLines,
        &[
            &column!(changed, row => row.0),
            &column!(changed, row => row.1.line),
            &column!(changed, row => row.1.part),
            &column!(changed, row => row.1.ordered),
            &column!(changed, row => row.1.reserved),
            &column!(changed, row => row.1.allocated),
            &column!(changed, row => row.1.short),
            &column!(changed, row => row.1.shipped),
            &column!(changed, row => row.1.cancelled),
            &column!(changed, row => row.1.expired),
            &column!(changed, row => row.1.returned),
        ],
    )
    .await
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
    exactly(
        desk,
        new.len(),
        Sql::InsertReservations,
        &[
            &column!(new, row => Uuid(row.id.0)),
            &column!(new, row => row.state.name()),
            &column!(new, row => row.owner.as_deref()),
            &column!(new, row => row.order.map(|order| Uuid(order.0))),
            &column!(new, row => row.expires_at),
            &column!(new, row => row.extensions),
            &column!(new, row => row.created_at),
            &column!(new, row => row.updated_at),
            &column!(new, row => row.version),
        ],
    )
    .await
}

async fn update_reservations(desk: &Desk, changed: Pairs<'_, Reservation>) -> Result<(), StoreError> {
    exactly(
        desk,
        changed.len(),
        Sql::UpdateReservations,
        &[
            &column!(changed, pair => Uuid(pair.1.id.0)),
            &column!(changed, pair => pair.1.state.name()),
            &column!(changed, pair => pair.1.owner.as_deref()),
            &column!(changed, pair => pair.1.order.map(|order| Uuid(order.0))),
            &column!(changed, pair => pair.1.expires_at),
            &column!(changed, pair => pair.1.extensions),
            &column!(changed, pair => pair.1.updated_at),
            &column!(changed, pair => pair.1.version),
            &column!(changed, pair => pair.0.version),
        ],
    )
    .await
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
    exactly(
        desk,
        new.len(),
        Sql::InsertReservationLines,
        &[
            &column!(new, row => row.0),
            &column!(new, row => row.1.line),
            &column!(new, row => row.1.part),
            &column!(new, row => row.1.item.0),
            &column!(new, row => row.1.key.sku.0),
            &column!(new, row => row.1.key.location.0),
            &column!(new, row => row.1.per_item),
            &column!(new, row => row.1.quantity),
            &column!(new, row => row.1.allocated),
            &column!(new, row => row.1.released),
            &column!(new, row => row.1.expired),
        ],
    )
    .await
}

async fn update_reservation_lines(
    desk: &Desk,
    changed: &[(Uuid, &ReservationLine)],
) -> Result<(), StoreError> {
    exactly(
        desk,
        changed.len(),
        Sql::UpdateReservationLines,
        &[
            &column!(changed, row => row.0),
            &column!(changed, row => row.1.line),
            &column!(changed, row => row.1.part),
            &column!(changed, row => row.1.quantity),
            &column!(changed, row => row.1.allocated),
            &column!(changed, row => row.1.released),
            &column!(changed, row => row.1.expired),
        ],
    )
    .await
}
