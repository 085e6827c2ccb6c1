//! What belongs to the shop itself: the shops of a token, its warehouse, its carriers, where messages go.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::Market;

use super::reply::Refusal;
use super::routes::Visit;
use super::seconds;

/// `GET /authorization/202309/shops`.
pub(super) fn authorised_shops(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    Ok(json!({ "shops": [{
        "id": shop.account.to_string(),
        "name": shop.name,
        "region": shop.region,
        "seller_type": "LOCAL",
        "cipher": shop.cipher,
        "code": format!("{}LC{}", shop.region, shop.account % 1_000_000),
    }] }))
}

/// `GET /seller/202309/shops`.
pub(super) fn active_shops(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    Ok(json!({ "shops": [{ "id": shop.account.to_string(), "region": shop.region }] }))
}

/// `GET /logistics/202309/warehouses`: every shop ships from one.
pub(super) fn warehouses(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    Ok(json!({ "warehouses": [{
        "id": shop.warehouse.to_string(),
        "entity_id": (shop.warehouse + 1).to_string(),
        "name": "Main",
        "effect_status": "ENABLED",
        "type": "SALES_WAREHOUSE",
        "sub_type": "DOMESTIC_WAREHOUSE",
        "is_default": true,
        "address": { "region": shop.region, "region_code": shop.region, "full_address": "1 Sandbox Road" },
    }] }))
}

/// `GET /logistics/202309/warehouses/{}/delivery_options`.
pub(super) fn delivery_options(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    if visit.id() != shop.warehouse.to_string() {
        return Err(Refusal::parameter("The warehouse does not exist."));
    }
    Ok(json!({ "delivery_options": [{
        "id": DELIVERY_OPTION, "name": "Standard Shipping", "type": "STANDARD", "description": "Standard Shipping",
    }] }))
}

/// `GET /logistics/202309/delivery_options/{}/shipping_providers`.
pub(super) fn shipping_providers(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    if visit.id() != DELIVERY_OPTION {
        return Err(Refusal::parameter("The delivery option does not exist."));
    }
    Ok(json!({ "shipping_providers": [{ "id": CARRIER, "name": CARRIER_NAME }] }))
}

pub(super) const DELIVERY_OPTION: &str = "7091146663229654785";
pub(super) const CARRIER: &str = "6617675021119438849";
pub(super) const CARRIER_NAME: &str = "Standard Express";

/// Topics for which the sandbox has something to tell.
const TOPICS: [&str; 8] = [
    "ORDER_STATUS_CHANGE",
    "PRODUCT_STATUS_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
    "PRODUCT_INFORMATION_CHANGE",
    "INVENTORY_STATUS_CHANGE",
];

#[derive(Debug, Deserialize)]
struct Subscription {
    address: String,
    event_type: String,
}

/// `PUT /event/202309/webhooks`. The sandbox keeps one address for all shops and topics, as the console does; the last one
/// that was set holds.
pub(super) fn set_webhook(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let wanted: Subscription = visit.body()?;
    if !TOPICS.contains(&wanted.event_type.as_str()) {
        return Err(Refusal::parameter("`event_type` is unknown."));
    }
    // The marketplace wants https without a port; a sandbox on one's own machine has to be content with less.
    if wanted.address.len() > 255 || !wanted.address.starts_with("http") {
        return Err(Refusal::parameter("`address` is invalid."));
    }
    visit.hub.outbox.set_url(Market::Tiktok, Some(wanted.address));
    Ok(json!({}))
}

/// `GET /event/202309/webhooks`.
pub(super) fn webhooks(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let since = seconds(visit.now);
    let webhooks: Vec<Value> = match visit.hub.outbox.url(Market::Tiktok) {
        Some(address) => TOPICS
            .iter()
            .map(|topic| {
                json!({ "event_type": topic, "address": address, "create_time": since, "update_time": since })
            })
            .collect(),
        None => Vec::new(),
    };
    Ok(json!({ "total_count": webhooks.len(), "webhooks": webhooks }))
}
