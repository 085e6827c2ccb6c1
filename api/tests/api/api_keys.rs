//! `/v1/api-keys`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_secret_is_shown_once_and_never_again() {
    let world = World::new().await;
    let body = json!({"name": "shop", "scopes": ["orders:write", "stock:read"]});
    let first = world.call("POST", "/v1/api-keys").key("k").json(&body).send().await;
    let made = first.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("ohk_") && secret.len() == 56, "{secret}");
    let again = world.call("POST", "/v1/api-keys").key("k").json(&body).send().await;
    let repeated = again.expect(201);
    assert_eq!(repeated["id"], made["id"]);
    assert_eq!(repeated.get("secret"), None);
    let list = world.get("/v1/api-keys").await;
    assert_eq!(list.expect(200)["data"].as_array().unwrap().len(), 2);
    let text = String::from_utf8(list.bytes).unwrap();
    assert!(!text.contains(secret) && !text.contains("hash"), "{text}");
}

#[tokio::test]
async fn a_key_that_takes_the_place_of_another_repeats_its_operations() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let (id, old) = world.make_key(&["orders:write"]).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 1}]});
    let place = |secret: String| {
        let call = world.call("POST", "/v1/orders").key("o").json(&order);
        call.header("authorization", &format!("Bearer {secret}")).send()
    };
    let first = place(old).await;
    first.expect(201);
    let body = json!({"name": "next", "scopes": ["orders:write"], "same_as": id});
    let new = world.post("/v1/api-keys", body).await.expect(201);
    let again = place(new["secret"].as_str().unwrap().to_owned()).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.bytes, again.bytes);
}

#[tokio::test]
async fn what_cannot_be_a_key_is_named() {
    let world = World::new().await;
    let cases = [
        (json!({"name": "", "scopes": ["admin"]}), "/name"),
        (json!({"name": "x", "scopes": []}), "/scopes"),
        (json!({"name": "x", "scopes": ["root"]}), "/scopes/0"),
        (json!({"name": "x", "scopes": ["admin"], "expires_at": "tomorrow"}), "/expires_at"),
        (json!({"name": "x", "scopes": ["admin"], "same_as": "me"}), "/same_as"),
        (json!({"name": "x", "scopes": ["admin"], "same_as": "key_00000000000000000000000000"}), "/same_as"),
        (json!({"name": "x", "scopes": ["admin"], "hash": "00"}), "/hash"),
    ];
    for (body, pointer) in cases {
        let problem = world.post("/v1/api-keys", body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    world
        .call("DELETE", "/v1/api-keys/key_00000000000000000000000000")
        .send()
        .await
        .problem(404, "not_found");
}
