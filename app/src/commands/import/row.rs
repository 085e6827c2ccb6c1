//! What one row says.

use anyhow::bail;
use onhand_rules::quantity::QUANTITY_MAX;
use onhand_rules::text::{TEXT_MAX, check_code, check_text};

use super::table::RawRow;
use crate::cells::{components_from_cell, unmarked};

/// Columns that are imported.
const IMPORTED: [&str; 7] =
    ["sku", "name", "location", "on_hand", "backorder_limit", "components", "archived"];

/// Columns of an export that follow from others, and that of a file of failed rows: allowed, and not looked at.
const DERIVED: [&str; 5] = ["reserved", "allocated", "unavailable", "available", "reason"];

/// Where each imported column stands.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    places: [Option<usize>; 7],
    count: usize,
    /// Whether a leading `'` before what would be a formula is taken off.
    unmark: bool,
    /// Columns that are not looked at.
    pub(super) ignored: Vec<String>,
}

impl Columns {
    /// Reads the header. A column that nobody knows is an error unless the caller says otherwise: a misspelt `on_hand`
    /// must not import nothing in silence.
    pub(super) fn read(header: &RawRow, unmark: bool, lenient: bool) -> anyhow::Result<Self> {
        let mut columns = Self { places: [None; 7], count: header.cells.len(), unmark, ignored: Vec::new() };
        for (index, cell) in header.cells.iter().enumerate() {
            let name = cell.trim().to_lowercase();
            let known = IMPORTED.iter().position(|known| *known == name);
            match known.and_then(|known| columns.places.get_mut(known)) {
                Some(Some(_)) => bail!("the column {name} is there twice"),
                Some(place) => *place = Some(index),
                None if DERIVED.contains(&name.as_str()) || lenient || name.is_empty() => {
                    columns.ignored.push(cell.clone());
                }
                None => bail!(
                    "the column `{cell}` is not known; known are {} (--ignore-unknown-columns imports the others)",
                    IMPORTED.join(", ")
                ),
            }
        }
        if columns.places.first().copied().flatten().is_none() {
            bail!("there is no column `sku` in the first row: {:?}", header.cells);
        }
        Ok(columns)
    }

    fn cell<'a>(&self, row: &'a RawRow, name: &str) -> &'a str {
        let place = IMPORTED.iter().position(|known| *known == name);
        let index = place.and_then(|place| self.places.get(place).copied().flatten());
        let cell = index.and_then(|index| row.cells.get(index)).map_or("", String::as_str);
        if self.unmark { unmarked(cell) } else { cell }
    }
}

/// What a row wants. What is not said stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImportRow {
    pub(super) sku: String,
    pub(super) name: Option<String>,
    pub(super) location: Option<String>,
    pub(super) on_hand: Option<i64>,
    pub(super) backorder_limit: Option<i64>,
    pub(super) components: Option<Vec<(String, i64)>>,
    pub(super) archived: Option<bool>,
}

/// Understands a row, or says what is wrong with it.
pub(super) fn parse(columns: &Columns, row: &RawRow) -> Result<ImportRow, String> {
    if row.cells.len() != columns.count {
        return Err(format!("{} cells instead of {}", row.cells.len(), columns.count));
    }
    let said = |name: &str| Some(columns.cell(row, name)).filter(|cell| !cell.is_empty());
    let sku = columns.cell(row, "sku");
    check_code(sku).map_err(|error| format!("sku {error}"))?;
    if let Some(location) = said("location") {
        check_code(location).map_err(|error| format!("location {error}"))?;
    }
    if let Some(name) = said("name") {
        check_text(name, TEXT_MAX).map_err(|error| format!("name {error}"))?;
    }
    let number = |name: &str| -> Result<Option<i64>, String> {
        let Some(text) = said(name) else { return Ok(None) };
        let number = text.trim().parse().ok();
        let number = number.filter(|number| (0..=QUANTITY_MAX).contains(number));
        number.map(Some).ok_or_else(|| format!("{name} `{text}` is no whole number from 0 to {QUANTITY_MAX}"))
    };
    let components = match said("components") {
        None => None,
        Some(cell) => Some(components_from_cell(cell).map_err(|error| format!("components: {error}"))?),
    };
    let on_hand = number("on_hand")?;
    if components.is_some() && on_hand.is_some() {
        return Err("a bundle has no stock of its own: leave on_hand empty".to_owned());
    }
    let archived = match said("archived").map(|text| text.trim().to_lowercase()).as_deref() {
        None => None,
        Some("true" | "yes" | "1") => Some(true),
        Some("false" | "no" | "0") => Some(false),
        Some(other) => return Err(format!("archived `{other}` is neither true nor false")),
    };
    Ok(ImportRow {
        sku: sku.to_owned(),
        name: said("name").map(str::to_owned),
        location: said("location").map(str::to_owned),
        on_hand,
        backorder_limit: number("backorder_limit")?,
        components,
        archived,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(cells: &[&str]) -> RawRow {
        RawRow { line: 2, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    fn columns(names: &[&str]) -> Columns {
        Columns::read(&raw(names), true, false).expect("columns")
    }

    #[test]
    fn a_row_is_understood() {
        let columns = columns(&["SKU", "Name ", "on_hand", "available", "components"]);
        assert_eq!(columns.ignored, ["available"]);
        let row = parse(&columns, &raw(&["00123", "'=x", " 7 ", "5", ""])).expect("a row");
        assert_eq!((row.sku.as_str(), row.name.as_deref(), row.on_hand), ("00123", Some("=x"), Some(7)));
        let bundle = parse(&columns, &raw(&["B", "", "", "", "A*2"])).expect("a row");
        assert_eq!(bundle.components, Some(vec![("A".to_owned(), 2)]));
        assert_eq!(bundle.name, None, "an empty cell says nothing");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let columns = columns(&["sku", "on_hand", "archived"]);
        for (cells, part) in [
            (vec!["", "1", ""], "sku must not be empty"),
            (vec![" A", "1", ""], "white space"),
            (vec!["A", "1.5", ""], "on_hand `1.5`"),
            (vec!["A", "-1", ""], "on_hand `-1`"),
            (vec!["A", "1"], "2 cells instead of 3"),
            (vec!["A", "1", "maybe"], "archived `maybe`"),
        ] {
            let error = parse(&columns, &raw(&cells)).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn unknown_and_missing_columns_are_refused() {
        let error = |names: &[&str], lenient| Columns::read(&raw(names), true, lenient).err();
        assert!(error(&["sku", "on-hand"], false).is_some());
        assert!(error(&["sku", "on-hand"], true).is_none());
        assert!(error(&["name"], true).is_some());
        assert!(error(&["sku", "sku"], true).is_some());
    }
}
