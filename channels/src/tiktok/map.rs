//! TikTok's words into ours.

use std::collections::BTreeMap;

use onhand_connector::{ListingKey, RemoteListing, RemoteOrder, RemoteReturn, RemoteStatus, StatusFlags};

use super::wire::{LineItem, Order, Product, Return, Sku};
use crate::lines::{Unit, sum};
use crate::money::minor;

/// What their status means to stock, and the flags beside it; `None` for a word that we do not know.
pub(super) fn status(word: &str) -> Option<(RemoteStatus, StatusFlags)> {
    use RemoteStatus::{Cancelled, Confirmed, Pending, Shipped};
    let none = StatusFlags::default();
    Some(match word {
        "UNPAID" => (Pending, none),
        "ON_HOLD" => (Confirmed, StatusFlags { on_hold: true, ..none }),
        "AWAITING_SHIPMENT" | "AWAITING_COLLECTION" => (Confirmed, none),
        "PARTIALLY_SHIPPING" => (Confirmed, StatusFlags { partially_shipped: true, ..none }),
        "IN_TRANSIT" | "DELIVERED" => (Shipped, none),
        "COMPLETED" => (Shipped, StatusFlags { completed: true, ..none }),
        // One list of their webhooks writes it shorter.
        "CANCELLED" | "CANCEL" => (Cancelled, none),
        _ => return None,
    })
}

/// The SKUs of a product.
pub(super) fn listings(product: &Product) -> Vec<RemoteListing> {
    product.skus.0.iter().map(|sku| listing(product, sku)).collect()
}

fn listing(product: &Product, sku: &Sku) -> RemoteListing {
    let values = sku.sales_attributes.0.iter().map(|attribute| attribute.value_name.as_str());
    let title = std::iter::once(product.title.as_str()).chain(values).filter(|part| !part.is_empty());
    let title: Vec<_> = title.collect();
    RemoteListing {
        key: ListingKey { item: product.id.0.clone(), variant: sku.id.0.clone() },
        seller_sku: sku.seller_sku.0.clone(),
        title: title.join(", "),
        stock: sku.inventory.0.iter().map(|place| place.quantity.0).sum(),
        // What campaigns have put aside only the inventory search says.
        promotion_reserved: None,
        theirs: None,
        active: product.status.0 == "ACTIVATE",
        warehouses: sku
            .inventory
            .0
            .iter()
            .map(|place| place.warehouse_id.0.clone())
            .filter(|id| !id.is_empty())
            .collect(),
        updated_at: Some(product.update_time.0).filter(|at| *at > 0).map(|at| at * 1000),
    }
}

pub(super) fn order(order: &Order) -> RemoteOrder {
    let known = status(&order.status.0);
    // What an unknown word means nobody knows; whoever has no former state holds the stock.
    let (state, mut flags) = known.unwrap_or((RemoteStatus::Pending, StatusFlags::default()));
    flags.on_hold |= order.is_on_hold_order.0;
    flags.cancel_requested = Some(order.is_buyer_request_cancel.0);
    let currency = order.payment.as_ref().map_or("", |payment| payment.currency.as_str());
    // Goods in TikTok's own warehouses are not ours.
    let ours = order.fulfillment_type.0 != "FULFILLMENT_BY_TIKTOK";
    let items = order.line_items.0.iter().filter(|_| ours);
    RemoteOrder {
        reference: order.id.0.clone(),
        lines: sum(items.flat_map(|item| units(item, state, currency)).collect()),
        status: state,
        raw_status: order.status.0.clone(),
        known_status: known.is_some(),
        flags,
        created_at: order.create_time.0 * 1000,
        updated_at: order.update_time.0 * 1000,
        currency: Some(currency.to_owned()).filter(|currency| !currency.is_empty()),
        pay_before: None,
        ship_before: None,
    }
}

/// One line item is one unit; of a virtual bundle, the units of its components. The id of a component has the SKU behind
/// it, so that it identifies a line.
fn units(item: &LineItem, state: RemoteStatus, currency: &str) -> Vec<Unit> {
    let cancelled = matches!(item.display_status.as_str(), "CANCELLED" | "CANCEL");
    let state = if cancelled { RemoteStatus::Cancelled } else { state };
    let title = [item.product_name.as_str(), item.sku_name.as_str()];
    let title: Vec<_> = title.into_iter().filter(|part| !part.is_empty()).collect();
    let title = title.join(", ");
    if item.combined_listing_skus.0.is_empty() {
        return vec![Unit {
            id: item.id.0.clone(),
            listing: ListingKey { item: item.product_id.0.clone(), variant: item.sku_id.0.clone() },
            seller_sku: item.seller_sku.0.clone(),
            title,
            quantity: 1,
            status: state,
            unit_minor: minor(&item.sale_price, currency),
        }];
    }
    let components = item.combined_listing_skus.0.iter().map(|part| Unit {
        id: format!("{}:{}", item.id.0, part.sku_id.0),
        listing: ListingKey { item: part.product_id.0.clone(), variant: part.sku_id.0.clone() },
        seller_sku: part.seller_sku.0.clone(),
        title: title.clone(),
        quantity: part.sku_count.0.max(1),
        status: state,
        unit_minor: None,
    });
    components.collect()
}

pub(super) fn returned(one: &Return) -> RemoteReturn {
    let mut lines = BTreeMap::new();
    for line in &one.return_line_items.0 {
        let key = ListingKey { item: line.product_id.0.clone(), variant: line.sku_id.0.clone() };
        *lines.entry(key).or_insert(0) += 1;
    }
    RemoteReturn {
        id: one.return_id.0.clone(),
        reference: one.order_id.0.clone(),
        lines: lines.into_iter().collect(),
        raw_status: one.return_status.0.clone(),
        received: matches!(
            one.return_status.as_str(),
            "BUYER_SHIPPED_ITEM_RECEIVED" | "RETURN_OR_REFUND_REQUEST_COMPLETE"
        ) && !one.return_line_items.0.is_empty(),
        updated_at: one.update_time.0 * 1000,
    }
}

#[cfg(test)]
mod tests {
    use onhand_connector::{RemoteStatus, StatusFlags};

    use super::status;

    #[test]
    fn every_status_of_the_table() {
        use RemoteStatus::{Cancelled, Confirmed, Pending, Shipped};
        let none = StatusFlags::default();
        for (word, state, flags) in [
            ("UNPAID", Pending, none),
            ("ON_HOLD", Confirmed, StatusFlags { on_hold: true, ..none }),
            ("AWAITING_SHIPMENT", Confirmed, none),
            ("AWAITING_COLLECTION", Confirmed, none),
            ("PARTIALLY_SHIPPING", Confirmed, StatusFlags { partially_shipped: true, ..none }),
            ("IN_TRANSIT", Shipped, none),
            ("DELIVERED", Shipped, none),
            ("COMPLETED", Shipped, StatusFlags { completed: true, ..none }),
            ("CANCELLED", Cancelled, none),
            ("CANCEL", Cancelled, none),
        ] {
            assert_eq!(status(word), Some((state, flags)), "{word}");
        }
        assert_eq!(status("NEVER_SEEN"), None);
    }
}
