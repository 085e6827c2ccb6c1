//! Lazada: orders, cancellations, returns and parcels.

use onhand_sandbox::Market;
use serde_json::{Value, json};

use crate::lazada_app::LazadaApp;
use crate::probe::Probe;

/// A buyer orders two trays and a mug, and pays if he is to.
async fn order(probe: &Probe, pay: bool) -> String {
    let lines =
        json!([{"seller_sku": "TRY-LIN", "quantity": 2}, {"seller_sku": "MUG-HER-BLK", "quantity": 1}]);
    let placed = probe.tell("/control/orders", json!({"market": "lazada", "lines": lines, "pay": pay})).await;
    placed["order"].as_str().unwrap().to_owned()
}

async fn act(probe: &Probe, order: &str, action: &str, more: Value) {
    probe.tell(&format!("/control/orders/{order}/{action}"), more).await;
}

async fn stock(probe: &Probe, seller_sku: &str) -> i64 {
    probe.listing(Market::Lazada, seller_sku).await["stock"].as_i64().unwrap()
}

/// The statuses of the items, in their order.
async fn statuses(app: &LazadaApp<'_>, order: &str) -> Vec<String> {
    let items = app.items(order).await;
    items.iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect()
}

fn ids(items: &[Value]) -> String {
    json!(items.iter().map(|item| item["order_item_id"].clone()).collect::<Vec<_>>()).to_string()
}

#[tokio::test]
async fn one_item_is_one_unit_with_a_status_of_its_own() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let id = order(&probe, false).await;
    assert_eq!(statuses(&app, &id).await, ["unpaid"; 3]);
    act(&probe, &id, "pay", json!({})).await;
    assert_eq!(statuses(&app, &id).await, ["pending"; 3], "paid, not a payment that is pending");
    let items = app.items(&id).await;
    assert!(items[0].get("quantity").is_none());
    assert_eq!((items[0]["sku"].as_str(), items[0]["is_fbl"].as_str()), (Some("TRY-LIN"), Some("0")));
    let first = items[0]["order_item_id"].as_u64().unwrap();
    act(&probe, &id, "cancel", json!({"units": [first]})).await;
    let second = items[1]["order_item_id"].as_u64().unwrap();
    act(&probe, &id, "ship", json!({"units": [second]})).await;
    assert_eq!(statuses(&app, &id).await, ["canceled", "shipped", "pending"]);
    let row = app.get("/order/get", &[("order_id", &id)]).await;
    assert_eq!(row["data"]["statuses"], json!(["canceled", "shipped", "pending"]));
    assert_eq!(row["data"]["order_id"].as_u64(), id.parse().ok(), "a number here, a text in the list");
    assert_eq!(app.get("/order/get", &[("order_id", "1")]).await["code"], "16");
}

#[tokio::test]
async fn orders_are_polled_by_the_time_of_their_change() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let old = order(&probe, true).await;
    probe.tell("/control/clock", json!({"advance_seconds": 100})).await;
    let mut new = Vec::new();
    for _ in 0..5 {
        new.push(order(&probe, true).await);
    }
    // Else it may be of the same millisecond.
    probe.tell("/control/clock", json!({"advance_seconds": 2})).await;
    act(&probe, &old, "pack", json!({})).await;
    new.push(old.clone());
    // The time of the first new order, as the marketplace writes it, made into what it reads.
    let row = app.get("/order/get", &[("order_id", &new[0])]).await;
    let written = row["data"]["created_at"].as_str().unwrap();
    assert!(written.ends_with(" +0800"), "{written}");
    let since = format!("{}T{}+08:00", &written[..10], &written[11..19]);
    let list = async |more: &[(&str, &str)]| {
        let mut query = vec![("update_after", since.as_str()), ("sort_by", "updated_at")];
        query.extend(more);
        let page = app.get("/orders/get", &query).await;
        assert_eq!(page["code"], "0", "{page}");
        page["data"].clone()
    };
    let mut found = Vec::new();
    while found.len() < 6 {
        let offset = found.len().to_string();
        let page = list(&[("sort_direction", "ASC"), ("limit", "4"), ("offset", &offset)]).await;
        assert_eq!(page["countTotal"], 6);
        let rows = page["orders"].as_array().unwrap();
        assert_eq!(page["count"].as_u64(), Some(rows.len() as u64));
        found.extend(rows.iter().map(|row| row["order_id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(found, new);
    assert_eq!(list(&[("status", "packed")]).await["countTotal"], 1);
    assert_eq!(list(&[("update_before", "2020-01-01T00:00:00+08:00")]).await["countTotal"], 0);
}

#[tokio::test]
async fn lists_have_bounds() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let after = ("created_after", "2020-01-01T00:00:00+08:00");
    for (query, code) in [
        (vec![], "MissingParameter"),
        (vec![("update_after", "2020-01-01")], "17"),
        (vec![("update_after", "2020-01-01T00:00:00 08:00")], "17"),
        (vec![after, ("limit", "101")], "19"),
        (vec![after, ("offset", "5001")], "14"),
        (vec![after, ("status", "cancelled")], "36"),
        (vec![after, ("sort_by", "id")], "75"),
        (vec![after, ("sort_direction", "UP")], "74"),
        (vec![after], "0"),
    ] {
        assert_eq!(app.get("/orders/get", &query).await["code"], code, "{query:?}");
    }
}

#[tokio::test]
async fn items_of_up_to_fifty_orders() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let (a, b) = (order(&probe, true).await, order(&probe, false).await);
    let many = async |ids: &str| app.get("/orders/items/get", &[("order_ids", ids)]).await;
    let found = many(&format!("[{a}, {b}]")).await;
    assert_eq!(found["data"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(found["data"][1]["order_items"][0]["status"], "unpaid");
    assert_eq!(many(&format!("[{a}, 1]")).await["code"], "37");
    assert_eq!(many("[1]").await["code"], "39");
    assert_eq!(many(&a.clone()).await["code"], "56");
    assert_eq!(many(&json!(vec![1; 51]).to_string()).await["code"], "38");
}

#[tokio::test]
async fn the_seller_cancels_and_out_of_stock_empties_the_listing() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let before = stock(&probe, "TRY-LIN").await;
    let id = order(&probe, true).await;
    let items = app.items(&id).await;
    let tray = ids(&items[..1]);
    let checked =
        app.get("/order/reverse/cancel/validate", &[("order_id", &id), ("order_item_id_list", &tray)]).await;
    let reasons = checked["data"]["reason_options"].as_array().unwrap().clone();
    let reason = |name: &str| {
        let found = reasons.iter().find(|reason| reason["reason_name"] == name).unwrap();
        found["reason_id"].as_str().unwrap().to_owned()
    };
    let cancel = async |items: &str, reason: &str| {
        let query = [("order_id", id.as_str()), ("order_item_id_list", items), ("reason_id", reason)];
        app.get("/order/reverse/cancel/create", &query).await["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(cancel(&tray, "99").await, "104");
    assert_eq!(cancel("[]", &reason("Customer requested")).await, "102");
    assert_eq!(cancel("[1]", &reason("Customer requested")).await, "123");
    assert_eq!(cancel(&tray, &reason("Customer requested")).await, "0");
    assert_eq!(stock(&probe, "TRY-LIN").await, before - 1, "given back");
    assert_eq!(cancel(&tray, &reason("Customer requested")).await, "122", "only once");
    assert_eq!(cancel(&ids(&items[1..2]), &reason("Out of Stock")).await, "0");
    assert_eq!(stock(&probe, "TRY-LIN").await, 0, "the marketplace takes him at his word");
    let mug = items[2]["order_item_id"].to_string();
    let old = app.post("/order/cancel", &[("order_item_id", &mug), ("reason_id", "10000021")]).await;
    assert_eq!(old["code"], "0", "{old}");
    assert_eq!(statuses(&app, &id).await, ["canceled"; 3]);
    assert_eq!(app.items(&id).await[0]["cancel_return_initiator"], "cancellation-seller");
}

#[tokio::test]
async fn a_buyers_request_is_granted_or_refused() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    for (agree, statuses_then, reverse) in
        [("true", "canceled", "CANCEL_SUCCESS"), ("false", "pending", "REQUEST_REJECT")]
    {
        let id = order(&probe, true).await;
        act(&probe, &id, "request_cancel", json!({})).await;
        let item = app.items(&id).await[0].clone();
        assert_eq!(item["need_cancel_confirm"], true);
        let query = [("page_no", "1"), ("page_size", "10"), ("trade_order_id", id.as_str())];
        let listed = async || {
            let found = app.get("/reverse/getreverseordersforseller", &query).await;
            found["result"]["items"][0].clone()
        };
        let open = listed().await;
        assert_eq!(open["request_type"], "CANCEL");
        assert_eq!(open["reverse_order_id"], item["reverse_order_id"]);
        let reverse_id = open["reverse_order_id"].to_string();
        let decide = async || {
            let query = [("reverse_order_id", reverse_id.as_str()), ("agree_cancel", agree)];
            app.get("/order/reverse/cancel/seller/decide", &query).await["code"].as_str().unwrap().to_owned()
        };
        assert_eq!(decide().await, "0");
        assert_eq!(decide().await, "131", "it is decided");
        assert_eq!(statuses(&app, &id).await, [statuses_then; 3]);
        assert_eq!(listed().await["reverse_order_lines"][0]["reverse_status"], reverse);
    }
}

#[tokio::test]
async fn packed_handed_over_and_followed() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let id = order(&probe, true).await;
    let items = app.items(&id).await;
    let pack = async |items: &str| {
        let body = format!(
            "{{\"pack_order_list\":[{{\"order_id\":{id},\"order_item_list\":{items}}}],\
             \"delivery_type\":\"dropship\",\"shipping_allocate_type\":\"TFS\"}}"
        );
        let done = app.post("/order/fulfill/pack", &[("packReq", &body)]).await;
        done["result"]["data"]["pack_order_list"][0]["order_item_list"][0].clone()
    };
    let row = pack(&ids(&items[..2])).await;
    assert_eq!(row["item_err_code"], "0", "{row}");
    assert_eq!(pack(&ids(&items[..2])).await["item_err_code"], "700026", "only once");
    assert_eq!(pack("[1]").await["item_err_code"], "700025");
    assert_eq!(statuses(&app, &id).await, ["packed", "packed", "pending"]);
    let packed = app.items(&id).await;
    assert_eq!(packed[0]["package_id"], row["package_id"]);
    assert_eq!(packed[0]["tracking_code"], row["tracking_number"]);
    assert_eq!(packed[2]["package_id"], "");
    let ready = async |package: &str| {
        let body = json!({"packages": [{"package_id": package}]}).to_string();
        let done = app.post("/order/package/rts", &[("readyToShipReq", &body)]).await;
        assert_eq!(done["result"]["success"], true, "{done}");
        done["result"]["data"]["packages"][0]["item_err_code"].as_str().unwrap().to_owned()
    };
    assert_eq!(ready("FP1").await, "700004");
    let package = row["package_id"].as_str().unwrap();
    assert_eq!(ready(package).await, "0");
    assert_eq!(ready(package).await, "700000");
    assert_eq!(statuses(&app, &id).await, ["ready_to_ship", "ready_to_ship", "pending"]);
    let trace = app.get("/logistic/order/trace", &[("order_id", &id)]).await;
    let parcel = &trace["result"]["module"][0]["package_detail_info_list"][0];
    assert_eq!(parcel["tracking_number"], row["tracking_number"], "{trace}");
}

#[tokio::test]
async fn a_return_is_listed_and_ends_at_the_item() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let id = order(&probe, true).await;
    for action in ["ship", "deliver"] {
        act(&probe, &id, action, json!({})).await;
    }
    let unit = app.items(&id).await[2]["order_item_id"].clone();
    act(&probe, &id, "return", json!({"units": [unit]})).await;
    let found = app.get("/reverse/getreverseordersforseller", &[("page_no", "1"), ("page_size", "10")]).await;
    let row = &found["result"]["items"][0];
    assert_eq!(
        (row["request_type"].as_str(), row["is_rtm"].as_bool()),
        (Some("RETURN"), Some(true)),
        "{found}"
    );
    assert_eq!(row["reverse_order_lines"][0]["trade_order_line_id"], unit);
    let reverse = row["reverse_order_id"].to_string();
    let detail = app.get("/order/reverse/return/detail/list", &[("reverse_order_id", &reverse)]).await;
    assert_eq!(detail["data"]["reverseOrderLineDTOList"][0]["reverse_status"], "REQUEST_INITIATE");
    for action in ["agree_return", "finish_return"] {
        act(&probe, &id, action, json!({})).await;
    }
    assert_eq!(statuses(&app, &id).await, ["delivered", "delivered", "returned"]);
    let wrong = app.get("/reverse/getreverseordersforseller", &[("page_no", "1"), ("page_size", "0")]).await;
    assert_eq!(wrong["code"], "120");
}
