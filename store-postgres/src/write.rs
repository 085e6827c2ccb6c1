//! Writing what a batch changed: one statement for each table, all of them on their way before the first answer.
//!
//! Tables come in one order and rows inside a statement are sorted, so that two replicas that insert the same keys wait
//! for one another instead of each for the other.

use onhand_rules::access::ScopeName;
use onhand_rules::event::subject_hash;
use onhand_rules::{Changes, EventBody, Holder, Location, Movement, OpId, Sku, Stock, Tracked};
use onhand_store::{OpRow, StoreError};
use tokio_postgres::types::ToSql;

use crate::column::Uuid;
use crate::session::Desk;
use crate::statements::Sql;
use crate::sync_write;
use crate::write_holders::{order_lines, orders, reservation_lines, reservations};

/// One column of the rows to write.
macro_rules! column {
    ($rows:expr, $row:ident => $value:expr) => {
        $rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}
pub(crate) use column;

/// Rows that changed: (as loaded, as they are now).
pub(crate) type Pairs<'a, T> = Vec<(&'a T, &'a T)>;

/// Splits tracked rows into new ones and changed ones.
pub(crate) fn sorted_out<T>(rows: &[Tracked<T>]) -> (Vec<&T>, Pairs<'_, T>) {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for row in rows {
        match (&row.before, &row.now) {
            (None, Some(now)) => new.push(now),
            (Some(before), Some(now)) => changed.push((before, now)),
            (_, None) => {}
        }
    }
    (new, changed)
}

/// Carries a statement out that must touch exactly `count` rows.
pub(crate) async fn exactly(
    desk: &Desk,
    count: usize,
    sql: Sql,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<(), StoreError> {
    if count == 0 {
        return Ok(());
    }
    let touched = desk.execute(sql, parameters).await?;
    if touched == count as u64 {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("{sql:?}: {touched} of {count} rows were as they were loaded")))
}

/// Writes rows and operation records.
pub(crate) async fn write(desk: &Desk, changes: &Changes, ops: &[OpRow]) -> Result<(), StoreError> {
    let counters = async {
        let Some(counters) = &changes.counters else {
            return Ok(());
        };
        let numbers: [&(dyn ToSql + Sync); 5] = [
            &counters.next_sku,
            &counters.next_location,
            &counters.next_principal,
            &counters.next_shop,
            &counters.next_listing,
        ];
        exactly(desk, 1, Sql::UpdateCounters, &numbers).await
    };
    let (new_stock, changed_stock) = sorted_out(&changes.stock);
    let (new_skus, changed_skus) = sorted_out(&changes.skus);
    let (new_locations, changed_locations) = sorted_out(&changes.locations);
    tokio::try_join!(
        biased;
        counters,
        insert_skus(desk, new_skus),
        update_skus(desk, changed_skus),
        sync_write::delete_components(desk, &changes.skus),
        sync_write::insert_components(desk, &changes.skus),
        insert_locations(desk, new_locations),
        update_locations(desk, changed_locations),
        api_keys(desk, changes),
        insert_stock(desk, new_stock),
        update_stock(desk, changed_stock),
        movements(desk, &changes.movements),
        orders(desk, &changes.orders),
        order_lines(desk, &changes.orders),
        reservations(desk, &changes.reservations),
        reservation_lines(desk, &changes.reservations),
        sync_write::write(desk, &changes.sync),
        insert_ops(desk, ops),
    )?;
    Ok(())
}

async fn insert_ops(desk: &Desk, ops: &[OpRow]) -> Result<(), StoreError> {
    let mut ops: Vec<&OpRow> = ops.iter().collect();
    ops.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    exactly(
        desk,
        ops.len(),
        Sql::InsertOps,
        &[
            &column!(ops, op => op.key.principal.0),
            &column!(ops, op => i16::from(op.key.kind)),
            &column!(ops, op => op.key.key.as_str()),
            &column!(ops, op => Uuid(op.id.0)),
            &column!(ops, op => op.at),
            &column!(ops, op => op.fingerprint.as_slice()),
            &column!(ops, op => op.outcome.to_json()),
        ],
    )
    .await
}

/// An array inside an array, which the wire format has no word for.
fn array(numbers: impl Iterator<Item = i64>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}

fn component_skus(sku: &Sku) -> String {
    array(sku.components.iter().map(|component| component.sku.0))
}

fn component_quantities(sku: &Sku) -> String {
    array(sku.components.iter().map(|component| component.quantity))
}

async fn insert_skus(desk: &Desk, mut skus: Vec<&Sku>) -> Result<(), StoreError> {
    skus.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    exactly(
        desk,
        skus.len(),
        Sql::InsertSkus,
        &[
            &column!(skus, sku => sku.id.0),
            &column!(skus, sku => sku.code.as_str()),
            &column!(skus, sku => sku.name.as_str()),
            &column!(skus, sku => component_skus(sku)),
            &column!(skus, sku => component_quantities(sku)),
            &column!(skus, sku => sku.backorder_limit),
            &column!(skus, sku => sku.archived),
            &column!(skus, sku => sku.version),
            &column!(skus, sku => sku.created_at),
            &column!(skus, sku => sku.updated_at),
        ],
    )
    .await
}

async fn update_skus(desk: &Desk, skus: Pairs<'_, Sku>) -> Result<(), StoreError> {
    exactly(
        desk,
        skus.len(),
        Sql::UpdateSkus,
        &[
            &column!(skus, pair => pair.1.id.0),
            &column!(skus, pair => pair.1.name.as_str()),
            &column!(skus, pair => component_skus(pair.1)),
            &column!(skus, pair => component_quantities(pair.1)),
            &column!(skus, pair => pair.1.backorder_limit),
            &column!(skus, pair => pair.1.archived),
            &column!(skus, pair => pair.1.version),
            &column!(skus, pair => pair.1.updated_at),
            &column!(skus, pair => pair.0.version),
        ],
    )
    .await
}

async fn insert_locations(desk: &Desk, mut locations: Vec<&Location>) -> Result<(), StoreError> {
    locations.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    exactly(
        desk,
        locations.len(),
        Sql::InsertLocations,
        &[
            &column!(locations, location => location.id.0),
            &column!(locations, location => location.code.as_str()),
            &column!(locations, location => location.name.as_str()),
            &column!(locations, location => location.archived),
            &column!(locations, location => location.version),
            &column!(locations, location => location.created_at),
        ],
    )
    .await
}

async fn update_locations(desk: &Desk, locations: Pairs<'_, Location>) -> Result<(), StoreError> {
    exactly(
        desk,
        locations.len(),
        Sql::UpdateLocations,
        &[
            &column!(locations, pair => pair.1.id.0),
            &column!(locations, pair => pair.1.name.as_str()),
            &column!(locations, pair => pair.1.archived),
            &column!(locations, pair => pair.1.version),
            &column!(locations, pair => pair.0.version),
        ],
    )
    .await
}

fn scopes(scopes: &[ScopeName]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    names.join(" ")
}

/// API keys have no version: they are locked from when they were read.
async fn api_keys(desk: &Desk, changes: &Changes) -> Result<(), StoreError> {
    let (new, changed) = sorted_out(&changes.api_keys);
    exactly(
        desk,
        new.len(),
        Sql::InsertApiKeys,
        &[
            &column!(new, key => Uuid(key.id.0)),
            &column!(new, key => key.principal.0),
            &column!(new, key => key.name.as_str()),
            &column!(new, key => key.hash.as_slice()),
            &column!(new, key => scopes(&key.scopes)),
            &column!(new, key => key.created_at),
            &column!(new, key => key.expires_at),
            &column!(new, key => key.revoked_at),
        ],
    )
    .await?;
    exactly(
        desk,
        changed.len(),
        Sql::UpdateApiKeys,
        &[
            &column!(changed, pair => Uuid(pair.1.id.0)),
            &column!(changed, pair => pair.1.name.as_str()),
            &column!(changed, pair => scopes(&pair.1.scopes)),
            &column!(changed, pair => pair.1.expires_at),
            &column!(changed, pair => pair.1.revoked_at),
        ],
    )
    .await
}

async fn insert_stock(desk: &Desk, rows: Vec<&Stock>) -> Result<(), StoreError> {
    put_stock(desk, Sql::InsertStock, &rows, None).await
}

async fn update_stock(desk: &Desk, rows: Pairs<'_, Stock>) -> Result<(), StoreError> {
    let loaded = column!(rows, pair => pair.0.version);
    let rows = column!(rows, pair => pair.1);
    put_stock(desk, Sql::UpdateStock, &rows, Some(loaded)).await
}

async fn put_stock(
    desk: &Desk,
    sql: Sql,
    rows: &[&Stock],
    loaded: Option<Vec<i64>>,
) -> Result<(), StoreError> {
    let columns: [Vec<i64>; 9] = [
        column!(rows, row => row.key.sku.0),
        column!(rows, row => row.key.location.0),
        column!(rows, row => row.figures.on_hand),
        column!(rows, row => row.figures.reserved),
        column!(rows, row => row.figures.allocated),
        column!(rows, row => row.figures.unavailable),
        column!(rows, row => row.backorder_limit),
        column!(rows, row => row.version),
        column!(rows, row => row.changed_at),
    ];
    let heads = column!(rows, row => row.head.as_slice());
    let mut parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|c| c as _).collect();
    parameters.push(&heads);
    if let Some(loaded) = &loaded {
        parameters.push(loaded);
    }
    exactly(desk, rows.len(), sql, &parameters).await
}

fn order_of(movement: &Movement) -> Option<Uuid> {
    match movement.holder {
        Some(Holder::Order(id)) => Some(Uuid(id.0)),
        _ => None,
    }
}

fn reservation_of(movement: &Movement) -> Option<Uuid> {
    match movement.holder {
        Some(Holder::Reservation(id)) => Some(Uuid(id.0)),
        _ => None,
    }
}

async fn movements(desk: &Desk, movements: &[Movement]) -> Result<(), StoreError> {
    exactly(
        desk,
        movements.len(),
        Sql::InsertMovements,
        &[
            &column!(movements, m => m.key.sku.0),
            &column!(movements, m => m.key.location.0),
            &column!(movements, m => m.version),
            &column!(movements, m => m.at),
            &column!(movements, m => m.actor.0),
            &column!(movements, m => m.delta.on_hand),
            &column!(movements, m => m.delta.reserved),
            &column!(movements, m => m.delta.allocated),
            &column!(movements, m => m.delta.unavailable),
            &column!(movements, m => m.after.on_hand),
            &column!(movements, m => m.after.reserved),
            &column!(movements, m => m.after.allocated),
            &column!(movements, m => m.after.unavailable),
            &column!(movements, m => m.backorder_limit),
            &column!(movements, m => Uuid(m.op.0)),
            &column!(movements, m => order_of(m)),
            &column!(movements, m => reservation_of(m)),
            &column!(movements, m => i16::from(m.kind as u8)),
            &column!(movements, m => m.hash.as_slice()),
            &column!(movements, m => m.reason.as_deref()),
            &column!(movements, m => m.note.as_deref()),
        ],
    )
    .await
}

/// Events on their way from `write` to `commit`, already as columns.
#[derive(Default)]
pub(crate) struct Told {
    count: i64,
    now: i64,
    actors: Vec<i64>,
    ops: Vec<Uuid>,
    subjects: Vec<Uuid>,
    kinds: Vec<&'static str>,
    data: Vec<String>,
    traces: Vec<Option<String>>,
}

impl Told {
    /// Takes the events of a `write`.
    pub(crate) fn add(&mut self, changes: &Changes, now: i64) -> Result<(), StoreError> {
        self.now = self.now.max(now);
        for event in &changes.events {
            let OpId(op) = event.op;
            let data = serde_json::to_string(&event.body);
            self.data.push(data.map_err(|error| StoreError::Rejected(error.to_string()))?);
            self.actors.push(event.actor.0);
            self.ops.push(Uuid(op));
            self.subjects.push(subject(&event.body));
            self.kinds.push(event.body.kind());
            self.traces.push(event.trace.clone());
            self.count += 1;
        }
        Ok(())
    }

    /// The parameters of [`Sql::Tell`].
    pub(crate) fn parameters(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.count,
            &self.now,
            &self.actors,
            &self.ops,
            &self.subjects,
            &self.kinds,
            &self.data,
            &self.traces,
        ]
    }
}

/// Under what the event is found besides its number: the order or reservation that it is about, its page of the audit
/// log, or whatever else it is about.
fn subject(body: &EventBody) -> Uuid {
    match body {
        EventBody::OrderPlaced { order, .. } | EventBody::OrderChanged { order, .. } => Uuid(order.0),
        EventBody::ReservationHeld { reservation, .. }
        | EventBody::ReservationChanged { reservation, .. } => Uuid(reservation.0),
        other => {
            let subject = other.subject();
            let page = onhand_rules::audit::page_of(&subject).map(|page| u128::from(page.unsigned_abs()));
            Uuid(page.unwrap_or_else(|| u128::from_be_bytes(subject_hash(&subject))))
        }
    }
}
