//! TikTok Shop: products, and what can be ordered of them.

use onhand_sandbox::Market;
use serde_json::{Value, json};

use crate::probe::Probe;
use crate::tiktok_app::TiktokApp;

const SEARCH: &str = "/product/202502/products/search";
const INVENTORY: &str = "/product/202309/inventory/search";

/// The only SKU of this code, its product and its warehouse.
async fn sku(app: &TiktokApp<'_>, seller_sku: &str) -> (String, String, String) {
    let found = app.post(SEARCH, &[("page_size", "10")], json!({"seller_skus": [seller_sku]})).await;
    let product = &found["data"]["products"][0];
    let skus = product["skus"].as_array().unwrap();
    let sku = skus.iter().find(|sku| sku["seller_sku"] == seller_sku).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&product["id"]), text(&sku["id"]), text(&sku["inventory"][0]["warehouse_id"]))
}

fn path(product: &str) -> String {
    format!("/product/202309/products/{product}/inventory/update")
}

fn wanted(sku: &str, warehouse: &str, quantity: i64) -> Value {
    json!({"id": sku, "inventory": [{"warehouse_id": warehouse, "quantity": quantity}]})
}

#[tokio::test]
async fn all_products_are_found_page_by_page_with_their_skus() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let mut token = String::new();
    let (mut products, mut skus) = (std::collections::BTreeSet::new(), 0);
    let total = loop {
        let page = app.post(SEARCH, &[("page_size", "33"), ("page_token", &token)], json!({})).await;
        assert_eq!(page["code"], 0, "{page}");
        for product in page["data"]["products"].as_array().unwrap() {
            assert!(products.insert(product["id"].as_str().unwrap().to_owned()), "seen twice");
            skus += product["skus"].as_array().unwrap().len();
        }
        token = page["data"]["next_page_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break page["data"]["total_count"].as_u64().unwrap();
        }
    };
    let listings = probe.look("/control/listings?market=tiktok").await;
    assert_eq!(products.len() as u64, total);
    assert_eq!(skus, listings["listings"].as_array().unwrap().len());
}

#[tokio::test]
async fn pages_have_bounds() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    for (query, code) in [
        (vec![], 12_019_109),
        (vec![("page_size", "0")], 12_019_109),
        (vec![("page_size", "101")], 12_019_109),
        (vec![("page_size", "10"), ("page_token", "made-up")], 36_009_004),
    ] {
        assert_eq!(app.post(SEARCH, &query, json!({})).await["code"], code, "{query:?}");
    }
    let many: Vec<String> = (0..11).map(|number| number.to_string()).collect();
    let size = [("page_size", "10")];
    assert_eq!(app.post(SEARCH, &size, json!({"seller_skus": many})).await["code"], 12_019_027);
    assert_eq!(app.post(SEARCH, &size, json!({"status": "live"})).await["code"], 12_052_910);
    let many: Vec<String> = (0..601).map(|number| number.to_string()).collect();
    assert_eq!(app.post(INVENTORY, &[], json!({"sku_ids": many})).await["code"], 12_019_015);
    assert_eq!(app.post(INVENTORY, &[], json!({"product_ids": &many[..101]})).await["code"], 12_019_120);
}

#[tokio::test]
async fn a_product_in_detail_names_what_its_skus_differ_in() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, id, _) = sku(&app, "TEE-HER-BLK-M").await;
    let detail = app.get(&format!("/product/202309/products/{product}"), &[]).await;
    let skus = detail["data"]["skus"].as_array().unwrap();
    let sku = skus.iter().find(|sku| sku["id"] == id.as_str()).unwrap();
    let names: Vec<&str> = sku["sales_attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["value_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Black", "Medium"]);
    assert_eq!(app.get("/product/202309/products/1", &[]).await["code"], 12_052_032);
}

#[tokio::test]
async fn setting_is_absolute_and_zero_is_allowed() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, sku, warehouse) = sku(&app, "TRY-LIN").await;
    for quantity in [17, 17, 0] {
        let done =
            app.post(&path(&product), &[], json!({"skus": [wanted(&sku, &warehouse, quantity)]})).await;
        assert_eq!((done["code"].as_i64(), &done["data"]["errors"]), (Some(0), &json!([])), "{done}");
        let read = app.post(INVENTORY, &[], json!({"sku_ids": [sku]})).await;
        let row = &read["data"]["inventory"][0]["skus"][0];
        assert_eq!(row["total_available_quantity"], quantity);
        assert_eq!(row["warehouse_inventory"][0]["available_quantity"], quantity);
    }
    // With a single warehouse it may be left out.
    let body = json!({"skus": [{"id": sku, "inventory": [{"quantity": 3}]}]});
    assert_eq!(app.post(&path(&product), &[], body).await["data"]["errors"], json!([]));
    assert_eq!(probe.listing(Market::Tiktok, "TRY-LIN").await["stock"], 3);
}

#[tokio::test]
async fn h2_what_fails_is_named_in_a_success_and_the_rest_is_set() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, black, warehouse) = sku(&app, "MUG-HER-BLK").await;
    let (_, white, _) = sku(&app, "MUG-HER-WHT").await;
    let (_, sage, _) = sku(&app, "MUG-HER-SAG").await;
    let (_, foreign, _) = sku(&app, "TRY-LIN").await;
    let skus = json!([
        wanted(&black, &warehouse, 5),
        wanted(&white, "42", 5),
        wanted(&sage, &warehouse, 100_000),
        wanted(&foreign, &warehouse, 5),
    ]);
    let answer = app.post(&path(&product), &[], json!({"skus": skus})).await;
    assert_eq!(answer["code"], 0, "{answer}");
    let errors = answer["data"]["errors"].as_array().unwrap();
    let codes: Vec<(&str, i64, i64)> = errors
        .iter()
        .map(|error| {
            let detail = &error["detail"];
            let extra = detail["extra_errors"][0]["code"].as_i64().unwrap_or(0);
            (detail["sku_id"].as_str().unwrap(), error["code"].as_i64().unwrap(), extra)
        })
        .collect();
    let wanted = [
        (white.as_str(), 12_052_990, 12_052_097),
        (sage.as_str(), 12_052_990, 12_052_055),
        (foreign.as_str(), 12_052_556, 0),
    ];
    assert_eq!(codes, wanted);
    assert_eq!(probe.listing(Market::Tiktok, "MUG-HER-BLK").await["stock"], 5);
    assert_ne!(probe.listing(Market::Tiktok, "MUG-HER-WHT").await["stock"], 5);
}

#[tokio::test]
async fn a_fault_to_order_strikes_the_first_skus() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, black, warehouse) = sku(&app, "MUG-HER-BLK").await;
    let (_, white, _) = sku(&app, "MUG-HER-WHT").await;
    let fault = json!({"market": "tiktok", "fault": "partial_failure", "items": 1, "count": 1});
    probe.tell("/control/faults", fault).await;
    let body = json!({"skus": [wanted(&black, &warehouse, 5), wanted(&white, &warehouse, 6)]});
    let answer = app.post(&path(&product), &[], body.clone()).await;
    let errors = answer["data"]["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[0]["detail"]["sku_id"]), (1, &json!(black)), "{answer}");
    assert_eq!(probe.listing(Market::Tiktok, "MUG-HER-WHT").await["stock"], 6);
    assert_eq!(app.post(&path(&product), &[], body).await["data"]["errors"], json!([]));
}

#[tokio::test]
async fn whole_requests_are_refused_by_their_own_codes() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, id, warehouse) = sku(&app, "TRY-LIN").await;
    let one = wanted(&id, &warehouse, 5);
    let many: Vec<Value> = (0..101).map(|number| wanted(&number.to_string(), &warehouse, 1)).collect();
    for (product, skus, code) in [
        (product.as_str(), json!([]), 12_052_902),
        (&product, json!([one, one]), 12_052_553),
        (&product, json!(many), 12_052_050),
        ("1", json!([one]), 12_052_032),
    ] {
        let answer = app.post(&path(product), &[], json!({"skus": skus})).await;
        assert_eq!(answer["code"], code, "{answer}");
    }
    let body = json!({"market": "tiktok", "seller_sku": "TRY-LIN", "status": "delisted"});
    probe.tell("/control/listings/status", body).await;
    assert_eq!(app.post(&path(&product), &[], json!({"skus": [one]})).await["code"], 12_052_901);
    let found = app.post(SEARCH, &[("page_size", "10")], json!({"status": "SELLER_DEACTIVATED"})).await;
    assert_eq!(found["data"]["products"][0]["id"], product.as_str());
}

#[tokio::test]
async fn h8_a_promotion_holds_its_units() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, sku, warehouse) = sku(&app, "TRY-LIN").await;
    probe
        .tell("/control/listings/stock", json!({"market": "tiktok", "seller_sku": "TRY-LIN", "stock": 20}))
        .await;
    probe
        .tell("/control/listings/reserve", json!({"market": "tiktok", "seller_sku": "TRY-LIN", "units": 8}))
        .await;
    let read = app.post(INVENTORY, &[], json!({"sku_ids": [sku]})).await;
    let spread = &read["data"]["inventory"][0]["skus"][0]["total_available_inventory_distribution"];
    assert_eq!(spread["campaign_inventory"][0]["quantity"], 8);
    assert_eq!(spread["in_shop_inventory"]["quantity"], 12);
    let set = async |quantity: i64| {
        app.post(&path(&product), &[], json!({"skus": [wanted(&sku, &warehouse, quantity)]})).await
    };
    assert_eq!(set(7).await["data"]["errors"][0]["code"], 12_052_393);
    assert_eq!(set(8).await["data"]["errors"], json!([]));
}

#[tokio::test]
async fn h8_a_deleted_product_is_gone() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let (product, sku, warehouse) = sku(&app, "TRY-LIN").await;
    let body = json!({"market": "tiktok", "seller_sku": "TRY-LIN", "status": "deleted"});
    probe.tell("/control/listings/status", body).await;
    let write = app.post(&path(&product), &[], json!({"skus": [wanted(&sku, &warehouse, 1)]})).await;
    assert_eq!(write["code"], 12_052_032);
    assert_eq!(app.get(&format!("/product/202309/products/{product}"), &[]).await["code"], 12_052_032);
    for body in [json!({"sku_ids": [sku]}), json!({"product_ids": [product]})] {
        assert_eq!(app.post(INVENTORY, &[], body).await["data"]["inventory"], json!([]));
    }
    let found = app.post(SEARCH, &[("page_size", "10")], json!({"status": "DELETED"})).await;
    assert_eq!(found["data"]["products"][0]["id"], product.as_str());
}
