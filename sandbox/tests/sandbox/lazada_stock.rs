//! Lazada: products, and what can be ordered of them.

use onhand_sandbox::Market;
use serde_json::{Value, json};

use crate::lazada_app::LazadaApp;
use crate::probe::Probe;

const UPDATE: &str = "/product/stock/sellable/update";
const LIST: &str = "/products/get";

/// Item and variant of a listing.
async fn ids(probe: &Probe, seller_sku: &str) -> (u64, u64) {
    let listing = probe.listing(Market::Lazada, seller_sku).await;
    (listing["item"].as_u64().unwrap(), listing["variant"].as_u64().unwrap())
}

async fn stock(probe: &Probe, seller_sku: &str) -> i64 {
    probe.listing(Market::Lazada, seller_sku).await["stock"].as_i64().unwrap()
}

fn row((item, sku): (u64, u64), more: &str) -> String {
    format!("<Sku><ItemId>{item}</ItemId><SkuId>{sku}</SkuId>{more}</Sku>")
}

fn quantity(quantity: i64) -> String {
    format!("<SellableQuantity>{quantity}</SellableQuantity>")
}

async fn update(app: &LazadaApp<'_>, rows: &str) -> Value {
    let payload = format!("<Request><Product><Skus>{rows}</Skus></Product></Request>");
    app.post(UPDATE, &[("payload", &payload)]).await
}

#[tokio::test]
async fn all_products_are_found_by_offset_with_their_skus() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let (mut products, mut skus) = (std::collections::BTreeSet::new(), 0);
    let total = loop {
        let offset = products.len().to_string();
        let page = app.get(LIST, &[("filter", "live"), ("limit", "40"), ("offset", &offset)]).await;
        assert_eq!(page["code"], "0", "{page}");
        for product in page["data"]["products"].as_array().unwrap() {
            assert!(products.insert(product["item_id"].as_u64().unwrap()), "seen twice");
            skus += product["skus"].as_array().unwrap().len();
        }
        let total = page["data"]["total_products"].as_u64().unwrap();
        if products.len() as u64 == total {
            break total;
        }
    };
    let listings = probe.look("/control/listings?market=lazada").await;
    assert_eq!(skus, listings["listings"].as_array().unwrap().len());
    assert!(total > 80);
}

#[tokio::test]
async fn lists_have_bounds() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let many = json!((0..101).map(|sku| sku.to_string()).collect::<Vec<_>>()).to_string();
    for (query, code) in [
        (("limit", "51"), "19"),
        (("limit", "0"), "19"),
        (("offset", "10001"), "14"),
        (("filter", "everything"), "36"),
        (("update_after", "yesterday"), "17"),
        (("sku_seller_list", "TRY-LIN"), "70"),
        (("sku_seller_list", many.as_str()), "70"),
    ] {
        assert_eq!(app.get(LIST, &[query]).await["code"], code, "{query:?}");
    }
    let late = app.get(LIST, &[("create_after", "2099-01-01T00:00:00+08:00")]).await;
    assert_eq!(late["data"]["products"], json!([]));
}

#[tokio::test]
async fn a_product_shows_the_stock_in_all_its_parts() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let before = stock(&probe, "TRY-LIN").await;
    let lines = json!([{"seller_sku": "TRY-LIN", "quantity": 2}]);
    let placed = probe.tell("/control/orders", json!({"market": "lazada", "lines": lines})).await;
    let (item, _) = ids(&probe, "TRY-LIN").await;
    let parts = async || {
        let found = app.get("/product/item/get", &[("item_id", &item.to_string())]).await;
        let row = &found["data"]["skus"][0]["multiWarehouseInventories"][0];
        assert_eq!(row["warehouseCode"], "dropshipping", "{found}");
        ["sellableQuantity", "withholdQuantity", "occupyQuantity", "totalQuantity"]
            .map(|name| row[name].as_i64().unwrap())
    };
    assert_eq!(parts().await, [before - 2, 2, 0, before]);
    let order = placed["order"].as_str().unwrap();
    probe.tell(&format!("/control/orders/{order}/pay"), json!({})).await;
    assert_eq!(parts().await, [before - 2, 0, 2, before]);
    probe.tell(&format!("/control/orders/{order}/ready"), json!({})).await;
    assert_eq!(parts().await, [before - 2, 0, 0, before - 2]);
    let unknown = app.get("/product/item/get", &[("item_id", "1")]).await;
    assert_eq!(unknown["code"], "208");
}

#[tokio::test]
async fn setting_is_absolute_for_skus_of_any_products() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let (tray, mug) = (ids(&probe, "TRY-LIN").await, ids(&probe, "MUG-HER-BLK").await);
    for _ in 0..2 {
        let done = update(&app, &(row(tray, &quantity(7)) + &row(mug, &quantity(0)))).await;
        assert_eq!((done["code"].as_str(), &done["data"]), (Some("0"), &json!({})), "{done}");
        assert_eq!((stock(&probe, "TRY-LIN").await, stock(&probe, "MUG-HER-BLK").await), (7, 0));
    }
    let found = app.get(LIST, &[("sku_seller_list", "[\"TRY-LIN\",\"MUG-HER-BLK\"]")]).await;
    assert_eq!(found["data"]["total_products"], 2);
}

#[tokio::test]
async fn h2_a_501_names_what_failed_and_the_rest_is_set() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let (tray, mug) = (ids(&probe, "TRY-LIN").await, ids(&probe, "MUG-HER-BLK").await);
    let several = "<MultiWarehouseInventories><MultiWarehouseInventory><WarehouseCode>x</WarehouseCode>\
                   <SellableQuantity>5</SellableQuantity></MultiWarehouseInventory></MultiWarehouseInventories>";
    let rows = [
        row(tray, &quantity(7)),
        row(mug, several),
        row((tray.0, 1), &(quantity(7) + "<SellerSku>a &amp; b</SellerSku>")),
        row((tray.0, 2), &quantity(7)),
        row((mug.0, tray.1), &quantity(9)),
        row(tray, &quantity(-1)),
    ];
    let answer = update(&app, &rows.concat()).await;
    assert_eq!((answer["code"].as_str(), answer["type"].as_str()), (Some("501"), Some("ISP")));
    assert_eq!(answer["message"], "E501: Update product failed");
    let named: Vec<&str> = answer["detail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["seller_sku"].as_str().or(row["sku"].as_str()).unwrap())
        .collect();
    assert_eq!(named, ["MUG-HER-BLK", "a & b", "2", tray.1.to_string().as_str(), "TRY-LIN"]);
    assert_eq!(stock(&probe, "TRY-LIN").await, 7);
    let fault = json!({"market": "lazada", "fault": "partial_failure", "items": 1, "count": 1});
    probe.tell("/control/faults", fault).await;
    let answer = update(&app, &(row(tray, &quantity(1)) + &row(mug, &quantity(2)))).await;
    assert_eq!(answer["detail"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!((stock(&probe, "TRY-LIN").await, stock(&probe, "MUG-HER-BLK").await), (7, 2));
}

#[tokio::test]
async fn whole_requests_are_refused_by_their_own_codes() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let tray = ids(&probe, "TRY-LIN").await;
    assert_eq!(update(&app, "").await["code"], "30");
    assert_eq!(update(&app, &row(tray, &quantity(1)).repeat(51)).await["code"], "204");
    assert_eq!(update(&app, &row(tray, &quantity(1)).repeat(50)).await["code"], "0");
    let json = "{\"Request\":{\"Product\":{\"Skus\":{\"Sku\":[]}}}}";
    for (payload, code) in [("<Request>", "5"), ("<Other/>", "5"), (json, "5"), ("", "MissingParameter")] {
        let parameters: Vec<(&str, &str)> =
            [("payload", payload)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
        assert_eq!(app.post(UPDATE, &parameters).await["code"], code, "{payload}");
    }
}

#[tokio::test]
async fn h8_campaigns_and_promotions() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let (tray, mug) = (ids(&probe, "TRY-LIN").await, ids(&probe, "MUG-HER-BLK").await);
    let there = stock(&probe, "TRY-LIN").await;
    let fault = json!({"market": "lazada", "fault": "campaign_lock", "seller_sku": "TRY-LIN"});
    let id = probe.tell("/control/faults", fault).await["id"].clone();
    assert_eq!(update(&app, &row(tray, &quantity(there - 1))).await["code"], "4170");
    assert_eq!(update(&app, &row(tray, &quantity(there + 1))).await["code"], "0", "it may be raised");
    let both = update(&app, &(row(tray, &quantity(0)) + &row(mug, &quantity(3)))).await;
    assert_eq!((both["code"].as_str(), both["detail"].as_array().unwrap().len()), (Some("501"), 1));
    assert_eq!(stock(&probe, "MUG-HER-BLK").await, 3);
    assert!(id.is_u64());
    let reserve = json!({"market": "lazada", "seller_sku": "MUG-HER-BLK", "units": 2});
    probe.tell("/control/listings/reserve", reserve).await;
    assert_eq!(update(&app, &row(mug, &quantity(1))).await["code"], "501");
    let found = app.get(LIST, &[("sku_seller_list", "[\"MUG-HER-BLK\"]")]).await;
    let skus = found["data"]["products"][0]["skus"].as_array().unwrap();
    let sku = skus.iter().find(|sku| sku["SellerSku"] == "MUG-HER-BLK").unwrap();
    assert_eq!(sku["channelInventories"][0]["sellableQuantity"], 2);
}

#[tokio::test]
async fn h8_a_deleted_product_is_gone() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let tray = ids(&probe, "TRY-LIN").await;
    let delete = json!({"market": "lazada", "seller_sku": "TRY-LIN", "status": "deleted"});
    probe.tell("/control/listings/status", delete).await;
    let write = update(&app, &row(tray, &quantity(1))).await;
    assert_eq!(
        (write["code"].as_str(), write["detail"][0]["code"].as_str()),
        (Some("501"), Some("207")),
        "{write}"
    );
    let gone = app.get("/product/item/get", &[("item_id", &tray.0.to_string())]).await;
    assert_eq!(gone["code"], "208");
    let all = app.get(LIST, &[("sku_seller_list", "[\"TRY-LIN\"]")]).await;
    assert_eq!(all["data"]["total_products"], 0);
    let deleted = app.get(LIST, &[("filter", "deleted")]).await;
    assert_eq!(deleted["data"]["products"][0]["item_id"], tray.0);
}
