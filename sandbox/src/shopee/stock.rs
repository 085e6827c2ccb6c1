//! Writing stock: one item at a time, at most 50 of its models, each with a result of its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::products::{item_ids, read};
use super::reply::{Refusal, Reply, whole};
use super::{Visit, wording};
use crate::hub::WriteFault;
use crate::world::{Item, ItemStatus, Kept, Market, ShopKey, World};

const MOST_MODELS: usize = 50;
const MOST_STOCK: i64 = 999_999;

/// One model that is to be set.
struct Wish {
    /// As it was said: 0 for an item without models.
    model_id: u64,
    variant: u64,
    stock: i64,
}

pub(super) fn update_stock(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let item_id = whole(&body["item_id"]).ok_or_else(|| Refusal::parameter("item_id is required."))?;
    let list = body["stock_list"].as_array().ok_or_else(|| Refusal::parameter("stock_list is required."))?;
    if list.is_empty() || list.len() > MOST_MODELS {
        return Err(Refusal::parameter("stock_list has from 1 to 50 entries."));
    }
    let mut failing = visit.hub.failing_items(key);
    visit.hub.in_shop(key, |world, now| {
        let item = find(world, key, item_id)?;
        let wishes = read_wishes(item, list)?;
        let mut set = Vec::new();
        let mut failed = Vec::new();
        let mut faults = Vec::new();
        for wish in &wishes {
            let written = if failing > 0 {
                failing -= 1;
                Err(WriteFault::Broken)
            } else {
                visit.hub.write_stock(world, key, wish.variant, wish.stock, now)
            };
            match written {
                Ok(()) => {
                    set.push(json!({"model_id": wish.model_id, "location_id": "", "stock": wish.stock}))
                }
                Err(fault) => {
                    failed.push(json!({"model_id": wish.model_id, "failed_reason": reason(fault)}));
                    faults.push(fault);
                }
            }
        }
        let response = json!({"success_list": set, "failure_list": failed});
        if !set.is_empty() || faults.is_empty() {
            return Ok(Reply::Wrapped(response));
        }
        // Nothing was written: the answer says so, and the lists say why.
        let (error, message) = if faults.iter().all(|fault| *fault == WriteFault::PromotionLocked) {
            ("product.error_promotion_cantnot_update_stock", "Stock cannot be updated during a promotion.")
        } else {
            (
                "product.error_busi_update_stock_failed",
                "Update stock failed, please check the failure_list for the reason.",
            )
        };
        Ok(Reply::Partly { error, message, response })
    })
}

fn find(world: &World, key: ShopKey, id: u64) -> Result<&Item, Refusal> {
    let own = world.shop(key).and_then(|shop| shop.items.get(&id));
    let Some(item) = own else {
        let elsewhere = world.shops_of(Market::Shopee).any(|shop| shop.items.contains_key(&id));
        return Err(if elsewhere {
            Refusal::new("product.error_item_not_belong_shop", "The item does not belong to the shop.")
        } else {
            Refusal::new("product.error_item_not_found", "Item is not found.")
        });
    };
    if item.status == ItemStatus::Deleted {
        return Err(Refusal::new("product.error_item_uneditable", "The item cannot be edited."));
    }
    match item.kept {
        None => Ok(item),
        Some(Kept::Kit) => Err(Refusal::new(
            "product.error_busi_cannot_edit_vsku",
            "The stock of a kit follows from its components and cannot be edited.",
        )),
        Some(Kept::Warehouse) => Err(Refusal::new(
            "product.error_param",
            "The stock of an item that is fulfilled by Shopee must be 0.",
        )),
    }
}

/// One unknown or repeated model refuses the whole call.
fn read_wishes(item: &Item, list: &[Value]) -> Result<Vec<Wish>, Refusal> {
    let mut seen = BTreeSet::new();
    list.iter()
        .map(|entry| {
            let model_id = whole(&entry["model_id"]).unwrap_or(0);
            if !seen.insert(model_id) {
                return Err(Refusal::new("product.error_param", "Repeat model_id."));
            }
            if model_id == 0 && item.has_variations() {
                return Err(Refusal::new(
                    "product.error_edit_item_stock_for_item_has_model",
                    "The item has models: their stock is to be edited.",
                ));
            }
            let variant = item.variants.iter().find(|variant| wording::model_id(item, variant) == model_id);
            let variant = variant.ok_or_else(|| Refusal::new("product.error_param", "Wrong model_id."))?;
            Ok(Wish { model_id, variant: variant.id, stock: seller_stock(entry)? })
        })
        .collect()
}

fn seller_stock(entry: &Value) -> Result<i64, Refusal> {
    let places = entry["seller_stock"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [place] = places else {
        return Err(Refusal::new("product.error_param", "seller_stock has one entry for each location."));
    };
    if place["location_id"].as_str().is_some_and(|id| !id.is_empty()) {
        return Err(Refusal::new(
            "product.error_busi",
            "The location_id is invalid: the shop has no warehouses.",
        ));
    }
    let stock = place["stock"].as_i64().filter(|stock| (0..=MOST_STOCK).contains(stock));
    stock.ok_or_else(|| Refusal::new("product.error_param", "Invalid stock."))
}

fn reason(fault: WriteFault) -> String {
    match fault {
        WriteFault::NoSuchVariant => "Model is not found.".to_owned(),
        WriteFault::Negative => "Invalid stock.".to_owned(),
        WriteFault::BelowReserved { reserved } => {
            format!("Stock can not be lower than the reserved stock of promotions: {reserved}.")
        }
        WriteFault::PromotionLocked => "Stock can not be edited: the model is in a promotion.".to_owned(),
        WriteFault::CampaignLocked { stock } => {
            format!("Stock can only be raised during the campaign: it is {stock}.")
        }
        WriteFault::Broken => "Update failed because of a system error, please try again later.".to_owned(),
    }
}

pub(super) fn get_item_limit(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    read(visit, |_| Ok(json!({"stock_limit": {"min_limit": 0, "max_limit": MOST_STOCK}})))
}

/// What promotions have taken aside.
pub(super) fn get_item_promotion(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let ids = item_ids(visit)?;
    read(visit, |shop| {
        let told = |item: &Item| {
            let held = item.variants.iter().filter(|variant| variant.reserved > 0);
            let held: Vec<Value> = held
                .map(|variant| {
                    json!({
                        "promotion_type": "Campaign",
                        "promotion_id": 1,
                        "model_id": wording::model_id(item, variant),
                        "promotion_staging": "ongoing",
                        "promotion_stock_info_v2": {
                            "summary_info": {"total_reserved_stock": variant.reserved},
                        },
                    })
                })
                .collect();
            json!({"item_id": item.id, "promotion": held})
        };
        let known: Vec<Value> = ids.iter().filter_map(|id| shop.items.get(id)).map(told).collect();
        let unknown = ids.iter().filter(|id| !shop.items.contains_key(id));
        let unknown: Vec<Value> =
            unknown.map(|id| json!({"item_id": id, "failed_reason": "Item is not found."})).collect();
        Ok(json!({"success_list": known, "failure_list": unknown}))
    })
}
