//! One figure for the whole stock, to compare two databases by.

use std::collections::VecDeque;

use onhand_rules::{Quantities, Sku};
use sha2::{Digest, Sha256};

use super::PAGE;
use crate::error::StoreError;
use crate::reads::{Reads, StockFilter, StockView};

/// Lower-case hex SHA-256 of the lines `sku\ton_hand\treserved\tallocated\tunavailable\n` in byte order of the SKU's code.
///
/// The figures are summed over locations. Every simple SKU has a line, also one without stock; bundles have none, for
/// they have no stock of their own.
///
/// # Errors
/// Whatever the store reports.
pub async fn stock_digest(reads: &dyn Reads) -> Result<String, StoreError> {
    let mut hasher = Sha256::new();
    let mut rows = StockRows::default();
    let mut after: Option<String> = None;
    loop {
        let page = reads.skus("", after.as_deref(), PAGE).await?;
        for sku in page.rows.iter().filter(|sku| !sku.is_bundle()) {
            let sum = rows.sum_of(reads, sku).await?;
            let (on_hand, reserved) = (sum.on_hand, sum.reserved);
            let (allocated, unavailable) = (sum.allocated, sum.unavailable);
            let line = format!("{}\t{on_hand}\t{reserved}\t{allocated}\t{unavailable}\n", sku.code);
            hasher.update(line.as_bytes());
        }
        after = page.rows.last().map(|sku| sku.code.clone());
        if !page.more {
            break;
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All stock rows in the order of SKU codes, a page at a time: a merge with the list of SKUs, which has the same order.
#[derive(Default)]
struct StockRows {
    page: VecDeque<StockView>,
    after: Option<(String, String)>,
    ended: bool,
}

impl StockRows {
    async fn sum_of(&mut self, reads: &dyn Reads, sku: &Sku) -> Result<Quantities, StoreError> {
        let mut sum = Quantities::default();
        while let Some(view) = self.first(reads).await? {
            if view.sku > sku.code {
                break;
            }
            if view.sku == sku.code {
                let figures = view.stock.figures;
                sum.on_hand += figures.on_hand;
                sum.reserved += figures.reserved;
                sum.allocated += figures.allocated;
                sum.unavailable += figures.unavailable;
            }
            self.page.pop_front();
        }
        Ok(sum)
    }

    async fn first(&mut self, reads: &dyn Reads) -> Result<Option<&StockView>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let filter = StockFilter { after: self.after.clone(), ..StockFilter::default() };
            let page = reads.stock(&filter, PAGE).await?;
            self.ended = !page.more;
            self.after = page.rows.last().map(|view| (view.sku.clone(), view.location.clone()));
            self.page = page.rows.into();
        }
        Ok(self.page.front())
    }
}
