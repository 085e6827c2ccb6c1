//! The rows of an Online Retail file, grouped into invoices, one at a time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use csv::StringRecord;
use onhand_rules::text::check_code;

/// The columns that count. Others are not looked at.
const COLUMNS: [&str; 4] = ["InvoiceNo", "StockCode", "Description", "Quantity"];

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) sku: String,
    pub(super) quantity: i64,
}

/// Consecutive rows with one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invoice {
    /// Its place in the file, from 1.
    pub(super) sequence: u64,
    pub(super) number: String,
    /// The number, and `~2` when it comes back after others.
    pub(super) reference: String,
    pub(super) rows: Vec<Row>,
}

/// Opens a file, unpacking `.xz` and `.zst`.
fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    Ok(match kind {
        // Several streams in one file are allowed by the format.
        "xz" => Box::new(liblzma::read::XzDecoder::new_multi_decoder(BufReader::new(file))),
        "zst" => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    })
}

/// A record with the line on which it begins.
struct Record {
    line: u64,
    fields: StringRecord,
}

struct Records {
    name: String,
    reader: csv::Reader<Box<dyn Read + Send>>,
    columns: [usize; 4],
}

impl Records {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let mut reader = csv::Reader::from_reader(open(path)?);
        let headers = reader.headers().with_context(|| format!("{name}: cannot read the header"))?;
        let mut columns = [0; 4];
        for (column, wanted) in columns.iter_mut().zip(COLUMNS) {
            let bare = |header: &str| header.trim_start_matches('\u{feff}') == wanted;
            *column = headers.iter().position(bare).with_context(|| {
                format!("{name}, line 1: there is no column {wanted}; the columns needed are {COLUMNS:?}")
            })?;
        }
        Ok(Self { name, reader, columns })
    }

    fn next(&mut self) -> anyhow::Result<Option<Record>> {
        let mut fields = StringRecord::new();
        match self.reader.read_record(&mut fields) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = fields.position().map_or(0, csv::Position::line);
                Ok(Some(Record { line, fields }))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                bail!("{}, line {line}: {error}", self.name)
            }
        }
    }

    fn field<'a>(&self, record: &'a Record, column: usize) -> &'a str {
        self.columns.get(column).and_then(|&index| record.fields.get(index)).unwrap_or_default()
    }

    /// Number, SKU, description and quantity.
    fn read<'a>(&self, record: &'a Record) -> anyhow::Result<(&'a str, &'a str, &'a str, i64)> {
        let fail = |what: String| anyhow::anyhow!("{}, line {}: {what}", self.name, record.line);
        let number = self.field(record, 0);
        check_code(number).map_err(|error| fail(format!("InvoiceNo `{number}` {error}")))?;
        let sku = self.field(record, 1);
        check_code(sku).map_err(|error| fail(format!("StockCode `{sku}` {error}")))?;
        let quantity = self.field(record, 3);
        let quantity =
            quantity.parse().map_err(|_| fail(format!("Quantity `{quantity}` is no whole number")))?;
        Ok((number, sku, self.field(record, 2), quantity))
    }
}

/// What the first pass over the file finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Catalogue {
    /// In the order in which they appear first.
    pub(super) skus: Vec<CatalogueSku>,
    pub(super) rows: u64,
    pub(super) invoices: u64,
}

/// One distinct StockCode.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CatalogueSku {
    pub(super) sku: String,
    /// The first description that is not empty.
    pub(super) name: String,
    /// The sum of its positive quantities.
    pub(super) sold: i64,
}

/// Reads the whole file once: every SKU with the sum of its positive quantities.
pub(super) fn catalogue(path: &Path) -> anyhow::Result<Catalogue> {
    let mut records = Records::open(path)?;
    let mut found = Catalogue::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut last = String::new();
    while let Some(record) = records.next()? {
        let (number, sku, description, quantity) = records.read(&record)?;
        found.rows += 1;
        if number != last {
            found.invoices += 1;
            number.clone_into(&mut last);
        }
        let place = match places.get(sku) {
            Some(&place) => place,
            None => {
                places.insert(sku.to_owned(), found.skus.len());
                found.skus.push(CatalogueSku { sku: sku.to_owned(), name: String::new(), sold: 0 });
                found.skus.len() - 1
            }
        };
        let Some(entry) = found.skus.get_mut(place) else { continue };
        if entry.name.is_empty() && onhand_rules::text::check_text(description, 200).is_ok() {
            description.trim().clone_into(&mut entry.name);
        }
        entry.sold = entry.sold.checked_add(quantity.max(0)).with_context(|| {
            format!("{}, line {}: more units than can be counted", records.name, record.line)
        })?;
    }
    Ok(found)
}

/// The invoices of a file, in its order.
pub(super) struct Invoices {
    records: Records,
    ahead: Option<(String, Row)>,
    seen: HashMap<String, u32>,
    sequence: u64,
}

impl Invoices {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { records: Records::open(path)?, ahead: None, seen: HashMap::new(), sequence: 0 })
    }

    fn row(&mut self) -> anyhow::Result<Option<(String, Row)>> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let Some(record) = self.records.next()? else {
            return Ok(None);
        };
        let (number, sku, _, quantity) = self.records.read(&record)?;
        let sku = sku.to_owned();
        Ok(Some((number.to_owned(), Row { sku, quantity })))
    }

    fn next_invoice(&mut self) -> anyhow::Result<Option<Invoice>> {
        let Some((number, first)) = self.row()? else {
            return Ok(None);
        };
        let mut rows = vec![first];
        while let Some((other, row)) = self.row()? {
            if other != number {
                self.ahead = Some((other, row));
                break;
            }
            rows.push(row);
        }
        self.sequence += 1;
        let times = self.seen.entry(number.clone()).or_default();
        *times += 1;
        let reference = if *times == 1 { number.clone() } else { format!("{number}~{times}") };
        Ok(Some(Invoice { sequence: self.sequence, number, reference, rows }))
    }
}

impl Iterator for Invoices {
    type Item = anyhow::Result<Invoice>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_invoice().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
InvoiceNo,StockCode,Description,Quantity,Country
1,00A,,2,France
1,B,\"RED, BIG\",-3,France
2,00A,FIRST NAME,5,France
1,B,OTHER,7,France
1,B,OTHER,1,France
";

    fn file(kind: &str, bytes: &[u8]) -> tempfile::TempPath {
        let suffix = format!(".{kind}");
        let file = tempfile::Builder::new().suffix(&suffix).tempfile().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        file.into_temp_path()
    }

    #[test]
    fn consecutive_rows_are_one_invoice_and_a_returning_number_is_another() {
        let path = file("csv", FILE.as_bytes());
        let invoices: Vec<Invoice> =
            Invoices::open(&path).expect("opens").collect::<anyhow::Result<_>>().expect("reads");
        let told: Vec<_> = invoices
            .iter()
            .map(|invoice| (invoice.sequence, invoice.reference.as_str(), invoice.rows.len()))
            .collect();
        assert_eq!(told, [(1, "1", 2), (2, "2", 1), (3, "1~2", 2)]);
    }

    #[test]
    fn the_catalogue_sums_positive_quantities_and_keeps_codes_exact() {
        let path = file("csv", FILE.as_bytes());
        let found = catalogue(&path).expect("reads");
        assert_eq!((found.rows, found.invoices), (5, 3));
        let told: Vec<_> =
            found.skus.iter().map(|sku| (sku.sku.as_str(), sku.name.as_str(), sku.sold)).collect();
        assert_eq!(told, [("00A", "FIRST NAME", 7), ("B", "RED, BIG", 8)]);
    }

    #[test]
    fn packed_files_read_the_same() {
        let plain = catalogue(&file("csv", FILE.as_bytes())).expect("reads");
        let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 6);
        std::io::Write::write_all(&mut packer, FILE.as_bytes()).expect("packs");
        let xz = packer.finish().expect("packs");
        assert_eq!(catalogue(&file("xz", &xz)).expect("reads"), plain);
        let zst = zstd::encode_all(FILE.as_bytes(), 3).expect("packs");
        assert_eq!(catalogue(&file("zst", &zst)).expect("reads"), plain);
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let error = |text: &str| {
            let path = file("csv", text.as_bytes());
            let error = Invoices::open(&path).and_then(|all| all.collect::<anyhow::Result<Vec<_>>>());
            format!("{:#}", error.expect_err("a bad row"))
        };
        let header = "InvoiceNo,StockCode,Description,Quantity\n";
        let text = error(&format!("{header}1,A,\"TWO\nLINES\",1\n2,A,X,1.5\n"));
        assert!(text.contains("line 4: Quantity `1.5`"), "{text}");
        let text = error(&format!("{header}1,,X,1\n"));
        assert!(text.contains("line 2: StockCode"), "{text}");
        let text = error(&format!("{header}1,A,X,1\n1,A\n"));
        assert!(text.contains("line 3"), "{text}");
        let text = error("InvoiceNo,SKU,Quantity\n");
        assert!(text.contains("no column StockCode"), "{text}");
    }
}
