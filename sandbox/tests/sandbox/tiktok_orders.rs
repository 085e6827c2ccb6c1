//! TikTok Shop: orders, cancellations, returns and parcels.

use onhand_sandbox::Market;
use serde_json::{Value, json};

use crate::probe::Probe;
use crate::tiktok_app::TiktokApp;

const SEARCH: &str = "/order/202309/orders/search";
const CANCEL: &str = "/return_refund/202309/cancellations";

/// A buyer orders two trays and a mug, and pays if he is to.
async fn order(probe: &Probe, pay: bool) -> String {
    let lines =
        json!([{"seller_sku": "TRY-LIN", "quantity": 2}, {"seller_sku": "MUG-HER-BLK", "quantity": 1}]);
    let placed = probe.tell("/control/orders", json!({"market": "tiktok", "lines": lines, "pay": pay})).await;
    placed["order"].as_str().unwrap().to_owned()
}

async fn act(probe: &Probe, order: &str, action: &str) {
    probe.tell(&format!("/control/orders/{order}/{action}"), json!({})).await;
}

#[tokio::test]
async fn one_line_item_is_one_unit_and_the_platform_deducts() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let before = probe.listing(Market::Tiktok, "TRY-LIN").await["stock"].as_i64().unwrap();
    let id = order(&probe, false).await;
    let row = app.order(&id).await;
    assert_eq!(row["status"], "UNPAID");
    assert_eq!(row["line_items"].as_array().unwrap().len(), 3);
    assert!(row["recipient_address"].is_null() && row["packages"] == json!([]));
    assert_eq!(row["payment"]["total_amount"], "67.90");
    let variant = probe.listing(Market::Tiktok, "TRY-LIN").await["variant"].to_string();
    let read = app.post("/product/202309/inventory/search", &[], json!({"sku_ids": [variant]})).await;
    let sku = &read["data"]["inventory"][0]["skus"][0];
    assert_eq!(sku["total_available_quantity"], before - 2);
    assert_eq!(sku["total_committed_quantity"], 2);
}

#[tokio::test]
async fn every_status_of_an_order() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let id = order(&probe, false).await;
    let mut seen = vec![app.order(&id).await["status"].as_str().unwrap().to_owned()];
    for action in ["pay", "hold", "release", "pack", "ship", "deliver", "complete"] {
        act(&probe, &id, action).await;
        seen.push(app.order(&id).await["status"].as_str().unwrap().to_owned());
    }
    let wanted = [
        "UNPAID",
        "AWAITING_SHIPMENT",
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
    ];
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn some_units_gone_is_partially_shipping() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let id = order(&probe, true).await;
    let unit = app.order(&id).await["line_items"][0]["id"].as_str().unwrap().parse::<u64>().unwrap();
    probe.tell(&format!("/control/orders/{id}/ship"), json!({"units": [unit]})).await;
    let row = app.order(&id).await;
    assert_eq!(row["status"], "PARTIALLY_SHIPPING");
    let shown: Vec<&str> = row["line_items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["display_status"].as_str().unwrap())
        .collect();
    assert_eq!(shown, ["IN_TRANSIT", "AWAITING_SHIPMENT", "AWAITING_SHIPMENT"]);
}

#[tokio::test]
async fn orders_are_polled_by_the_time_of_their_change() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let old = order(&probe, true).await;
    probe.tell("/control/clock", json!({"advance_seconds": 100})).await;
    let app = TiktokApp { clock_off: 100, ..app };
    let since = app.now();
    let mut new = Vec::new();
    for _ in 0..5 {
        new.push(order(&probe, true).await);
    }
    // Else it may be of the same millisecond.
    probe.tell("/control/clock", json!({"advance_seconds": 2})).await;
    act(&probe, &old, "pack").await;
    new.push(old.clone());
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let query = [
            ("page_size", "2"),
            ("sort_field", "update_time"),
            ("sort_order", "ASC"),
            ("page_token", token.as_str()),
        ];
        let body = json!({"update_time_ge": since, "update_time_lt": since + 100});
        let page = app.post(SEARCH, &query, body).await;
        assert_eq!(
            (page["code"].as_i64(), page["data"]["total_count"].as_i64()),
            (Some(0), Some(6)),
            "{page}"
        );
        let rows = page["data"]["orders"].as_array().unwrap();
        found.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        token = page["data"]["next_page_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, new, "in the order of their changes, each once");
    let created = json!({"create_time_ge": since});
    let page = app.post(SEARCH, &[("page_size", "50")], created).await;
    assert_eq!(page["data"]["total_count"], 5);
    let none = json!({"update_time_ge": since + 100, "order_status": "AWAITING_COLLECTION"});
    assert_eq!(app.post(SEARCH, &[("page_size", "50")], none).await["data"]["orders"], json!([]));
}

#[tokio::test]
async fn lists_have_bounds() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    for query in [("page_size", "101"), ("page_size", "0"), ("sort_field", "id"), ("sort_order", "asc")] {
        let answer = app.post(SEARCH, &[query], json!({})).await;
        assert_eq!(answer["code"], 36_009_004, "{query:?} {answer}");
    }
    let ids = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(app.get("/order/202507/orders", &[("ids", &ids(51))]).await["code"], 36_009_004);
    let unknown = app.get("/order/202309/orders", &[("ids", &ids(50))]).await;
    assert_eq!((unknown["code"].as_i64(), &unknown["data"]["orders"]), (Some(0), &json!([])));
}

#[tokio::test]
async fn the_seller_cancels_a_part_and_then_the_rest() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let before = probe.listing(Market::Tiktok, "TRY-LIN").await["stock"].as_i64().unwrap();
    let id = order(&probe, true).await;
    let sku = probe.listing(Market::Tiktok, "TRY-LIN").await["variant"].to_string();
    let cancel = async |reason: &str, skus: Value| {
        app.post(CANCEL, &[], json!({"order_id": id, "cancel_reason": reason, "skus": skus})).await
    };
    let one = json!([{"sku_id": sku, "quantity": 1}]);
    assert_eq!(cancel("nonsense", one.clone()).await["code"], 25_001_014);
    assert_eq!(cancel("seller_cancel_unpaid_reason_out_of_stock", one.clone()).await["code"], 25_001_021);
    let reason = "seller_cancel_reason_out_of_stock";
    assert_eq!(cancel(reason, json!([{"sku_id": sku, "quantity": 3}])).await["code"], 25_005_011);
    let done = cancel(reason, one).await;
    assert_eq!(done["data"]["cancel_status"], "CANCELLATION_REQUEST_SUCCESS", "{done}");
    let row = app.order(&id).await;
    assert_eq!(row["status"], "AWAITING_SHIPMENT");
    assert_eq!(row["line_items"][0]["display_status"], "CANCELLED");
    assert_eq!(row["line_items"][0]["cancel_user"], "SELLER");
    assert_eq!(probe.listing(Market::Tiktok, "TRY-LIN").await["stock"], before - 1);
    assert_eq!(cancel(reason, json!([])).await["code"], 0);
    let row = app.order(&id).await;
    assert_eq!(
        (row["status"].as_str(), row["cancellation_initiator"].as_str()),
        (Some("CANCELLED"), Some("SELLER"))
    );
    assert_eq!(probe.listing(Market::Tiktok, "TRY-LIN").await["stock"], before, "given back once");
    assert_eq!(cancel(reason, json!([])).await["code"], 25_001_051);
}

#[tokio::test]
async fn a_buyers_request_is_granted_or_refused() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (granted, refused) = (order(&probe, true).await, order(&probe, true).await);
    let mut ids = Vec::new();
    for id in [&granted, &refused] {
        act(&probe, id, "request_cancel").await;
        assert_eq!(app.order(id).await["is_buyer_request_cancel"], true);
        let found = app.post(&format!("{CANCEL}/search"), &[], json!({"order_ids": [id]})).await;
        let row = &found["data"]["cancellations"][0];
        assert_eq!(row["cancel_status"], "CANCELLATION_REQUEST_PENDING", "{found}");
        assert_eq!(row["seller_next_action_response"][0]["action"], "SELLER_RESPOND_CANCEL");
        ids.push(row["cancel_id"].as_str().unwrap().to_owned());
    }
    let package = app.order(&granted).await["packages"][0]["id"].as_str().unwrap().to_owned();
    let ship = app.post(&format!("/fulfillment/202309/packages/{package}/ship"), &[], json!({})).await;
    assert_eq!(ship["code"], 21_008_044, "first the buyer has to be answered");
    assert_eq!(app.post(&format!("{CANCEL}/{}/approve", ids[0]), &[], json!({})).await["code"], 0);
    assert_eq!(app.order(&granted).await["status"], "CANCELLED");
    assert_eq!(app.post(&format!("{CANCEL}/{}/reject", ids[1]), &[], json!({})).await["code"], 25_001_014);
    let reject = json!({"reject_reason": "seller_reject_apply_product_has_been_packed"});
    assert_eq!(app.post(&format!("{CANCEL}/{}/reject", ids[1]), &[], reject).await["code"], 0);
    assert_eq!(app.order(&refused).await["status"], "AWAITING_SHIPMENT");
    assert_eq!(app.post(&format!("{CANCEL}/{}/approve", ids[1]), &[], json!({})).await["code"], 25_011_012);
    assert_eq!(app.post(&format!("{CANCEL}/1/approve"), &[], json!({})).await["code"], 25_007_006);
    let found =
        app.post(&format!("{CANCEL}/search"), &[("page_size", "50")], json!({"cancel_ids": ids})).await;
    let mut statuses: Vec<&str> = found["data"]["cancellations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["cancel_status"].as_str().unwrap())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["CANCELLATION_REQUEST_CANCEL", "CANCELLATION_REQUEST_SUCCESS"], "the number stays");
}

#[tokio::test]
async fn a_package_is_shipped_once_and_can_be_followed() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let id = order(&probe, true).await;
    let package = app.order(&id).await["packages"][0]["id"].as_str().unwrap().to_owned();
    let ship =
        async || app.post(&format!("/fulfillment/202309/packages/{package}/ship"), &[], json!({})).await;
    act(&probe, &id, "hold").await;
    assert_eq!(ship().await["code"], 21_011_044, "the buyer may still change his mind");
    act(&probe, &id, "release").await;
    assert_eq!(ship().await["code"], 0);
    assert_eq!(ship().await["code"], 21_011_040);
    let row = app.order(&id).await;
    assert_eq!(row["status"], "AWAITING_COLLECTION");
    assert!(row["tracking_number"].as_str().unwrap().len() > 5);
    let detail = app.get(&format!("/fulfillment/202309/packages/{package}"), &[]).await;
    assert_eq!(detail["data"]["package_status"], "PROCESSING", "{detail}");
    assert_eq!(detail["data"]["tracking_number"], row["tracking_number"]);
    act(&probe, &id, "ship").await;
    let tracking = app.get(&format!("/fulfillment/202309/orders/{id}/tracking"), &[]).await;
    assert_eq!(tracking["data"]["tracking"].as_array().unwrap().len(), 2, "{tracking}");
    let reason = "seller_cancel_reason_out_of_stock";
    let late = app.post(CANCEL, &[], json!({"order_id": id, "cancel_reason": reason})).await;
    assert_eq!(late["code"], 25_001_045);
}

#[tokio::test]
async fn the_sellers_own_carrier() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let id = order(&probe, true).await;
    let warehouses = app.get("/logistics/202309/warehouses", &[]).await;
    let warehouse = warehouses["data"]["warehouses"][0]["id"].as_str().unwrap();
    let options = app.get(&format!("/logistics/202309/warehouses/{warehouse}/delivery_options"), &[]).await;
    let option = options["data"]["delivery_options"][0]["id"].as_str().unwrap();
    let path = format!("/logistics/202309/delivery_options/{option}/shipping_providers");
    let carrier = app.get(&path, &[]).await["data"]["shipping_providers"][0]["id"].clone();
    let path = format!("/fulfillment/202309/orders/{id}/packages");
    let wrong = json!({"tracking_number": "JX1", "shipping_provider_id": "1"});
    assert_eq!(app.post(&path, &[], wrong).await["code"], 21_011_022);
    let body = json!({"tracking_number": "JX12345", "shipping_provider_id": carrier});
    assert_eq!(app.post(&path, &[], body).await["code"], 0);
    let row = app.order(&id).await;
    assert_eq!(
        (row["status"].as_str(), row["tracking_number"].as_str()),
        (Some("IN_TRANSIT"), Some("JX12345"))
    );
}

#[tokio::test]
async fn a_return_stands_beside_the_order() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let id = order(&probe, true).await;
    for action in ["ship", "deliver", "return"] {
        act(&probe, &id, action).await;
    }
    let find = async || {
        let found = app.post("/return_refund/202309/returns/search", &[], json!({"order_ids": [id]})).await;
        assert_eq!(found["data"]["total_count"], 1, "{found}");
        found["data"]["return_orders"][0].clone()
    };
    assert_eq!(find().await["return_status"], "RETURN_OR_REFUND_REQUEST_PENDING");
    assert_eq!(find().await["return_line_items"].as_array().unwrap().len(), 3);
    assert_eq!(app.order(&id).await["status"], "DELIVERED");
    act(&probe, &id, "agree_return").await;
    assert_eq!(find().await["return_status"], "AWAITING_BUYER_SHIP");
    act(&probe, &id, "finish_return").await;
    assert_eq!(find().await["return_status"], "RETURN_OR_REFUND_REQUEST_COMPLETE");
    let small = app.post("/return_refund/202309/returns/search", &[("page_size", "9")], json!({})).await;
    assert_eq!(small["code"], 25_001_001);
}
