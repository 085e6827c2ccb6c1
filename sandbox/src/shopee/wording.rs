//! The marketplace's words for what the world knows, and how it shows amounts and stock.

use serde_json::{Value, json};

use crate::world::{Item, ItemStatus, Line, Order, ReturnStatus, Status, Variant, World};

pub(super) fn item_status(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Live => "NORMAL",
        ItemStatus::Delisted => "UNLIST",
        ItemStatus::Deleted => "SELLER_DELETE",
    }
}

/// `pending`: the caller knows the status PENDING and has said so; for the others it looks like READY_TO_SHIP.
pub(super) fn order_status(
    world: &World,
    key: crate::world::ShopKey,
    order: &Order,
    pending: bool,
) -> &'static str {
    match order.status() {
        Status::Unpaid => "UNPAID",
        Status::Paid | Status::Packed | Status::Ready if order.cancel_asked.is_some() => "IN_CANCEL",
        Status::Paid if order.on_hold && pending => "PENDING",
        Status::Paid if needs_invoice(world, key, order) => "INVOICE_PENDING",
        Status::Paid => "READY_TO_SHIP",
        Status::Packed | Status::Ready if order.pickup_failed => "RETRY_SHIP",
        Status::Packed | Status::Ready => "PROCESSED",
        Status::Shipped | Status::Delivered if world.open_return(key, &order.id).is_some() => "TO_RETURN",
        Status::Shipped => "SHIPPED",
        Status::Delivered => "TO_CONFIRM_RECEIVE",
        Status::Completed | Status::Returned => "COMPLETED",
        Status::Cancelled => "CANCELLED",
    }
}

/// In Brazil nothing is shipped without an invoice.
pub(super) fn needs_invoice(world: &World, key: crate::world::ShopKey, order: &Order) -> bool {
    !order.invoiced && world.shop(key).is_some_and(|shop| shop.region == "BR")
}

pub(super) fn return_status(status: ReturnStatus) -> &'static str {
    match status {
        ReturnStatus::Asked => "REQUESTED",
        ReturnStatus::Agreed => "ACCEPTED",
        ReturnStatus::Done => "CLOSED",
        ReturnStatus::Refused => "CANCELLED",
    }
}

/// The number under which apps know a variant: an item without variations has none.
pub(super) fn model_id(item: &Item, variant: &Variant) -> u64 {
    if item.has_variations() { variant.id } else { 0 }
}

/// The same for a line of an order.
pub(super) fn line_model_id(line: &Line) -> u64 {
    if line.options.is_empty() { 0 } else { line.variant }
}

/// Money as a number with two places.
pub(super) fn money(minor: i64) -> Value {
    json!(minor as f64 / 100.0)
}

pub(super) fn price_info(variant: &Variant, currency: &str) -> Value {
    json!([{
        "currency": currency,
        "original_price": money(variant.price),
        "current_price": money(variant.price),
    }])
}

/// The seller's own stock is a number, that in the marketplace's warehouses is text: so say the reference's pages.
pub(super) fn stock_info(variant: &Variant) -> Value {
    json!({
        "summary_info": {
            "total_reserved_stock": variant.reserved,
            "total_available_stock": variant.stock,
        },
        "seller_stock": [{"location_id": "", "stock": variant.stock, "if_saleable": true}],
        "shopee_stock": [{"location_id": "", "stock": "0"}],
        "advance_stock": {"sellable_advance_stock": 0, "in_transit_advance_stock": 0},
    })
}
