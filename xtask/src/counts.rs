//! Which tests ran on which database, read from what the test runner prints.
//!
//! A suite that quietly ran on SQLite alone looks exactly as green as one that ran on both, so the summary says how
//! many ran where, and none on either is a failure.

use std::fmt;

/// How many tests passed, by the database that their crate or name mentions.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) all: u32,
    pub(crate) sqlite: u32,
    pub(crate) postgres: u32,
}

/// Reads the lines of `cargo nextest run` or `cargo test`.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    counts: Counts,
    /// The test binary whose lines follow; only `cargo test` needs it.
    binary: String,
}

impl Counter {
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim();
        // cargo test: `Running tests/contract.rs (target/debug/deps/contract-0123)`, then `test name ... ok`.
        if let Some(binary) = line.strip_prefix("Running ") {
            self.binary = binary.to_owned();
        } else if let Some(test) = line.strip_prefix("test ").and_then(|test| test.strip_suffix(" ... ok")) {
            let full = format!("{} {test}", self.binary);
            self.passed(&full);
        } else if let Some((_, test)) = line.strip_prefix("PASS [").and_then(|rest| rest.split_once(']')) {
            // nextest: `PASS [   0.005s] ( 1/13) onhand-store-sqlite::contract ledger::places`.
            self.passed(test);
        }
    }

    fn passed(&mut self, test: &str) {
        let test = test.to_lowercase();
        self.counts.all += 1;
        self.counts.sqlite += u32::from(test.contains("sqlite"));
        self.counts.postgres += u32::from(test.contains("postgres"));
    }

    pub(crate) fn finish(self) -> Counts {
        self.counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tests: {} on SQLite, {} on PostgreSQL", self.all, self.sqlite, self.postgres)
    }
}

/// What a run of tests came to: those that ran, and those that passed because they could not be tried.
///
/// The runner shows nothing of a test that passed. So a test that lacks what it needs (root, to mount a disk) writes its
/// name and the reason into the file of `ONHAND_NOT_TRIED`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) counts: Counts,
    not_tried: Vec<String>,
}

impl Ran {
    /// `list` is what the tests wrote.
    pub(crate) fn new(counts: Counts, list: &str) -> Self {
        let mut not_tried: Vec<String> = list.lines().map(str::to_owned).collect();
        not_tried.sort();
        Self { counts, not_tried }
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.counts)?;
        if !self.not_tried.is_empty() {
            write!(f, "; {} of these NOT TRIED ({})", self.not_tried.len(), self.not_tried.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Counts, Ran};

    fn count(lines: &str) -> Counts {
        let mut counter = Counter::default();
        lines.lines().for_each(|line| counter.read(line));
        counter.finish()
    }

    #[test]
    fn nextest_is_read() {
        let lines = "        PASS [   0.005s] ( 1/4) onhand-store-sqlite::contract ledger::places\n\
                             PASS [   0.005s] ( 2/4) onhand-engine::engine restarts::on_postgres\n\
                             PASS [   0.005s] ( 3/4) onhand-rules order::tests::sums\n\
                             FAIL [   0.005s] ( 4/4) onhand-rules order::tests::fails\n\
                          Summary [   0.1s] 4 tests run: 3 passed, 1 failed, 0 skipped";
        assert_eq!(count(lines), Counts { all: 3, sqlite: 1, postgres: 1 });
    }

    #[test]
    fn cargo_test_is_read() {
        let lines = "     Running unittests src/lib.rs (target/debug/deps/onhand_store_sqlite-01ab)\n\
                     test session::tests::opens ... ok\n\
                     test session::tests::fails ... FAILED\n\
                          Running unittests src/lib.rs (target/debug/deps/onhand_rules-01ab)\n\
                     test order::tests::sums ... ok";
        assert_eq!(count(lines), Counts { all: 2, sqlite: 1, postgres: 0 });
    }

    #[test]
    fn what_was_not_tried_is_said() {
        let counts = Counts { all: 3, sqlite: 1, postgres: 1 };
        assert_eq!(Ran::new(counts, "").to_string(), "3 tests: 1 on SQLite, 1 on PostgreSQL");
        let told = Ran::new(counts, "b: it needs root\na: it needs root\n").to_string();
        assert!(told.ends_with("; 2 of these NOT TRIED (a: it needs root; b: it needs root)"), "{told}");
    }
}
