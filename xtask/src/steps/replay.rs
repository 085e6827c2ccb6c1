//! A small file of orders through the whole program, on both databases, with equal results.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::running::{PrivatePostgres, app};
use crate::shell::Run;

const INVOICES: u32 = 300;

pub(super) fn replay() -> anyhow::Result<String> {
    let scratch = tempfile::tempdir()?;
    let file = scratch.path().join("orders.csv");
    fs::write(&file, orders())?;
    let data = scratch.path().join("data").display().to_string();
    let server = PrivatePostgres::start(&["onhand"], true)?;
    let sqlite = digest(&file, &["--data", &data])?;
    let postgres = digest(&file, &["--database", &server.url("onhand")?])?;
    if sqlite != postgres {
        bail!("the stock differs: {sqlite} on SQLite, {postgres} on PostgreSQL");
    }
    Ok(format!("{INVOICES} invoices, equal digests {}", sqlite.get(..12).unwrap_or(&sqlite)))
}

/// `onhand replay` fails by itself when its `verify` is not clean.
fn digest(file: &Path, place: &[&str]) -> anyhow::Result<String> {
    let run = Run::new(app()?).with(["replay"]).with([file]).with(place).with(["--sequential", "--json"]);
    let answer: Value =
        serde_json::from_str(&run.text()?).context("`onhand replay --json` printed no JSON")?;
    Ok(answer["stock_digest"].as_str().context("`onhand replay --json` has no stock_digest")?.to_owned())
}

/// Every kind of row that the real file has: several lines of one SKU, too much at once, cancellations, adjustments
/// upwards and downwards, zero quantities, invoices that come back, quoted text. No randomness: the file is always
/// the same.
fn orders() -> String {
    let mut text =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    let mut row = |invoice: &str, sku: u32, quantity: i64| {
        writeln!(
            text,
            "{invoice},S{sku:03},\"ITEM \"\"{sku}\"\", BLUE\",{quantity},2010-12-01 08:26:00,2.55,17850.0,France"
        )
    };
    for number in 0..INVOICES {
        let invoice = (536_365 + number).to_string();
        let sku = |line: u32| (number * 7 + line * line * 13) % 40;
        let quantity = |line: u32| i64::from((number + line * 5) % 12 + 1);
        let written = match number % 25 {
            11 => row(&format!("C{invoice}"), sku(0), -quantity(0)),
            17 => row(&invoice, sku(0), -quantity(1)),
            19 => row(&format!("A{invoice}"), sku(0), 1),
            21 => row(&invoice, sku(0), 0),
            23 => row(&(536_365 + number - 20).to_string(), sku(1), quantity(2)),
            _ => (0..=number % 6).try_for_each(|line| row(&invoice, sku(line), quantity(line))),
        };
        // Writing to a string does not fail.
        debug_assert!(written.is_ok());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::orders;

    #[test]
    fn the_file_holds_every_kind_of_row() {
        let text = orders();
        let has = |part: &str| text.lines().any(|line| line.contains(part));
        assert!(has(",-") && has(",0,") && text.contains("\nC") && text.contains("\nA"));
        assert!(text.lines().all(|line| line.split(',').count() >= 8));
        assert_eq!(text, orders());
    }
}
