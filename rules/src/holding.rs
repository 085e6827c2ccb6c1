//! Taking units from stock rows and giving them back: what orders, reservations and stock changes have in common.

use std::collections::BTreeMap;

use crate::command::Context;
use crate::event::{EventBody, EventLine};
use crate::id::SkuId;
use crate::movement::{Holder, Movement, MovementKind};
use crate::quantity::{QUANTITY_MAX, Quantities, Quantity};
use crate::receipt::StockReceipt;
use crate::refusal::{Refusal, Short};
use crate::sku::Sku;
use crate::stock::{Stock, StockKey};
use crate::working::{Needs, Scope, Working};

/// One line of a request: so many items of a SKU at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRequest {
    /// Code of the SKU, simple or bundle.
    pub sku: String,
    /// Code of the location.
    pub location: String,
    /// Items, from 1 to [`QUANTITY_MAX`].
    pub quantity: Quantity,
    /// Price of one item in minor units.
    pub unit_minor: Option<i64>,
}

/// What one line takes from one stock row: the whole line for a simple SKU, one component of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Index of the line in the request.
    pub index: usize,
    /// Number of the component inside the line, from 0.
    pub part: i32,
    /// What was asked for.
    pub item: SkuId,
    /// Whose stock it takes.
    pub key: StockKey,
    /// Units in one item.
    pub per_item: Quantity,
    /// Units in all.
    pub units: Quantity,
}

impl Part {
    /// Number of the line, from 1.
    #[must_use]
    pub fn line(&self) -> i32 {
        i32::try_from(self.index + 1).unwrap_or(i32::MAX)
    }
}

/// Why units move: everything of a movement that its figures do not say.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    /// On whose behalf.
    pub holder: Option<Holder>,
    /// From the closed list of reasons.
    pub reason: Option<String>,
    /// Free text.
    pub note: Option<String>,
}

impl Cause {
    /// On behalf of an order or reservation.
    #[must_use]
    pub fn of(holder: Holder) -> Self {
        Self { holder: Some(holder), ..Self::default() }
    }
}

/// The parts of one SKU: itself, or its components.
fn components(sku: &Sku) -> Vec<(SkuId, Quantity)> {
    if sku.is_bundle() {
        sku.components.iter().map(|c| (c.sku, c.quantity)).collect()
    } else {
        vec![(sku.id, 1)]
    }
}

/// Adds what [`explode`] and [`lacking`] must see. Where a row lacks units, the overdue holders on it are asked for too:
/// expiry is a comparison of times, so a late sweeper cannot keep stock from a buyer.
pub fn needs_of_lines(lines: &[LineRequest], seen: &Working, needs: &mut Needs) {
    let mut wanted: BTreeMap<StockKey, Quantity> = BTreeMap::new();
    for line in lines {
        needs.sku_codes.insert(line.sku.clone());
        needs.location_codes.insert(line.location.clone());
        let Some(sku) = seen.sku_by_code(&line.sku) else {
            continue;
        };
        for (part, per_item) in components(sku) {
            needs.skus.insert(part);
            let Some(location) = seen.location_by_code(&line.location) else {
                continue;
            };
            let key = StockKey { sku: part, location: location.id };
            needs.stock.insert(key);
            let units = line.quantity.saturating_mul(per_item);
            let sum = wanted.entry(key).or_default();
            *sum = sum.saturating_add(units);
        }
    }
    needs_of_shortage(&wanted, seen, needs);
}

/// Asks for the overdue holders on rows that lack what is wanted, and for the rows that those holders touch.
pub fn needs_of_shortage(wanted: &BTreeMap<StockKey, Quantity>, seen: &Working, needs: &mut Needs) {
    for (&key, &units) in wanted {
        let Some(row) = seen.stock.get(&key) else { continue };
        let Some(stock) = row.now else { continue };
        if stock.sellable() >= units || stock.figures.reserved == 0 {
            continue;
        }
        needs.due_on.insert(key);
        for holder in seen.due_on.get(&key).into_iter().flatten() {
            needs_of_holder(*holder, seen, needs);
        }
    }
}

/// Asks for an order or reservation with everything that its lines touch.
pub fn needs_of_holder(holder: Holder, seen: &Working, needs: &mut Needs) {
    let mut touch = |item: SkuId, key: StockKey| {
        needs.skus.insert(item);
        needs.skus.insert(key.sku);
        needs.locations.insert(key.location);
        needs.stock.insert(key);
    };
    match holder {
        Holder::Order(id) => {
            if let Some(order) = seen.orders.get(&id).and_then(|row| row.now.as_ref()) {
                order.lines.iter().for_each(|line| touch(line.item, line.key));
            }
            needs.orders.insert(id);
        }
        Holder::Reservation(id) => {
            if let Some(reservation) = seen.reservations.get(&id).and_then(|row| row.now.as_ref()) {
                reservation.lines.iter().for_each(|line| touch(line.item, line.key));
            }
            needs.reservations.insert(id);
        }
    }
}

/// Turns lines into parts: checks that SKUs and locations exist and are in use, and replaces bundles by components.
///
/// # Errors
/// The first line that cannot be served, by index.
pub fn explode(scope: &mut Scope<'_>, lines: &[LineRequest]) -> Result<Vec<Part>, Refusal> {
    if lines.is_empty() {
        return Err(Refusal::OutOfRange);
    }
    let mut parts = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        if !(1..=QUANTITY_MAX).contains(&line.quantity) {
            return Err(Refusal::OutOfRange);
        }
        let location = match scope.location_by_code(&line.location) {
            None => {
                return Err(Refusal::UnknownLocation { line: index, location: line.location.clone() });
            }
            Some(found) if found.archived => {
                return Err(Refusal::ArchivedLocation { line: index, location: line.location.clone() });
            }
            Some(found) => found.id,
        };
        let (item, components) = match scope.sku_by_code(&line.sku) {
            None => {
                return Err(Refusal::UnknownSku { line: index, sku: line.sku.clone() });
            }
            Some(found) if found.archived => {
                return Err(Refusal::ArchivedSku { line: index, sku: line.sku.clone() });
            }
            Some(found) => (found.id, components(found)),
        };
        for (part, (sku, per_item)) in (0..).zip(components) {
            let units = line.quantity.checked_mul(per_item).ok_or(Refusal::OutOfRange)?;
            parts.push(Part { index, part, item, key: StockKey { sku, location }, per_item, units });
        }
    }
    Ok(parts)
}

/// Units by stock row, summed over all parts: the guard must see the sum, or two lines of one SKU would each pass alone.
#[must_use]
pub fn by_row(parts: &[Part]) -> BTreeMap<StockKey, Quantity> {
    let mut sums: BTreeMap<StockKey, Quantity> = BTreeMap::new();
    for part in parts {
        let sum = sums.entry(part.key).or_default();
        *sum = sum.saturating_add(part.units);
    }
    sums
}

/// Makes sure that every row can give what is wanted of it, ending overdue holds on the rows that lack units first.
///
/// # Errors
/// [`Refusal::InsufficientStock`] with every row that lacks units.
pub fn guard(scope: &mut Scope<'_>, context: &Context, parts: &[Part]) -> Result<(), Refusal> {
    let mut short = Vec::new();
    for (key, units) in by_row(parts) {
        let reserved = scope.stock_row(key).map_or(0, |stock| stock.figures.reserved);
        if reserved > 0 && sellable(scope, key) < units {
            crate::commands::expire_holds::end_due_on(scope, context, key)?;
        }
        let available = sellable(scope, key);
        if available < units {
            let line = parts.iter().find(|p| p.key == key).map_or(0, |p| p.index);
            let (sku, location) = codes(scope, key);
            short.push(Short { line, sku, location, requested: units, available: available.max(0) });
        }
    }
    if short.is_empty() { Ok(()) } else { Err(Refusal::InsufficientStock { short }) }
}

fn sellable(scope: &mut Scope<'_>, key: StockKey) -> Quantity {
    match scope.stock_row(key) {
        Some(stock) => stock.sellable(),
        None => scope.sku(key.sku).map_or(0, |sku| sku.backorder_limit),
    }
}

/// The codes of a stock row, for messages and events.
pub fn codes(scope: &mut Scope<'_>, key: StockKey) -> (String, String) {
    let sku = scope.sku(key.sku).map(|s| s.code.clone()).unwrap_or_default();
    let location = scope.location(key.location).map(|l| l.code.clone()).unwrap_or_default();
    (sku, location)
}

/// Changes one stock row and appends the movement that says why. The only place where figures change.
///
/// # Errors
/// [`Refusal::OutOfRange`] when a figure would leave its range, [`Refusal::InsufficientStock`] when a guarded kind would
/// pass the backorder limit (I2; the second half of a pair, [`guard`] being the first).
pub fn shift(
    scope: &mut Scope<'_>,
    context: &Context,
    key: StockKey,
    kind: MovementKind,
    delta: Quantities,
    cause: &Cause,
) -> Result<StockReceipt, Refusal> {
    let old = match scope.stock_row(key).copied() {
        Some(stock) => stock,
        None => Stock::empty(key, scope.sku(key.sku).map_or(0, |sku| sku.backorder_limit)),
    };
    if delta.is_zero() {
        return Ok(StockReceipt { figures: old.figures, version: old.version });
    }
    let after = old.figures.plus(&delta)?;
    if kind.is_guarded() && after.available() < -old.backorder_limit {
        let (sku, location) = codes(scope, key);
        let requested = delta.reserved + delta.allocated;
        let available = old.sellable().max(0);
        return Err(Refusal::InsufficientStock {
            short: vec![Short { line: 0, sku, location, requested, available }],
        });
    }
    let mut movement = Movement {
        key,
        version: old.version + 1,
        kind,
        delta,
        after,
        backorder_limit: old.backorder_limit,
        holder: cause.holder,
        op: context.op,
        actor: context.actor,
        reason: cause.reason.clone(),
        note: cause.note.clone(),
        at: context.now.max(old.changed_at),
        hash: [0; 32],
    };
    movement.hash = movement.chain(&old.head);
    let new = Stock {
        figures: after,
        version: movement.version,
        changed_at: movement.at,
        head: movement.hash,
        ..old
    };
    scope.push_movement(movement);
    scope.put_stock(key, new);
    tell_shortfall(scope, context, &old, &new);
    Ok(StockReceipt { figures: after, version: new.version })
}

/// Tells when a row falls below what its backorder limit allows, and when it is back.
pub(crate) fn tell_shortfall(scope: &mut Scope<'_>, context: &Context, old: &Stock, new: &Stock) {
    let (was, is) = (old.sellable() < 0, new.sellable() < 0);
    if was == is {
        return;
    }
    let (sku, location) = codes(scope, new.key);
    let available = new.figures.available();
    scope.push_event(context.event(if is {
        EventBody::StockShortfall { sku, location, available }
    } else {
        EventBody::StockShortfallCleared { sku, location, available }
    }));
}

/// The lines of a request as events tell them.
#[must_use]
pub fn event_lines(lines: &[LineRequest]) -> Vec<EventLine> {
    (1..)
        .zip(lines)
        .map(|(number, line)| EventLine {
            line: number,
            sku: line.sku.clone(),
            location: line.location.clone(),
            quantity: line.quantity,
        })
        .collect()
}
