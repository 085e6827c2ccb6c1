//! Reading what a shop lists.

use serde_json::{Value, json};

use super::reply::{Refusal, Reply};
use super::{Visit, seconds, wording};
use crate::world::{Item, Kept, Shop};

/// So many items are told about in one call.
pub(super) const MOST_ITEMS: usize = 50;

const STATUSES: [&str; 6] = ["NORMAL", "BANNED", "UNLIST", "REVIEWING", "SELLER_DELETE", "SHOPEE_DELETE"];

pub(super) fn get_item_list(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let offset = number(visit, "offset")?.unwrap_or(0) as usize;
    let size = number(visit, "page_size")?.ok_or_else(|| Refusal::parameter("page_size is required."))?;
    if !(1..=100).contains(&size) {
        return Err(Refusal::parameter("page_size is from 1 to 100."));
    }
    let wanted: Vec<&str> = visit.call.queries("item_status").collect();
    if wanted.is_empty() || wanted.iter().any(|status| !STATUSES.contains(status)) {
        return Err(Refusal::parameter(
            "item_status is required and one of NORMAL, BANNED, UNLIST, REVIEWING, SELLER_DELETE, SHOPEE_DELETE.",
        ));
    }
    let from = number(visit, "update_time_from")?;
    let to = number(visit, "update_time_to")?;
    let fits = |item: &&Item| {
        wanted.contains(&wording::item_status(item.status))
            && from.is_none_or(|from| seconds(item.updated) >= from)
            && to.is_none_or(|to| seconds(item.updated) <= to)
    };
    read(visit, |shop| {
        let total = shop.items.values().filter(fits).count();
        let page = shop.items.values().filter(fits).skip(offset).take(size as usize);
        let items: Vec<Value> = page
            .map(|item| {
                json!({
                    "item_id": item.id,
                    "item_status": wording::item_status(item.status),
                    "update_time": seconds(item.updated),
                    "tag": {"kit": item.kept == Some(Kept::Kit)},
                })
            })
            .collect();
        let next = offset + items.len();
        let more = next < total;
        Ok(json!({
            "item": items,
            "total_count": total,
            "has_next_page": more,
            "next_offset": if more { next } else { 0 },
        }))
    })
}

pub(super) fn get_item_base_info(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let ids = item_ids(visit)?;
    read(visit, |shop| {
        let known = ids.iter().filter_map(|id| shop.items.get(id));
        let items: Vec<Value> = known.map(|item| base_info(shop, item)).collect();
        Ok(json!({"item_list": items}))
    })
}

fn base_info(shop: &Shop, item: &Item) -> Value {
    let mut told = json!({
        "item_id": item.id,
        "category_id": 100_017,
        "item_name": item.title,
        "item_sku": item.seller_sku,
        "create_time": seconds(item.created),
        "update_time": seconds(item.updated),
        "image": {"image_id_list": [], "image_url_list": []},
        "weight": "0.3",
        "condition": "NEW",
        "size_chart": "",
        "item_status": wording::item_status(item.status),
        "deboost": "FALSE",
        "has_model": item.has_variations(),
        "promotion_id": 0,
        "brand": {"brand_id": 0, "original_brand_name": "NoBrand"},
        "item_dangerous": 0,
        "tag": {"kit": item.kept == Some(Kept::Kit)},
    });
    // With models there is neither price nor stock here.
    if !item.has_variations()
        && let Some(only) = item.variants.first()
    {
        told["price_info"] = wording::price_info(only, &shop.currency);
        told["stock_info_v2"] = wording::stock_info(only);
        told["is_fulfillment_by_shopee"] = json!(item.kept == Some(Kept::Warehouse));
    }
    told
}

pub(super) fn get_model_list(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let id = number(visit, "item_id")?.ok_or_else(|| Refusal::parameter("item_id is required."))?;
    read(visit, |shop| {
        let item = u64::try_from(id).ok().and_then(|id| shop.items.get(&id));
        let item = item.ok_or_else(|| Refusal::new("product.error_item_not_found", "Item is not found."))?;
        if !item.has_variations() {
            return Ok(json!({"tier_variation": [], "model": []}));
        }
        let tiers: Vec<Vec<&str>> = (0..item.axes.len()).map(|axis| options(item, axis)).collect();
        let variation: Vec<Value> = item
            .axes
            .iter()
            .zip(&tiers)
            .map(|(name, options)| {
                let options: Vec<Value> = options.iter().map(|option| json!({"option": option})).collect();
                json!({"name": name, "option_list": options})
            })
            .collect();
        let models: Vec<Value> = item
            .variants
            .iter()
            .map(|variant| {
                let index = variant.options.iter().zip(&tiers);
                let index: Vec<usize> = index
                    .map(|(option, all)| all.iter().position(|known| known == option).unwrap_or(0))
                    .collect();
                json!({
                    "model_id": variant.id,
                    "tier_index": index,
                    "model_name": variant.options.join(","),
                    "model_sku": variant.seller_sku,
                    "model_status": "MODEL_NORMAL",
                    "promotion_id": 0,
                    "has_promotion": variant.reserved > 0,
                    "price_info": wording::price_info(variant, &shop.currency),
                    "stock_info_v2": wording::stock_info(variant),
                    "is_fulfillment_by_shopee": item.kept == Some(Kept::Warehouse),
                })
            })
            .collect();
        Ok(json!({"tier_variation": variation, "model": models}))
    })
}

/// The values of an axis in the order in which the variants show them.
fn options(item: &Item, axis: usize) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for option in item.variants.iter().filter_map(|variant| variant.options.get(axis)) {
        if !found.contains(&option.as_str()) {
            found.push(option);
        }
    }
    found
}

pub(super) fn search_item(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let size = number(visit, "page_size")?.ok_or_else(|| Refusal::parameter("page_size is required."))?;
    if !(1..=100).contains(&size) {
        return Err(Refusal::parameter("page_size is from 1 to 100."));
    }
    // The offset is opaque to callers; here it is the last item that they have seen.
    let after: u64 = match visit.call.query("offset") {
        None | Some("") => 0,
        Some(text) => text.parse().map_err(|_| Refusal::parameter("Invalid offset."))?,
    };
    let (sku, name) = (visit.call.query("item_sku"), visit.call.query("item_name"));
    read(visit, |shop| {
        let fits = |item: &&Item| {
            sku.is_none_or(|sku| item.seller_sku == sku)
                && name.is_none_or(|name| item.title.to_lowercase().contains(&name.to_lowercase()))
        };
        let total = shop.items.values().filter(fits).count();
        let rest: Vec<u64> =
            shop.items.range(after + 1..).map(|(_, item)| item).filter(fits).map(|item| item.id).collect();
        let page: Vec<u64> = rest.iter().copied().take(size as usize).collect();
        let next = if page.len() < rest.len() { page.last().map(u64::to_string) } else { None };
        Ok(json!({"item_id_list": page, "total_count": total, "next_offset": next.unwrap_or_default()}))
    })
}

/// The numbers of `item_id_list`, at most [`MOST_ITEMS`].
pub(super) fn item_ids(visit: &Visit<'_>) -> Result<Vec<u64>, Refusal> {
    let list = visit.call.query("item_id_list").unwrap_or_default();
    let ids: Result<Vec<u64>, _> = list.split(',').map(|id| id.trim().parse()).collect();
    let ids = ids.map_err(|_| Refusal::parameter("Invalid item_id_list."))?;
    if ids.len() > MOST_ITEMS {
        return Err(Refusal::parameter("item_id_list has at most 50 items."));
    }
    Ok(ids)
}

/// A number in the query.
pub(super) fn number(visit: &Visit<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    match visit.call.query(name) {
        None | Some("") => Ok(None),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number >= 0)
            .map(Some)
            .ok_or_else(|| Refusal::parameter(&format!("Invalid {name}."))),
    }
}

/// Looks into the caller's shop.
pub(super) fn read(
    visit: &Visit<'_>,
    look: impl FnOnce(&Shop) -> Result<Value, Refusal>,
) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    visit.hub.in_shop(key, |world, _| {
        let shop =
            world.shop(key).ok_or_else(|| Refusal::new("error_not_found", "There is no such shop."))?;
        look(shop).map(Reply::Wrapped)
    })
}
