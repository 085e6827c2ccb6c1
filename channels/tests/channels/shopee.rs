//! Shopee, through recorded answers.

use std::time::Duration;

use onhand_connector::contract::Reply;
use onhand_connector::http::measured;
use onhand_connector::{
    Call, Class, Consent, Failure, ListingKey, OrderWindow, RemoteListing, RemoteStatus, Secret, StatusFlags,
};
use onhand_sandbox::hmac_hex;
use serde_json::json;

use crate::desk::{Desk, NOW, item, last, pairs, shipment};

async fn desk() -> Desk {
    Desk::of("shopee").await
}

fn key(item: &str, variant: &str) -> ListingKey {
    ListingKey { item: item.into(), variant: variant.into() }
}

/// The query of a shop call: its own part, then what every call has.
fn common(path: &str) -> Vec<(String, String)> {
    let base = format!("1000016{path}1795240800the-access-token14701711");
    pairs(&[
        ("partner_id", "1000016"),
        ("timestamp", "1795240800"),
        ("access_token", "the-access-token"),
        ("shop_id", "14701711"),
        ("sign", &hmac_hex("the-app-secret", base.as_bytes())),
    ])
}

#[tokio::test]
async fn the_consent_page_is_signed_and_carries_the_state_in_the_redirect() {
    let desk = desk().await;
    let url = desk.channel.consent_url(&desk.call, "st", "https://a.example/b?c=d");
    let signature = hmac_hex("the-app-secret", b"1000016/api/v2/shop/auth_partner1795240800");
    let expected = format!(
        "{}/api/v2/shop/auth_partner?partner_id=1000016&timestamp=1795240800&sign={signature}\
         &redirect=https%3A%2F%2Fa.example%2Fb%3Fc%3Dd%26state%3Dst",
        desk.server.url()
    );
    assert_eq!(url, expected);
    let mut app = (*desk.call.app).clone();
    app.consent_url = Some("https://open.shopee.com".into());
    let call = Call { app: app.into(), ..desk.call.clone() };
    assert_eq!(
        desk.channel.consent_url(&call, "s t", "https://a.example/b"),
        "https://open.shopee.com/auth?partner_id=1000016&auth_type=seller\
         &redirect_uri=https%3A%2F%2Fa.example%2Fb&response_type=code&state=s%20t"
    );
}

#[tokio::test]
async fn a_code_is_exchanged() {
    let desk = desk().await;
    desk.plays("shopee/token_get");
    desk.plays("shopee/shops_by_partner");
    let grants = desk.channel.exchange(&desk.call, &desk.consent()).await.unwrap();
    let [grant] = &grants[..] else { panic!("{grants:?}") };
    assert_eq!(grant.account, "14701711");
    assert_eq!((grant.access_token.expose(), grant.refresh_token.expose()), ("new-access", "new-refresh"));
    assert_eq!(grant.access_until, NOW + 14_400_000);
    assert_eq!(grant.refresh_until, Some(NOW + 30 * 86_400_000));
    assert_eq!(grant.grant_until, Some(1_800_000_000_000), "what the owner granted ends then");
    let requests = desk.server.take();
    let [request, shops] = &requests[..] else { panic!("{requests:?}") };
    let mut query = pairs(&[("partner_id", "1000016"), ("timestamp", "1795240800")]);
    let base = b"1000016/api/v2/public/get_shops_by_partner1795240800";
    query.extend(pairs(&[
        ("sign", &hmac_hex("the-app-secret", base)),
        ("page_size", "100"),
        ("page_no", "1"),
    ]));
    assert_eq!(shops.parameters(), query);
    let signature = hmac_hex("the-app-secret", b"1000016/api/v2/auth/token/get1795240800");
    assert_eq!(
        request.parameters(),
        pairs(&[("partner_id", "1000016"), ("timestamp", "1795240800"), ("sign", &signature)])
    );
    assert_eq!(
        request.json(),
        json!({"code": "the-consent-code", "partner_id": 1_000_016, "shop_id": 14_701_711})
    );
}

#[tokio::test]
async fn a_main_account_gives_a_grant_for_each_shop() {
    let desk = desk().await;
    desk.plays("shopee/token_get_main");
    let parameters = pairs(&[("main_account_id", "99")]);
    let consent = Consent { code: Secret::new("c0de"), parameters };
    let grants = desk.channel.exchange(&desk.call, &consent).await.unwrap();
    let accounts: Vec<_> = grants.iter().map(|grant| grant.account.as_str()).collect();
    assert_eq!(accounts, ["14701711", "14701712"]);
    assert!(grants.iter().all(|grant| grant.grant_until.is_none()), "that cannot be learned costs no token");
    assert_eq!(desk.server.take()[0].json()["main_account_id"], 99);
    let nobody = Consent { code: Secret::new("c0de"), parameters: Vec::new() };
    let failure = desk.channel.exchange(&desk.call, &nobody).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Invalid, "no_shop"));
}

#[tokio::test]
async fn a_grant_is_refreshed_and_a_moment_is_understood_as_one() {
    let desk = desk().await;
    desk.plays("shopee/access_token_get");
    let grant = desk.channel.refresh(&desk.call).await.unwrap();
    assert_eq!(grant.access_until, 1_795_255_200_000);
    assert_eq!((grant.name.as_str(), grant.grant_until), ("Heron & Linden", Some(NOW + 5_000_000)));
    let request = desk.server.only();
    assert_eq!(
        request.json(),
        json!({"refresh_token": "the-refresh-token", "partner_id": 1_000_016, "shop_id": 14_701_711})
    );
}

#[tokio::test]
async fn h4_a_refresh_token_that_was_used_is_a_matter_for_the_owner() {
    let desk = desk().await;
    desk.plays("shopee/refresh_reused");
    let failure = desk.channel.refresh(&desk.call).await.unwrap_err();
    assert_eq!(
        (failure.class, failure.code.as_str(), failure.status),
        (Class::Auth, "error_auth", Some(403))
    );
    assert_eq!(failure.request_id.as_deref(), Some("e3"));
}

#[tokio::test]
async fn listings_come_with_their_models() {
    let desk = desk().await;
    for recording in ["item_list", "item_list_end", "item_base_info", "model_list"] {
        desk.plays(&format!("shopee/{recording}"));
    }
    let (page, measured) = measured(desk.channel.listings(&desk.call, None)).await;
    let page = page.unwrap();
    assert_eq!(measured.requests, 3);
    assert_eq!((page.next.as_deref(), page.total), (Some("25"), Some(3)));
    let [black, white, bag] = &page.listings[..] else { panic!("{page:?}") };
    assert_eq!(black.key, key("3400133011", "10001"));
    assert_eq!((black.seller_sku.as_str(), black.title.as_str()), ("TEE-BLK-M", "Heron T-shirt, Black, M"));
    assert_eq!((black.stock, black.promotion_reserved, black.active), (40, Some(5), true));
    assert_eq!(black.warehouses, ["SG1", "SG2"]);
    assert_eq!(black.updated_at, Some(1_795_240_000_000));
    assert_eq!((white.stock, white.active, white.seller_sku.as_str()), (7, false, ""));
    assert_eq!((&bag.key, bag.stock, bag.active), (&key("3400133012", "0"), 12, false));
    assert_eq!((bag.seller_sku.as_str(), bag.warehouses.len()), ("BAG", 0));
    let theirs = |listing: &RemoteListing| listing.theirs.clone().unwrap_or_default();
    assert!(theirs(black).contains("Shopee's own warehouses") && theirs(bag).contains("kit"), "{page:?}");
    assert_eq!(white.theirs, None);

    let requests = desk.server.take();
    let mut query = common("/api/v2/product/get_item_list");
    query.extend(pairs(&[("offset", "0"), ("page_size", "25"), ("item_status", "NORMAL")]));
    query.extend(pairs(&[
        ("item_status", "UNLIST"),
        ("item_status", "BANNED"),
        ("item_status", "REVIEWING"),
    ]));
    assert_eq!(requests[0].parameters(), query);
    assert_eq!(requests[1].parameter("item_id_list").as_deref(), Some("3400133011,3400133012"));
    assert_eq!(requests[2].parameter("item_id").as_deref(), Some("3400133011"));

    let end = desk.channel.listings(&desk.call, Some("25")).await.unwrap();
    assert_eq!((end.listings.len(), end.next), (0, None));
    assert_eq!(desk.server.only().parameter("offset").as_deref(), Some("25"));
}

#[tokio::test]
async fn h2_each_model_has_an_outcome_of_its_own() {
    let desk = desk().await;
    desk.plays("shopee/update_stock");
    let mut items = vec![
        item("3400133011", "10001", "A", 17),
        item("3400133011", "10002", "B", 0),
        item("3400133011", "10003", "C", 1),
        item("3400133011", "10004", "D", 2),
    ];
    items[0].warehouses = vec!["SG1".into(), "SG2".into()];
    let outcomes = desk.channel.push(&desk.call, &items).await.unwrap();
    let seen: Vec<_> =
        outcomes.iter().map(|one| one.as_ref().map_err(|f| (f.class, f.code.as_str()))).collect();
    assert_eq!(
        seen,
        [
            Ok(&()),
            Err((Class::Locked, "item_locked")),
            Err((Class::Gone, "item_gone")),
            Err((Class::Unclear, "not_named"))
        ]
    );
    let request = desk.server.only();
    assert_eq!(request.parameters(), common("/api/v2/product/update_stock"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.json(),
        json!({"item_id": 3_400_133_011_u64, "stock_list": [
            {"model_id": 10001, "seller_stock": [
                {"location_id": "SG1", "stock": 17}, {"location_id": "SG2", "stock": 0}]},
            {"model_id": 10002, "seller_stock": [{"stock": 0}]},
            {"model_id": 10003, "seller_stock": [{"stock": 1}]},
            {"model_id": 10004, "seller_stock": [{"stock": 2}]},
        ]})
    );
}

#[tokio::test]
async fn h2_the_lists_count_beside_an_error_too() {
    let desk = desk().await;
    desk.plays("shopee/update_stock_error_with_lists");
    let items = [item("1", "10001", "A", 17), item("1", "10002", "B", 0), item("1", "10003", "C", 0)];
    let outcomes = desk.channel.push(&desk.call, &items).await.unwrap();
    assert_eq!(outcomes[0], Ok(()));
    assert_eq!(outcomes[1].as_ref().unwrap_err().class, Class::Server);
    assert_eq!(outcomes[2].as_ref().unwrap_err().code, "error_busi_update_stock_failed");
}

#[tokio::test]
async fn h2_a_wrong_model_poisons_its_siblings_and_alone_it_is_gone() {
    let desk = desk().await;
    desk.plays("shopee/update_stock_poisoned");
    let items = [item("1", "10001", "A", 17), item("1", "10002", "B", 0)];
    let outcomes = desk.channel.push(&desk.call, &items).await.unwrap();
    for outcome in outcomes {
        let failure = outcome.unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (Class::Unclear, "batch_refused"));
    }
    let failure = desk.channel.push(&desk.call, &items[..1]).await.unwrap_err();
    assert_eq!(failure.class, Class::Gone);
}

#[tokio::test]
async fn what_cannot_be_one_write_is_not_sent() {
    let desk = desk().await;
    let many: Vec<_> = (0..51).map(|at| item("1", &at.to_string(), "", 1)).collect();
    for items in [
        vec![item("1", "1", "A", 1), item("2", "1", "B", 1)],
        many,
        vec![item("1", "1", "A", -1)],
        vec![item("1", "1", "A", 1_000_000)],
        vec![item("1; drop", "1", "A", 1)],
    ] {
        assert_eq!(desk.channel.push(&desk.call, &items).await.unwrap_err().class, Class::Invalid);
    }
    assert_eq!(desk.channel.push(&desk.call, &[]).await, Ok(Vec::new()));
    assert!(desk.server.take().is_empty());
}

#[tokio::test]
async fn stock_is_read_by_item() {
    let desk = desk().await;
    desk.plays("shopee/model_list");
    desk.plays("shopee/item_base_info");
    let wanted = [item("3400133011", "10001", "", 0), item("3400133011", "555", "", 0)];
    let seen = desk.channel.read_stock(&desk.call, &wanted).await.unwrap();
    assert_eq!((seen[0].stock.clone(), seen[0].promotion_reserved), (Ok(40), 5));
    assert_eq!(seen[1].stock.as_ref().unwrap_err().class, Class::Gone);
    assert_eq!(desk.server.only().path, "/api/v2/product/get_model_list");
    let seen = desk.channel.read_stock(&desk.call, &[item("3400133012", "0", "", 0)]).await.unwrap();
    assert_eq!(seen[0].stock, Ok(12));
}

#[tokio::test]
async fn a_long_window_is_cut_into_fifteen_days() {
    let desk = desk().await;
    desk.plays("shopee/order_list");
    desk.plays("shopee/order_list_end");
    let window = last(40 * 86_400);
    let mut cursor: Option<String> = None;
    let mut found = Vec::new();
    loop {
        let page = desk.channel.orders_changed(&desk.call, window, cursor.as_deref()).await.unwrap();
        found.extend(page.references);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, ["201218V2Y6E59M", "201218V2W2SA56"]);
    let spans: Vec<_> = desk
        .server
        .take()
        .iter()
        .map(|request| {
            let number = |name: &str| request.parameter(name).unwrap().parse::<i64>().unwrap();
            assert_eq!(request.parameter("time_range_field").as_deref(), Some("update_time"));
            assert_eq!(request.parameter("request_order_status_pending").as_deref(), Some("true"));
            (number("time_from"), number("time_to"), request.parameter("cursor").unwrap())
        })
        .collect();
    let start = NOW / 1000 - 40 * 86_400;
    const PIECE: i64 = 15 * 86_400;
    assert_eq!(
        spans,
        [
            (start, start + PIECE, String::new()),
            (start, start + PIECE, "20".into()),
            (start + PIECE, start + 2 * PIECE, String::new()),
            (start + 2 * PIECE, NOW / 1000, String::new()),
        ]
    );
    let empty = OrderWindow { since: NOW, until: NOW };
    let page = desk.channel.orders_changed(&desk.call, empty, None).await.unwrap();
    assert_eq!((page.references.len(), page.next), (0, None));
    assert!(desk.server.take().is_empty());
}

#[tokio::test]
async fn orders_are_told_in_our_words() {
    let desk = desk().await;
    desk.plays("shopee/order_detail");
    let asked = ["201218V2Y6E59M".to_owned(), "201218V2W2SA56".to_owned(), "x".to_owned()];
    let orders = desk.channel.orders(&desk.call, &asked).await.unwrap();
    let [cod, cancelled, unknown, theirs] = &orders[..] else { panic!("{orders:?}") };
    // Cash on delivery: confirmed without ever being paid.
    assert_eq!((cod.status, cod.known_status), (RemoteStatus::Confirmed, true));
    assert_eq!((cod.created_at, cod.updated_at), (1_795_240_000_000, 1_795_240_060_000));
    assert_eq!((cod.currency.as_deref(), cod.ship_before), (Some("SGD"), Some(1_795_326_400_000)));
    let [tee, bag] = &cod.lines[..] else { panic!("{cod:?}") };
    assert_eq!((tee.quantity, tee.cancelled, tee.unit_minor), (3, 1, Some(1250)));
    assert_eq!((tee.ids[0].as_str(), tee.seller_sku.as_str()), ("9001.3400133011.10001", "TEE-BLK-M"));
    assert_eq!((&bag.listing, bag.ids[0].as_str()), (&key("3400133012", "0"), "77"));
    assert_eq!((bag.seller_sku.as_str(), bag.unit_minor), ("BAG", Some(2000)));
    assert_eq!(cancelled.status, RemoteStatus::Cancelled);
    assert_eq!((cancelled.lines[0].quantity, cancelled.lines[0].cancelled), (2, 2));
    assert_eq!((unknown.known_status, unknown.raw_status.as_str()), (false, "GIFT_WRAPPING"));
    assert_ne!(unknown.status, RemoteStatus::Cancelled);
    let flags = StatusFlags { returning: true, cancel_requested: Some(true), ..StatusFlags::default() };
    assert_eq!(unknown.flags, flags);
    // Sent by Shopee out of its own warehouses: none of it is ours.
    assert_eq!((theirs.status, theirs.lines.len()), (RemoteStatus::Confirmed, 0));
    let request = desk.server.only();
    assert_eq!(request.parameter("order_sn_list").as_deref(), Some("201218V2Y6E59M,201218V2W2SA56,x"));
    let fields = request.parameter("response_optional_fields").unwrap();
    for field in [
        "item_list",
        "pay_time",
        "cancel_by",
        "cancel_reason",
        "package_list",
        "total_amount",
        "fulfillment_flag",
    ] {
        assert!(fields.split(',').any(|asked| asked == field), "{field} comes only when it is asked for");
    }
}

#[tokio::test]
async fn returns_of_a_long_window() {
    let desk = desk().await;
    desk.plays("shopee/return_list");
    let returns = desk.channel.returns(&desk.call, last(86_400)).await.unwrap();
    let [one] = &returns[..] else { panic!("{returns:?}") };
    assert_eq!((one.id.as_str(), one.reference.as_str()), ("200203171852695", "201218V2Y6E59M"));
    assert_eq!(one.lines, [(key("3400133011", "10001"), 2)]);
    assert!(one.received && one.raw_status == "ACCEPTED" && one.updated_at == 1_795_240_005_000);
    assert_eq!(desk.server.only().parameter("page_no").as_deref(), Some("0"));
    desk.channel.returns(&desk.call, last(16 * 86_400)).await.unwrap();
    assert_eq!(desk.server.take().len(), 2, "two windows");
}

#[tokio::test]
async fn goods_leave_in_the_way_that_the_order_allows() {
    let desk = desk().await;
    desk.plays("shopee/shipping_parameter");
    desk.plays("shopee/ship_order");
    let mut own = shipment("S1");
    own.tracking = Some("TRACK-1".into());
    desk.channel.ship(&desk.call, &own).await.unwrap();
    let sent = desk.server.take();
    assert_eq!(sent[0].parameter("order_sn").as_deref(), Some("S1"));
    assert_eq!(sent[1].json(), json!({"order_sn": "S1", "non_integrated": {"tracking_number": "TRACK-1"}}));
    desk.channel.ship(&desk.call, &shipment("S1")).await.unwrap();
    assert_eq!(desk.server.take()[1].json(), json!({"order_sn": "S1", "dropoff": {}}));
}

#[tokio::test]
async fn goods_are_picked_up_in_the_slot_that_is_recommended() {
    let desk = desk().await;
    desk.plays("shopee/shipping_parameter_pickup");
    desk.plays("shopee/ship_order");
    desk.channel.ship(&desk.call, &shipment("S1")).await.unwrap();
    assert_eq!(
        desk.server.take()[1].json(),
        json!({"order_sn": "S1", "pickup": {"address_id": 234, "pickup_time_id": "slot2"}})
    );
}

#[tokio::test]
async fn a_buyer_who_wants_to_cancel_is_answered() {
    let desk = desk().await;
    desk.plays("shopee/handle_buyer_cancellation");
    for (accept, operation) in [(true, "ACCEPT"), (false, "REJECT")] {
        desk.channel.answer_cancel(&desk.call, "S1", accept).await.unwrap();
        assert_eq!(desk.server.only().json(), json!({"order_sn": "S1", "operation": operation}));
    }
}

#[tokio::test]
async fn g6_lost_webhooks_are_fetched_and_confirmed() {
    let desk = desk().await;
    desk.plays("shopee/lost_push");
    desk.plays("shopee/confirm_lost");
    let (found, last) = desk.channel.lost_webhooks(&desk.call).await.unwrap();
    let [one] = &found[..] else { panic!("one of two can be read: {found:?}") };
    assert_eq!((one.account.as_str(), one.topic.as_str()), ("14701711", "3"));
    assert_eq!(last.as_deref(), Some("4321"));
    let request = desk.server.only();
    let base = b"1000016/api/v2/push/get_lost_push_message1795240800";
    assert_eq!(request.parameter("sign"), Some(hmac_hex("the-app-secret", base)));
    assert_eq!(request.parameter("access_token"), None);
    desk.channel.confirm_lost(&desk.call, "4321").await.unwrap();
    assert_eq!(desk.server.only().json(), json!({"last_message_id": 4321}));
}

async fn refusal(reply: Reply) -> Failure {
    let desk = desk().await;
    desk.server.anything(Some(reply));
    desk.channel.probe(&desk.call).await.unwrap_err()
}

#[tokio::test]
async fn h3_an_error_inside_a_success_is_an_error() {
    let body = json!({"error": "product.error_item_not_found", "message": "no", "request_id": "r1"});
    let failure = refusal(Reply::json(200, &body)).await;
    assert_eq!((failure.class, failure.code.as_str()), (Class::Gone, "error_item_not_found"));
    assert_eq!((failure.status, failure.request_id.as_deref()), (Some(200), Some("r1")));
    let body = json!({"error": "", "message": "", "request_id": "r", "shop_name": "x"});
    assert_eq!(refusal(Reply::json(503, &body)).await.class, Class::Server, "a status that is none");
}

#[tokio::test]
async fn a_throttle_says_how_long() {
    let body = json!({"error": "error_rate_limit", "message": "slow down", "request_id": "r"});
    let failure = refusal(Reply::json(200, &body).with("retry-after", "3")).await;
    assert_eq!((failure.class, failure.retry_after), (Class::RateLimited, Some(Duration::from_secs(3))));
    let body = json!({"error": "error_limit", "message": "quota", "request_id": "r"});
    let failure = refusal(Reply::json(200, &body)).await;
    // 06:00 UTC is 14:00 there.
    assert_eq!(failure.retry_after, Some(Duration::from_secs(10 * 3_600)));
}

#[tokio::test]
async fn what_the_marketplace_repeats_is_not_shown() {
    let message = "token the-access-token with key the-app-secret is wrong, see https://x/y?sign=abc";
    let body = json!({"error": "error_sign", "message": message, "request_id": "r"});
    let failure = refusal(Reply::json(403, &body)).await;
    assert_eq!(failure.class, Class::Forbidden);
    assert_eq!(failure.message, "token … with key … is wrong, see https://x/y?…");
}
