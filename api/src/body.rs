//! The shapes of requests and answers. They are written out here and never taken from the rules, so that a change of a
//! rule cannot change the contract unseen.

pub(crate) mod actors;
pub(crate) mod any_change;
pub(crate) mod api_keys;
pub(crate) mod bulk;
pub(crate) mod channels;
pub(crate) mod events;
pub(crate) mod failures;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod listings;
pub(crate) mod lists;
pub(crate) mod locations;
pub(crate) mod low_stock;
pub(crate) mod market_orders;
pub(crate) mod movements;
pub(crate) mod operations;
pub(crate) mod order_steps;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod preview;
pub(crate) mod problems;
pub(crate) mod proof;
pub(crate) mod pushes;
pub(crate) mod queue;
pub(crate) mod rehearsals;
pub(crate) mod reservations;
pub(crate) mod search;
pub(crate) mod skus;
pub(crate) mod stock;
pub(crate) mod stock_bulk;
pub(crate) mod stock_changes;
pub(crate) mod webhooks;

use std::fmt::Arguments;
use std::ops::RangeInclusive;

use onhand_rules::quantity::QUANTITY_MAX;
use onhand_rules::text::{TEXT_MAX, check_code, check_text};

use crate::problem::{FieldError, Problem};

/// Lines of one order or reservation at most.
pub(crate) const LINES_MAX: usize = 2_000;
/// Items of one bulk request at most.
pub(crate) const ITEMS_MAX: usize = 1_000;
/// Places named in one problem at most.
const ERRORS_MAX: usize = 200;

/// What a request must satisfy beyond its types.
pub(crate) trait Check {
    /// Adds what is wrong.
    fn check(&self, errors: &mut Errors);
}

/// What is wrong with a request so far. Pointers are only written out when something is.
#[derive(Default)]
pub(crate) struct Errors {
    found: Vec<FieldError>,
}

impl Errors {
    /// Adds one.
    pub(crate) fn push(&mut self, pointer: Arguments<'_>, code: &str, detail: impl Into<String>) {
        if self.found.len() < ERRORS_MAX {
            self.found.push(FieldError {
                pointer: pointer.to_string(),
                code: code.to_owned(),
                detail: detail.into(),
                ..FieldError::default()
            });
        }
    }

    /// A code of a SKU, a location, a channel.
    pub(crate) fn code(&mut self, pointer: Arguments<'_>, text: &str) {
        if let Err(error) = check_code(text) {
            self.push(pointer, "invalid_code", error.to_string());
        }
    }

    /// A code that may be missing.
    pub(crate) fn maybe_code(&mut self, pointer: Arguments<'_>, text: Option<&str>) {
        if let Some(text) = text {
            self.code(pointer, text);
        }
    }

    /// A free text that may be missing.
    pub(crate) fn maybe_text(&mut self, pointer: Arguments<'_>, text: Option<&str>) {
        if let Some(Err(error)) = text.map(|text| check_text(text, TEXT_MAX)) {
            self.push(pointer, "invalid_text", error.to_string());
        }
    }

    /// An integer inside a range.
    pub(crate) fn range(&mut self, pointer: Arguments<'_>, value: i64, range: RangeInclusive<i64>) {
        if !range.contains(&value) {
            let detail = format!("must be from {} to {}", range.start(), range.end());
            self.push(pointer, "out_of_bounds", detail);
        }
    }

    /// A number of items.
    pub(crate) fn quantity(&mut self, pointer: Arguments<'_>, value: i64) {
        self.range(pointer, value, 1..=QUANTITY_MAX);
    }

    /// How many entries a list has.
    pub(crate) fn length(&mut self, pointer: Arguments<'_>, length: usize, range: RangeInclusive<usize>) {
        if !range.contains(&length) {
            let detail = format!("must have {} to {} entries", range.start(), range.end());
            self.push(pointer, "out_of_bounds", detail);
        }
    }

    /// Nothing wrong, or the problem.
    pub(crate) fn into_result(self) -> Result<(), Problem> {
        if self.found.is_empty() { Ok(()) } else { Err(Problem::invalid(self.found)) }
    }
}
