//! Shopee's JSON. Fields that we do not use are not named; numbers come as text now and then.

use onhand_connector::wire::{Decimal, Flag, Int, List, Text};
use serde::Deserialize;

/// What surrounds most answers.
#[derive(Debug, Deserialize)]
pub(super) struct Wrapped<T> {
    pub(super) response: T,
}

#[derive(Debug, Deserialize)]
pub(super) struct ItemList {
    #[serde(default)]
    pub(super) item: List<ItemHead>,
    pub(super) has_next_page: Flag,
    #[serde(default)]
    pub(super) total_count: Option<Int>,
    #[serde(default)]
    pub(super) next_offset: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct ItemHead {
    pub(super) item_id: Text,
    #[serde(default)]
    pub(super) tag: Tag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tag {
    /// A bundle that exists on paper only: its stock follows from its parts.
    pub(super) kit: Flag,
}

#[derive(Debug, Deserialize)]
pub(super) struct ItemInfos {
    pub(super) item_list: List<ItemInfo>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ItemInfo {
    pub(super) item_id: Text,
    #[serde(default)]
    pub(super) item_name: Text,
    #[serde(default)]
    pub(super) item_sku: Text,
    #[serde(default)]
    pub(super) item_status: Text,
    #[serde(default)]
    pub(super) has_model: Flag,
    #[serde(default)]
    pub(super) stock_info_v2: Option<StockInfo>,
    #[serde(default)]
    pub(super) update_time: Int,
    #[serde(default)]
    pub(super) tag: Tag,
    /// Of an item without models.
    #[serde(default)]
    pub(super) is_fulfillment_by_shopee: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StockInfo {
    pub(super) summary_info: Option<StockSummary>,
    pub(super) seller_stock: List<LocationStock>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StockSummary {
    pub(super) total_reserved_stock: Int,
    pub(super) total_available_stock: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LocationStock {
    pub(super) location_id: Text,
    pub(super) stock: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelList {
    #[serde(default)]
    pub(super) tier_variation: List<Tier>,
    pub(super) model: List<Model>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tier {
    #[serde(default)]
    pub(super) option_list: List<TierOption>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TierOption {
    #[serde(default)]
    pub(super) option: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Model {
    pub(super) model_id: Text,
    #[serde(default)]
    pub(super) tier_index: List<Int>,
    #[serde(default)]
    pub(super) model_sku: Text,
    #[serde(default)]
    pub(super) model_status: Text,
    #[serde(default)]
    pub(super) stock_info_v2: Option<StockInfo>,
    #[serde(default)]
    pub(super) is_fulfillment_by_shopee: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StockWritten {
    pub(super) failure_list: List<StockRefused>,
    pub(super) success_list: List<StockAccepted>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StockRefused {
    #[serde(default)]
    pub(super) model_id: Text,
    #[serde(default)]
    pub(super) failed_reason: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct StockAccepted {
    #[serde(default)]
    pub(super) model_id: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderList {
    pub(super) more: Flag,
    #[serde(default)]
    pub(super) next_cursor: Text,
    #[serde(default)]
    pub(super) order_list: List<OrderHead>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderHead {
    pub(super) order_sn: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Orders {
    pub(super) order_list: List<Order>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) order_sn: Text,
    pub(super) order_status: Text,
    #[serde(default)]
    pub(super) currency: Text,
    #[serde(default)]
    pub(super) create_time: Int,
    pub(super) update_time: Int,
    #[serde(default)]
    pub(super) ship_by_date: Int,
    #[serde(default)]
    pub(super) fulfillment_flag: Text,
    pub(super) item_list: List<OrderItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderItem {
    pub(super) item_id: Text,
    #[serde(default)]
    pub(super) item_name: Text,
    #[serde(default)]
    pub(super) item_sku: Text,
    #[serde(default)]
    pub(super) model_id: Text,
    #[serde(default)]
    pub(super) model_name: Text,
    #[serde(default)]
    pub(super) model_sku: Text,
    pub(super) model_quantity_purchased: Int,
    #[serde(default)]
    pub(super) model_discounted_price: Decimal,
    #[serde(default)]
    pub(super) order_item_id: Text,
    #[serde(default)]
    pub(super) line_item_id: Text,
    #[serde(default)]
    pub(super) cancelled_qty: Int,
    #[serde(default)]
    pub(super) cancel_requested_qty: Int,
    #[serde(default)]
    pub(super) return_requested_qty: Int,
    #[serde(default)]
    pub(super) returned_qty: Int,
}

#[derive(Debug, Deserialize)]
pub(super) struct Returns {
    pub(super) more: Flag,
    #[serde(default, rename = "return")]
    pub(super) list: List<Return>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Return {
    pub(super) return_sn: Text,
    pub(super) order_sn: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) logistics_status: Text,
    #[serde(default)]
    pub(super) reverse_logistics_status: Text,
    #[serde(default)]
    pub(super) update_time: Int,
    #[serde(default)]
    pub(super) item: List<ReturnItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReturnItem {
    pub(super) item_id: Text,
    #[serde(default)]
    pub(super) model_id: Text,
    #[serde(default)]
    pub(super) amount: Int,
}

/// A webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Push {
    pub(super) code: Int,
    #[serde(default)]
    pub(super) timestamp: Int,
    #[serde(default)]
    pub(super) shop_id: Text,
    #[serde(default)]
    pub(super) data: PushData,
}

/// What webhooks of all codes may hold; each holds a few.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PushData {
    pub(super) shop_id: Text,
    pub(super) ordersn: Text,
    /// Newer pushes write it so.
    pub(super) order_sn: Text,
    pub(super) status: Text,
    pub(super) update_time: Int,
    pub(super) item_id: Text,
    pub(super) return_sn: Text,
    pub(super) expire_before: Int,
    /// Shops whose grants end then; one webhook names many.
    pub(super) shop_expire_soon: List<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LostPushes {
    #[serde(alias = "message_list")]
    pub(super) push_message_list: List<LostPush>,
    #[serde(default)]
    pub(super) last_message_id: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct LostPush {
    /// The whole webhook, as text.
    pub(super) data: String,
}

impl ItemInfo {
    /// An item of which nothing but its id is known.
    pub(super) fn of(item: &str) -> Self {
        Self {
            item_id: Text(item.to_owned()),
            item_name: Text::default(),
            item_sku: Text::default(),
            item_status: Text::default(),
            has_model: Flag(true),
            stock_info_v2: None,
            update_time: Int(0),
            tag: Tag::default(),
            is_fulfillment_by_shopee: Flag(false),
        }
    }
}

impl PushData {
    /// The order, however it is written.
    pub(super) fn order(&self) -> &str {
        if self.ordersn.0.is_empty() { self.order_sn.as_str() } else { self.ordersn.as_str() }
    }
}
