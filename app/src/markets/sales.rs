//! Orders as the marketplaces took them from buyers, beside what became of them in Onhand.

use std::collections::{BTreeMap, HashMap};

use onhand_rules::market_order::MarketOrderState;
use onhand_store::{MarketOrderFilter, Reads};
use serde_json::Value;

use super::control::Control;

/// Orders read at once.
const PAGE: usize = 1_000;

/// One order of a buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sale {
    /// The marketplace's number of it.
    pub(crate) reference: String,
    /// Code of our shop.
    pub(crate) shop: String,
    /// Name of the marketplace.
    pub(crate) market: String,
    /// When the buyer ordered, in milliseconds.
    pub(crate) at: i64,
    /// Codes and units, cancelled ones included.
    pub(crate) lines: Vec<(String, i64)>,
    /// Units that were cancelled since.
    pub(crate) cancelled: i64,
}

impl Sale {
    /// As the references of our own orders begin.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.shop, self.reference)
    }

    fn units(&self) -> i64 {
        self.lines.iter().map(|(_, units)| units).sum()
    }

    /// From the sandbox's words; `shops` are the codes of ours by marketplace and account.
    pub(crate) fn of(row: &Value, shops: &ShopCodes) -> Option<Self> {
        let market = row["market"].as_str()?.to_owned();
        let account = row["shop"].as_str()?.to_owned();
        let mut cancelled = 0;
        let mut lines = Vec::new();
        for line in row["lines"].as_array()? {
            lines.push((line["seller_sku"].as_str()?.to_owned(), line["quantity"].as_i64()?));
            cancelled += line["cancelled"].as_i64().unwrap_or_default();
        }
        Some(Self {
            reference: row["order"].as_str()?.to_owned(),
            shop: shops.get(&(market.clone(), account))?.clone(),
            market,
            at: row["created"].as_i64()?,
            lines,
            cancelled,
        })
    }
}

/// Codes of our shops by marketplace and account.
pub(crate) type ShopCodes = BTreeMap<(String, String), String>;

/// Those of all shops.
pub(crate) async fn codes(reads: &dyn Reads) -> anyhow::Result<ShopCodes> {
    let shops = reads.shops().await?;
    Ok(shops.into_iter().map(|shop| ((shop.channel, shop.account), shop.code)).collect())
}

/// Every order that the marketplaces took, the oldest first.
pub(crate) async fn all(reads: &dyn Reads, control: &Control) -> anyhow::Result<Vec<Sale>> {
    let codes = codes(reads).await?;
    let orders = control.get("orders?limit=100000000&brief=true").await?;
    let rows = orders["orders"].as_array().into_iter().flatten();
    let mut sales: Vec<Sale> = rows.filter_map(|row| Sale::of(row, &codes)).collect();
    sales.sort_by(|a, b| (a.at, &a.reference).cmp(&(b.at, &b.reference)));
    Ok(sales)
}

/// What of the marketplaces' orders is missing or different here, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Orders that are here.
    pub(crate) known: usize,
    /// Orders that Onhand never heard of.
    pub(crate) lost: Vec<String>,
    /// Orders that are here with other units, or wait for something.
    pub(crate) different: Vec<String>,
}

/// Compares every order that the marketplaces took with what is known of it here.
pub(crate) async fn missing(reads: &dyn Reads, sales: &[Sale]) -> anyhow::Result<Missing> {
    let codes: HashMap<_, String> =
        reads.shops().await?.into_iter().map(|shop| (shop.id, shop.code)).collect();
    let mut here: HashMap<String, (i64, MarketOrderState)> = HashMap::new();
    let mut filter = MarketOrderFilter::default();
    loop {
        let page = reads.market_orders(&filter, PAGE).await?;
        for order in &page.rows {
            let code = codes.get(&order.shop).map_or("", String::as_str);
            let living = order.applied.iter().map(|line| line.quantity - line.cancelled).sum();
            here.insert(format!("{code}/{}", order.reference), (living, order.state));
        }
        filter.before =
            page.rows.last().map(|order| (order.received_at, order.shop, order.reference.clone()));
        if !page.more {
            break;
        }
    }
    Ok(missing_of(sales, &here))
}

fn missing_of(sales: &[Sale], here: &HashMap<String, (i64, MarketOrderState)>) -> Missing {
    let mut missing = Missing::default();
    for sale in sales {
        let name = sale.name();
        let there = sale.units() - sale.cancelled;
        match here.get(&name) {
            None => missing.lost.push(name),
            Some((units, MarketOrderState::Applied)) if *units == there => missing.known += 1,
            Some((units, MarketOrderState::Applied)) => {
                missing.known += 1;
                missing.different.push(format!("{name}: {there} units there, {units} here"));
            }
            Some((_, state)) => {
                missing.known += 1;
                missing.different.push(format!("{name}: {state:?}"));
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sale(reference: &str, units: i64, cancelled: i64) -> Sale {
        Sale {
            reference: reference.to_owned(),
            shop: "shopee-1".to_owned(),
            market: "shopee".to_owned(),
            at: 5,
            lines: vec![("A".to_owned(), units)],
            cancelled,
        }
    }

    #[test]
    fn an_order_that_nobody_heard_of_is_lost_and_one_with_other_units_differs() {
        let sales = [sale("1", 2, 0), sale("2", 3, 1), sale("3", 1, 0), sale("4", 1, 0)];
        let applied = |units| (units, MarketOrderState::Applied);
        let here = HashMap::from([
            ("shopee-1/1".to_owned(), applied(2)),
            ("shopee-1/2".to_owned(), applied(3)),
            ("shopee-1/4".to_owned(), (1, MarketOrderState::NeedsAttention)),
        ]);
        let missing = missing_of(&sales, &here);
        assert_eq!(missing.known, 3);
        assert_eq!(missing.lost, ["shopee-1/3"]);
        assert_eq!(missing.different, ["shopee-1/2: 2 units there, 3 here", "shopee-1/4: NeedsAttention"]);
    }

    #[test]
    fn a_sale_is_read_as_the_sandbox_tells_it() {
        let row = json!({"order": "1", "market": "shopee", "shop": "77", "created": 5,
            "lines": [{"seller_sku": "A", "quantity": 2, "cancelled": 1}]});
        let codes = ShopCodes::from([(("shopee".to_owned(), "77".to_owned()), "shopee-1".to_owned())]);
        assert_eq!(Sale::of(&row, &codes), Some(sale("1", 2, 1)));
        assert_eq!(Sale::of(&row, &ShopCodes::new()), None);
    }
}
