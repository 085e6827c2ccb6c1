//! Lazada's JSON: names in two styles, numbers as text and as numbers. Fields that we do not use are not named.

use onhand_connector::wire::{Decimal, Flag, Int, List, Text};
use serde::Deserialize;
use serde_json::Value;

/// What surrounds most answers.
#[derive(Debug, Deserialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

#[derive(Debug, Deserialize)]
pub(super) struct Products {
    #[serde(default)]
    pub(super) total_products: Option<Int>,
    #[serde(default)]
    pub(super) products: List<Product>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Product {
    pub(super) item_id: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) attributes: Option<Attributes>,
    #[serde(default)]
    pub(super) updated_time: Text,
    pub(super) skus: List<Sku>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attributes {
    #[serde(default)]
    pub(super) name: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sku {
    #[serde(rename = "SkuId")]
    pub(super) sku_id: Text,
    #[serde(default, rename = "SellerSku")]
    pub(super) seller_sku: Text,
    #[serde(default, rename = "Status")]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) quantity: Option<Int>,
    #[serde(default, rename = "Available")]
    pub(super) available: Option<Int>,
    #[serde(default, rename = "multiWarehouseInventories")]
    pub(super) warehouses: List<Warehouse>,
    #[serde(default, rename = "channelInventories")]
    pub(super) channels: List<ChannelStock>,
    #[serde(default, rename = "saleProp")]
    pub(super) sale_prop: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Warehouse {
    pub(super) warehouse_code: Text,
    pub(super) sellable_quantity: Option<Int>,
    pub(super) quantity: Option<Int>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ChannelStock {
    pub(super) quantity: Int,
    pub(super) sellable_quantity: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderList {
    #[serde(default)]
    pub(super) orders: List<OrderHead>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderHead {
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) updated_at: Text,
}

/// What an order says beside its items.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OrderFlags {
    /// The seller is to say whether it may be cancelled …
    pub(super) need_cancel_confirm: Flag,
    /// … or somebody else is.
    pub(super) is_cancel_pending: Flag,
}

/// One order with its items.
#[derive(Debug, Deserialize)]
pub(super) struct OrderItems {
    pub(super) order_id: Text,
    pub(super) order_items: List<OrderItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderItem {
    pub(super) order_item_id: Text,
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) variation: Text,
    #[serde(default)]
    pub(super) sku: Text,
    #[serde(default)]
    pub(super) sku_id: Text,
    #[serde(default)]
    pub(super) product_id: Text,
    pub(super) status: Text,
    #[serde(default)]
    pub(super) item_price: Decimal,
    #[serde(default)]
    pub(super) currency: Text,
    #[serde(default)]
    pub(super) is_fbl: Flag,
    #[serde(default)]
    pub(super) created_at: Text,
    #[serde(default)]
    pub(super) updated_at: Text,
    #[serde(default)]
    pub(super) package_id: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReverseAnswer {
    #[serde(alias = "data")]
    pub(super) result: ReverseList,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReverseList {
    #[serde(default)]
    pub(super) total: Int,
    pub(super) items: List<Reverse>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reverse {
    pub(super) reverse_order_id: Text,
    #[serde(default)]
    pub(super) trade_order_id: Text,
    #[serde(default)]
    pub(super) request_type: Text,
    #[serde(default)]
    pub(super) reverse_order_lines: List<ReverseLine>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReverseLine {
    #[serde(default)]
    pub(super) reverse_status: Text,
    #[serde(default)]
    pub(super) ofc_status: Text,
    #[serde(default)]
    pub(super) platform_sku_id: Text,
    #[serde(default)]
    pub(super) product: Option<ReverseProduct>,
    #[serde(default)]
    pub(super) return_order_line_gmt_modified: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReverseProduct {
    #[serde(default)]
    pub(super) product_id: Text,
}

/// A webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Push {
    #[serde(default)]
    pub(super) seller_id: Text,
    pub(super) message_type: Int,
    #[serde(default)]
    pub(super) timestamp: Int,
    #[serde(default)]
    pub(super) data: PushData,
}

/// What webhooks of all types may hold; each holds a few.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PushData {
    pub(super) seller_id: Text,
    pub(super) order_status: Text,
    pub(super) reverse_status: Text,
    pub(super) trade_order_id: Text,
    pub(super) trade_order_line_id: Text,
    pub(super) reverse_order_id: Text,
    pub(super) status_update_time: Int,
    pub(super) item_id: Text,
    pub(super) auth_expiry_time: Int,
}
