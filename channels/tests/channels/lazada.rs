//! Lazada, through recorded answers.

use std::time::Duration;

use onhand_connector::contract::{Recorded, Reply};
use onhand_connector::{Call, Class, Failure, ListingKey, RemoteStatus};
use onhand_sandbox::hmac_hex;
use serde_json::{Value, json};

use crate::desk::{Desk, NOW, item, last, pairs, shipment};

async fn desk() -> Desk {
    Desk::of("lazada").await
}

fn key(item: &str, variant: &str) -> ListingKey {
    ListingKey { item: item.into(), variant: variant.into() }
}

/// Checks the signature over path and all parameters with a primitive that is not ours, and gives the business part.
fn signed(request: &Recorded, token: bool) -> Vec<(String, String)> {
    let mut all = if request.method == "GET" { request.parameters() } else { request.form() };
    if request.method == "POST" {
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(request.query, "");
    }
    let sign = all.iter().position(|(key, _)| key == "sign").unwrap();
    let (_, sign) = all.remove(sign);
    let mut sorted = all.clone();
    sorted.sort();
    let pairs: String = sorted.iter().map(|(key, value)| format!("{key}{value}")).collect();
    let base = format!("{}{pairs}", request.path.strip_prefix("/rest").unwrap());
    assert_eq!(sign, hmac_hex("the-app-secret", base.as_bytes()).to_uppercase());
    let value = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("app_key"), Some("1000016"));
    assert_eq!(value("timestamp"), Some(NOW.to_string().as_str()), "milliseconds");
    assert_eq!(value("sign_method"), Some("sha256"));
    assert_eq!(value("access_token"), token.then_some("the-access-token"));
    all.retain(|(key, _)| !matches!(key.as_str(), "app_key" | "timestamp" | "sign_method" | "access_token"));
    all
}

#[tokio::test]
async fn the_consent_page() {
    let desk = desk().await;
    let mut app = (*desk.call.app).clone();
    app.auth_url = Some("https://auth.lazada.com/rest".into());
    let call = Call { app: app.into(), ..desk.call.clone() };
    assert_eq!(
        desk.channel.consent_url(&call, "s t", "https://a.example/b"),
        "https://auth.lazada.com/oauth/authorize?response_type=code&force_auth=true\
         &redirect_uri=https%3A%2F%2Fa.example%2Fb&client_id=1000016&state=s%20t"
    );
}

#[tokio::test]
async fn a_code_is_exchanged_and_the_end_of_the_grant_is_known() {
    let desk = desk().await;
    desk.plays("lazada/token_create");
    let grants = desk.channel.exchange(&desk.call, &desk.consent()).await.unwrap();
    let [grant] = &grants[..] else { panic!("{grants:?}") };
    assert_eq!((grant.account.as_str(), grant.region.as_deref()), ("14701711", Some("SG")));
    assert_eq!(grant.access_until, NOW + 2_592_000_000);
    let end = Some(NOW + 15_552_000_000);
    assert_eq!((grant.refresh_until, grant.grant_until, &grant.extra), (end, end, &None));
    let request = desk.server.only();
    assert_eq!(signed(&request, false), pairs(&[("code", "the-consent-code")]));
}

#[tokio::test]
async fn a_cross_border_seller_has_a_grant_for_each_country() {
    let desk = desk().await;
    desk.plays("lazada/token_create_cb");
    let grants = desk.channel.exchange(&desk.call, &desk.consent()).await.unwrap();
    let seen: Vec<_> = grants.iter().map(|grant| (grant.account.as_str(), grant.region.as_deref())).collect();
    assert_eq!(seen, [("14701711", Some("SG")), ("200158591", Some("MY"))]);
}

#[tokio::test]
async fn a_refresh_does_not_move_the_end_of_the_grant() {
    let desk = desk().await;
    desk.plays("lazada/token_refresh");
    let grant = desk.channel.refresh(&desk.call).await.unwrap();
    assert_eq!((grant.access_token.expose(), grant.name.as_str()), ("newer-access", "Heron & Linden"));
    assert_eq!(grant.grant_until, Some(NOW + 1_000_000_000), "as the answer counts down");
    assert_eq!(signed(&desk.server.only(), false), pairs(&[("refresh_token", "the-refresh-token")]));
}

#[tokio::test]
async fn the_shop_answers() {
    let desk = desk().await;
    desk.plays("lazada/seller");
    let shop = desk.channel.probe(&desk.call).await.unwrap();
    assert_eq!((shop.account.as_str(), shop.name.as_str()), ("14701711", "Heron & Linden"));
}

#[tokio::test]
async fn listings_come_with_their_skus() {
    let desk = desk().await;
    desk.plays("lazada/products");
    let page = desk.channel.listings(&desk.call, None).await.unwrap();
    assert_eq!((page.next.as_deref(), page.total), (Some("3"), Some(23)));
    let [one, many, old] = &page.listings[..] else { panic!("{page:?}") };
    assert_eq!((&one.key, one.stock, one.active), (&key("234", "2341"), 7, true));
    assert_eq!((one.title.as_str(), one.warehouses.len()), ("Heron T-shirt, Black, M", 0));
    assert_eq!(one.updated_at, Some(1_795_240_001_000));
    assert_eq!((many.stock, many.promotion_reserved), (12, Some(4)));
    assert_eq!(many.warehouses, ["dropshipping", "wh2"]);
    assert_eq!((old.stock, old.active), (8, false));
    let request = desk.server.only();
    assert_eq!(
        signed(&request, true),
        pairs(&[("filter", "all"), ("offset", "0"), ("limit", "20"), ("options", "1")])
    );
    let end = desk.channel.listings(&desk.call, Some("20")).await.unwrap();
    assert_eq!(end.next, None, "all 23 were seen");
    drop(desk.server.take());
    // Beyond the ten thousandth: by the time of their creation, each second with its neighbours.
    desk.channel.listings(&desk.call, Some("10001")).await.unwrap();
    let request = desk.server.only();
    assert_eq!(request.parameter("offset").as_deref(), Some("0"));
    assert_eq!(request.parameter("create_after").as_deref(), Some("2011-12-31T23:59:59+00:00"));
    assert!(request.parameter("create_before").is_some_and(|until| until.starts_with("2019-06-")));
    let failure = desk.channel.listings(&desk.call, Some("1|2|9|10001")).await.unwrap_err();
    assert_eq!(failure.code, "offset_limit", "too many in one second");
    assert_eq!(desk.channel.listings(&desk.call, Some("x|1")).await.unwrap_err().code, "cursor");
}

fn batch() -> Vec<onhand_connector::PushItem> {
    let mut items =
        vec![item("1001", "2001", "A&<B>", 5), item("1001", "2002", "B", 0), item("1002", "2003", "", 7)];
    items[2].warehouses = vec!["dropshipping".into(), "wh2".into()];
    items
}

#[tokio::test]
async fn stock_is_written_as_sellable_quantities() {
    let desk = desk().await;
    desk.plays("lazada/sellable_ok");
    assert_eq!(desk.channel.push(&desk.call, &batch()).await, Ok(vec![Ok(()); 3]));
    let payload = "<Request><Product><Skus>\
        <Sku><ItemId>1001</ItemId><SkuId>2001</SkuId><SellerSku>A&amp;&lt;B&gt;</SellerSku>\
        <SellableQuantity>5</SellableQuantity></Sku>\
        <Sku><ItemId>1001</ItemId><SkuId>2002</SkuId><SellerSku>B</SellerSku>\
        <SellableQuantity>0</SellableQuantity></Sku>\
        <Sku><ItemId>1002</ItemId><SkuId>2003</SkuId><MultiWarehouseInventories>\
        <MultiWarehouseInventory><WarehouseCode>dropshipping</WarehouseCode>\
        <SellableQuantity>7</SellableQuantity></MultiWarehouseInventory>\
        <MultiWarehouseInventory><WarehouseCode>wh2</WarehouseCode>\
        <SellableQuantity>0</SellableQuantity></MultiWarehouseInventory>\
        </MultiWarehouseInventories></Sku></Skus></Product></Request>";
    assert_eq!(signed(&desk.server.only(), true), pairs(&[("payload", payload)]));
}

#[tokio::test]
async fn h2_the_refused_are_named_and_the_others_are_not_believed() {
    let desk = desk().await;
    desk.plays("lazada/sellable_501");
    let outcomes = desk.channel.push(&desk.call, &batch()).await.unwrap();
    let seen: Vec<_> =
        outcomes.iter().map(|one| one.as_ref().map_err(|f| (f.class, f.code.as_str()))).collect();
    assert_eq!(
        seen,
        [
            Err((Class::Unclear, "batch_refused")),
            Err((Class::Locked, "4170")),
            Err((Class::Gone, "item_gone"))
        ]
    );
    assert_eq!(desk.server.take().len(), 1, "nothing is repeated");
}

#[tokio::test]
async fn h2_alone_the_reason_is_told_whatever_its_fields_are_called() {
    let desk = desk().await;
    for (detail, class) in [
        (json!([{"message": "stock is locked by a campaign", "field": "x"}]), Class::Locked),
        (json!([{"CODE": "207", "msg": "?"}]), Class::Gone),
        (json!([]), Class::Server),
        (Value::Null, Class::Server),
    ] {
        let body =
            json!({"code": "501", "type": "ISP", "message": "E501: Update product failed", "detail": detail});
        desk.server.anything(Some(Reply::json(200, &body)));
        let outcomes = desk.channel.push(&desk.call, &batch()[..1]).await.unwrap();
        assert_eq!(outcomes[0].as_ref().unwrap_err().class, class, "{body}");
    }
}

#[tokio::test]
async fn stock_is_read_by_the_sellers_code_or_by_item() {
    let desk = desk().await;
    desk.plays("lazada/products");
    desk.plays("lazada/item");
    let wanted = [item("234", "2341", "TEE&<BLK>", 0), item("234", "2342", "", 0), item("234", "9", "X", 0)];
    let seen = desk.channel.read_stock(&desk.call, &wanted).await.unwrap();
    assert_eq!((seen[0].stock.clone(), seen[1].stock.clone()), (Ok(7), Ok(12)));
    assert_eq!(seen[2].stock.as_ref().unwrap_err().class, Class::Gone);
    let requests = desk.server.take();
    assert_eq!(requests[0].parameter("sku_seller_list").as_deref(), Some(r#"["TEE&<BLK>","X"]"#));
    assert_eq!(requests[1].parameter("item_id").as_deref(), Some("234"));
    signed(&requests[1], true);
}

#[tokio::test]
async fn changed_orders_are_walked_by_time_not_by_offset() {
    let desk = desk().await;
    let page = |from: i64, step: i64| {
        let orders: Vec<_> = (0..100)
            .map(|at| json!({"order_id": from + at, "updated_at": (NOW - 86_400_000 + (from + at) * step).to_string()}))
            .collect();
        json!({"code": "0", "request_id": "r", "data": {"count": 100, "countTotal": 250, "orders": orders}})
    };
    desk.server.answer("GET", "/rest/orders/get", &page(0, 1000));
    // A whole page in the same second.
    let stuck = page(100, 0);
    desk.server.answer("GET", "/rest/orders/get", &stuck);
    desk.plays("lazada/orders");
    let window = last(86_400);
    let first = desk.channel.orders_changed(&desk.call, window, None).await.unwrap();
    assert_eq!(first.references.len(), 100);
    assert_eq!(
        signed(&desk.server.only(), true),
        pairs(&[
            ("update_after", "2026-11-20T06:00:00+00:00"),
            ("update_before", "2026-11-21T06:00:00+00:00"),
            ("sort_by", "updated_at"),
            ("sort_direction", "ASC"),
            ("offset", "0"),
            ("limit", "100"),
        ])
    );
    let second = desk.channel.orders_changed(&desk.call, window, first.next.as_deref()).await.unwrap();
    let request = desk.server.only();
    assert_eq!(request.parameter("update_after").as_deref(), Some("2026-11-20T06:01:39+00:00"));
    assert_eq!(request.parameter("offset").as_deref(), Some("0"));
    let third = desk.channel.orders_changed(&desk.call, window, second.next.as_deref()).await.unwrap();
    let request = desk.server.only();
    assert_eq!(request.parameter("update_after").as_deref(), Some("2026-11-20T06:01:39+00:00"));
    assert_eq!(request.parameter("offset").as_deref(), Some("100"));
    assert_eq!((third.references.len(), third.next), (2, None));
}

#[tokio::test]
async fn orders_are_told_by_line() {
    let desk = desk().await;
    desk.plays("lazada/items");
    let asked = ["260422900198363".to_owned(), "260422900198364".to_owned()];
    let orders = desk.channel.orders(&desk.call, &asked).await.unwrap();
    let [mixed, delivered, cancelled, unknown, lost] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!((mixed.reference.as_str(), mixed.status), ("260422900198363", RemoteStatus::Confirmed));
    assert_eq!(mixed.raw_status, "canceled,pending,shipped");
    assert!(mixed.flags.partially_shipped && !mixed.flags.completed);
    let lines: Vec<_> = mixed
        .lines
        .iter()
        .map(|line| (line.ids.join(","), line.status, line.quantity, line.cancelled))
        .collect();
    // Lazada's own warehouse (14) is not ours.
    assert_eq!(
        lines,
        [
            ("11,12".to_owned(), RemoteStatus::Confirmed, 2, 0),
            ("13".to_owned(), RemoteStatus::Cancelled, 1, 1),
            ("15".to_owned(), RemoteStatus::Shipped, 1, 0),
        ]
    );
    assert_eq!(mixed.lines[0].listing, key("234", "2341"));
    assert_eq!((mixed.lines[0].unit_minor, mixed.currency.as_deref()), (Some(1250), Some("SGD")));
    // 10:07 in Singapore; the newest item is the order's version.
    assert_eq!((mixed.created_at, mixed.updated_at), (1_795_226_400_000, 1_795_226_820_000));
    assert_eq!((delivered.status, delivered.flags.completed), (RemoteStatus::Shipped, true));
    assert_eq!(cancelled.status, RemoteStatus::Cancelled);
    assert!(!unknown.known_status && unknown.status != RemoteStatus::Cancelled);
    assert!(lost.flags.lost && lost.flags.returning && lost.status == RemoteStatus::Shipped);
    let request = desk.server.only();
    assert_eq!(signed(&request, true), pairs(&[("order_ids", "[260422900198363,260422900198364]")]));
}

#[tokio::test]
async fn a_wish_to_cancel_is_no_return() {
    let desk = desk().await;
    desk.plays("lazada/reverse");
    let returns = desk.channel.returns(&desk.call, last(86_400)).await.unwrap();
    let [one] = &returns[..] else { panic!("{returns:?}") };
    assert_eq!((one.id.as_str(), one.reference.as_str(), one.received), ("901", "260422900198364", false));
    assert_eq!(one.lines, [(key("234", "2341"), 2)]);
    assert_eq!((one.raw_status.as_str(), one.updated_at), ("RTM_INIT", 1_795_240_009_000));
}

#[tokio::test]
async fn a_buyer_who_wants_to_cancel_is_answered() {
    let desk = desk().await;
    desk.plays("lazada/reverse");
    desk.plays("lazada/decide");
    desk.channel.answer_cancel(&desk.call, "260422900198363", false).await.unwrap();
    let requests = desk.server.take();
    assert_eq!(requests[0].parameter("trade_order_id").as_deref(), Some("260422900198363"));
    assert_eq!(signed(&requests[1], true), pairs(&[("reverse_order_id", "900"), ("agree_cancel", "false")]));
    let failure = desk.channel.answer_cancel(&desk.call, "260422900198364", true).await.unwrap_err();
    assert_eq!(failure.class, Class::Conflict, "a return is no wish to cancel");
}

#[tokio::test]
async fn what_is_not_packed_is_packed_then_all_is_ready() {
    let desk = desk().await;
    for recording in ["items_one", "pack", "rts"] {
        desk.plays(&format!("lazada/{recording}"));
    }
    desk.channel.ship(&desk.call, &shipment("260422900198363")).await.unwrap();
    let requests = desk.server.take();
    let request: Value = serde_json::from_str(&requests[1].parameter("packReq").unwrap()).unwrap();
    assert_eq!(
        request["pack_order_list"],
        json!([{"order_id": 260_422_900_198_363_u64, "order_item_list": [11]}])
    );
    assert_eq!(
        requests[2].parameter("readyToShipReq").as_deref(),
        Some(r#"{"packages":[{"package_id":"FP1"},{"package_id":"FP2"}]}"#)
    );
    signed(&requests[2], true);
}

#[tokio::test]
async fn h2_an_item_that_cannot_be_packed_fails_the_shipment() {
    let desk = desk().await;
    desk.plays("lazada/items_one");
    desk.plays("lazada/pack_refused");
    let failure = desk.channel.ship(&desk.call, &shipment("260422900198363")).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Conflict, "700026"));
}

async fn refusal(status: u16, body: Value) -> Failure {
    let desk = desk().await;
    desk.server.anything(Some(Reply::json(status, &body)));
    desk.channel.probe(&desk.call).await.unwrap_err()
}

#[tokio::test]
async fn h3_an_error_inside_a_success_is_an_error() {
    for (body, class) in [
        (json!({"code": "IllegalAccessToken", "type": "ISV", "message": "expired"}), Class::Auth),
        (json!({"code": 207, "type": "ISP", "message": "no"}), Class::Gone),
        (json!({"code": "ServiceTimeout", "type": "SYSTEM", "message": ""}), Class::Server),
        (json!({"code": "NeverSeen", "type": "ISV", "message": ""}), Class::Invalid),
    ] {
        assert_eq!(refusal(200, body.clone()).await.class, class, "{body}");
    }
    let body = json!({"code": "ApiCallLimit", "type": "ISV", "request_id": "r1",
        "message": "Api access frequency exceeds the limit. this ban will last 2 seconds"});
    let failure = refusal(200, body).await;
    assert_eq!((failure.class, failure.retry_after), (Class::RateLimited, Some(Duration::from_secs(2))));
    assert_eq!(failure.request_id.as_deref(), Some("r1"));
}
