//! Products with their SKUs. Names mix two ways of writing, as they do on the marketplace.

use serde_json::{Value, json};

use crate::world::{Item, ItemStatus, Millis, Shop, Variant};

use super::reply::Refusal;
use super::routes::Visit;
use super::seller::WAREHOUSE;
use super::{amount, parameters, times};

/// What `filter` may be.
const FILTERS: [&str; 8] =
    ["all", "live", "inactive", "deleted", "pending", "rejected", "sold-out", "image-missing"];

struct Search<'a> {
    filter: &'a str,
    create: (Option<Millis>, Option<Millis>),
    update: (Option<Millis>, Option<Millis>),
    sellers: Option<Vec<String>>,
}

impl<'a> Search<'a> {
    fn of(visit: &Visit<'a>) -> Result<Search<'a>, Refusal> {
        let filter = visit.get("filter").unwrap_or("all");
        if !FILTERS.contains(&filter) {
            return Err(Refusal::caller("36", "E036: Invalid status filter"));
        }
        let time = |name: &str| match visit.get(name) {
            None => Ok(None),
            Some(text) => times::read(text)
                .map(Some)
                .ok_or_else(|| Refusal::caller("17", format!("E017: “{text}” Invalid Date Format"))),
        };
        let sellers = visit.get("sku_seller_list").map(|text| {
            parameters::list(text)
                .filter(|list| list.len() <= 100)
                .ok_or_else(|| Refusal::caller("70", "E070: You have corrupt data in your sku seller list."))
        });
        Ok(Search {
            filter,
            create: (time("create_after")?, time("create_before")?),
            update: (time("update_after")?, time("update_before")?),
            sellers: sellers.transpose()?,
        })
    }

    fn wants(&self, item: &Item) -> bool {
        let within = |at: Millis, (after, before): (Option<Millis>, Option<Millis>)| {
            let at = at.div_euclid(1_000);
            after.is_none_or(|after| at >= after.div_euclid(1_000))
                && before.is_none_or(|before| at <= before.div_euclid(1_000))
        };
        let filter = match self.filter {
            // What was deleted is shown only to whoever asks for it.
            "all" => item.status != ItemStatus::Deleted,
            "live" => item.status == ItemStatus::Live,
            "inactive" => item.status == ItemStatus::Delisted,
            "deleted" => item.status == ItemStatus::Deleted,
            "sold-out" => {
                item.status == ItemStatus::Live && item.variants.iter().all(|variant| variant.stock == 0)
            }
            _ => false,
        };
        let named = self
            .sellers
            .as_ref()
            .is_none_or(|list| item.variants.iter().any(|variant| list.contains(&variant.seller_sku)));
        filter && named && within(item.created, self.create) && within(item.updated, self.update)
    }
}

/// `/products/get`.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let said = |name: &str| visit.get(name).unwrap_or_default();
    let offset = visit
        .number("offset", 0, 10_000)
        .ok_or_else(|| Refusal::caller("14", format!("E014: “{}” Invalid Offset", said("offset"))))?;
    let limit = visit.number("limit", 20, 50).filter(|limit| *limit > 0);
    let limit =
        limit.ok_or_else(|| Refusal::caller("19", format!("E019: “{}” Invalid Limit", said("limit"))))?;
    let search = Search::of(visit)?;
    let shop = visit.shop()?;
    let items: Vec<&Item> = shop.items.values().filter(|item| search.wants(item)).collect();
    let products: Vec<Value> =
        items.iter().skip(offset).take(limit).map(|item| product(shop, item)).collect();
    Ok(json!({ "data": { "total_products": items.len(), "products": products } }))
}

/// `/product/item/get`.
pub(super) fn item(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    let found = match (visit.get("item_id"), visit.get("seller_sku")) {
        (Some(id), _) => {
            let item = id.parse().ok().and_then(|id: u64| shop.items.get(&id));
            let item = item.filter(|item| item.status != ItemStatus::Deleted);
            item.ok_or_else(|| Refusal::service("208", "E208: Item not exist"))?
        }
        (None, Some(sku)) => {
            shop.variant_by_sku(sku).ok_or_else(|| Refusal::service("207", "E207: SKU not exist"))?.0
        }
        (None, None) => return Err(Refusal::service("200", "E200: Empty SellerSku")),
    };
    Ok(json!({ "data": product(shop, found) }))
}

fn product(shop: &Shop, item: &Item) -> Value {
    let status = match item.status {
        ItemStatus::Live => "Active",
        ItemStatus::Delisted => "InActive",
        ItemStatus::Deleted => "Deleted",
    };
    let skus: Vec<Value> = item.variants.iter().map(|variant| sku(shop, item, variant)).collect();
    json!({
        "item_id": item.id,
        "primary_category": 8_707,
        "status": status,
        "created_time": item.created.to_string(),
        "updated_time": item.updated.to_string(),
        "images": [],
        "marketImages": [],
        "trialProduct": false,
        "attributes": { "name": item.title, "brand": "No Brand", "source": "asc" },
        "skus": skus,
    })
}

/// Lazada's own text for a SKU.
pub(super) fn shop_sku(shop: &Shop, item: u64, variant: u64) -> String {
    format!("{item}_{}-{variant}", shop.region)
}

fn sku(shop: &Shop, item: &Item, variant: &Variant) -> Value {
    let total = variant.stock + variant.unpaid + variant.paid;
    let campaigns = if variant.reserved > 0 {
        json!([{
            "channelName": "campaign", "sellableQuantity": variant.reserved,
            "startTime": "2020-01-01 00:00:00", "endTime": "2099-12-31 23:59:59",
        }])
    } else {
        json!([])
    };
    let options: serde_json::Map<String, Value> =
        item.axes.iter().cloned().zip(variant.options.iter().map(|option| json!(option))).collect();
    json!({
        "SkuId": variant.id,
        "SellerSku": variant.seller_sku,
        "ShopSku": shop_sku(shop, item.id, variant.id),
        "Status": if item.status == ItemStatus::Live { "active" } else { "inactive" },
        "price": amount(variant.price, &shop.currency),
        "special_price": 0.0,
        "quantity": variant.stock,
        "Available": variant.stock,
        "multiWarehouseInventories": [{
            "warehouseCode": WAREHOUSE,
            "sellableQuantity": variant.stock,
            "quantity": variant.stock,
            "totalQuantity": total,
            "withholdQuantity": variant.unpaid,
            "occupyQuantity": variant.paid,
        }],
        "channelInventories": campaigns,
        "fblWarehouseInventories": [],
        "saleProp": options,
        "Images": [],
        "package_weight": "0.3",
    })
}
