//! Stock is adjusted, set, counted and moved.

use crate::command::Context;
use crate::holding::{Cause, shift};
use crate::id::LocationId;
use crate::movement::MovementKind;
use crate::order::names;
use crate::quantity::{QUANTITY_MAX, Quantities, Quantity};
use crate::receipt::{Receipt, StockReceipt};
use crate::refusal::{Refusal, Short};
use crate::stock::{Stock, StockKey};
use crate::working::{Needs, Scope, Working};

/// Why a person or a system changes stock: a closed list, so that it can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A mistake is put right.
    Correction,
    /// Goods came in.
    Received,
    /// A customer's return goes back to stock.
    ReturnRestock,
    /// Broken.
    Damaged,
    /// Gone.
    TheftOrLoss,
    /// Given away.
    PromotionOrDonation,
    /// Counted.
    CycleCount,
    /// From a file.
    Import,
}

names!(Reason {
    Correction = "correction",
    Received = "received",
    ReturnRestock = "return_restock",
    Damaged = "damaged",
    TheftOrLoss = "theft_or_loss",
    PromotionOrDonation = "promotion_or_donation",
    CycleCount = "cycle_count",
    Import = "import",
});

/// What the caller believes, for a change to an absolute value: two editors never overwrite each other silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The on_hand figure it saw.
    OnHand(Quantity),
    /// The version it saw (`If-Match`).
    Version(i64),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "`sku` and `location` are codes; the rest is said at each member")]
pub enum StockItem {
    /// on_hand changes by `delta`; downward only as far as nothing is promised to anybody.
    Adjust { sku: String, location: String, delta: Quantity, reason: Reason, note: Option<String> },
    /// on_hand becomes `on_hand` if it is as expected; downward only as far as nothing is promised.
    Set {
        sku: String,
        location: String,
        on_hand: Quantity,
        expected: Expected,
        reason: Reason,
        note: Option<String>,
    },
    /// on_hand becomes what was counted, whatever is promised: a count is a fact, and may open a shortfall. One that looks
    /// like a digit too many or too few (ten times the figure or a tenth, of more than 100 units) must be `confirmed`.
    Count { sku: String, location: String, counted: Quantity, confirmed: bool, note: Option<String> },
    /// `quantity` units become unavailable, or (negative) sellable again.
    Restate { sku: String, location: String, quantity: Quantity, reason: Reason, note: Option<String> },
    /// `quantity` sellable units go from one location to another.
    Transfer { sku: String, from: String, to: String, quantity: Quantity, note: Option<String> },
    /// Another change, if the row still has the version that the caller saw (`If-Match`); of a transfer the row that the
    /// units leave.
    Matched { version: i64, item: Box<StockItem> },
}

impl StockItem {
    fn sku(&self) -> &str {
        match self {
            Self::Adjust { sku, .. }
            | Self::Set { sku, .. }
            | Self::Count { sku, .. }
            | Self::Restate { sku, .. }
            | Self::Transfer { sku, .. } => sku,
            Self::Matched { item, .. } => item.sku(),
        }
    }

    fn locations(&self) -> Vec<&str> {
        match self {
            Self::Adjust { location, .. }
            | Self::Set { location, .. }
            | Self::Count { location, .. }
            | Self::Restate { location, .. } => vec![location],
            Self::Transfer { from, to, .. } => vec![from, to],
            Self::Matched { item, .. } => item.locations(),
        }
    }
}

/// Changes stock rows, all or none, in the order of the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeStock {
    /// At least one.
    pub items: Vec<StockItem>,
}

impl ChangeStock {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        for item in &self.items {
            needs.sku_codes.insert(item.sku().to_owned());
            for location in item.locations() {
                needs.location_codes.insert(location.to_owned());
                if let (Some(sku), Some(location)) =
                    (seen.sku_by_code(item.sku()), seen.location_by_code(location))
                {
                    needs.stock.insert(StockKey { sku: sku.id, location: location.id });
                }
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut rows = Vec::with_capacity(self.items.len());
        for (index, item) in self.items.iter().enumerate() {
            change(scope, context, index, item, &mut rows)?;
        }
        Ok(Receipt::Stock { rows, at: context.now })
    }
}

fn change(
    scope: &mut Scope<'_>,
    context: &Context,
    index: usize,
    item: &StockItem,
    rows: &mut Vec<StockReceipt>,
) -> Result<(), Refusal> {
    match item {
        StockItem::Adjust { location, delta, reason, note, .. } => {
            let key = key_of(scope, index, item, location)?;
            in_range(*delta)?;
            keep_promises(scope, index, key, *delta)?;
            let kind = match reason {
                Reason::Received if *delta > 0 => MovementKind::Receive,
                Reason::ReturnRestock if *delta > 0 => MovementKind::Return,
                _ => MovementKind::Adjust,
            };
            rows.push(on_hand_by(scope, context, key, kind, *delta, Some(*reason), note)?);
        }
        StockItem::Set { location, on_hand, expected, reason, note, .. } => {
            let key = key_of(scope, index, item, location)?;
            in_range(*on_hand)?;
            let delta = set_delta(&row_of(scope, key), index, *on_hand, *expected)?;
            keep_promises(scope, index, key, delta)?;
            rows.push(on_hand_by(scope, context, key, MovementKind::Set, delta, Some(*reason), note)?);
        }
        StockItem::Count { location, counted, confirmed, note, .. } => {
            let key = key_of(scope, index, item, location)?;
            in_range(*counted)?;
            let row = row_of(scope, key);
            let on_hand = row.figures.on_hand;
            if !confirmed && row.version > 0 && is_unlikely(*counted, on_hand) {
                return Err(Refusal::UnlikelyCount { line: index, counted: *counted, on_hand });
            }
            let delta = counted - on_hand;
            let reason = Some(Reason::CycleCount);
            rows.push(on_hand_by(scope, context, key, MovementKind::Count, delta, reason, note)?);
        }
        StockItem::Restate { location, quantity, reason, note, .. } => {
            let key = key_of(scope, index, item, location)?;
            in_range(*quantity)?;
            keep_promises(scope, index, key, -quantity)?;
            let delta = Quantities { unavailable: *quantity, ..Quantities::default() };
            let cause = Cause { reason: Some(reason.name().to_owned()), note: note.clone(), holder: None };
            rows.push(shift(scope, context, key, MovementKind::Restate, delta, &cause)?);
        }
        StockItem::Transfer { from, to, quantity, note, .. } => {
            let (source, target) = (key_of(scope, index, item, from)?, key_of(scope, index, item, to)?);
            in_range(*quantity)?;
            if *quantity < 1 || source == target {
                return Err(Refusal::OutOfRange);
            }
            keep_promises(scope, index, source, -quantity)?;
            rows.push(on_hand_by(scope, context, source, MovementKind::TransferOut, -quantity, None, note)?);
            rows.push(on_hand_by(scope, context, target, MovementKind::TransferIn, *quantity, None, note)?);
        }
        StockItem::Matched { version, item } => {
            if let Some(location) = item.locations().first() {
                let key = key_of(scope, index, item, location)?;
                super::check_version(Some(*version), row_of(scope, key).version)?;
            }
            change(scope, context, index, item, rows)?;
        }
    }
    Ok(())
}

/// Below this many units a count is never unlikely: ten times as many of a few are still a few.
const FEW: Quantity = 100;

/// Whether a count looks like a digit too many or too few. Every channel would be told it at once, so whoever counted is
/// asked first (fault F12).
fn is_unlikely(counted: Quantity, on_hand: Quantity) -> bool {
    let (less, more) = (counted.min(on_hand), counted.max(on_hand));
    more > FEW && less.saturating_mul(10) <= more
}

/// By how much on_hand changes, if the row is as the caller expects it.
fn set_delta(row: &Stock, index: usize, on_hand: Quantity, expected: Expected) -> Result<Quantity, Refusal> {
    let actual = row.figures.on_hand;
    match expected {
        Expected::Version(version) => super::check_version(Some(version), row.version)?,
        Expected::OnHand(expected) if expected != actual => {
            return Err(Refusal::StaleExpected { line: index, expected, actual });
        }
        Expected::OnHand(_) => {}
    }
    Ok(on_hand - actual)
}

fn in_range(units: Quantity) -> Result<(), Refusal> {
    if units.unsigned_abs() <= QUANTITY_MAX.unsigned_abs() { Ok(()) } else { Err(Refusal::OutOfRange) }
}

fn on_hand_by(
    scope: &mut Scope<'_>,
    context: &Context,
    key: StockKey,
    kind: MovementKind,
    delta: Quantity,
    reason: Option<Reason>,
    note: &Option<String>,
) -> Result<StockReceipt, Refusal> {
    let cause = Cause { reason: reason.map(|r| r.name().to_owned()), note: note.clone(), holder: None };
    shift(scope, context, key, kind, Quantities { on_hand: delta, ..Quantities::default() }, &cause)
}

/// A downward change may take only units that nobody was promised. A backorder limit does not help here: it is for
/// promises, not for goods.
fn keep_promises(scope: &mut Scope<'_>, index: usize, key: StockKey, delta: Quantity) -> Result<(), Refusal> {
    let available = row_of(scope, key).figures.available();
    if delta >= 0 || available + delta >= 0 {
        return Ok(());
    }
    let (sku, location) = crate::holding::codes(scope, key);
    let (requested, available) = (-delta, available.max(0));
    Err(Refusal::InsufficientStock {
        short: vec![Short { line: index, sku, location, requested, available }],
    })
}

fn row_of(scope: &mut Scope<'_>, key: StockKey) -> Stock {
    scope.stock_row(key).copied().unwrap_or_else(|| Stock::empty(key, 0))
}

fn key_of(
    scope: &mut Scope<'_>,
    index: usize,
    item: &StockItem,
    location: &str,
) -> Result<StockKey, Refusal> {
    let (code, growing) = (item.sku(), grows(item, location));
    let sku = match scope.sku_by_code(code) {
        None => {
            return Err(Refusal::UnknownSku { line: index, sku: code.to_owned() });
        }
        Some(sku) if sku.is_bundle() => {
            return Err(Refusal::BundleHasNoStock { line: index, sku: code.to_owned() });
        }
        Some(sku) => sku.id,
    };
    let location: LocationId = match scope.location_by_code(location) {
        None => {
            return Err(Refusal::UnknownLocation { line: index, location: location.to_owned() });
        }
        Some(found) if found.archived && growing => {
            return Err(Refusal::ArchivedLocation { line: index, location: location.to_owned() });
        }
        Some(found) => found.id,
    };
    Ok(StockKey { sku, location })
}

/// Whether the item brings goods to the location: an archived location may be emptied and counted, not filled.
fn grows(item: &StockItem, location: &str) -> bool {
    match item {
        StockItem::Adjust { delta, .. } => *delta > 0,
        StockItem::Transfer { to, .. } => to == location,
        StockItem::Matched { item, .. } => grows(item, location),
        StockItem::Set { .. } | StockItem::Count { .. } | StockItem::Restate { .. } => false,
    }
}
