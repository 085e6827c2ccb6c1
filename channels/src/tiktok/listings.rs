//! Listings: importing them, writing their stock, reading it.

use onhand_connector::{Class, Failure, ItemOutcome, ListingPage, PushItem, RemoteListing, StockSeen};
use serde_json::{Value, json};

use super::failure::class;
use super::map;
use super::session::Session;
use super::wire::{Data, InventoryFound, Product, Products, SkuInventory, StockRefused, StockWritten};

const SEARCH: &str = "/product/202502/products/search";
const PRODUCTS: &str = "/product/202309/products";
const INVENTORY: &str = "/product/202309/inventory/search";

/// Products on a page. More are allowed, but a hundred products of a hundred SKUs do not fit into 1 MiB.
const PAGE: usize = 25;
/// What the field table says; an error text speaks of 999,999.
pub(super) const QUANTITY_MAX: i64 = 99_999;

pub(super) async fn page(session: &Session<'_>, cursor: Option<&str>) -> Result<ListingPage, Failure> {
    let mut query = vec![("page_size", PAGE.to_string())];
    query.extend(cursor.map(|cursor| ("page_token", cursor.to_owned())));
    let products: Data<Products> = session.post(SEARCH, query, &json!({ "status": "ALL" })).await?.parse()?;
    let products = products.data;
    let alive = products.products.0.iter().filter(|product| product.status.0 != "DELETED");
    Ok(ListingPage {
        listings: alive.flat_map(map::listings).collect(),
        next: Some(products.next_page_token.0).filter(|token| !token.is_empty()),
        total: products.total_count.and_then(|total| u64::try_from(total.0).ok()),
    })
}

pub(super) async fn item(session: &Session<'_>, item: &str) -> Result<Vec<RemoteListing>, Failure> {
    let path = format!("{PRODUCTS}/{}", id(item)?);
    let product: Data<Product> = session.get(&path, Vec::new()).await?.parse()?;
    Ok(map::listings(&product.data))
}

/// An id that goes into a path must not lead anywhere else.
pub(super) fn id(text: &str) -> Result<&str, Failure> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    Err(Failure::new(Class::Invalid, "not_a_number", "an id of TikTok must be a number"))
}

pub(super) async fn push(session: &Session<'_>, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
    let Some(first) = items.first() else { return Ok(Vec::new()) };
    if items.len() > 100 || items.iter().any(|item| item.key.item != first.key.item) {
        let message = "one write of stock takes at most 100 SKUs of one product";
        return Err(Failure::new(Class::Invalid, "batch", message));
    }
    let skus = items.iter().map(stock_entry).collect::<Result<Vec<_>, _>>()?;
    let path = format!("{PRODUCTS}/{}/inventory/update", id(&first.key.item)?);
    let answer = session.post(&path, Vec::new(), &json!({ "skus": skus })).await?;
    // Without `data` a success is not to be believed.
    let written: Data<StockWritten> = answer.parse()?;
    let errors = &written.data.errors.0;
    let outcome = |item: &PushItem| {
        let refused = errors.iter().find(|error| names(error, &item.key.variant));
        let Some(refused) = refused else {
            // An error that names no SKU of ours leaves everything open.
            let stray = errors.iter().find(|error| !items.iter().any(|item| names(error, &item.key.variant)));
            return stray.map_or(Ok(()), |_| {
                Err(answer.failure(Class::Unclear, "not_named", "an error of the write names no SKU"))
            });
        };
        let (code, message) = reason(refused);
        let (class, code) = class(code, message, None);
        Err(answer.failure(class, code, message))
    };
    Ok(items.iter().map(outcome).collect())
}

fn names(error: &StockRefused, sku: &str) -> bool {
    error.detail.as_ref().is_some_and(|detail| detail.sku_id.0 == sku)
}

/// The umbrella "check failed" hides its reason among the extra errors.
fn reason(error: &StockRefused) -> (i64, &str) {
    const UMBRELLA: i64 = 12_052_990;
    let extra = error.detail.as_ref().and_then(|detail| detail.extra_errors.0.first());
    match extra {
        Some(extra) if error.code.0 == UMBRELLA => (extra.code.0, extra.message.as_str()),
        _ => (error.code.0, error.message.as_str()),
    }
}

fn stock_entry(item: &PushItem) -> Result<Value, Failure> {
    if !(0..=QUANTITY_MAX).contains(&item.quantity) {
        return Err(Failure::new(Class::Invalid, "quantity", "stock must be 0 to 99999"));
    }
    // What may be ordered beyond the figure stays as it is when it is left out, and would be sold without being there. What
    // we allow beyond the stock is in the figure.
    let inventory: Vec<Value> = if item.warehouses.is_empty() {
        vec![json!({ "quantity": item.quantity, "backorder_quantity": 0 })]
    } else {
        let share = |at: usize| if at == 0 { item.quantity } else { 0 };
        let places = item.warehouses.iter().enumerate();
        let entry =
            |(at, place)| json!({ "warehouse_id": place, "quantity": share(at), "backorder_quantity": 0 });
        places.map(entry).collect()
    };
    Ok(json!({ "id": id(&item.key.variant)?, "inventory": inventory }))
}

/// 600 SKUs in one request, of any products.
pub(super) async fn read_stock(
    session: &Session<'_>,
    wanted: &[PushItem],
) -> Result<Vec<StockSeen>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = wanted.iter().map(|item| item.key.variant.as_str()).collect();
    let found: Data<InventoryFound> =
        session.post(INVENTORY, Vec::new(), &json!({ "sku_ids": ids })).await?.parse()?;
    let products = found.data.inventory.0;
    let seen = |item: &PushItem| {
        let mut skus = products.iter().flat_map(|product| &product.skus.0);
        let sku = skus.find(|sku| sku.id.0 == item.key.variant);
        StockSeen {
            key: item.key.clone(),
            stock: sku
                .map(|sku| sku.total_available_quantity.0)
                .ok_or_else(|| Failure::new(Class::Gone, "item_gone", "the SKU does not exist (any more)")),
            promotion_reserved: sku.map_or(0, put_aside),
        }
    };
    Ok(wanted.iter().map(seen).collect())
}

fn put_aside(sku: &SkuInventory) -> i64 {
    let parts = &sku.total_available_inventory_distribution;
    let all = parts.campaign_inventory.0.iter().chain(&parts.creator_inventory.0);
    all.map(|part| part.quantity.0).sum()
}
