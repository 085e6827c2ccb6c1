//! Products with their SKUs. Every product has at least one SKU; all ids are text.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Item, ItemStatus, Shop, Variant};

use super::reply::Refusal;
use super::routes::Visit;
use super::{money, pages, seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    status: Option<String>,
    seller_skus: Vec<String>,
    sku_ids: Vec<String>,
    create_time_ge: Option<i64>,
    create_time_le: Option<i64>,
    update_time_ge: Option<i64>,
    update_time_le: Option<i64>,
}

/// What a search may ask for as `status`.
const STATUSES: [&str; 9] = [
    "ALL",
    "DRAFT",
    "PENDING",
    "FAILED",
    "ACTIVATE",
    "SELLER_DEACTIVATED",
    "PLATFORM_DEACTIVATED",
    "FREEZE",
    "DELETED",
];

impl Search {
    fn check(&self) -> Result<(), Refusal> {
        if self.status.as_deref().is_some_and(|status| !STATUSES.contains(&status)) {
            return Err(invalid());
        }
        if self.seller_skus.len() > 10 {
            let message = "The maximum count of “seller_skus” in the search filter is 10.";
            return Err(Refusal::business(12_019_027, message));
        }
        if self.sku_ids.len() > 10 {
            return Err(Refusal::business(12_019_087, "The number of SKU IDs exceeds the limit of 10"));
        }
        let backwards = |from: Option<i64>, to: Option<i64>| from.zip(to).is_some_and(|(from, to)| from > to);
        if backwards(self.create_time_ge, self.create_time_le) {
            return Err(Refusal::business(12_019_118, "search create time invalid"));
        }
        if backwards(self.update_time_ge, self.update_time_le) {
            return Err(Refusal::business(12_019_119, "search update time invalid"));
        }
        Ok(())
    }

    fn wants(&self, item: &Item) -> bool {
        let within = |at: i64, from: Option<i64>, to: Option<i64>| {
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
        };
        let status = match self.status.as_deref() {
            None | Some("ALL") => true,
            Some(wanted) => wanted == status(item),
        };
        let variants = |pick: &dyn Fn(&Variant) -> bool| item.variants.iter().any(pick);
        status
            && within(seconds(item.created), self.create_time_ge, self.create_time_le)
            && within(seconds(item.updated), self.update_time_ge, self.update_time_le)
            && (self.seller_skus.is_empty()
                || variants(&|variant| self.seller_skus.contains(&variant.seller_sku)))
            && (self.sku_ids.is_empty()
                || variants(&|variant| self.sku_ids.contains(&variant.id.to_string())))
    }
}

fn invalid() -> Refusal {
    Refusal::business(12_052_910, "Invalid input parameters. Refer to the API documentation for details.")
}

/// `POST /product/202502/products/search`.
pub(super) fn search(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let asked = visit.number("page_size")?;
    let size = asked.and_then(|asked| pages::size(Some(asked), 0, 100));
    let size = size.ok_or_else(|| Refusal::business(12_019_109, "page size is invalid"))?;
    let search: Search = visit.body()?;
    search.check()?;
    let shop = visit.shop()?;
    let items: Vec<&Item> = shop.items.values().filter(|item| search.wants(item)).collect();
    // The order is not published: by id, which is the order in which they were made.
    let page = pages::page(
        items,
        |item| (0, format!("{:020}", item.id)),
        false,
        visit.call.query("page_token"),
        size,
    )?;
    let products: Vec<Value> = page.rows.iter().map(|item| row(shop, item)).collect();
    Ok(json!({ "total_count": page.total, "products": products, "next_page_token": page.next }))
}

/// `GET /product/202309/products/{}`.
pub(super) fn detail(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    let item = item(shop, visit.id())?;
    let skus: Vec<Value> = item
        .variants
        .iter()
        .map(|variant| {
            let mut sku = sku(shop, variant);
            let attributes =
                item.axes.iter().zip(&variant.options).enumerate().map(|(at, (axis, option))| {
                    json!({
                        "id": (100_000 + at).to_string(), "name": axis,
                        "value_id": (7_000_000 + variant.id % 1_000_000).to_string(), "value_name": option,
                    })
                });
            sku["sales_attributes"] = attributes.collect();
            sku
        })
        .collect();
    let mut body = row(shop, item);
    body["skus"] = json!(skus);
    body["description"] = json!("<p>From the sandbox.</p>");
    body["main_images"] = json!([]);
    body["category_chains"] =
        json!([{ "id": "853000", "parent_id": "0", "local_name": "Everything", "is_leaf": true }]);
    Ok(body)
}

/// The product with this id. A number that is none, that of a deleted one, or somebody else's, is unknown.
pub(super) fn item<'a>(shop: &'a Shop, id: &str) -> Result<&'a Item, Refusal> {
    let found = id.parse().ok().and_then(|id: u64| shop.items.get(&id));
    let found = found.filter(|item| item.status != ItemStatus::Deleted);
    found.ok_or_else(|| Refusal::business(12_052_032, "The product does not exist"))
}

pub(super) fn status(item: &Item) -> &'static str {
    match item.status {
        ItemStatus::Live => "ACTIVATE",
        ItemStatus::Delisted => "SELLER_DEACTIVATED",
        ItemStatus::Deleted => "DELETED",
    }
}

fn row(shop: &Shop, item: &Item) -> Value {
    let skus: Vec<Value> = item.variants.iter().map(|variant| sku(shop, variant)).collect();
    json!({
        "id": item.id.to_string(),
        "title": item.title,
        "status": status(item),
        "skus": skus,
        "sales_regions": [shop.region],
        "create_time": seconds(item.created),
        "update_time": seconds(item.updated),
        "is_not_for_sale": false,
        "has_draft": false,
        "audit": { "status": "NONE" },
    })
}

fn sku(shop: &Shop, variant: &Variant) -> Value {
    let price = money(variant.price, &shop.currency);
    json!({
        "id": variant.id.to_string(),
        "seller_sku": variant.seller_sku,
        "price": { "currency": shop.currency, "tax_exclusive_price": price, "sale_price": price },
        "inventory": [{ "warehouse_id": shop.warehouse.to_string(), "quantity": variant.stock }],
        "status_info": { "status": "NORMAL" },
    })
}
