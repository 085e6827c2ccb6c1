//! TikTok Shop: coming in, and what is refused at the door.

use onhand_sandbox::{Options, RateLimits};
use reqwest::Method;
use serde_json::json;

use crate::probe::Probe;
use crate::tiktok_app::TiktokApp;

const WAREHOUSES: &str = "/logistics/202309/warehouses";
const SHOPS: &str = "/authorization/202309/shops";

#[tokio::test]
async fn a_code_works_once_and_the_ends_are_points_in_time() {
    let probe = Probe::start().await;
    let app = TiktokApp::unconnected(&probe);
    let code = app.consent().await;
    let tokens = app.exchange(&code).await;
    assert_eq!((tokens["code"].as_i64(), tokens["data"]["user_type"].as_i64()), (Some(0), Some(0)));
    let end = |field: &str| tokens["data"][field].as_i64().unwrap() - app.now();
    assert!((7 * 86_400 - 60..=7 * 86_400).contains(&end("access_token_expire_in")), "{tokens}");
    assert!(end("refresh_token_expire_in") > 300 * 86_400, "{tokens}");
    let again = app.exchange(&code).await;
    assert_ne!(again["code"], 0, "{again}");
    assert!(again["data"]["access_token"].is_null());
}

#[tokio::test]
async fn a_code_lasts_thirty_minutes() {
    let probe = Probe::start().await;
    let app = TiktokApp::unconnected(&probe);
    let code = app.consent().await;
    probe.tell("/control/clock", json!({"advance_seconds": 1_801})).await;
    assert_ne!(app.exchange(&code).await["code"], 0);
}

#[tokio::test]
async fn the_token_host_wants_its_own_grant_types_and_the_secret() {
    let probe = Probe::start().await;
    let app = TiktokApp::unconnected(&probe);
    let code = app.consent().await;
    let wrong = app.token("get", &[("auth_code", &code), ("grant_type", "authorization_code")]).await;
    assert_ne!(wrong["code"], 0);
    let url = app.url("/api/v2/token/get");
    let query = [
        ("app_key", app.keys().app_id.as_str()),
        ("app_secret", "wrong"),
        ("auth_code", &code),
        ("grant_type", "authorized_code"),
    ];
    let wrong: serde_json::Value =
        probe.http.get(url).query(&query).send().await.unwrap().json().await.unwrap();
    assert_ne!(wrong["code"], 0);
    assert_eq!(app.exchange(&code).await["code"], 0, "the code is still good");
}

#[tokio::test]
async fn the_seller_is_asked_and_strange_apps_are_sent_away() {
    let probe = Probe::start().await;
    let app = TiktokApp::unconnected(&probe);
    let consent = &probe.sandbox.urls().tiktok.consent;
    let page = probe.http.get(consent).query(&[("service_id", &app.keys().service_id)]).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("auto=1"));
    let page = probe.http.get(consent).query(&[("service_id", "1"), ("auto", "1")]).send().await.unwrap();
    assert_eq!(page.status(), 400);
    // The older link carries the app's key; without an address to go back to the code is shown.
    let old = app.url("/oauth/authorize");
    let query = [("app_key", app.keys().app_id.as_str()), ("state", "s"), ("auto", "1")];
    let answer = probe.http.get(old).query(&query).send().await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap();
    let page = probe.http.get(to).send().await.unwrap().text().await.unwrap();
    let code = page.split("id=\"code\">").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(app.exchange(code).await["code"], 0);
    // With an address that is registered the seller goes there.
    probe.tell("/control/redirect", json!({"url": "https://onhand.example/tiktok?x=1"})).await;
    let query = [("service_id", app.keys().service_id.as_str()), ("state", "s"), ("auto", "1")];
    let answer = probe.http.get(consent).query(&query).send().await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(to.starts_with("https://onhand.example/tiktok?x=1&app_key=") && to.contains("&state=s"), "{to}");
    assert_eq!(probe.try_tell("/control/redirect", json!({"url": "no"})).await.0, 400);
}

#[tokio::test]
async fn expired_and_refreshed_tokens() {
    let probe = Probe::start().await;
    let mut app = TiktokApp::connect(&probe).await;
    let jump = 7 * 86_400 + 1;
    probe.tell("/control/clock", json!({"advance_seconds": jump})).await;
    app.clock_off += jump;
    let (status, answer) = app.call(Method::GET, WAREHOUSES, &[], "").await;
    assert_eq!((status, answer["code"].as_i64()), (401, Some(105_002)), "{answer}");
    let fresh = app.refresh_with(&app.refresh).await;
    assert_eq!(fresh["code"], 0, "{fresh}");
    app.keep(&fresh);
    assert_eq!(app.get(WAREHOUSES, &[]).await["code"], 0);
}

#[tokio::test]
async fn a_seller_who_leaves_takes_everything_with_him() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    probe.tell("/control/faults", json!({"market": "tiktok", "fault": "revoke_token"})).await;
    assert_eq!(app.get(WAREHOUSES, &[]).await["code"], 105_002);
    assert_ne!(app.refresh_with(&app.refresh).await["code"], 0);
    let mut back = TiktokApp::unconnected(&probe);
    let tokens = back.exchange(&back.consent().await).await;
    back.keep(&tokens);
    back.cipher = app.cipher.clone();
    assert_eq!(back.get(WAREHOUSES, &[]).await["code"], 0, "he consents again");
}

#[tokio::test]
async fn the_signature_covers_path_query_and_body() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let path = "/product/202502/products/search";
    let body = "{\"status\": \"ALL\"}";
    let mut query = app.query(&[("page_size", "10")]);
    let sign = app.sign(path, &query, body);
    query.push(("sign".to_owned(), sign.clone()));
    assert_eq!(app.raw(Method::POST, path, &query, body).await.1["code"], 0);
    let refused = async |path: &str, query: &crate::tiktok_app::Query, body: &str| {
        let (status, answer) = app.raw(Method::POST, path, query, body).await;
        assert_eq!((status, answer["code"].as_i64()), (401, Some(106_001)), "{answer}");
    };
    refused(path, &query, "{\"status\":\"ALL\"}").await;
    refused("/product/202309/products/search", &query, body).await;
    let mut other = query.clone();
    other[3].1 = "11".to_owned();
    assert_eq!(other[3].0, "page_size");
    refused(path, &other, body).await;
    let mut upper = query.clone();
    upper[4].1 = sign.to_uppercase();
    refused(path, &upper, body).await;
    query.truncate(4);
    let (_, answer) = app.raw(Method::POST, path, &query, body).await;
    assert_eq!(answer["code"], 36_009_004, "no signature at all: {answer}");
}

#[tokio::test]
async fn the_time_may_be_five_minutes_late_and_thirty_seconds_early() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    for (off, good) in [(-290, true), (-310, false), (20, true), (40, false)] {
        let app = TiktokApp { clock_off: off, ..app.clone() };
        let answer = app.get(WAREHOUSES, &[]).await;
        assert_eq!(answer["code"] == 0, good, "{off}: {answer}");
        if !good {
            assert_eq!(answer["code"], 36_009_004);
            assert!(answer["message"].as_str().unwrap().starts_with("Invalid timestamp"));
        }
    }
}

#[tokio::test]
async fn tokens_ciphers_and_addresses_must_fit() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let code = async |app: &TiktokApp<'_>, path: &str| app.get(path, &[]).await["code"].as_i64().unwrap();
    let without = TiktokApp { cipher: String::new(), ..app.clone() };
    assert_eq!(code(&without, WAREHOUSES).await, 106_013);
    let foreign = TiktokApp { cipher: "ROW_somebodyElse".to_owned(), ..app.clone() };
    assert_eq!(code(&foreign, WAREHOUSES).await, 101_000);
    assert_eq!(code(&app, SHOPS).await, 36_009_004, "the list of shops takes no cipher");
    let stranger = TiktokApp { access: "nobody".to_owned(), ..app.clone() };
    assert_eq!(code(&stranger, WAREHOUSES).await, 36_009_004);
    let (status, answer) = app.call(Method::GET, "/product/202309/nowhere", &[], "").await;
    assert_eq!((status, answer["code"].as_i64()), (404, Some(36_009_009)));
    let (status, answer) = app.call(Method::DELETE, WAREHOUSES, &[], "").await;
    assert_eq!((status, answer["code"].as_i64()), (405, Some(36_009_010)));
    let shops = without.get(SHOPS, &[]).await;
    let shop = &shops["data"]["shops"][0];
    assert_eq!(shop["id"], app.account().await);
    assert_eq!(shop["cipher"], app.cipher);
}

#[tokio::test]
async fn a_token_of_one_shop_does_not_open_another() {
    let probe = Probe::start().await;
    let first = TiktokApp::connect(&probe).await;
    probe.tell("/control/shops", json!({"market": "tiktok", "name": "Other", "region": "TH"})).await;
    let second = TiktokApp::connect(&probe).await;
    assert_ne!(first.cipher, second.cipher);
    let crossed = TiktokApp { cipher: second.cipher.clone(), ..first.clone() };
    assert_eq!(crossed.get(WAREHOUSES, &[]).await["code"], 101_000);
}

#[tokio::test]
async fn each_api_has_a_count_of_its_own() {
    // The clock of the limiter cannot be moved, but a burst is faster than it fills.
    let probe = Probe::with(Options { limits: RateLimits::PerSecond(3), ..Options::default() }).await;
    let app = TiktokApp::connect(&probe).await;
    let mut last = (200, json!({"code": 0}));
    for _ in 0..20 {
        last = app.call(Method::GET, WAREHOUSES, &[], "").await;
        if last.0 != 200 {
            break;
        }
    }
    assert_eq!((last.0, last.1["code"].as_i64()), (429, Some(36_009_002)), "{}", last.1);
    let other = app.get("/event/202309/webhooks", &[]).await;
    assert_eq!(other["code"], 0, "another API has its own count");
    let report = probe.look("/control/report").await;
    assert!(report.to_string().contains("GET /logistics/202309/warehouses"), "{report}");
}

#[tokio::test]
async fn an_outage_and_a_storm_speak_the_dialect() {
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    probe.tell("/control/faults", json!({"market": "tiktok", "fault": "outage", "count": 1})).await;
    let (status, answer) = app.call(Method::GET, WAREHOUSES, &[], "").await;
    assert_eq!((status, answer["code"].as_i64()), (503, Some(36_009_003)));
    probe.tell("/control/faults", json!({"market": "tiktok", "fault": "throttle", "count": 1})).await;
    assert_eq!(app.call(Method::GET, WAREHOUSES, &[], "").await.0, 429);
    probe.tell("/control/faults", json!({"market": "tiktok", "fault": "expire_token"})).await;
    assert_eq!(app.get(WAREHOUSES, &[]).await["code"], 105_002);
    probe.tell("/control/faults", json!({"market": "tiktok", "fault": "clock_skew", "ms": -40_000})).await;
    let late = app.get(WAREHOUSES, &[]).await;
    assert!(late["message"].as_str().unwrap().contains("exceed the current time"), "{late}");
}
