//! Shopee: orders, from the cart to the return.

use onhand_sandbox::Market;
use serde_json::{Value, json};

use crate::probe::Probe;
use crate::shopee_partner::Partner;

const LIST: &str = "/api/v2/order/get_order_list";
const DETAIL: &str = "/api/v2/order/get_order_detail";

/// A buyer orders and pays, or not; the order's number.
async fn order(probe: &Probe, seller_sku: &str, quantity: i64, pay: bool) -> String {
    let cart =
        json!({"market": "shopee", "lines": [{"seller_sku": seller_sku, "quantity": quantity}], "pay": pay});
    probe.tell("/control/orders", cart).await["order"].as_str().unwrap().to_owned()
}

async fn act(probe: &Probe, order: &str, action: &str) -> Value {
    probe.tell(&format!("/control/orders/{order}/{action}"), json!({})).await
}

async fn detail(partner: &Partner<'_>, order: &str) -> Value {
    let fields = "item_list,pay_time,cancel_by,cancel_reason,buyer_cancel_reason,package_list,total_amount";
    let query = [("order_sn_list", order), ("response_optional_fields", fields)];
    partner.get(DETAIL, &query).await["response"]["order_list"][0].clone()
}

async fn status(partner: &Partner<'_>, order: &str) -> String {
    detail(partner, order).await["order_status"].as_str().unwrap().to_owned()
}

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

#[tokio::test]
async fn an_order_goes_its_way_and_takes_its_stock_once() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let before = probe.listing(Market::Shopee, "PRT-CRA").await["stock"].as_i64().unwrap();
    let sn = order(&probe, "PRT-CRA", 2, false).await;
    assert_eq!(probe.listing(Market::Shopee, "PRT-CRA").await["stock"], before - 2, "unpaid orders too");
    let told = detail(&partner, &sn).await;
    assert_eq!((told["order_status"].as_str(), told["pay_time"].as_i64()), (Some("UNPAID"), Some(0)));
    assert_eq!(told["item_list"][0]["model_id"], 0, "an item without models");
    assert_eq!(told["item_list"][0]["item_sku"], "PRT-CRA");
    assert_eq!(told["item_list"][0]["model_quantity_purchased"], 2);
    act(&probe, &sn, "pay").await;
    assert_eq!(status(&partner, &sn).await, "READY_TO_SHIP");
    let parameters = partner.get("/api/v2/logistics/get_shipping_parameter", &[("order_sn", &sn)]).await;
    assert_eq!(parameters["error"], "");
    let ship = json!({"order_sn": sn, "pickup": {"address_id": 1, "pickup_time_id": "1"}});
    assert_eq!(partner.post("/api/v2/logistics/ship_order", ship).await["error"], "");
    assert_eq!(status(&partner, &sn).await, "PROCESSED");
    let number = partner.get("/api/v2/logistics/get_tracking_number", &[("order_sn", &sn)]).await;
    assert!(!number["response"]["tracking_number"].as_str().unwrap().is_empty());
    for (action, expected) in
        [("ship", "SHIPPED"), ("deliver", "TO_CONFIRM_RECEIVE"), ("return", "TO_RETURN")]
    {
        act(&probe, &sn, action).await;
        assert_eq!(status(&partner, &sn).await, expected);
    }
    let returns =
        partner.get("/api/v2/returns/get_return_list", &[("page_no", "0"), ("page_size", "10")]).await;
    let back = &returns["response"]["return"][0];
    assert_eq!((back["order_sn"].as_str(), back["status"].as_str()), (Some(sn.as_str()), Some("REQUESTED")));
    let back_sn = back["return_sn"].as_str().unwrap();
    let agreed = partner.post("/api/v2/returns/confirm", json!({"return_sn": back_sn})).await;
    assert_eq!(agreed["error"], "");
    act(&probe, &sn, "finish_return").await;
    let told = partner.get("/api/v2/returns/get_return_detail", &[("return_sn", back_sn)]).await;
    assert_eq!(told["response"]["status"], "CLOSED");
    assert_eq!(detail(&partner, &sn).await["item_list"][0]["returned_qty"], 2);
    let after = probe.listing(Market::Shopee, "PRT-CRA").await["stock"].as_i64().unwrap();
    assert_eq!(after, before - 2, "what comes back is put on the shelf by a person");
}

#[tokio::test]
async fn without_asking_the_details_are_few() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let sn = order(&probe, "PRT-CRA", 1, true).await;
    let told = partner.get(DETAIL, &[("order_sn_list", &sn)]).await["response"]["order_list"][0].clone();
    assert_eq!(told["order_status"], "READY_TO_SHIP");
    for field in ["item_list", "pay_time", "total_amount", "package_list"] {
        assert!(told.get(field).is_none(), "{field} was not asked for");
    }
    let many = vec!["X"; 51].join(",");
    assert_eq!(partner.get(DETAIL, &[("order_sn_list", &many)]).await["error"], "error_param");
    assert_eq!(partner.get(DETAIL, &[("order_sn_list", "X")]).await["error"], "order.error_not_found");
}

#[tokio::test]
async fn cancelling_gives_the_stock_back_once() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let stock = async || probe.listing(Market::Shopee, "TRY-HER").await["stock"].as_i64().unwrap();
    let before = stock().await;

    let by_buyer = order(&probe, "TRY-HER", 1, false).await;
    act(&probe, &by_buyer, "cancel").await;
    assert_eq!(stock().await, before);
    let (again, _) = probe.try_tell(&format!("/control/orders/{by_buyer}/cancel"), json!({})).await;
    assert_eq!((again, stock().await), (409, before));

    let by_seller = order(&probe, "TRY-HER", 2, true).await;
    let wish = |reason: &str| json!({"order_sn": by_seller, "cancel_reason": reason});
    let cancel = "/api/v2/order/cancel_order";
    assert_eq!(partner.post(cancel, wish("OUT_OF_STOCK")).await["error"], "error_param", "needs item_list");
    assert_eq!(partner.post(cancel, wish("BORED")).await["error"], "error_param");
    assert_eq!(partner.post(cancel, wish("CUSTOMER_REQUEST")).await["error"], "");
    assert_eq!(stock().await, before);
    let told = detail(&partner, &by_seller).await;
    assert_eq!(
        (told["order_status"].as_str(), told["cancel_by"].as_str()),
        (Some("CANCELLED"), Some("seller"))
    );
    assert_eq!(told["item_list"][0]["cancelled_qty"], 2);

    let asked = order(&probe, "TRY-HER", 1, true).await;
    act(&probe, &asked, "request_cancel").await;
    assert_eq!(status(&partner, &asked).await, "IN_CANCEL");
    let answer = |operation: &str| json!({"order_sn": asked, "operation": operation});
    let handle = "/api/v2/order/handle_buyer_cancellation";
    assert_eq!(partner.post(handle, answer("REJECT")).await["error"], "");
    assert_eq!(status(&partner, &asked).await, "READY_TO_SHIP", "IN_CANCEL is not final");
    act(&probe, &asked, "request_cancel").await;
    assert_eq!(partner.post(handle, answer("ACCEPT")).await["error"], "");
    assert_eq!((status(&partner, &asked).await.as_str(), stock().await), ("CANCELLED", before));
}

#[tokio::test]
async fn a_part_of_an_order_can_be_cancelled() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let sn = order(&probe, "TRY-FER", 3, true).await;
    let left = probe.listing(Market::Shopee, "TRY-FER").await["stock"].as_i64().unwrap();
    let unit = probe.look(&format!("/control/orders/{sn}")).await["lines"][0]["units"][0]["id"].clone();
    probe.tell(&format!("/control/orders/{sn}/cancel"), json!({"units": [unit]})).await;
    let line = detail(&partner, &sn).await["item_list"][0].clone();
    assert_eq!((line["active_qty"].as_i64(), line["cancelled_qty"].as_i64()), (Some(2), Some(1)));
    assert_eq!(status(&partner, &sn).await, "READY_TO_SHIP");
    assert_eq!(probe.listing(Market::Shopee, "TRY-FER").await["stock"], left + 1);
}

#[tokio::test]
async fn held_orders_are_pending_for_those_who_know_the_word() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let sn = order(&probe, "TRY-LIN", 1, true).await;
    act(&probe, &sn, "hold").await;
    assert_eq!(status(&partner, &sn).await, "READY_TO_SHIP");
    let query = [("order_sn_list", sn.as_str()), ("request_order_status_pending", "true")];
    let told = partner.get(DETAIL, &query).await["response"]["order_list"][0].clone();
    assert_eq!(told["order_status"], "PENDING");
    let ship = json!({"order_sn": sn, "dropoff": {}});
    assert_eq!(partner.post("/api/v2/logistics/ship_order", ship).await["error"], "order.error_status");
}

#[tokio::test]
async fn cash_on_delivery_is_never_unpaid_and_has_no_time_of_payment() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let cart = json!({"market": "shopee", "lines": [{"seller_sku": "TRY-TID", "quantity": 1}], "cod": true});
    let sn = probe.tell("/control/orders", cart).await["order"].as_str().unwrap().to_owned();
    let told = detail(&partner, &sn).await;
    assert_eq!(told["cod"], true);
    assert_eq!((told["order_status"].as_str(), told["pay_time"].as_i64()), (Some("READY_TO_SHIP"), Some(0)));
}

#[tokio::test]
async fn the_list_is_paged_by_cursor_and_looks_back_15_days_at_most() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let mut placed = Vec::new();
    for _ in 0..7 {
        placed.push(order(&probe, "CRD-HER", 1, true).await);
    }
    let (from, to) = ((now() - 60).to_string(), (now() + 60).to_string());
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = [
            ("time_range_field", "update_time"),
            ("time_from", from.as_str()),
            ("time_to", to.as_str()),
            ("page_size", "3"),
            ("cursor", cursor.as_str()),
            ("response_optional_fields", "order_status"),
        ];
        let page = partner.get(LIST, &query).await["response"].clone();
        for order in page["order_list"].as_array().unwrap() {
            assert_eq!(order["order_status"], "READY_TO_SHIP");
            found.push(order["order_sn"].as_str().unwrap().to_owned());
        }
        if page["more"] == false {
            break;
        }
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
    }
    found.sort();
    placed.sort();
    assert_eq!(found, placed);
    let span = async |seconds: i64| {
        let (from, to) = ((now() - seconds).to_string(), now().to_string());
        let query = [
            ("time_range_field", "create_time"),
            ("time_from", from.as_str()),
            ("time_to", to.as_str()),
            ("page_size", "3"),
        ];
        partner.get(LIST, &query).await["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(span(15 * 86_400 - 5).await, "");
    assert_eq!(span(15 * 86_400 + 5).await, "order.order_list_invalid_time");
}

#[tokio::test]
async fn nobody_buys_what_is_not_there() {
    let probe = Probe::start().await;
    let stock = probe.listing(Market::Shopee, "TWL-HER").await["stock"].as_i64().unwrap();
    let cart = |quantity: i64| {
        json!({"market": "shopee", "lines": [
            {"seller_sku": "TWL-CRA", "quantity": 1}, {"seller_sku": "TWL-HER", "quantity": quantity}]})
    };
    let other = probe.listing(Market::Shopee, "TWL-CRA").await["stock"].as_i64().unwrap();
    let (status, refused) = probe.try_tell("/control/orders", cart(stock + 1)).await;
    assert_eq!((status, refused["message"].as_str()), (409, Some("out of stock")));
    assert_eq!((refused["left"].as_i64(), refused["seller_sku"].as_str()), (Some(stock), Some("TWL-HER")));
    assert_eq!(probe.listing(Market::Shopee, "TWL-CRA").await["stock"], other, "all or nothing");
    assert_eq!(probe.try_tell("/control/orders", cart(stock)).await.0, 201);
    assert_eq!(probe.listing(Market::Shopee, "TWL-HER").await["stock"], 0);
    assert_eq!(probe.try_tell("/control/orders", cart(1)).await.0, 409);
}

#[tokio::test]
async fn a_carrier_who_left_without_the_parcel_is_called_again() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let sn = order(&probe, "TRY-SAL", 1, true).await;
    let ship = json!({"order_sn": sn, "dropoff": {}});
    assert_eq!(partner.post("/api/v2/logistics/ship_order", ship.clone()).await["error"], "");
    act(&probe, &sn, "fail_pickup").await;
    assert_eq!(status(&partner, &sn).await, "RETRY_SHIP");
    assert_eq!(partner.post("/api/v2/logistics/ship_order", ship).await["error"], "");
    assert_eq!(status(&partner, &sn).await, "PROCESSED");
}

#[tokio::test]
async fn in_brazil_an_order_waits_for_its_invoice() {
    let probe = Probe::start().await;
    Partner::connect(&probe).await;
    let opened = json!({"market": "shopee", "name": "Garça", "region": "BR"});
    let shop = probe.tell("/control/shops", opened).await["shop"].clone();
    let goods = json!({"market": "shopee", "shop": shop, "items": [
        {"title": "Caneca", "variants": [{"seller_sku": "CANECA", "stock": 3}]}]});
    probe.tell("/control/catalogue", goods).await;
    let partner = Partner::connect(&probe).await;
    let cart = json!({"market": "shopee", "shop": shop, "pay": true,
        "lines": [{"seller_sku": "CANECA", "quantity": 1}]});
    let sn = probe.tell("/control/orders", cart).await["order"].as_str().unwrap().to_owned();
    assert_eq!(status(&partner, &sn).await, "INVOICE_PENDING");
    let ship = json!({"order_sn": sn, "dropoff": {}});
    let early = partner.post("/api/v2/logistics/ship_order", ship.clone()).await;
    assert_eq!(early["error"], "order.error_status");
    act(&probe, &sn, "invoice").await;
    assert_eq!(status(&partner, &sn).await, "READY_TO_SHIP");
    assert_eq!(partner.post("/api/v2/logistics/ship_order", ship).await["error"], "");
}
