//! Lazada: coming in, and what is refused at the door.

use onhand_sandbox::{Options, RateLimits};
use serde_json::json;

use crate::lazada_app::LazadaApp;
use crate::probe::Probe;

const SELLER: &str = "/seller/get";

#[tokio::test]
async fn a_code_works_once_and_lifetimes_are_seconds() {
    let probe = Probe::start().await;
    let app = LazadaApp::unconnected(&probe);
    let code = app.consent().await;
    let tokens = app.exchange(&code).await;
    assert_eq!(
        (tokens["code"].as_str(), tokens["account_platform"].as_str()),
        (Some("0"), Some("seller_center"))
    );
    assert_eq!(tokens["expires_in"], 30 * 86_400);
    assert_eq!(tokens["refresh_expires_in"], 180 * 86_400);
    let country = &tokens["country_user_info"][0];
    assert_eq!(country["country"], tokens["country"]);
    assert!(country["seller_id"].is_string());
    let again = app.exchange(&code).await;
    assert_eq!((again["code"].as_str(), again["type"].as_str()), (Some("InvalidCode"), Some("ISV")));
}

#[tokio::test]
async fn a_code_lasts_thirty_minutes() {
    let probe = Probe::start().await;
    let app = LazadaApp::unconnected(&probe);
    let code = app.consent().await;
    probe.tell("/control/clock", json!({"advance_seconds": 1_801})).await;
    assert_eq!(app.exchange(&code).await["code"], "InvalidCode");
}

#[tokio::test]
async fn the_end_of_a_refresh_token_does_not_move() {
    let probe = Probe::start().await;
    let mut app = LazadaApp::connect(&probe).await;
    let go = async |app: &mut LazadaApp<'_>, days: i64| {
        probe.tell("/control/clock", json!({"advance_seconds": days * 86_400 + 1})).await;
        app.clock_off += (days * 86_400 + 1) * 1_000;
    };
    go(&mut app, 30).await;
    assert_eq!(app.get(SELLER, &[]).await["code"], "IllegalAccessToken");
    let fresh = app.refresh_with(&app.refresh).await;
    assert_eq!(fresh["code"], "0", "{fresh}");
    assert!(fresh["country_user_info_list"].is_array(), "it has another name here");
    let left = fresh["refresh_expires_in"].as_i64().unwrap();
    assert!((150 * 86_400 - 60..150 * 86_400).contains(&left), "{left}");
    app.keep(&fresh);
    assert_eq!(app.get(SELLER, &[]).await["code"], "0");
    go(&mut app, 150).await;
    assert_eq!(app.refresh_with(&app.refresh).await["code"], "IllegalRefreshToken");
}

#[tokio::test]
async fn a_seller_who_leaves_looks_like_an_expired_token() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    probe.tell("/control/faults", json!({"market": "lazada", "fault": "revoke_token"})).await;
    assert_eq!(app.get(SELLER, &[]).await["code"], "IllegalAccessToken");
    assert_eq!(app.refresh_with(&app.refresh).await["code"], "IllegalRefreshToken");
    let nobody = LazadaApp { access: "nobody".to_owned(), ..app };
    assert_eq!(nobody.get(SELLER, &[]).await["code"], "IllegalAccessToken");
}

#[tokio::test]
async fn the_consent_page_wants_the_app_and_an_address() {
    let probe = Probe::start().await;
    let app = LazadaApp::unconnected(&probe);
    let consent = &probe.sandbox.urls().lazada.consent;
    let back = ("redirect_uri", "https://onhand.example/back");
    let ours = ("client_id", app.keys().app_id.as_str());
    let kind = ("response_type", "code");
    for (query, status) in [
        (vec![kind, back, ours], 200),
        (vec![kind, back, ("client_id", "1")], 400),
        (vec![kind, ours], 400),
        (vec![kind, ours, ("redirect_uri", "nowhere")], 400),
        (vec![back, ours], 400),
    ] {
        let page = probe.http.get(consent).query(&query).send().await.unwrap();
        assert_eq!(page.status(), status, "{query:?}");
    }
}

#[tokio::test]
async fn query_and_form_are_signed_alike() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let list = "/products/get";
    let more = [("filter", "all"), ("limit", "1"), ("sku_seller_list", "[\"TRY-LIN\", \"a & b=c\"]")];
    for answer in [app.get(list, &more).await, app.post(list, &more).await, app.post_mixed(list, &more).await]
    {
        assert_eq!(
            (answer["code"].as_str(), answer["data"]["total_products"].as_i64()),
            (Some("0"), Some(1)),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn wrong_signatures_stay_outside() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    let parameters = app.parameters(SELLER, &[("empty", "")]);
    let with = |sign: String| {
        let mut all = parameters.clone();
        all.push(("sign".to_owned(), sign));
        all
    };
    let right: Vec<_> = parameters.iter().filter(|(name, _)| name != "empty").cloned().collect();
    let good = app.sign(SELLER, &right);
    assert_eq!(app.raw(SELLER, &with(good.clone())).await["code"], "0", "what is empty is not signed");
    for (wrong, why) in [
        (good.to_lowercase(), "small letters"),
        (app.sign("/rest/seller/get", &right), "with /rest"),
        (app.sign("/orders/get", &right), "another path"),
        (app.sign(SELLER, &right[1..].to_vec()), "not all parameters"),
    ] {
        assert_eq!(app.raw(SELLER, &with(wrong)).await["code"], "IncompleteSignature", "{why}");
    }
    let mut more = with(good);
    more.push(("extra".to_owned(), "1".to_owned()));
    assert_eq!(app.raw(SELLER, &more).await["code"], "IncompleteSignature", "a parameter more");
    assert_eq!(app.raw(SELLER, &parameters).await["code"], "MissingParameter");
}

#[tokio::test]
async fn the_time_is_in_milliseconds_and_may_be_two_hours_off() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    for (off, good) in [(-7_190_000, true), (-7_210_000, false), (7_190_000, true), (7_210_000, false)] {
        let app = LazadaApp { clock_off: off, ..app.clone() };
        let answer = app.get(SELLER, &[]).await;
        assert_eq!(answer["code"] == "0", good, "{off}: {answer}");
    }
    // Seconds in the place of milliseconds are a time in 1970.
    let mut parameters = app.parameters(SELLER, &[]);
    for (name, value) in &mut parameters {
        if name == "timestamp" {
            value.truncate(10);
        }
    }
    parameters.push(("sign".to_owned(), app.sign(SELLER, &parameters)));
    assert_eq!(app.raw(SELLER, &parameters).await["code"], "IllegalTimestamp");
}

#[tokio::test]
async fn addresses_that_do_not_exist() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    assert_eq!(app.get("/no/such/api", &[]).await["code"], "InvalidApiPath");
    let url = format!("{}{SELLER}", probe.sandbox.urls().lazada.api);
    let answer: serde_json::Value = probe.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["code"], "InvalidApiPath", "everything is under /rest");
}

#[tokio::test]
async fn throttles_speak_the_dialect_with_status_200() {
    let probe = Probe::with(Options { limits: RateLimits::PerSecond(2), ..Options::default() }).await;
    let app = LazadaApp::connect(&probe).await;
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let answer = app.post("/product/stock/sellable/update", &[("payload", "<Request/>")]).await;
        codes.insert(answer["code"].as_str().unwrap().to_owned());
        if codes.len() == 3 {
            break;
        }
    }
    let wanted = ["5", "901", "ApiCallLimit"].map(str::to_owned);
    assert_eq!(codes, wanted.into());
    assert_eq!(app.get(SELLER, &[]).await["code"], "0", "no limit is published for the rest");
    probe.tell("/control/faults", json!({"market": "lazada", "fault": "throttle", "count": 1})).await;
    assert!(["901", "ApiCallLimit"].contains(&app.get(SELLER, &[]).await["code"].as_str().unwrap()));
}

#[tokio::test]
async fn an_outage_is_a_503() {
    let probe = Probe::start().await;
    let app = LazadaApp::connect(&probe).await;
    probe.tell("/control/faults", json!({"market": "lazada", "fault": "outage", "count": 1})).await;
    let answer = probe.http.get(app.url(SELLER)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((body["code"].as_str(), body["type"].as_str()), (Some("ServiceUnavailable"), Some("SYSTEM")));
}
