//! Checks every invariant on a live database.
//!
//! Nothing is stopped and no long snapshot is held. What must be compared as of one instant (a stock row and the sums of
//! its holders) is read by one statement; everything else is followed up to a version that was read before, and what was
//! written later is left for the next run. Memory does not grow with the database: everything is read in pages.

use onhand_rules::invariant::{self, Chain, check_order, check_reservation};
use onhand_rules::{OrderId, ReservationId, StockKey};
use serde::Serialize;

use crate::error::StoreError;
use crate::ops::{OpKey, OpRow};
use crate::reads::{EventRow, Reads, StockAudit, StockFilter};

mod audit;
mod digest;
mod sync;

pub use digest::stock_digest;

/// Rows of a page.
const PAGE: usize = 1_000;
/// How many violations are told in full; all are counted.
pub const TOLD_MAX: usize = 100;

/// Where the check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What is being read: `files`, `stock`, `orders`, `reservations`, `events`, `operations`, `jobs`, `listings`,
    /// `market_orders`.
    pub phase: &'static str,
    /// Rows read so far in this phase; movements in the phase `stock`.
    pub done: u64,
}

/// A broken invariant: which, where and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its number in `docs/invariants.md`, for example `I1`; `files` for what the database says of its own files.
    pub invariant: String,
    /// What it concerns.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

/// What was checked and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Stock rows whose chain and sums were checked.
    pub stock_rows: u64,
    /// Movements followed.
    pub movements: u64,
    /// Orders checked.
    pub orders: u64,
    /// Reservations checked.
    pub reservations: u64,
    /// Events read.
    pub events: u64,
    /// Operation records read.
    pub operations: u64,
    /// Jobs that wait, run or died.
    pub jobs: u64,
    /// Listings checked.
    pub listings: u64,
    /// Orders of marketplaces checked.
    pub market_orders: u64,
    /// How many violations there are.
    pub violations_total: u64,
    /// The first [`TOLD_MAX`] of them.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations_total == 0
    }

    fn wrong(&mut self, invariant: &str, subject: String, detail: String) {
        self.violations_total += 1;
        if self.violations.len() < TOLD_MAX {
            self.violations.push(Violation { invariant: invariant.to_owned(), subject, detail });
        }
    }

    fn take(&mut self, found: &mut Vec<invariant::Violation>) {
        for violation in found.drain(..) {
            self.wrong(violation.invariant, violation.subject, violation.detail);
        }
    }

    /// The same, with the codes that people know a stock row by.
    fn take_of_row(&mut self, audit: &StockAudit, found: &mut Vec<invariant::Violation>) {
        for violation in found.drain(..) {
            let subject = format!("{} ({} at {})", violation.subject, audit.view.sku, audit.view.location);
            self.wrong(violation.invariant, subject, violation.detail);
        }
    }
}

type Told<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Checks I1 to I6, I9, I12, I14, I15 and I17 to I21 on every row, that the feed has no gaps, and the database's own files.
///
/// # Errors
/// Whatever the store reports; what is wrong in the rows is in the report.
pub async fn verify(reads: &dyn Reads, progress: Told<'_>) -> Result<Report, StoreError> {
    let mut report = Report::default();
    progress(Progress { phase: "files", done: 0 });
    for message in reads.audit_files().await? {
        report.wrong("files", "the database".to_owned(), message);
    }
    stock(reads, &mut report, progress).await?;
    orders(reads, &mut report, progress).await?;
    reservations(reads, &mut report, progress).await?;
    events(reads, &mut report, progress).await?;
    operations(reads, &mut report, progress).await?;
    sync::sync(reads, &mut report, progress).await?;
    Ok(report)
}

async fn stock(reads: &dyn Reads, report: &mut Report, progress: Told<'_>) -> Result<(), StoreError> {
    let mut after: Option<StockKey> = None;
    loop {
        let rows = reads.audit_stock(after, PAGE).await?;
        for audit in &rows {
            sums(audit, report);
            chain(reads, audit, report, progress).await?;
            report.stock_rows += 1;
        }
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(last.view.stock.key),
            _ => return Ok(()),
        }
    }
}

/// The figures against what orders and reservations say (I4, I6): no unit is held by nobody, and none is held twice.
fn sums(audit: &StockAudit, report: &mut Report) {
    let figures = &audit.view.stock.figures;
    let subject = || format!("{} at {}", audit.view.sku, audit.view.location);
    if figures.reserved != audit.reserved_by_holders {
        let detail = format!(
            "{} units are reserved, orders and reservations hold {}",
            figures.reserved, audit.reserved_by_holders
        );
        report.wrong("I4", subject(), detail);
    }
    if figures.allocated != audit.allocated_by_holders {
        let detail =
            format!("{} units are allocated, orders say {}", figures.allocated, audit.allocated_by_holders);
        report.wrong("I6", subject(), detail);
    }
}

/// Follows the movements of one row up to the version at which the row was read.
async fn chain(
    reads: &dyn Reads,
    audit: &StockAudit,
    report: &mut Report,
    progress: Told<'_>,
) -> Result<(), StoreError> {
    let row = &audit.view.stock;
    let (mut chain, mut found) = (Chain::default(), Vec::new());
    // Up to where movements were read, which is beyond `row.version` when the row moved on meanwhile.
    let (mut read_up_to, mut ended) = (0, false);
    while chain.version < row.version && !ended {
        let page = reads.movements_from(row.key, read_up_to, PAGE).await?;
        ended = page.len() < PAGE;
        for movement in &page {
            read_up_to = read_up_to.max(movement.version);
            if movement.version <= row.version {
                chain.follow(movement, &mut found);
                report.movements += 1;
            }
        }
        report.take_of_row(audit, &mut found);
        progress(Progress { phase: "stock", done: report.movements });
        if page.iter().all(|movement| movement.version > row.version) {
            break;
        }
    }
    chain.compare(row, &mut found);
    report.take_of_row(audit, &mut found);
    beyond(reads, audit, report).await
}

/// A movement that the row knows nothing of: on a live database the row must have reached it when it is read again.
async fn beyond(reads: &dyn Reads, audit: &StockAudit, report: &mut Report) -> Result<(), StoreError> {
    let row = &audit.view.stock;
    let newest = reads.movements(row.key, None, 1).await?;
    let Some(last) = newest.rows.first().filter(|last| last.version > row.version) else {
        return Ok(());
    };
    let filter = StockFilter {
        sku: Some(audit.view.sku.clone()),
        location: Some(audit.view.location.clone()),
        ..StockFilter::default()
    };
    let again = reads.stock(&filter, 1).await?;
    let reached = again.rows.first().map_or(0, |view| view.stock.version);
    if reached < last.version {
        let subject = format!("{} at {}", audit.view.sku, audit.view.location);
        let detail = format!("is at version {reached}, but there is a movement {}", last.version);
        report.wrong("I1", subject, detail);
    }
    Ok(())
}

async fn orders(reads: &dyn Reads, report: &mut Report, progress: Told<'_>) -> Result<(), StoreError> {
    let mut after: Option<OrderId> = None;
    let mut found = Vec::new();
    loop {
        let rows = reads.audit_orders(after, PAGE).await?;
        for order in &rows {
            check_order(order, &mut found);
            if order.lines.is_empty() {
                report.wrong("I5", order.id.to_string(), "has no lines".to_owned());
            }
        }
        report.take(&mut found);
        report.orders += rows.len() as u64;
        progress(Progress { phase: "orders", done: report.orders });
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

async fn reservations(reads: &dyn Reads, report: &mut Report, progress: Told<'_>) -> Result<(), StoreError> {
    let mut after: Option<ReservationId> = None;
    let mut found = Vec::new();
    loop {
        let rows = reads.audit_reservations(after, PAGE).await?;
        rows.iter().for_each(|row| check_reservation(row, &mut found));
        report.take(&mut found);
        report.reservations += rows.len() as u64;
        progress(Progress { phase: "reservations", done: report.reservations });
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

/// The feed: numbers from 1 without gaps up to the head, times that never go back (I14).
async fn events(reads: &dyn Reads, report: &mut Report, progress: Told<'_>) -> Result<(), StoreError> {
    let head = reads.feed_head().await?;
    let (mut number, mut at) = (0, 0);
    let mut log = audit::AuditLog::default();
    loop {
        let page = reads.events(number, PAGE).await?;
        for event in &page.rows {
            follow_event(event, number, at, report);
            log.follow(event, report);
            (number, at) = (event.number, event.at);
            report.events += 1;
        }
        progress(Progress { phase: "events", done: report.events });
        if page.rows.is_empty() || !page.more {
            break;
        }
    }
    if number < head {
        let detail = format!("its head is {head}, its last event {number}");
        report.wrong("feed", "the feed".to_owned(), detail);
    }
    Ok(())
}

fn follow_event(event: &EventRow, number: i64, at: i64, report: &mut Report) {
    let subject = || format!("event {}", event.number);
    if event.number != number + 1 {
        report.wrong("feed", subject(), format!("follows event {number}"));
    }
    if event.at < at {
        let detail = format!("at {} is before the event before it, {at}", event.at);
        report.wrong("I14", subject(), detail);
    }
}

/// One outcome for each key (I3): read in the order of their keys, no key comes twice.
async fn operations(reads: &dyn Reads, report: &mut Report, progress: Told<'_>) -> Result<(), StoreError> {
    let mut last: Option<OpRow> = None;
    loop {
        let after: Option<&OpKey> = last.as_ref().map(|row| &row.key);
        let rows = reads.audit_ops(after, PAGE).await?;
        let full = rows.len() == PAGE;
        for row in rows {
            check_op(&row, last.as_ref(), report);
            report.operations += 1;
            last = Some(row);
        }
        progress(Progress { phase: "operations", done: report.operations });
        if !full {
            return Ok(());
        }
    }
}

fn check_op(row: &OpRow, before: Option<&OpRow>, report: &mut Report) {
    let subject = || format!("operation {} of principal {}", row.id, row.key.principal.0);
    if before.is_some_and(|before| before.key >= row.key) {
        report.wrong("I3", subject(), format!("key {:?} stands twice", row.key.key));
    }
    if before.is_some_and(|before| before.id == row.id) {
        report.wrong("I3", subject(), "two keys name one execution".to_owned());
    }
}
