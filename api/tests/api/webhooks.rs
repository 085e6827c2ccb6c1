//! `/hooks` and `/v1/webhooks`.

use serde_json::json;

use crate::stall::Stall;

#[tokio::test]
async fn g7_a_webhook_of_an_unknown_shop_is_kept_and_followed_once_the_shop_is_known() {
    let stall = Stall::open().await;
    stall.market.buys("R-2", &[("a", 1)]);
    stall.hook("2", "n1", "R-2").await.expect(200);
    let kept = stall.list("/v1/webhooks?state=unknown_shop").await;
    assert_eq!((&kept[0]["state"], &kept[0]["account"]), (&json!("unknown_shop"), &json!("2")));
    assert!(kept[0]["error"].is_string() && kept[0]["shop"].is_null(), "{kept:?}");
    assert_eq!(kept[0]["market_orders"], json!([]), "nobody knows of which shop");
    let path = format!("/v1/webhooks/{}/retry", kept[0]["key"].as_str().unwrap());
    stall.world.call("POST", &path).send().await.expect(200);
    stall.idle().await;
    assert_eq!(stall.heard("orders R-2"), 0, "still nobody's");
    stall.market.now().account = "2".into();
    stall.connect(json!({"channel": "stall"})).await;
    stall.idle().await;
    stall.world.call("POST", &path).send().await.expect(200);
    stall.idle().await;
    assert_eq!(stall.heard("orders R-2"), 1);
    assert_eq!(stall.list("/v1/webhooks?state=unknown_shop").await.len(), 0);
    let mine = stall.list("/v1/webhooks?shop=stall-2").await;
    assert_eq!((&mine[0]["state"], &mine[0]["deliveries"]), (&json!("taken"), &json!(1)));
    let orders = stall.list("/v1/market-orders?shop=stall-2").await;
    assert_eq!(orders.len(), 1);
    assert_eq!(mine[0]["market_orders"], json!([orders[0]["id"]]), "{mine:?}");
    // The marketplace sends it once more: it has come before.
    stall.hook("2", "n1", "R-2").await.expect(200);
    stall.idle().await;
    assert_eq!(stall.heard("orders R-2"), 1);
    assert_eq!(stall.list("/v1/webhooks?shop=stall-2").await[0]["deliveries"], 2);
    stall.world.call("POST", &path).send().await.expect(200);
    stall.idle().await;
    assert_eq!(stall.heard("orders R-2"), 2, "a person may have it followed again");
    stall.world.call("POST", "/v1/webhooks/none/retry").send().await.problem(404, "not_found");
    stall.world.get("/v1/webhooks?state=none").await.problem(400, "invalid_parameter");
    stall.close().await;
}

#[tokio::test]
async fn g7_a_webhook_that_comes_again_after_its_shop_was_connected_is_followed() {
    let stall = Stall::open().await;
    stall.market.buys("R-3", &[("a", 1)]);
    stall.hook("3", "n1", "R-3").await.expect(200);
    stall.market.now().account = "3".into();
    stall.connect(json!({"channel": "stall"})).await;
    // An order that comes before its listings is taken once more when they are read.
    stall.idle().await;
    stall.hook("3", "n1", "R-3").await.expect(200);
    stall.idle().await;
    assert_eq!(stall.heard("orders R-3"), 1);
    stall.close().await;
}

#[tokio::test]
async fn webhooks_come_in_pages() {
    let stall = Stall::open().await;
    for number in 0..5 {
        stall.hook("nobody", &format!("n{number}"), "x").await.expect(200);
    }
    let mut seen = Vec::new();
    let mut path = "/v1/webhooks?limit=2".to_owned();
    loop {
        let page = stall.world.get(&path).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["key"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/webhooks?limit=2&cursor={next}");
    }
    seen.sort();
    assert_eq!(seen, ["n0", "n1", "n2", "n3", "n4"].map(|number| format!("stall:{number}")));
    stall.close().await;
}

#[tokio::test]
async fn a_webhook_has_a_size_and_no_parameters() {
    let stall = Stall::open().await;
    let hook = |path: &str, body: Vec<u8>| {
        let call = stall.world.call("POST", path).without("authorization").without("idempotency-key");
        call.header("x-sign", "true").raw(body).send()
    };
    let sized = |bytes: usize| {
        let body = json!({"account": "1", "number": "big", "order": "x", "more": "x".repeat(bytes)});
        body.to_string().into_bytes()
    };
    hook("/hooks/stall", sized(512 * 1024)).await.problem(413, "body_too_large");
    hook("/hooks/stall", sized(500 * 1024)).await.expect(200);
    hook("/hooks/stall?x=1", sized(1)).await.problem(400, "invalid_parameter");
    assert_eq!(stall.list("/v1/webhooks").await.len(), 1);
    let call = stall.world.call("POST", "/hooks/stall").without("authorization");
    call.json(&json!({"account": "1"})).send().await.problem(401, "unauthenticated");
    stall.close().await;
}
