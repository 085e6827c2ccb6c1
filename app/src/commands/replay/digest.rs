//! The stock of the SKUs of a file as one short text: equal texts, equal stock.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::rows::Catalogue;
use crate::client::Client;

/// `on_hand`, `reserved`, `allocated`, `unavailable` of a SKU, over all locations.
type Figures = [i64; 4];

const NAMES: [&str; 4] = ["on_hand", "reserved", "allocated", "unavailable"];

/// Reads all stock and sums it up. A SKU without stock counts with zeros; SKUs that are not in the file do not count.
pub(super) async fn of(client: &Client, found: &Catalogue) -> anyhow::Result<String> {
    let mut stock: BTreeMap<String, Figures> =
        found.skus.iter().map(|sku| (sku.sku.clone(), [0; 4])).collect();
    let mut list = client.list("/v1/stock");
    while let Some(rows) = list.next().await? {
        for row in &rows {
            add(&mut stock, row)?;
        }
    }
    Ok(digest(&stock))
}

fn add(stock: &mut BTreeMap<String, Figures>, row: &Value) -> anyhow::Result<()> {
    let sku = row["sku"].as_str().context("a stock row without a SKU")?;
    let Some(figures) = stock.get_mut(sku) else {
        return Ok(());
    };
    for (figure, name) in figures.iter_mut().zip(NAMES) {
        *figure += row[name].as_i64().with_context(|| format!("a stock row without {name}"))?;
    }
    Ok(())
}

fn digest(stock: &BTreeMap<String, Figures>) -> String {
    let mut hash = Sha256::new();
    // Rust sorts texts by their bytes.
    for (sku, [on_hand, reserved, allocated, unavailable]) in stock {
        hash.update(format!("{sku}\t{on_hand}\t{reserved}\t{allocated}\t{unavailable}\n"));
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        let _always_ok = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_lines_in_byte_order() {
        // printf '10\t0\t0\t0\t0\nZ\t1\t2\t0\t0\na\t7\t0\t0\t3\n' | sha256sum
        let mut stock =
            BTreeMap::from([("a".to_owned(), [0; 4]), ("Z".to_owned(), [0; 4]), ("10".to_owned(), [0; 4])]);
        let row = |sku: &str, figures: Figures| {
            serde_json::json!({"sku": sku, "on_hand": figures[0], "reserved": figures[1],
                "allocated": figures[2], "unavailable": figures[3]})
        };
        for row in
            [row("a", [4, 0, 0, 3]), row("a", [3, 0, 0, 0]), row("Z", [1, 2, 0, 0]), row("other", [9; 4])]
        {
            add(&mut stock, &row).expect("a row");
        }
        assert_eq!(digest(&stock), "be7a3fcda2befa996f0541888c077dd913c5b43c608bc8476ac217ea5656e138");
    }
}
