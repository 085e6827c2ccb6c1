//! Lazada's words into ours.

use std::collections::{BTreeMap, BTreeSet};

use onhand_connector::{ListingKey, RemoteListing, RemoteOrder, RemoteReturn, RemoteStatus, StatusFlags};
use serde_json::Value;

use super::time;
use super::wire::{OrderItem, OrderItems, Product, Reverse, ReverseLine, Sku};
use crate::lines::{Unit, aggregate, sum};
use crate::money::minor;

/// What the status of an item means to stock, and the flags that it gives its order; `None` for a word that we do not
/// know. `pending` is paid.
pub(super) fn status(word: &str) -> Option<(RemoteStatus, StatusFlags)> {
    use RemoteStatus::{Cancelled, Confirmed, Pending, Shipped};
    let none = StatusFlags::default();
    Some(match word {
        "unpaid" => (Pending, none),
        "pending" | "repacked" | "topack" | "packed" | "toship" | "ready_to_ship" => (Confirmed, none),
        "shipping" | "shipped" => (Shipped, none),
        "delivered" => (Shipped, StatusFlags { completed: true, ..none }),
        "lost" | "lost_by_3pl" | "damaged_by_3pl" | "package_scrapped" => {
            (Shipped, StatusFlags { lost: true, ..none })
        }
        // A parcel that could not be delivered comes back.
        "failed" | "failed_delivery" => (Shipped, StatusFlags { returning: true, ..none }),
        "shipped_back" | "shipped_back_failed" | "shipped_back_success" | "returned" => {
            (Shipped, StatusFlags { returning: true, ..none })
        }
        "canceled" => (Cancelled, none),
        _ => return None,
    })
}

/// The SKUs of a product.
pub(super) fn listings(product: &Product) -> Vec<RemoteListing> {
    product.skus.0.iter().map(|sku| listing(product, sku)).collect()
}

fn listing(product: &Product, sku: &Sku) -> RemoteListing {
    let name = product.attributes.as_ref().map_or("", |attributes| attributes.name.as_str());
    let values = match &sku.sale_prop {
        Value::Object(values) => values.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let title: Vec<_> = std::iter::once(name).chain(values).filter(|part| !part.is_empty()).collect();
    let live = |status: &str| matches!(status.to_ascii_lowercase().as_str(), "active" | "live" | "");
    let places = &sku.warehouses.0;
    RemoteListing {
        key: ListingKey { item: product.item_id.0.clone(), variant: sku.sku_id.0.clone() },
        seller_sku: sku.seller_sku.0.clone(),
        title: title.join(", "),
        stock: sellable(sku),
        promotion_reserved: Some(
            sku.channels.0.iter().map(|one| one.quantity.0.max(one.sellable_quantity.0)).sum(),
        ),
        theirs: None,
        active: live(&product.status.0) && live(&sku.status.0),
        // One warehouse is written in the form without a code.
        warehouses: if places.len() > 1 {
            places.iter().map(|place| place.warehouse_code.0.clone()).collect()
        } else {
            Vec::new()
        },
        updated_at: time::read(&product.updated_time.0),
    }
}

/// The sellable figure of all warehouses, which is what a write sets; older answers know only the SKU's.
fn sellable(sku: &Sku) -> i64 {
    let by_place: Vec<_> =
        sku.warehouses.0.iter().filter_map(|place| place.sellable_quantity.or(place.quantity)).collect();
    if by_place.is_empty() {
        return sku.available.or(sku.quantity).map_or(0, |figure| figure.0);
    }
    by_place.iter().map(|figure| figure.0).sum()
}

pub(super) fn order(order: &OrderItems) -> RemoteOrder {
    let items = &order.order_items.0;
    let known = items.iter().all(|item| status(&item.status.0).is_some());
    let mut flags = StatusFlags::default();
    for item in items {
        let (_, one) = status(&item.status.0).unwrap_or((RemoteStatus::Pending, StatusFlags::default()));
        flags.returning |= one.returning;
        flags.lost |= one.lost;
    }
    // It has reached the buyer when all of it has that was not cancelled.
    let left = items.iter().filter(|item| item.status.0 != "canceled");
    flags.completed = left.clone().count() > 0 && left.clone().all(|item| item.status.0 == "delivered");
    let words: BTreeSet<_> = items.iter().map(|item| item.status.as_str()).collect();
    let state = aggregate(items.iter().map(state_of));
    let some_left = items.iter().any(|item| state_of(item) == RemoteStatus::Shipped);
    flags.partially_shipped = state < RemoteStatus::Shipped && some_left;
    let times = |pick: fn(&OrderItem) -> &str| items.iter().filter_map(move |item| time::read(pick(item)));
    let currency = items.iter().map(|item| item.currency.as_str()).find(|currency| !currency.is_empty());
    // Goods in Lazada's own warehouses are not ours.
    let ours = items.iter().filter(|item| !item.is_fbl.0);
    RemoteOrder {
        reference: order.order_id.0.clone(),
        lines: sum(ours.map(|item| unit(item, currency.unwrap_or_default())).collect()),
        status: state,
        raw_status: words.into_iter().collect::<Vec<_>>().join(","),
        known_status: known,
        flags,
        created_at: times(|item| item.created_at.as_str()).min().unwrap_or(0),
        updated_at: times(|item| item.updated_at.as_str()).max().unwrap_or(0),
        currency: currency.map(str::to_owned),
        pay_before: None,
        ship_before: None,
    }
}

/// What an unknown word means nobody knows; whoever has no former state holds the stock.
fn state_of(item: &OrderItem) -> RemoteStatus {
    status(&item.status.0).map_or(RemoteStatus::Pending, |(state, _)| state)
}

fn unit(item: &OrderItem, currency: &str) -> Unit {
    let title = [item.name.as_str(), item.variation.as_str()];
    let title: Vec<_> = title.into_iter().filter(|part| !part.is_empty()).collect();
    Unit {
        id: item.order_item_id.0.clone(),
        listing: ListingKey { item: item.product_id.0.clone(), variant: item.sku_id.0.clone() },
        seller_sku: item.sku.0.clone(),
        title: title.join(", "),
        quantity: 1,
        status: state_of(item),
        unit_minor: minor(&item.item_price, currency),
    }
}

pub(super) fn returned(one: &Reverse) -> RemoteReturn {
    let mut lines = BTreeMap::new();
    for line in &one.reverse_order_lines.0 {
        let item = line.product.as_ref().map(|product| product.product_id.0.clone()).unwrap_or_default();
        let variant = sku_id(&line.platform_sku_id.0).to_owned();
        *lines.entry(ListingKey { item, variant }).or_insert(0) += 1;
    }
    let words: BTreeSet<_> =
        one.reverse_order_lines.0.iter().map(|line| line.reverse_status.as_str()).collect();
    let arrived = |line: &ReverseLine| {
        let word = line.reverse_status.as_str();
        line.ofc_status.0 == "RETURN_DELIVERED" || word.starts_with("RTM_RECEIVE")
    };
    let arrived = one.reverse_order_lines.0.iter().all(arrived);
    let modified =
        one.reverse_order_lines.0.iter().map(|line| time::millis(line.return_order_line_gmt_modified.0));
    RemoteReturn {
        id: one.reverse_order_id.0.clone(),
        reference: one.trade_order_id.0.clone(),
        lines: lines.into_iter().collect(),
        received: !words.is_empty() && arrived,
        raw_status: words.into_iter().collect::<Vec<_>>().join(","),
        updated_at: modified.max().unwrap_or(0),
    }
}

/// A SKU's id, which may be written as Lazada's composed `ShopSku`: item, country, id.
fn sku_id(text: &str) -> &str {
    match text.rsplit_once('-') {
        Some((head, id)) if head.contains('_') && id.bytes().all(|byte| byte.is_ascii_digit()) => id,
        _ => text,
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
        let lost = StatusFlags { lost: true, ..none };
        let returning = StatusFlags { returning: true, ..none };
        for (word, state, flags) in [
            ("unpaid", Pending, none),
            ("pending", Confirmed, none),
            ("repacked", Confirmed, none),
            ("topack", Confirmed, none),
            ("packed", Confirmed, none),
            ("toship", Confirmed, none),
            ("ready_to_ship", Confirmed, none),
            ("shipping", Shipped, none),
            ("shipped", Shipped, none),
            ("delivered", Shipped, StatusFlags { completed: true, ..none }),
            ("failed", Shipped, returning),
            ("failed_delivery", Shipped, returning),
            ("lost", Shipped, lost),
            ("lost_by_3pl", Shipped, lost),
            ("damaged_by_3pl", Shipped, lost),
            ("package_scrapped", Shipped, lost),
            ("shipped_back", Shipped, returning),
            ("shipped_back_failed", Shipped, returning),
            ("shipped_back_success", Shipped, returning),
            ("returned", Shipped, returning),
            ("canceled", Cancelled, none),
        ] {
            assert_eq!(status(word), Some((state, flags)), "{word}");
        }
        assert_eq!(status("cancelled"), None);
    }
}
