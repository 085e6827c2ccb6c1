//! Reading and setting what can be ordered. Setting is absolute, for SKUs of one product; SKUs that fail are named in `errors`
//! of an answer whose `code` is 0, and the others are set.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::hub::WriteFault;
use crate::world::{Item, ItemStatus, Shop, Variant};

use super::products;
use super::reply::Refusal;
use super::routes::Visit;

/// A product has no more SKUs.
const MOST_SKUS: usize = 100;
/// The greatest figure by the reference. 0 is outside of its range and is accepted by the marketplace all the same.
const MOST_UNITS: i64 = 99_999;

#[derive(Debug, Deserialize)]
struct Update {
    #[serde(default)]
    skus: Vec<UpdateSku>,
}

#[derive(Debug, Deserialize)]
struct UpdateSku {
    id: String,
    #[serde(default)]
    inventory: Vec<UpdateInventory>,
}

#[derive(Debug, Deserialize)]
struct UpdateInventory {
    warehouse_id: Option<String>,
    quantity: i64,
    /// What may be ordered beyond the quantity. Left out, it stays as it is.
    backorder_quantity: Option<i64>,
}

/// Why one SKU was not set, with the warehouse if it is at fault.
struct SkuError {
    code: i64,
    message: String,
    warehouse: Option<(String, i64, String)>,
}

impl SkuError {
    fn of_sku(code: i64, message: &str) -> SkuError {
        SkuError { code, message: message.to_owned(), warehouse: None }
    }

    /// The marketplace wraps what is wrong with a warehouse into an umbrella.
    fn of_warehouse(warehouse: &str, code: i64, message: &str) -> SkuError {
        let inner = (warehouse.to_owned(), code, message.to_owned());
        SkuError { code: 12_052_990, message: "The check failed.".to_owned(), warehouse: Some(inner) }
    }

    fn json(&self, sku: &str) -> Value {
        let extra: Vec<Value> = self
            .warehouse
            .iter()
            .map(|(warehouse, code, message)| json!({ "warehouse_id": warehouse, "code": code, "message": message }))
            .collect();
        json!({
            "code": self.code, "message": self.message,
            "detail": { "sku_id": sku, "extra_errors": extra },
        })
    }
}

/// `POST /product/202309/products/{}/inventory/update`.
pub(super) fn update(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let update: Update = visit.body()?;
    let product = {
        let shop = visit.shop()?;
        let item = products::item(shop, visit.id())?;
        if item.status != ItemStatus::Live {
            let message = "The product in its current status is not available for this operation. Change the product \
                           status and try again.";
            return Err(Refusal::business(12_052_901, message));
        }
        item.id
    };
    check(&update)?;
    let warehouse = visit.shop()?.warehouse.to_string();
    let mut failing = visit.hub.failing_items(visit.shop);
    let mut errors = Vec::new();
    for sku in &update.skus {
        let done = if failing > 0 {
            failing -= 1;
            Err(SkuError::of_sku(36_009_003, "Internal error. Please try again."))
        } else {
            set(visit, product, &warehouse, sku)
        };
        if let Err(error) = done {
            errors.push(error.json(&sku.id));
        }
    }
    Ok(json!({ "errors": errors }))
}

/// What is wrong with the request as a whole.
fn check(update: &Update) -> Result<(), Refusal> {
    if update.skus.is_empty() {
        let message =
            "The SKU list is empty. Either omit the list entirely, or provide all required details.";
        return Err(Refusal::business(12_052_902, message));
    }
    if update.skus.len() > MOST_SKUS {
        let message = "A single product cannot have more than 100 different SKUs";
        return Err(Refusal::business(12_052_050, message));
    }
    let mut ids: Vec<&str> = update.skus.iter().map(|sku| sku.id.as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::business(12_052_553, "Sku id duplicate"));
    }
    Ok(())
}

fn set(visit: &mut Visit<'_>, product: u64, warehouse: &str, sku: &UpdateSku) -> Result<(), SkuError> {
    let unknown = || SkuError::of_sku(12_052_556, "The SKU id not exist.");
    let shop = visit.world.shop(visit.shop).ok_or_else(unknown)?;
    let variant: u64 = sku.id.parse().map_err(|_| unknown())?;
    let there = shop.items.get(&product).is_some_and(|item| item.variant(variant).is_some());
    if !there {
        return Err(unknown());
    }
    let [wanted] = sku.inventory.as_slice() else {
        return Err(if sku.inventory.is_empty() {
            SkuError::of_sku(12_019_022, "SKU must contain a valid warehouse.")
        } else {
            let message = "Removal, addition, and change of warehouses are not permitted. Please specify the original \
                           warehouses for the SKUs.";
            SkuError::of_sku(12_052_533, message)
        });
    };
    let named = wanted.warehouse_id.as_deref().unwrap_or(warehouse);
    if named != warehouse {
        return Err(SkuError::of_warehouse(named, 12_052_097, "The warehouse does not exist"));
    }
    if !(0..=MOST_UNITS).contains(&wanted.quantity) {
        let message = "The SKU inventory quantity for the warehouse must be within allowed limits.";
        return Err(SkuError::of_warehouse(named, 12_052_055, message));
    }
    let backorder = wanted.backorder_quantity;
    if backorder.is_some_and(|units| !(0..=MOST_UNITS).contains(&units)) {
        return Err(SkuError::of_warehouse(named, 12_019_024, "backorder count is invalid"));
    }
    let (hub, now) = (visit.hub, visit.now);
    hub.write_stock(visit.world, visit.shop, variant, wanted.quantity, now).map_err(|fault| match fault {
        WriteFault::NoSuchVariant => unknown(),
        WriteFault::Negative => SkuError::of_warehouse(named, 12_019_024, "stock count is invalid"),
        WriteFault::BelowReserved { .. }
        | WriteFault::PromotionLocked
        | WriteFault::CampaignLocked { .. } => {
            let message = "Product locked for Promotion and stock can't be updated below current stock";
            SkuError::of_sku(12_052_393, message)
        }
        WriteFault::Broken => SkuError::of_sku(36_009_003, "Internal error. Please try again."),
    })?;
    if let (Some(units), Some(shop)) = (backorder, visit.world.shop_mut(visit.shop))
        && let Some(variant) = shop.variant_mut(variant)
    {
        variant.backorder = units;
    }
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    product_ids: Vec<String>,
    sku_ids: Vec<String>,
}

/// `POST /product/202309/inventory/search`: by SKUs, or by products when no SKUs are named. Ids that are unknown or deleted are left out.
pub(super) fn search(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let search: Search = visit.body()?;
    if search.sku_ids.len() > 600 {
        return Err(Refusal::business(12_019_015, "The number of SKU exceed the limit"));
    }
    if search.product_ids.len() > 100 {
        return Err(Refusal::business(12_019_120, "The number of provided product IDs exceeds the limit."));
    }
    if search.sku_ids.is_empty() && search.product_ids.is_empty() {
        return Err(Refusal::business(12_019_008, "Product id is invalid"));
    }
    let shop = visit.shop()?;
    let there = |item: &Item| item.status != ItemStatus::Deleted;
    let mut found: BTreeMap<u64, Vec<&Variant>> = BTreeMap::new();
    if search.sku_ids.is_empty() {
        let ids = search.product_ids.iter().filter_map(|id| id.parse::<u64>().ok());
        for item in ids.filter_map(|id| shop.items.get(&id)).filter(|item| there(item)) {
            found.insert(item.id, item.variants.iter().collect());
        }
    } else {
        let ids = search.sku_ids.iter().filter_map(|id| id.parse::<u64>().ok());
        for (item, variant) in ids.filter_map(|id| shop.variant(id)).filter(|(item, _)| there(item)) {
            found.entry(item.id).or_default().push(variant);
        }
    }
    let inventory: Vec<Value> = found
        .into_iter()
        .map(|(product, variants)| {
            let skus: Vec<Value> = variants.into_iter().map(|variant| stock(shop, variant)).collect();
            json!({ "product_id": product.to_string(), "skus": skus })
        })
        .collect();
    Ok(json!({ "inventory": inventory }))
}

fn stock(shop: &Shop, variant: &Variant) -> Value {
    let committed = variant.unpaid + variant.paid;
    let campaigns = if variant.reserved > 0 {
        json!([{ "quantity": variant.reserved, "campaign_name": "Campaign" }])
    } else {
        json!([])
    };
    json!({
        "id": variant.id.to_string(),
        "seller_sku": variant.seller_sku,
        "total_available_quantity": variant.stock,
        "total_committed_quantity": committed,
        "warehouse_inventory": [{
            "warehouse_id": shop.warehouse.to_string(),
            "available_quantity": variant.stock,
            "committed_quantity": committed,
        }],
        "total_available_inventory_distribution": {
            "campaign_inventory": campaigns,
            "creator_inventory": [],
            "in_shop_inventory": { "quantity": variant.stock - variant.reserved },
        },
    })
}
