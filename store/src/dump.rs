//! The whole database as text, in a stable order.
//!
//! Two stores that ran the same commands in the same batches at the same times give the same text, to the byte. Nothing
//! in it depends on how a database keeps its rows: texts are quoted and escaped, times are milliseconds, hashes are hex.
//! It holds no secret and no hash of one.

mod sync;

use std::fmt::{self, Display, Write};

use onhand_rules::access::ApiKey;
use onhand_rules::{Holder, Location, Movement, Order, OrderId, Quantities, Reservation, ReservationId, Sku};

use crate::error::StoreError;
use crate::ops::{OpKey, OpRow};
use crate::reads::{EventRow, Reads, StockFilter, StockView};

/// Rows of a page.
const PAGE: usize = 1_000;

/// Everything in the database as text.
///
/// # Errors
/// Whatever the store reports.
pub async fn dump(reads: &dyn Reads) -> Result<String, StoreError> {
    let mut out = Lines::default();
    catalogue(reads, &mut out).await?;
    stock(reads, &mut out).await?;
    orders(reads, &mut out).await?;
    reservations(reads, &mut out).await?;
    events(reads, &mut out).await?;
    operations(reads, &mut out).await?;
    api_keys(reads, &mut out).await?;
    sync::sync(reads, &mut out).await?;
    Ok(out.0)
}

/// The text while it is made: one method for each kind of line.
#[derive(Default)]
pub(crate) struct Lines(String);

impl Lines {
    fn line(&mut self, kind: &str, fields: &[&dyn Display]) {
        self.0.push_str(kind);
        for field in fields {
            // Writing to a String cannot fail.
            let _always_ok = write!(self.0, "\t{field}");
        }
        self.0.push('\n');
    }

    pub(crate) fn sku(&mut self, sku: &Sku) {
        let components: Vec<String> =
            sku.components.iter().map(|part| format!("{}x{}", part.quantity, part.sku.0)).collect();
        self.line(
            "sku",
            &[
                &Text::of(&sku.code),
                &sku.id.0,
                &Text::of(&sku.name),
                &components.join(","),
                &sku.backorder_limit,
                &sku.archived,
                &sku.version,
                &sku.created_at,
                &sku.updated_at,
            ],
        );
    }

    pub(crate) fn location(&mut self, place: &Location) {
        self.line(
            "location",
            &[
                &Text::of(&place.code),
                &place.id.0,
                &Text::of(&place.name),
                &place.archived,
                &place.version,
                &place.created_at,
            ],
        );
    }

    pub(crate) fn stock(&mut self, view: &StockView) {
        let row = &view.stock;
        self.line(
            "stock",
            &[
                &Text::of(&view.sku),
                &Text::of(&view.location),
                &Figures(&row.figures),
                &row.backorder_limit,
                &row.version,
                &row.changed_at,
                &Hex(&row.head),
            ],
        );
    }

    pub(crate) fn movement(&mut self, view: &StockView, row: &Movement) {
        let holder = row.holder.map(|holder| match holder {
            Holder::Order(id) => id.to_string(),
            Holder::Reservation(id) => id.to_string(),
        });
        self.line(
            "movement",
            &[
                &Text::of(&view.sku),
                &Text::of(&view.location),
                &row.version,
                &row.kind.name(),
                &Figures(&row.delta),
                &Figures(&row.after),
                &row.backorder_limit,
                &Maybe(holder),
                &row.op,
                &row.actor.0,
                &Text(row.reason.as_deref()),
                &Text(row.note.as_deref()),
                &row.at,
                &Hex(&row.hash),
            ],
        );
    }

    pub(crate) fn order(&mut self, row: &Order) {
        self.line(
            "order",
            &[
                &row.id,
                &Text::of(&row.channel),
                &Text(row.reference.as_deref()),
                &row.state.name(),
                &row.payment.name(),
                &row.fulfilment.name(),
                &row.forced,
                &row.late,
                &Text(row.payment_reference.as_deref()),
                &Text(row.currency.as_deref()),
                &Maybe(row.expires_at),
                &row.created_at,
                &row.updated_at,
                &row.version,
            ],
        );
        for payment in &row.payments {
            let last = if payment.last { "last" } else { "-" };
            let dispute = format!("{:?}", payment.dispute).to_lowercase();
            self.line(
                "order_payment",
                &[&row.id, &Text::of(&payment.reference), &payment.state.name(), &last, &dispute],
            );
        }
        for line in &row.lines {
            self.line(
                "order_line",
                &[
                    &row.id,
                    &line.line,
                    &line.part,
                    &line.item.0,
                    &line.key.sku.0,
                    &line.key.location.0,
                    &line.per_item,
                    &line.ordered,
                    &line.reserved,
                    &line.allocated,
                    &line.short,
                    &line.shipped,
                    &line.cancelled,
                    &line.expired,
                    &line.returned,
                    &Maybe(line.unit_minor),
                ],
            );
        }
    }

    pub(crate) fn reservation(&mut self, row: &Reservation) {
        self.line(
            "reservation",
            &[
                &row.id,
                &row.state.name(),
                &Text(row.owner.as_deref()),
                &Maybe(row.order),
                &row.expires_at,
                &row.extensions,
                &row.created_at,
                &row.updated_at,
                &row.version,
            ],
        );
        for line in &row.lines {
            self.line(
                "reservation_line",
                &[
                    &row.id,
                    &line.line,
                    &line.part,
                    &line.item.0,
                    &line.key.sku.0,
                    &line.key.location.0,
                    &line.per_item,
                    &line.quantity,
                    &line.allocated,
                    &line.released,
                    &line.expired,
                ],
            );
        }
    }

    pub(crate) fn event(&mut self, row: &EventRow) {
        let body = serde_json::to_string(&row.body).unwrap_or_default();
        self.line(
            "event",
            &[&row.number, &row.at, &row.op, &row.actor.0, &Text(row.trace.as_deref()), &body],
        );
    }

    pub(crate) fn operation(&mut self, row: &OpRow) {
        self.line(
            "operation",
            &[
                &row.key.principal.0,
                &row.key.kind,
                &Text::of(&row.key.key),
                &row.id,
                &Hex(&row.fingerprint),
                &row.at,
                &row.outcome.to_json(),
            ],
        );
    }

    pub(crate) fn api_key(&mut self, key: &ApiKey) {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
        self.line(
            "api_key",
            &[
                &key.id,
                &key.principal.0,
                &Text::of(&key.name),
                &scopes.join(","),
                &key.created_at,
                &Maybe(key.expires_at),
                &Maybe(key.revoked_at),
            ],
        );
    }

    /// For whoever makes lines of rows that no store has read.
    #[cfg(feature = "contract")]
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A text, quoted so that tabs and line breaks inside it cannot be taken for ours.
struct Text<'a>(Option<&'a str>);

impl<'a> Text<'a> {
    fn of(text: &'a str) -> Self {
        Self(Some(text))
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("-"),
            Some(text) => write!(f, "{:?}", text),
        }
    }
}

/// A value or a dash.
struct Maybe<T>(Option<T>);

impl<T: Display> Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("-"),
            Some(value) => value.fmt(f),
        }
    }
}

struct Figures<'a>(&'a Quantities);

impl Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = self.0;
        write!(f, "{} {} {} {}", figures.on_hand, figures.reserved, figures.allocated, figures.unavailable)
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

async fn catalogue(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = reads.skus("", after.as_deref(), PAGE).await?;
        for sku in &page.rows {
            out.sku(sku);
        }
        after = page.rows.last().map(|sku| sku.code.clone());
        if !page.more {
            break;
        }
    }
    let mut after: Option<String> = None;
    loop {
        let page = reads.locations(after.as_deref(), PAGE).await?;
        for place in &page.rows {
            out.location(place);
        }
        after = page.rows.last().map(|place| place.code.clone());
        if !page.more {
            return Ok(());
        }
    }
}

async fn stock(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut filter = StockFilter::default();
    loop {
        let page = reads.stock(&filter, PAGE).await?;
        for view in &page.rows {
            out.stock(view);
            movements(reads, view, out).await?;
        }
        filter.after = page.rows.last().map(|view| (view.sku.clone(), view.location.clone()));
        if !page.more {
            return Ok(());
        }
    }
}

async fn movements(reads: &dyn Reads, view: &StockView, out: &mut Lines) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let rows = reads.movements_from(view.stock.key, after, PAGE).await?;
        rows.iter().for_each(|row| out.movement(view, row));
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = last.version,
            _ => return Ok(()),
        }
    }
}

async fn orders(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut after: Option<OrderId> = None;
    loop {
        let rows = reads.audit_orders(after, PAGE).await?;
        rows.iter().for_each(|row| out.order(row));
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

async fn reservations(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut after: Option<ReservationId> = None;
    loop {
        let rows = reads.audit_reservations(after, PAGE).await?;
        rows.iter().for_each(|row| out.reservation(row));
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

async fn events(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let page = reads.events(after, PAGE).await?;
        page.rows.iter().for_each(|row| out.event(row));
        after = page.rows.last().map_or(after, |row| row.number);
        if !page.more {
            return Ok(());
        }
    }
}

async fn operations(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut after: Option<OpKey> = None;
    loop {
        let rows = reads.audit_ops(after.as_ref(), PAGE).await?;
        rows.iter().for_each(|row| out.operation(row));
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(last.key.clone()),
            _ => return Ok(()),
        }
    }
}

async fn api_keys(reads: &dyn Reads, out: &mut Lines) -> Result<(), StoreError> {
    let mut keys = reads.api_keys().await?;
    keys.sort_by_key(|key| key.id);
    for key in &keys {
        out.api_key(key);
    }
    Ok(())
}
