//! TikTok's JSON. Fields that we do not use are not named.

use onhand_connector::wire::{Decimal, Flag, Int, List, Text};
use serde::Deserialize;

/// What surrounds every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

#[derive(Debug, Deserialize)]
pub(super) struct Shops {
    pub(super) shops: List<Shop>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Shop {
    pub(super) id: Text,
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) region: Text,
    pub(super) cipher: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Products {
    #[serde(default)]
    pub(super) total_count: Option<Int>,
    #[serde(default)]
    pub(super) next_page_token: Text,
    #[serde(default)]
    pub(super) products: List<Product>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Product {
    pub(super) id: Text,
    #[serde(default)]
    pub(super) title: Text,
    #[serde(default)]
    pub(super) status: Text,
    pub(super) skus: List<Sku>,
    #[serde(default)]
    pub(super) update_time: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sku {
    pub(super) id: Text,
    #[serde(default)]
    pub(super) seller_sku: Text,
    #[serde(default)]
    pub(super) inventory: List<Inventory>,
    #[serde(default)]
    pub(super) sales_attributes: List<Attribute>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    #[serde(default)]
    pub(super) value_name: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Inventory {
    #[serde(default)]
    pub(super) warehouse_id: Text,
    #[serde(default)]
    pub(super) quantity: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct InventoryFound {
    pub(super) inventory: List<ProductInventory>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProductInventory {
    #[serde(default)]
    pub(super) skus: List<SkuInventory>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SkuInventory {
    pub(super) id: Text,
    pub(super) total_available_quantity: Int,
    #[serde(default)]
    pub(super) total_available_inventory_distribution: Distribution,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Distribution {
    pub(super) campaign_inventory: List<Allocation>,
    pub(super) creator_inventory: List<Allocation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Allocation {
    pub(super) quantity: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct StockWritten {
    #[serde(default)]
    pub(super) errors: List<StockRefused>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StockRefused {
    #[serde(default)]
    pub(super) code: Int,
    #[serde(default)]
    pub(super) message: Text,
    #[serde(default)]
    pub(super) detail: Option<RefusedDetail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RefusedDetail {
    pub(super) sku_id: Text,
    pub(super) extra_errors: List<ExtraError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExtraError {
    pub(super) code: Int,
    pub(super) message: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Orders {
    #[serde(default)]
    pub(super) orders: List<Order>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderHeads {
    #[serde(default)]
    pub(super) next_page_token: Text,
    #[serde(default)]
    pub(super) orders: List<OrderHead>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderHead {
    pub(super) id: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) id: Text,
    pub(super) status: Text,
    #[serde(default)]
    pub(super) create_time: Int,
    pub(super) update_time: Int,
    #[serde(default)]
    pub(super) is_on_hold_order: Flag,
    #[serde(default)]
    pub(super) is_buyer_request_cancel: Flag,
    #[serde(default)]
    pub(super) fulfillment_type: Text,
    #[serde(default)]
    pub(super) payment: Option<Payment>,
    pub(super) line_items: List<LineItem>,
    #[serde(default)]
    pub(super) packages: List<Package>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Payment {
    #[serde(default)]
    pub(super) currency: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct LineItem {
    pub(super) id: Text,
    pub(super) sku_id: Text,
    #[serde(default)]
    pub(super) seller_sku: Text,
    pub(super) product_id: Text,
    #[serde(default)]
    pub(super) product_name: Text,
    #[serde(default)]
    pub(super) sku_name: Text,
    #[serde(default)]
    pub(super) display_status: Text,
    #[serde(default)]
    pub(super) package_id: Text,
    #[serde(default)]
    pub(super) sale_price: Decimal,
    #[serde(default)]
    pub(super) combined_listing_skus: List<Component>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Component {
    pub(super) sku_id: Text,
    #[serde(default)]
    pub(super) sku_count: Int,
    #[serde(default)]
    pub(super) product_id: Text,
    #[serde(default)]
    pub(super) seller_sku: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Returns {
    #[serde(default)]
    pub(super) next_page_token: Text,
    #[serde(default, alias = "returns")]
    pub(super) return_orders: List<Return>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Return {
    pub(super) return_id: Text,
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) return_status: Text,
    #[serde(default)]
    pub(super) update_time: Int,
    #[serde(default)]
    pub(super) return_line_items: List<ReturnLine>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReturnLine {
    #[serde(default)]
    pub(super) sku_id: Text,
    #[serde(default)]
    pub(super) product_id: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cancellations {
    #[serde(default)]
    pub(super) cancellations: List<Cancellation>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cancellation {
    pub(super) cancel_id: Text,
    #[serde(default)]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cancel_status: Text,
}

/// A webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Push {
    #[serde(rename = "type")]
    pub(super) kind: Int,
    #[serde(default)]
    pub(super) tts_notification_id: Text,
    #[serde(default)]
    pub(super) shop_id: Text,
    #[serde(default)]
    pub(super) timestamp: Int,
    #[serde(default)]
    pub(super) data: PushData,
}

/// What webhooks of all types may hold; each holds a few.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PushData {
    pub(super) order_id: Text,
    pub(super) order_ids: List<Text>,
    pub(super) order_id_list: List<Text>,
    pub(super) package_list: List<PushPackage>,
    pub(super) order_status: Text,
    pub(super) cancel_status: Text,
    pub(super) return_status: Text,
    pub(super) update_time: Int,
    pub(super) product_id: Text,
    pub(super) return_id: Text,
    pub(super) expiration_time: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PushPackage {
    pub(super) order_id_list: List<Text>,
}
