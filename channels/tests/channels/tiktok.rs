//! TikTok Shop, through recorded answers.

use onhand_connector::contract::{Recorded, Reply};
use onhand_connector::{Call, Class, Failure, Grant, ListingKey, RemoteStatus};
use onhand_sandbox::hmac_hex;
use serde_json::{Value, json};

use crate::desk::{Desk, NOW, item, last, pairs, shipment};

const PRODUCT: &str = "1729382561353664372";

async fn desk() -> Desk {
    Desk::of("tiktok").await
}

fn key(item: &str, variant: &str) -> ListingKey {
    ListingKey { item: item.into(), variant: variant.into() }
}

/// Checks the signature over path, sorted query and body with a primitive that is not ours, and gives the business part
/// of the query.
fn signed(request: &Recorded, cipher: bool) -> Vec<(String, String)> {
    let mut query = request.parameters();
    let sign = query.iter().position(|(key, _)| key == "sign").unwrap();
    let (_, sign) = query.remove(sign);
    let mut sorted = query.clone();
    sorted.sort();
    let pairs: String = sorted.iter().map(|(key, value)| format!("{key}{value}")).collect();
    let body = String::from_utf8(request.body.clone()).unwrap();
    let base = format!("the-app-secret{}{pairs}{body}the-app-secret", request.path);
    assert_eq!(sign, hmac_hex("the-app-secret", base.as_bytes()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(value("app_key").as_deref(), Some("1000016"));
    assert_eq!(value("timestamp").as_deref(), Some("1795240800"));
    assert_eq!(value("shop_cipher").as_deref(), cipher.then_some("the-cipher"));
    query.retain(|(key, _)| !matches!(key.as_str(), "app_key" | "timestamp" | "shop_cipher"));
    query
}

fn with_token(request: &Recorded) {
    assert_eq!(request.header("x-tts-access-token"), Some("the-access-token"));
    assert!(!request.query.contains("the-access-token"));
}

#[tokio::test]
async fn the_consent_page_names_the_service() {
    let desk = desk().await;
    let url = desk.channel.consent_url(&desk.call, "s t", "https://a.example/b");
    assert_eq!(url, format!("{}/open/authorize?service_id=7000001&state=s%20t", desk.server.url()));
    let mut app = (*desk.call.app).clone();
    app.service = None;
    app.auth_url = Some("https://auth.tiktok-shops.com".into());
    let call = Call { app: app.into(), ..desk.call.clone() };
    assert_eq!(
        desk.channel.consent_url(&call, "s", ""),
        "https://auth.tiktok-shops.com/oauth/authorize?app_key=1000016&state=s"
    );
}

#[tokio::test]
async fn a_code_gives_a_grant_for_each_shop_of_the_token() {
    let desk = desk().await;
    let recording: Value = serde_json::from_str(include_str!("../fixtures/tiktok/token_get.json")).unwrap();
    // The second request is signed by the time that the first answer tells, which is right here.
    let reply = Reply::json(200, &recording["body"]).with("date", "Sat, 21 Nov 2026 06:00:00 GMT");
    desk.server.reply("GET", "/api/v2/token/get", reply);
    desk.plays("tiktok/shops");
    let grants = desk.channel.exchange(&desk.call, &desk.consent()).await.unwrap();
    let [sg, my] = &grants[..] else { panic!("{grants:?}") };
    assert_eq!((sg.account.as_str(), sg.extra.as_deref()), ("14701711", Some("cipher-1")));
    assert_eq!((my.account.as_str(), my.extra.as_deref()), ("7494726673780148745", Some("cipher-2")));
    assert_eq!((sg.region.as_deref(), sg.name.as_str()), (Some("SG"), "Heron SG"));
    // Moments, not lengths.
    assert_eq!(sg.access_until, 1_795_845_600_000);
    assert_eq!((sg.refresh_until, sg.grant_until), (Some(1_826_776_800_000), Some(1_826_776_800_000)));
    let requests = desk.server.take();
    assert_eq!(
        requests[0].parameters(),
        pairs(&[
            ("app_key", "1000016"),
            ("app_secret", "the-app-secret"),
            ("auth_code", "the-consent-code"),
            ("grant_type", "authorized_code"),
        ])
    );
    assert_eq!(signed(&requests[1], false), []);
    assert_eq!(requests[1].header("x-tts-access-token"), Some("new-access"));
}

#[tokio::test]
async fn a_grant_is_refreshed() {
    let desk = desk().await;
    desk.plays("tiktok/token_refresh");
    let grant = desk.channel.refresh(&desk.call).await.unwrap();
    assert_eq!(
        (grant.access_token.expose(), grant.refresh_token.expose()),
        ("newer-access", "newer-refresh")
    );
    assert_eq!((grant.account.as_str(), grant.extra.as_deref()), ("14701711", Some("the-cipher")));
    assert_eq!(
        desk.server.only().parameters(),
        pairs(&[
            ("app_key", "1000016"),
            ("app_secret", "the-app-secret"),
            ("refresh_token", "the-refresh-token"),
            ("grant_type", "refresh_token"),
        ])
    );
    let body = json!({"code": 36_004_004, "message": "refresh token is invalid", "request_id": "r"});
    desk.server.anything(Some(Reply::json(200, &body)));
    assert_eq!(desk.channel.refresh(&desk.call).await.unwrap_err().class, Class::Auth);
}

#[tokio::test]
async fn a_shop_that_the_token_no_longer_covers_is_forbidden() {
    let desk = desk().await;
    desk.plays("tiktok/shops");
    assert_eq!(desk.channel.probe(&desk.call).await.unwrap().name, "Heron SG");
    let other = Grant { account: "1".into(), ..(**desk.call.grant.as_ref().unwrap()).clone() };
    let call = Call { grant: Some(other.into()), ..desk.call.clone() };
    assert_eq!(desk.channel.probe(&call).await.unwrap_err().class, Class::Forbidden);
}

#[tokio::test]
async fn listings_come_with_their_skus() {
    let desk = desk().await;
    desk.plays("tiktok/products_search");
    let page = desk.channel.listings(&desk.call, None).await.unwrap();
    assert_eq!((page.next.as_deref(), page.total), (Some("bmV4dA=="), Some(3)));
    let [medium, nameless, bag] = &page.listings[..] else { panic!("{page:?}") };
    assert_eq!(medium.key, key(PRODUCT, "1729592969712207013"));
    assert_eq!((medium.stock, medium.active, medium.seller_sku.as_str()), (42, true, "TEE-BLK-M"));
    assert_eq!(medium.warehouses, ["7068517275539719942", "7068517275539719943"]);
    assert_eq!(medium.updated_at, Some(1_795_240_001_000));
    assert_eq!((nameless.stock, nameless.seller_sku.as_str()), (0, ""));
    assert_eq!((bag.active, bag.warehouses.len(), bag.stock), (false, 0, 5));
    let request = desk.server.only();
    assert_eq!(signed(&request, true), pairs(&[("page_size", "25")]));
    with_token(&request);
    assert_eq!(request.json(), json!({"status": "ALL"}));
    desk.channel.listings(&desk.call, Some("bmV4dA==")).await.unwrap();
    assert_eq!(desk.server.only().parameter("page_token").as_deref(), Some("bmV4dA=="));
}

#[tokio::test]
async fn one_product_names_its_variations() {
    let desk = desk().await;
    desk.plays("tiktok/product");
    let listings = desk.channel.item(&desk.call, PRODUCT).await.unwrap();
    assert_eq!(listings[0].title, "Heron T-shirt, Black, M");
    signed(&desk.server.only(), true);
    let failure = desk.channel.item(&desk.call, "../../other").await.unwrap_err();
    assert_eq!(failure.class, Class::Invalid);
    assert!(desk.server.take().is_empty(), "an id must not lead elsewhere");
}

#[tokio::test]
async fn h2_each_sku_has_an_outcome_of_its_own() {
    let desk = desk().await;
    desk.plays("tiktok/inventory_update");
    let mut items = vec![
        item(PRODUCT, "1729592969712207013", "A", 99_999),
        item(PRODUCT, "1729592969712207014", "B", 0),
        item(PRODUCT, "1729592969712207015", "C", 5),
    ];
    items[0].warehouses = vec!["11".into(), "12".into()];
    let outcomes = desk.channel.push(&desk.call, &items).await.unwrap();
    let seen: Vec<_> =
        outcomes.iter().map(|one| one.as_ref().map_err(|f| (f.class, f.code.as_str()))).collect();
    // The last one hides its reason under an umbrella.
    assert_eq!(seen, [Ok(&()), Err((Class::Locked, "12052393")), Err((Class::Conflict, "12019028"))]);
    let request = desk.server.only();
    assert_eq!(signed(&request, true), []);
    assert_eq!(
        request.json(),
        json!({"skus": [
            {"id": "1729592969712207013", "inventory": [
                {"warehouse_id": "11", "quantity": 99_999, "backorder_quantity": 0},
                {"warehouse_id": "12", "quantity": 0, "backorder_quantity": 0}]},
            {"id": "1729592969712207014", "inventory": [{"quantity": 0, "backorder_quantity": 0}]},
            {"id": "1729592969712207015", "inventory": [{"quantity": 5, "backorder_quantity": 0}]},
        ]})
    );
}

#[tokio::test]
async fn h2_an_error_that_names_no_sku_leaves_all_open() {
    let desk = desk().await;
    let body =
        json!({"code": 0, "message": "Success", "data": {"errors": [{"code": 12_052_990, "message": "?"}]}});
    desk.server.anything(Some(Reply::json(200, &body)));
    let items = [item(PRODUCT, "1", "A", 1), item(PRODUCT, "2", "B", 1)];
    for outcome in desk.channel.push(&desk.call, &items).await.unwrap() {
        assert_eq!(outcome.unwrap_err().class, Class::Unclear);
    }
    desk.server.anything(Some(Reply::json(200, &json!({"code": 0, "message": "Success"}))));
    let failure = desk.channel.push(&desk.call, &items).await.unwrap_err();
    assert_eq!(failure.class, Class::Unclear, "a success without data");
}

#[tokio::test]
async fn what_cannot_be_one_write_is_not_sent() {
    let desk = desk().await;
    let many: Vec<_> = (0..101).map(|at| item("1", &at.to_string(), "", 1)).collect();
    for items in [
        vec![item("1", "1", "A", 1), item("2", "1", "B", 1)],
        many,
        vec![item("1", "1", "A", -1)],
        vec![item("1", "1", "A", 100_000)],
        vec![item("1/x", "1", "A", 1)],
    ] {
        assert_eq!(desk.channel.push(&desk.call, &items).await.unwrap_err().class, Class::Invalid);
    }
    assert!(desk.server.take().is_empty());
}

#[tokio::test]
async fn stock_is_read_by_sku() {
    let desk = desk().await;
    desk.plays("tiktok/inventory_search");
    let wanted = [item(PRODUCT, "1729592969712207013", "", 0), item(PRODUCT, "9", "", 0)];
    let seen = desk.channel.read_stock(&desk.call, &wanted).await.unwrap();
    assert_eq!((seen[0].stock.clone(), seen[0].promotion_reserved), (Ok(42), 5));
    assert_eq!(seen[1].stock.as_ref().unwrap_err().class, Class::Gone);
    assert_eq!(desk.server.only().json(), json!({"sku_ids": ["1729592969712207013", "9"]}));
}

#[tokio::test]
async fn a_long_window_is_cut_into_days() {
    let desk = desk().await;
    desk.plays("tiktok/orders_search");
    desk.plays("tiktok/orders_search_end");
    let window = last(2 * 86_400);
    let first = desk.channel.orders_changed(&desk.call, window, None).await.unwrap();
    assert_eq!(first.references, ["576684019603311365", "576684019603311366"]);
    let request = desk.server.only();
    assert_eq!(
        signed(&request, true),
        pairs(&[("page_size", "50"), ("sort_field", "update_time"), ("sort_order", "ASC")])
    );
    let start = NOW / 1000 - 2 * 86_400;
    assert_eq!(request.json(), json!({"update_time_ge": start, "update_time_lt": start + 86_400}));
    let second = desk.channel.orders_changed(&desk.call, window, first.next.as_deref()).await.unwrap();
    let request = desk.server.only();
    assert_eq!(request.parameter("page_token").as_deref(), Some("cGFnZTI="));
    assert_eq!(request.json()["update_time_ge"], start);
    let third = desk.channel.orders_changed(&desk.call, window, second.next.as_deref()).await.unwrap();
    let request = desk.server.only();
    assert_eq!(request.json(), json!({"update_time_ge": start + 86_400, "update_time_lt": NOW / 1000}));
    assert_eq!((request.parameter("page_token"), third.next), (None, None));
}

#[tokio::test]
async fn orders_are_told_in_our_words() {
    let desk = desk().await;
    desk.plays("tiktok/orders");
    let asked = ["576684019603311365".to_owned(), "576684019603311366".to_owned()];
    let orders = desk.channel.orders(&desk.call, &asked).await.unwrap();
    let [paid, bundle, cancelled, unknown, theirs] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!((paid.status, paid.flags.cancel_requested), (RemoteStatus::Confirmed, Some(true)));
    assert_eq!((paid.created_at, paid.updated_at), (1_795_240_000_000, 1_795_240_060_000));
    let lines: Vec<_> =
        paid.lines.iter().map(|line| (line.ids.join(","), line.quantity, line.cancelled)).collect();
    assert_eq!(lines, [("10,30".to_owned(), 2, 0), ("20".to_owned(), 1, 1)]);
    assert_eq!(paid.lines[0].title, "Heron T-shirt, Black, M");
    assert_eq!((paid.lines[0].unit_minor, paid.currency.as_deref()), (Some(1250), Some("SGD")));
    assert!(bundle.flags.on_hold && bundle.status == RemoteStatus::Confirmed);
    let parts: Vec<_> =
        bundle.lines.iter().map(|line| (line.listing.clone(), line.quantity, line.ids.join(","))).collect();
    assert_eq!(
        parts,
        [
            (key("500", "501"), 4, "40:501,41:501".to_owned()),
            (key("600", "601"), 2, "40:601,41:601".to_owned())
        ]
    );
    assert_eq!((cancelled.status, cancelled.lines[0].cancelled), (RemoteStatus::Cancelled, 1));
    assert!(!unknown.known_status && unknown.status != RemoteStatus::Cancelled);
    assert_eq!((theirs.status, theirs.lines.len()), (RemoteStatus::Shipped, 0), "TikTok's own warehouse");
    let request = desk.server.only();
    assert_eq!(signed(&request, true), pairs(&[("ids", "576684019603311365,576684019603311366")]));
}

#[tokio::test]
async fn returns_are_summed_by_listing() {
    let desk = desk().await;
    desk.plays("tiktok/returns_search");
    let returns = desk.channel.returns(&desk.call, last(3_600)).await.unwrap();
    let [one] = &returns[..] else { panic!("{returns:?}") };
    assert_eq!(
        (one.id.as_str(), one.reference.as_str(), one.received),
        ("4035", "576684019603311365", false)
    );
    assert_eq!(one.lines, [(key(PRODUCT, "1729592969712207013"), 2)]);
}

#[tokio::test]
async fn goods_leave_with_the_sellers_carrier_or_with_tiktoks() {
    let desk = desk().await;
    for recording in ["mark_shipped", "ship_package", "orders"] {
        desk.plays(&format!("tiktok/{recording}"));
    }
    let mut own = shipment("576684019603311365");
    own.tracking = Some("T1".into());
    own.carrier = Some("6841743441349706241".into());
    own.line_ids = vec!["30:501".into(), "10".into(), "30:601".into()];
    desk.channel.ship(&desk.call, &own).await.unwrap();
    let request = desk.server.only();
    signed(&request, true);
    assert_eq!(
        request.json(),
        json!({"tracking_number": "T1", "shipping_provider_id": "6841743441349706241",
            "order_line_item_ids": ["10", "30"]})
    );
    desk.channel.ship(&desk.call, &shipment("576684019603311365")).await.unwrap();
    let paths: Vec<_> = desk.server.take().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/order/202507/orders", "/fulfillment/202309/packages/1152/ship"]);
}

#[tokio::test]
async fn a_buyer_who_wants_to_cancel_is_answered() {
    let desk = desk().await;
    for recording in ["cancellations", "approve", "reject"] {
        desk.plays(&format!("tiktok/{recording}"));
    }
    for (accept, verb) in [(true, "approve"), (false, "reject")] {
        desk.channel.answer_cancel(&desk.call, "576684019603311365", accept).await.unwrap();
        let requests = desk.server.take();
        assert_eq!(requests[0].json(), json!({"order_ids": ["576684019603311365"]}));
        assert_eq!(requests[1].path, format!("/return_refund/202309/cancellations/81/{verb}"));
    }
    let nobody = desk.channel.answer_cancel(&desk.call, "1", true).await.unwrap_err();
    assert_eq!(nobody.class, Class::Conflict);
}

async fn refusal(status: u16, code: i64, message: &str) -> Failure {
    let desk = desk().await;
    let body = json!({"code": code, "message": message, "request_id": "r1"});
    desk.server.anything(Some(Reply::json(status, &body)));
    desk.channel.probe(&desk.call).await.unwrap_err()
}

#[tokio::test]
async fn h3_an_error_is_one_whatever_the_status() {
    for (status, code, message, class) in [
        (200, 105_002, "Expired credentials", Class::Auth),
        (401, 105_002, "Expired credentials", Class::Auth),
        (429, 36_009_002, "Too many requests", Class::RateLimited),
        (200, 36_009_002, "Too many requests", Class::RateLimited),
        (503, 1, "maintenance", Class::Server),
        (200, 36_009_004, "Invalid timestamp", Class::Server),
        (403, 105_005, "Access denied: scope", Class::Forbidden),
        (200, 1, "never seen", Class::Unclear),
    ] {
        let failure = refusal(status, code, message).await;
        assert_eq!((failure.class, failure.status), (class, Some(status)), "{code} {status}");
        assert_eq!(failure.request_id.as_deref(), Some("r1"));
    }
}
