//! What became of webhooks and orders, read when it is over: what came twice, what came too late to matter, and what was
//! never told and found all the same.

use std::collections::HashMap;

use onhand_rules::ShopId;
use onhand_store::{InboxFilter, MarketOrderFilter, Reads};

/// Rows read at once.
const PAGE: usize = 1_000;
/// References of orders have at least so many characters; shorter words in a message are none.
const REFERENCE_MIN: usize = 8;

/// An order of a marketplace.
pub(super) struct Heard {
    pub(super) at: i64,
    pub(super) shop: String,
    /// No webhook had named it before.
    pub(super) by_poll: bool,
    /// Older news of it that came later and were ignored.
    pub(super) stale: u32,
}

/// A webhook that came more than once.
pub(super) struct Again {
    pub(super) at: i64,
    pub(super) shop: Option<String>,
    /// Deliveries after the first.
    pub(super) more: i64,
}

/// Everything of a run.
pub(super) struct Aftermath {
    pub(super) orders: Vec<Heard>,
    pub(super) again: Vec<Again>,
}

/// Reads what came since `zero` (ledger clock, milliseconds).
pub(super) async fn read(reads: &dyn Reads, zero: i64) -> anyhow::Result<Aftermath> {
    let shops: HashMap<ShopId, String> =
        reads.shops().await?.into_iter().map(|shop| (shop.id, shop.code)).collect();
    let code = |shop: Option<ShopId>| shop.and_then(|shop| shops.get(&shop).cloned());
    let mut again = Vec::new();
    let mut named: HashMap<String, i64> = HashMap::new();
    let mut filter = InboxFilter::default();
    loop {
        let page = reads.inbox(&filter, PAGE).await?;
        for row in page.rows.iter().filter(|row| row.received_at >= zero) {
            if row.deliveries > 1 {
                again.push(Again { at: row.received_at, shop: code(row.shop), more: row.deliveries - 1 });
            }
            for word in words(&row.body) {
                let first = named.entry(word.to_owned()).or_insert(row.received_at);
                *first = row.received_at.min(*first);
            }
        }
        filter.before = page.rows.last().map(|row| (row.received_at, row.key.clone()));
        if !page.more || page.rows.last().is_none_or(|row| row.received_at < zero) {
            break;
        }
    }
    let mut orders = Vec::new();
    let mut filter = MarketOrderFilter::default();
    loop {
        let page = reads.market_orders(&filter, PAGE).await?;
        for row in page.rows.iter().filter(|row| row.received_at >= zero) {
            let by_poll = named.get(&row.reference).is_none_or(|first| *first > row.received_at);
            let shop = code(Some(row.shop)).unwrap_or_default();
            orders.push(Heard { at: row.received_at, shop, by_poll, stale: row.stale_news });
        }
        filter.before = page.rows.last().map(|row| (row.received_at, row.shop, row.reference.clone()));
        if !page.more || page.rows.last().is_none_or(|row| row.received_at < zero) {
            break;
        }
    }
    Ok(Aftermath { orders, again })
}

/// The words of a message that may be references of orders.
fn words(body: &str) -> impl Iterator<Item = &str> {
    body.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| word.len() >= REFERENCE_MIN)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn references_are_found_in_any_message() {
        let body = r#"{"data":{"ordersn":"2411210AB5KQ7X","status":"UNPAID"},"code":3}"#;
        assert_eq!(words(body).collect::<Vec<_>>(), ["2411210AB5KQ7X"]);
    }
}
