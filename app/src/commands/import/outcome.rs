//! How each row ended. Every row that was read is in exactly one of four heaps, and they are counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// The differences that are printed.
const SHOWN_MAX: usize = 20;

/// How a row ended; a later one in this list wins when several things happen to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Same,
    Changed,
    Created,
    Failed,
}

/// All rows by their index in the file.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    ends: Vec<End>,
    reasons: BTreeMap<usize, String>,
    differences: Vec<String>,
    differences_total: u64,
}

/// Numbers of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RowCounts {
    pub(super) read: u64,
    pub(super) created: u64,
    pub(super) changed: u64,
    pub(super) same: u64,
    pub(super) failed: u64,
}

impl RowCounts {
    /// Whether every row that was read is accounted for.
    pub(super) fn add_up(&self) -> bool {
        self.read == self.created + self.changed + self.same + self.failed
    }
}

impl Outcomes {
    /// A row begins as one that changes nothing.
    pub(super) fn begin(&mut self) -> usize {
        self.ends.push(End::Same);
        self.ends.len() - 1
    }

    pub(super) fn mark(&mut self, row: usize, end: End) {
        if let Some(known) = self.ends.get_mut(row) {
            *known = end.max(*known);
        }
    }

    pub(super) fn fail(&mut self, row: usize, reason: impl Into<String>) {
        self.mark(row, End::Failed);
        self.reasons.entry(row).or_insert_with(|| reason.into());
    }

    pub(super) fn has_failed(&self, row: usize) -> bool {
        self.ends.get(row) == Some(&End::Failed)
    }

    /// Remembers what differs, for people.
    pub(super) fn differs(&mut self, text: impl FnOnce() -> String) {
        self.differences_total += 1;
        if self.differences.len() < SHOWN_MAX {
            self.differences.push(text());
        }
    }

    pub(super) fn differences(&self) -> (&[String], u64) {
        (&self.differences, self.differences_total)
    }

    pub(super) fn reasons(&self) -> &BTreeMap<usize, String> {
        &self.reasons
    }

    /// `read` is counted by whoever read the file, so that a row that got lost is noticed.
    pub(super) fn counts(&self, read: u64) -> RowCounts {
        let count = |end: End| self.ends.iter().filter(|known| **known == end).count() as u64;
        RowCounts {
            read,
            created: count(End::Created),
            changed: count(End::Changed),
            same: count(End::Same),
            failed: count(End::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_counted_once() {
        let mut outcomes = Outcomes::default();
        for _ in 0..4 {
            outcomes.begin();
        }
        outcomes.mark(1, End::Changed);
        outcomes.mark(2, End::Created);
        outcomes.mark(2, End::Changed);
        outcomes.mark(3, End::Created);
        outcomes.fail(3, "first");
        outcomes.fail(3, "second");
        let counts = outcomes.counts(4);
        assert_eq!((counts.same, counts.changed, counts.created, counts.failed), (1, 1, 1, 1));
        assert!(counts.add_up());
        assert_eq!(outcomes.reasons().get(&3).map(String::as_str), Some("first"));
        assert!(!outcomes.counts(5).add_up(), "a row got lost");
    }
}
