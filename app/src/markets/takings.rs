//! Units that the house took off its stock by itself: written off, counted, moved away.

use std::collections::BTreeSet;

use onhand_store::{Reads, StockFilter};

/// Rows read at once.
const PAGE: usize = 1_000;

/// Units that were available and no order took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taking {
    pub(crate) sku: String,
    pub(crate) units: i64,
    /// When, in milliseconds.
    pub(crate) at: i64,
}

/// Those of these SKUs since a moment, from the ledger itself, the oldest first within a SKU.
pub(crate) async fn since(reads: &dyn Reads, skus: BTreeSet<&str>, zero: i64) -> anyhow::Result<Vec<Taking>> {
    let mut takings = Vec::new();
    for sku in skus {
        let filter = StockFilter { sku: Some(sku.to_owned()), ..StockFilter::default() };
        // One page: a SKU lies at fewer locations than that.
        for view in reads.stock(&filter, PAGE).await?.rows {
            let mut after = 0;
            loop {
                let page = reads.movements_from(view.stock.key, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = last.version;
                let taken = page.iter().filter(|movement| movement.holder.is_none() && movement.at >= zero);
                takings.extend(taken.filter_map(|movement| {
                    let units = -movement.delta.available();
                    (units > 0).then(|| Taking { sku: sku.to_owned(), units, at: movement.at })
                }));
            }
        }
    }
    Ok(takings)
}
