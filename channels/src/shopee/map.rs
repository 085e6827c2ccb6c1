//! Shopee's words into ours.

use onhand_connector::wire::Text;
use onhand_connector::{
    ListingKey, RemoteLine, RemoteListing, RemoteOrder, RemoteReturn, RemoteStatus, StatusFlags,
};

use super::wire::{ItemInfo, Model, ModelList, Order, OrderItem, Return, StockInfo};
use crate::money::minor;

/// What their status means to stock, and the flags beside it; `None` for a word that we do not know.
pub(super) fn status(word: &str) -> Option<(RemoteStatus, StatusFlags)> {
    use RemoteStatus::{Cancelled, Confirmed, Pending, Shipped};
    let none = StatusFlags::default();
    Some(match word {
        // PENDING is paid, but Shopee still looks at it: it may not be shipped, and its stock is held either way.
        "UNPAID" | "PENDING" => (Pending, none),
        "INVOICE_PENDING" | "READY_TO_SHIP" | "RETRY_SHIP" | "PROCESSED" => (Confirmed, none),
        "IN_CANCEL" => (Confirmed, StatusFlags { cancel_requested: Some(true), ..none }),
        "SHIPPED" | "TO_CONFIRM_RECEIVE" => (Shipped, none),
        "COMPLETED" => (Shipped, StatusFlags { completed: true, ..none }),
        "TO_RETURN" => (Shipped, StatusFlags { returning: true, ..none }),
        "CANCELLED" => (Cancelled, none),
        _ => return None,
    })
}

/// An id, with `0` for none.
fn or_zero(id: &Text) -> String {
    if id.is_none() { "0".into() } else { id.0.clone() }
}

struct Stock {
    figure: i64,
    reserved: i64,
    locations: Vec<String>,
}

/// What a write sets is the seller's stock; what Shopee keeps in its own warehouses is not ours to say.
fn stock(info: Option<&StockInfo>) -> Stock {
    let Some(info) = info else { return Stock { figure: 0, reserved: 0, locations: Vec::new() } };
    let summary = info.summary_info.as_ref();
    let places = &info.seller_stock.0;
    let figure = if places.is_empty() {
        summary.map_or(0, |summary| summary.total_available_stock.0)
    } else {
        places.iter().map(|place| place.stock.0).sum()
    };
    Stock {
        figure,
        reserved: summary.map_or(0, |summary| summary.total_reserved_stock.0),
        locations: places
            .iter()
            .map(|place| place.location_id.0.clone())
            .filter(|id| !id.is_empty())
            .collect(),
    }
}

/// Why Shopee refuses to be told its stock, if it does.
fn theirs(item: &ItemInfo, in_their_warehouse: bool) -> Option<String> {
    let why = if item.tag.kit.0 {
        "it is a kit of Shopee's, whose stock follows from the listings that it is made of"
    } else if in_their_warehouse {
        "it is shipped from Shopee's own warehouses"
    } else {
        return None;
    };
    Some(format!("Its stock is not told: {why}."))
}

/// An item without models.
pub(super) fn plain(item: &ItemInfo) -> RemoteListing {
    let stock = stock(item.stock_info_v2.as_ref());
    RemoteListing {
        key: ListingKey { item: item.item_id.0.clone(), variant: "0".into() },
        seller_sku: item.item_sku.0.clone(),
        title: item.item_name.0.clone(),
        stock: stock.figure,
        promotion_reserved: Some(stock.reserved),
        theirs: theirs(item, item.is_fulfillment_by_shopee.0),
        active: item.item_status.0 == "NORMAL",
        warehouses: stock.locations,
        updated_at: updated(item),
    }
}

fn updated(item: &ItemInfo) -> Option<i64> {
    Some(item.update_time.0).filter(|seconds| *seconds > 0).map(|seconds| seconds * 1000)
}

/// The models of an item.
pub(super) fn models(item: &ItemInfo, list: &ModelList) -> Vec<RemoteListing> {
    list.model.0.iter().map(|one| model(item, list, one)).collect()
}

fn model(item: &ItemInfo, list: &ModelList, model: &Model) -> RemoteListing {
    let stock = stock(model.stock_info_v2.as_ref());
    let options = model.tier_index.0.iter().zip(&list.tier_variation.0).filter_map(|(index, tier)| {
        let option = tier.option_list.0.get(usize::try_from(index.0).ok()?)?;
        Some(option.option.as_str())
    });
    let options: Vec<_> = options.collect();
    let mut title = item.item_name.0.clone();
    if !options.is_empty() {
        title = format!("{title}, {}", options.join(", "));
    }
    RemoteListing {
        key: ListingKey { item: item.item_id.0.clone(), variant: or_zero(&model.model_id) },
        seller_sku: model.model_sku.0.clone(),
        title,
        stock: stock.figure,
        promotion_reserved: Some(stock.reserved),
        theirs: theirs(item, model.is_fulfillment_by_shopee.0),
        active: item.item_status.0 == "NORMAL" && model.model_status.0 != "MODEL_UNAVAILABLE",
        warehouses: stock.locations,
        updated_at: updated(item),
    }
}

pub(super) fn order(order: &Order) -> RemoteOrder {
    let known = status(&order.order_status.0);
    // What an unknown word means nobody knows; whoever has no former state holds the stock.
    let (state, mut flags) = known.unwrap_or((RemoteStatus::Pending, StatusFlags::default()));
    let asked = order.item_list.0.iter().any(|item| item.cancel_requested_qty.0 > 0);
    flags.cancel_requested = Some(asked || flags.cancel_requested == Some(true));
    flags.returning |=
        order.item_list.0.iter().any(|item| item.return_requested_qty.0 + item.returned_qty.0 > 0);
    let currency = &order.currency.0;
    // Goods that Shopee keeps and sends itself are not ours. Integrators test for either word: docs/marketplaces.md, "Not
    // confirmed".
    let ours = !matches!(order.fulfillment_flag.as_str(), "fulfilled_by_shopee" | "FBS");
    let items = order.item_list.0.iter().filter(|_| ours);
    let mut lines: Vec<_> = items.map(|item| line(item, state, currency)).collect();
    lines.sort_by(|a, b| (&a.listing, &a.ids).cmp(&(&b.listing, &b.ids)));
    RemoteOrder {
        reference: order.order_sn.0.clone(),
        lines,
        status: state,
        raw_status: order.order_status.0.clone(),
        known_status: known.is_some(),
        flags,
        created_at: order.create_time.0 * 1000,
        updated_at: order.update_time.0 * 1000,
        currency: Some(currency.clone()).filter(|currency| !currency.is_empty()),
        pay_before: None,
        ship_before: Some(order.ship_by_date.0).filter(|at| *at > 0).map(|at| at * 1000),
    }
}

fn line(item: &OrderItem, state: RemoteStatus, currency: &str) -> RemoteLine {
    let quantity = item.model_quantity_purchased.0;
    let cancelled = match state {
        RemoteStatus::Cancelled => quantity,
        _ => item.cancelled_qty.0.clamp(0, quantity),
    };
    let listing = ListingKey { item: item.item_id.0.clone(), variant: or_zero(&item.model_id) };
    // Items of a bundle deal share an order_item_id, so it identifies a line only together with what was bought.
    let id = if item.line_item_id.is_none() {
        format!("{}.{}.{}", or_zero(&item.order_item_id), listing.item, listing.variant)
    } else {
        item.line_item_id.0.clone()
    };
    let title = [&item.item_name, &item.model_name].map(|part| part.as_str());
    let title: Vec<_> = title.into_iter().filter(|part| !part.is_empty()).collect();
    let sku = if item.model_sku.0.is_empty() { &item.item_sku } else { &item.model_sku };
    RemoteLine {
        ids: vec![id],
        listing,
        seller_sku: sku.0.clone(),
        title: title.join(", "),
        quantity,
        cancelled,
        status: if cancelled == quantity && quantity > 0 { RemoteStatus::Cancelled } else { state },
        unit_minor: minor(&item.model_discounted_price, currency),
    }
}

pub(super) fn returned(one: &Return) -> RemoteReturn {
    let line = |item: &super::wire::ReturnItem| {
        (ListingKey { item: item.item_id.0.clone(), variant: or_zero(&item.model_id) }, item.amount.0)
    };
    RemoteReturn {
        id: one.return_sn.0.clone(),
        reference: one.order_sn.0.clone(),
        lines: one.item.0.iter().map(line).collect(),
        raw_status: one.status.0.clone(),
        received: [&one.logistics_status, &one.reverse_logistics_status]
            .iter()
            .any(|status| status.0.contains("DELIVERY_DONE")),
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
            ("PENDING", Pending, none),
            ("INVOICE_PENDING", Confirmed, none),
            ("READY_TO_SHIP", Confirmed, none),
            ("RETRY_SHIP", Confirmed, none),
            ("PROCESSED", Confirmed, none),
            ("IN_CANCEL", Confirmed, StatusFlags { cancel_requested: Some(true), ..none }),
            ("SHIPPED", Shipped, none),
            ("TO_CONFIRM_RECEIVE", Shipped, none),
            ("COMPLETED", Shipped, StatusFlags { completed: true, ..none }),
            ("TO_RETURN", Shipped, StatusFlags { returning: true, ..none }),
            ("CANCELLED", Cancelled, none),
        ] {
            assert_eq!(status(word), Some((state, flags)), "{word}");
        }
        assert_eq!(status("NEVER_SEEN"), None);
        assert_eq!(status("cancelled"), None);
    }
}
