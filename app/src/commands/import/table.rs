//! The rows of a file, one at a time, whatever kind of file it is.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use calamine::{Data, Range, Reader as _};

use super::text::{self, Format};

/// A row with the line (or the row of the sheet) on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRow {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

/// A file that can be read several times.
pub(super) enum Table {
    Text { path: PathBuf, format: Format },
    Sheet { name: String, range: Range<Data> },
}

impl Table {
    pub(super) fn open(path: &Path, encoding: Option<&str>, delimiter: Option<char>) -> anyhow::Result<Self> {
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if kind.eq_ignore_ascii_case("xlsx") {
            return sheet(path);
        }
        Ok(Self::Text { path: path.to_owned(), format: text::detect(path, encoding, delimiter)? })
    }

    /// How it was understood.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Text { format, .. } => format.in_words(),
            Self::Sheet { name, .. } => format!("XLSX, sheet `{name}`"),
        }
    }

    /// All rows, the header first.
    pub(super) fn rows(&self) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<RawRow>> + '_>> {
        match self {
            Self::Text { path, format } => {
                Ok(Box::new(text_rows(text::open(path, format.encoding)?, format.delimiter)))
            }
            Self::Sheet { range, .. } => {
                let first = range.start().map_or(0, |(row, _)| row);
                Ok(Box::new(
                    range.rows().zip(u64::from(first) + 1..).map(|(cells, line)| {
                        Ok(RawRow { line, cells: cells.iter().map(cell_text).collect() })
                    }),
                ))
            }
        }
    }
}

fn text_rows(reader: impl Read, delimiter: u8) -> impl Iterator<Item = anyhow::Result<RawRow>> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        // A row with too few or too many cells fails alone, not the file.
        .flexible(true)
        .from_reader(reader)
        .into_records()
        .map(|record| {
            let record = record?;
            Ok(RawRow {
                line: record.position().map_or(0, csv::Position::line),
                cells: record.iter().map(str::to_owned).collect(),
            })
        })
}

fn sheet(path: &Path) -> anyhow::Result<Table> {
    let cannot = || format!("cannot read {}", path.display());
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).with_context(cannot)?;
    let names = book.sheet_names();
    let [name, ..] = names.as_slice() else { bail!("{} has no sheet", path.display()) };
    let range = book.worksheet_range(name).with_context(cannot)?;
    Ok(Table::Sheet { name: name.clone(), range })
}

/// A cell as text: a number has no `.0`, because a SKU that looks like a number is one only by accident.
fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) => number.to_string(),
        Data::Bool(true) => "true".to_owned(),
        Data::Bool(false) => "false".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_sheet_have_no_fraction_of_zero() {
        assert_eq!(cell_text(&Data::Float(123.0)), "123");
        assert_eq!(cell_text(&Data::Float(1e15)), "1000000000000000");
        assert_eq!(cell_text(&Data::Float(1.5)), "1.5");
        assert_eq!(cell_text(&Data::String("00123".to_owned())), "00123");
        assert_eq!(cell_text(&Data::Empty), "");
    }
}
