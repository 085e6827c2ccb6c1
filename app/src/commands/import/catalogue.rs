//! What the server has already.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use serde_json::Value;

use crate::client::Client;

/// A SKU as far as an import can change it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KnownSku {
    pub(crate) name: String,
    pub(crate) backorder_limit: i64,
    /// Sorted; empty for a simple SKU.
    pub(crate) components: Vec<(String, i64)>,
    pub(crate) archived: bool,
}

/// The catalogue and the stock before the import.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    pub(super) skus: HashMap<String, KnownSku>,
    /// `on_hand` by SKU and location.
    pub(super) stock: HashMap<(String, String), i64>,
    pub(super) locations: HashSet<String>,
}

/// Reads a SKU as the API shows it.
pub(crate) fn known_sku(value: &Value) -> anyhow::Result<(String, KnownSku)> {
    let code = value["sku"].as_str().context("a SKU without a code")?.to_owned();
    let mut components = Vec::new();
    for component in value["components"].as_array().into_iter().flatten() {
        let sku = component["sku"].as_str().context("a component without a SKU")?;
        let quantity = component["quantity"].as_i64().context("a component without a quantity")?;
        components.push((sku.to_owned(), quantity));
    }
    components.sort();
    let known = KnownSku {
        name: value["name"].as_str().unwrap_or_default().to_owned(),
        backorder_limit: value["backorder_limit"].as_i64().unwrap_or_default(),
        components,
        archived: value["archived"].as_bool().unwrap_or_default(),
    };
    Ok((code, known))
}

/// Reads everything, page by page.
pub(super) async fn load(client: &Client) -> anyhow::Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    let mut list = client.list("/v1/skus");
    while let Some(rows) = list.next().await? {
        for row in &rows {
            let (code, known) = known_sku(row)?;
            catalogue.skus.insert(code, known);
        }
    }
    let mut list = client.list("/v1/stock");
    while let Some(rows) = list.next().await? {
        for row in &rows {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            let sku = text("sku").context("a stock row without a SKU")?;
            let location = text("location").context("a stock row without a location")?;
            let on_hand = row["on_hand"].as_i64().context("a stock row without on_hand")?;
            catalogue.stock.insert((sku, location), on_hand);
        }
    }
    let mut list = client.list("/v1/locations");
    while let Some(rows) = list.next().await? {
        for row in &rows {
            let location = row["location"].as_str().context("a location without a code")?;
            catalogue.locations.insert(location.to_owned());
        }
    }
    Ok(catalogue)
}
