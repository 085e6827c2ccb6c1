//! What is counted and measured while invoices are replayed.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::client::Answer;
use crate::latency::{Latency, Percentiles};

/// The kinds of request that are measured apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bulk,
    Place,
    Confirm,
    Ship,
    Return,
    Adjust,
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::Bulk, "bulk"),
    (Kind::Place, "place"),
    (Kind::Confirm, "confirm"),
    (Kind::Ship, "ship"),
    (Kind::Return, "return"),
    (Kind::Adjust, "adjust"),
];

/// Counts of what happened, the same for every run of one file with `--sequential`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) invoices: u64,
    pub(super) rows: u64,
    pub(super) orders_accepted: u64,
    pub(super) orders_refused: u64,
    pub(super) units_sold: i64,
    pub(super) units_returned: i64,
    pub(super) units_adjusted: i64,
    pub(super) adjustments_refused: u64,
    pub(super) skipped_rows: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.invoices += other.invoices;
        self.rows += other.rows;
        self.orders_accepted += other.orders_accepted;
        self.orders_refused += other.orders_refused;
        self.units_sold += other.units_sold;
        self.units_returned += other.units_returned;
        self.units_adjusted += other.units_adjusted;
        self.adjustments_refused += other.adjustments_refused;
        self.skipped_rows += other.skipped_rows;
    }
}

#[derive(Default)]
struct Inner {
    counts: Counts,
    latencies: [Latency; KINDS.len()],
    requests: u64,
    replayed: u64,
}

/// Shared by all that work on the file.
#[derive(Default)]
pub(super) struct Tally(Mutex<Inner>);

impl Tally {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Measures a request from its first attempt to its answer.
    pub(super) async fn timed(
        &self,
        kind: Kind,
        request: impl Future<Output = anyhow::Result<Answer>>,
    ) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let answer = request.await?;
        let took = begun.elapsed();
        self.with(|inner| {
            inner.requests += 1;
            inner.replayed += u64::from(answer.replayed);
            if let Some(latency) = inner.latencies.get_mut(kind as usize) {
                latency.record(took);
            }
        });
        Ok(answer)
    }

    pub(super) fn add(&self, counts: &Counts) {
        self.with(|inner| inner.counts.add(counts));
    }

    pub(super) fn counts(&self) -> Counts {
        self.with(|inner| inner.counts.clone())
    }

    pub(super) fn requests(&self) -> u64 {
        self.with(|inner| inner.requests)
    }

    pub(super) fn replayed(&self) -> u64 {
        self.with(|inner| inner.replayed)
    }

    /// By kind, only those that occurred.
    pub(super) fn latencies(&self) -> Vec<(&'static str, Percentiles)> {
        self.with(|inner| {
            KINDS
                .iter()
                .zip(&inner.latencies)
                .map(|((_, name), latency)| (*name, latency.percentiles()))
                .filter(|(_, figures)| figures.count > 0)
                .collect()
        })
    }
}
