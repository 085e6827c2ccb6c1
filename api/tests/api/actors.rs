//! `/v1/actors`.

use serde_json::{Value, json};

use crate::people::{let_in, owned};
use crate::world::World;

/// The kind and the name of an actor, if it is there.
fn of<'a>(body: &'a Value, id: &Value) -> Option<(&'a str, &'a str)> {
    let row = body["data"].as_array().unwrap().iter().find(|row| row["id"] == *id)?;
    Some((row["kind"].as_str().unwrap(), row["name"].as_str().unwrap()))
}

/// Who did the newest thing to a row of stock.
async fn last_actor(world: &World, sku: &str) -> Value {
    let path = format!("/v1/stock/{sku}/main/movements?limit=1");
    world.get(&path).await.expect(200)["data"][0]["actor"].clone()
}

#[tokio::test]
async fn whoever_may_only_read_knows_everybody_who_acts_by_name_and_by_nothing_else() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let (bob_id, bob) = let_in(&ann, "bob@shop.example", "operator").await;
    let (_, viewer) = let_in(&ann, "vera@shop.example", "viewer").await;
    world.stocked("A", 5).await;
    let adjust = json!({"sku": "A", "quantity": 1, "reason": "correction"});
    bob.post("/v1/stock/adjust", adjust.clone()).await.expect(200);
    let bob_acts = last_actor(&world, "A").await;
    let (key, secret) = world.make_key(&["stock:write", "stock:read"]).await;
    let bearer = format!("Bearer {secret}");
    world
        .call("POST", "/v1/stock/adjust")
        .header("authorization", &bearer)
        .json(&adjust)
        .send()
        .await
        .expect(200);
    let key_acts = last_actor(&world, "A").await;

    // Who is kept out, and a key that is revoked, still have their names.
    ann.call("PATCH", &format!("/v1/users/{bob_id}"))
        .json(&json!({"name": "Bob", "disabled": true}))
        .send()
        .await
        .expect(200);
    world.call("DELETE", &format!("/v1/api-keys/{key}")).send().await.expect(200);
    let answer = viewer.get("/v1/actors").await;
    let body = answer.expect(200);
    assert_eq!(of(&body, &bob_acts), Some(("person", "Bob")), "{body}");
    assert_eq!(of(&body, &key_acts).map(|(kind, _)| kind), Some("api_key"), "{body}");
    assert_eq!(of(&body, &json!("system")), Some(("system", "Onhand")));
    assert_eq!((&body["has_more"], &body["next_cursor"]), (&json!(false), &Value::Null));
    let text = String::from_utf8(answer.bytes).unwrap();
    for secret in ["shop.example", "operator", "owner", "disabled", &bob_id, &key] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    viewer.get("/v1/users").await.problem(403, "missing_scope");
}

#[tokio::test]
async fn the_newest_key_names_an_actor_with_several() {
    let world = World::new().await;
    let make = async |body: Value| world.post("/v1/api-keys", body).await.expect(201)["id"].clone();
    let first = make(json!({"name": "till", "scopes": ["stock:read"]})).await;
    make(json!({"name": "till of 2026", "scopes": ["stock:read"], "same_as": first})).await;
    let keys = world.get("/v1/api-keys").await.expect(200);
    let row = keys["data"].as_array().unwrap().iter().find(|row| row["id"] == first).unwrap();
    let body = world.get("/v1/actors").await.expect(200);
    assert_eq!(of(&body, &row["principal"]), Some(("api_key", "till of 2026")));
}
