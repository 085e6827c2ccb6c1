//! Shopee: coming in and reading the shop.

use onhand_sandbox::{Market, Options};
use serde_json::json;

use crate::probe::{Probe, number};
use crate::shopee_partner::Partner;

const SHOP_INFO: &str = "/api/v2/shop/get_shop_info";

#[tokio::test]
async fn a_code_works_once_and_only_for_its_shop() {
    let probe = Probe::start().await;
    let partner = Partner::unconnected(&probe);
    let (code, shop) = partner.consent().await;
    assert_eq!(partner.exchange(&code, shop + 1).await["error"], "invalid_shop_id");
    let tokens = partner.exchange(&code, shop).await;
    assert_eq!(tokens["error"], "");
    assert!((14_390..=14_400).contains(&tokens["expire_in"].as_i64().unwrap()), "{tokens}");
    assert_eq!(tokens["shop_id_list"], json!([shop]));
    let again = partner.exchange(&code, shop).await;
    assert_eq!(
        (again["error"].as_str(), again["message"].as_str()),
        (Some("error_auth"), Some("Invalid code"))
    );
}

#[tokio::test]
async fn a_code_lasts_ten_minutes() {
    let probe = Probe::start().await;
    let mut partner = Partner::unconnected(&probe);
    let (code, shop) = partner.consent().await;
    probe.tell("/control/clock", json!({"advance_seconds": 601})).await;
    partner.clock_off = 601;
    assert_eq!(partner.exchange(&code, shop).await["error"], "invalid_code");
}

#[tokio::test]
async fn without_auto_the_seller_is_asked() {
    let probe = Probe::start().await;
    let partner = Partner::unconnected(&probe);
    let path = "/api/v2/shop/auth_partner";
    let mut query = partner.public_query(path);
    query.push(("redirect".into(), "https://onhand.example/back".into()));
    let page = probe.http.get(partner.url(path)).query(&query).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    let link = page.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let answer = probe.http.get(partner.url(&link)).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    assert!(answer.headers()["location"].to_str().unwrap().contains("code="));
}

#[tokio::test]
async fn the_newer_page_gives_the_state_back() {
    let probe = Probe::start().await;
    let partner = Partner::unconnected(&probe);
    let id = partner.partner_id().to_string();
    let query = [
        ("partner_id", id.as_str()),
        ("auth_type", "seller"),
        ("redirect_uri", "https://onhand.example/back"),
        ("response_type", "code"),
        ("state", "a b&c"),
        ("auto", "1"),
    ];
    let answer = probe.http.get(partner.url("/auth")).query(&query).send().await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(to.contains("state=a+b%26c") && to.contains("shop_id="), "{to}");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_the_old_access_token_five_minutes_more() {
    let probe = Probe::start().await;
    let mut partner = Partner::connect(&probe).await;
    let old = partner.clone();
    let fresh = partner.refresh_with(&old.refresh).await;
    assert_eq!(fresh["error"], "");
    assert_eq!(fresh["shop_id"], partner.shop);
    partner.keep(&fresh);
    let again = partner.refresh_with(&old.refresh).await;
    assert_eq!(again["error"], "error_auth");
    assert_eq!(again["message"], "Invalid refresh_token.");
    assert_eq!(old.get(SHOP_INFO, &[]).await["error"], "");
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "");
    probe.tell("/control/clock", json!({"advance_seconds": 301})).await;
    assert_eq!(old.at(301).get(SHOP_INFO, &[]).await["error"], "invalid_acceess_token");
    assert_eq!(partner.at(301).get(SHOP_INFO, &[]).await["error"], "");
}

#[tokio::test]
async fn tokens_expire_and_so_does_the_consent() {
    let probe = Probe::start().await;
    let mut partner = Partner::connect(&probe).await;
    let go = async |partner: &mut Partner<'_>, seconds: i64| {
        probe.tell("/control/clock", json!({"advance_seconds": seconds})).await;
        partner.clock_off += seconds;
    };
    go(&mut partner, 4 * 3_600 + 1).await;
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "invalid_acceess_token");
    let fresh = partner.refresh_with(&partner.refresh).await;
    partner.keep(&fresh);
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "");
    go(&mut partner, 31 * 86_400).await;
    assert_eq!(partner.refresh_with(&partner.refresh).await["error"], "refresh_token_expired");
    go(&mut partner, 340 * 86_400).await;
    assert_eq!(partner.refresh_with(&partner.refresh).await["error"], "shop_access_expired");
}

#[tokio::test]
async fn wrong_signs_old_timestamps_and_foreign_shops_stay_outside() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let mut query = partner.shop_query(SHOP_INFO);
    let sign = query.iter_mut().find(|(name, _)| name == "sign").unwrap();
    let first = if sign.1.starts_with('0') { "1" } else { "0" };
    sign.1.replace_range(..1, first);
    let answer = probe.http.get(partner.url(SHOP_INFO)).query(&query).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let answer: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        (answer["error"].as_str(), answer["message"].as_str()),
        (Some("error_sign"), Some("Wrong sign."))
    );

    for (off, error) in [(-290, ""), (290, ""), (-310, "error_param"), (310, "error_param")] {
        let answer = partner.at(off).get(SHOP_INFO, &[]).await;
        assert_eq!(answer["error"], error, "{answer}");
    }

    let other = probe.tell("/control/shops", json!({"market": "shopee", "name": "Another"})).await;
    let other = number(&other["shop"]);
    let unlinked = Partner { shop: other, ..partner.clone() };
    assert_eq!(unlinked.get(SHOP_INFO, &[]).await["error"], "shop_no_linked");
    let second = Partner::connect(&probe).await;
    assert_eq!(second.shop, other, "the shop that had not agreed yet");
    let foreign = Partner { shop: other, ..partner.clone() };
    assert_eq!(foreign.get(SHOP_INFO, &[]).await["error"], "error_auth", "another shop's token");
}

#[tokio::test]
async fn a_revoked_shop_is_not_linked_until_the_seller_agrees_again() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    probe.tell("/control/faults", json!({"market": "shopee", "fault": "revoke_token"})).await;
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "shop_no_linked");
    assert_eq!(partner.refresh_with(&partner.refresh).await["error"], "shop_no_linked");
    assert_eq!(
        partner.public_get("/api/v2/public/get_shops_by_partner").await["authed_shop_list"],
        json!([])
    );
    let again = Partner::connect(&probe).await;
    assert_eq!(again.get(SHOP_INFO, &[]).await["error"], "");
    assert_eq!(
        partner.get(SHOP_INFO, &[]).await["error"],
        "invalid_acceess_token",
        "the tokens of before are gone"
    );
}

#[tokio::test]
async fn every_listing_is_found_by_paging() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let (mut offset, mut skus) = (0, Vec::new());
    loop {
        let at = offset.to_string();
        let query = [
            ("offset", at.as_str()),
            ("page_size", "30"),
            ("item_status", "NORMAL"),
            ("item_status", "UNLIST"),
        ];
        let page = partner.get("/api/v2/product/get_item_list", &query).await["response"].clone();
        let ids: Vec<String> =
            page["item"].as_array().unwrap().iter().map(|item| item["item_id"].to_string()).collect();
        let told = partner
            .get("/api/v2/product/get_item_base_info", &[("item_id_list", ids.join(",").as_str())])
            .await;
        for item in told["response"]["item_list"].as_array().unwrap() {
            if item["has_model"] == true {
                assert!(item.get("stock_info_v2").is_none(), "with models there is no stock here");
                let id = item["item_id"].to_string();
                let models = partner.get("/api/v2/product/get_model_list", &[("item_id", id.as_str())]).await;
                for model in models["response"]["model"].as_array().unwrap() {
                    skus.push(model["model_sku"].as_str().unwrap().to_owned());
                    assert!(model["stock_info_v2"]["seller_stock"][0]["stock"].is_i64());
                    assert!(model["stock_info_v2"]["shopee_stock"][0]["stock"].is_string());
                }
            } else {
                skus.push(item["item_sku"].as_str().unwrap().to_owned());
                assert!(item["stock_info_v2"]["summary_info"]["total_available_stock"].is_i64());
            }
        }
        if page["has_next_page"] == false {
            break;
        }
        offset = page["next_offset"].as_i64().unwrap();
    }
    let catalogue = onhand_sandbox::built_in(1);
    let packs = catalogue.packs.iter().map(|pack| pack.code.clone());
    let mut all: Vec<String> = catalogue.skus.iter().map(|sku| sku.code.clone()).chain(packs).collect();
    all.sort();
    skus.sort();
    assert_eq!(skus, all);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_inside_200() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let list = "/api/v2/product/get_item_list";
    for query in [
        vec![("page_size", "101"), ("item_status", "NORMAL")],
        vec![("page_size", "10")],
        vec![("page_size", "10"), ("item_status", "LIVE")],
    ] {
        let answer = partner.get_raw(list, &query).await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["error"], "error_param", "{query:?}");
        assert!(answer["request_id"].as_str().unwrap().len() == 32);
    }
    let ids = vec!["1"; 51].join(",");
    let many = partner.get("/api/v2/product/get_item_base_info", &[("item_id_list", &ids)]).await;
    assert_eq!(many["error"], "error_param");
    let unknown = partner.get("/api/v2/product/get_model_list", &[("item_id", "5")]).await;
    assert_eq!(unknown["error"], "product.error_item_not_found");
    let warehouses = partner.get("/api/v2/shop/get_warehouse_detail", &[]).await;
    assert_eq!(warehouses["error"], "warehouse.error_not_in_whitelist");
    let nowhere = partner.get_raw("/api/v2/product/no_such_call", &[]).await.unwrap();
    assert_eq!(nowhere.status(), 404);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_shops_goods_tokens_and_orders() {
    let run = async |seed| {
        let options = Options { seed, start_at: None, ..Options::default() };
        let probe = Probe::with(options).await;
        let partner = Partner::connect(&probe).await;
        let cart =
            json!({"market": "shopee", "lines": [{"seller_sku": "PRT-HER", "quantity": 1}], "pay": true});
        let order = probe.tell("/control/orders", cart).await;
        let listing = probe.listing(Market::Shopee, "PRT-HER").await;
        let number = order["order"].as_str().unwrap()[6..].to_owned();
        (partner.shop, partner.access.clone(), number, listing["item"].clone(), listing["stock"].clone())
    };
    let first = run(11).await;
    assert_eq!(first, run(11).await);
    let other = run(12).await;
    assert_ne!(first.0, other.0, "the shop");
    assert_ne!(first.1, other.1, "the token");
    assert_ne!(first.2, other.2, "the order");
    assert_ne!(first.3, other.3, "the item");
}

#[tokio::test]
async fn items_are_found_by_their_code_page_by_page() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let search = "/api/v2/product/search_item";
    let one = partner.get(search, &[("item_sku", "PRT-HER"), ("page_size", "10")]).await["response"].clone();
    let expected = probe.listing(Market::Shopee, "PRT-HER").await["item"].clone();
    assert_eq!((one["item_id_list"].clone(), one["next_offset"].as_str()), (json!([expected]), Some("")));
    let (mut found, mut offset) = (Vec::new(), String::new());
    loop {
        let query = [("item_name", "heron"), ("page_size", "3"), ("offset", offset.as_str())];
        let page = partner.get(search, &query).await["response"].clone();
        found.extend(page["item_id_list"].as_array().unwrap().clone());
        offset = page["next_offset"].as_str().unwrap().to_owned();
        if offset.is_empty() {
            assert_eq!(page["total_count"], found.len());
            break;
        }
    }
    let unique: std::collections::BTreeSet<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!((found.len(), unique.len()), (11, 11), "shirt, mug, eight other things and a pack of mugs");
}
