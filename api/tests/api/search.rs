//! `/v1/search`.

use serde_json::{Value, json};

use crate::stall::Stall;
use crate::world::World;

/// Kinds and ids of what is found, with the admin's key or another one.
async fn hits(world: &World, q: &str, secret: Option<&str>) -> Vec<(String, String)> {
    let bearer = format!("Bearer {}", secret.unwrap_or(&world.admin));
    let call = world.call("GET", &format!("/v1/search?q={q}")).header("authorization", &bearer);
    let body = call.send().await.expect(200);
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    body["data"].as_array().unwrap().iter().map(|row| (text(row, "kind"), text(row, "id"))).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect()
}

#[tokio::test]
async fn everything_is_found_by_what_people_know_of_it() {
    let stall = Stall::open().await;
    let world = &stall.world;
    for sku in ["TEE-1", "TEE-2", "tee-3", "MUG"] {
        world.stocked(sku, 5).await;
    }
    assert_eq!(
        hits(world, "tee", None).await,
        pairs(&[("sku", "TEE-1"), ("sku", "TEE-2"), ("sku", "tee-3")])
    );
    assert_eq!(hits(world, "TEE-2", None).await, pairs(&[("sku", "TEE-2")]));
    let order = json!({"lines": [{"sku": "MUG", "quantity": 1}], "reference": "R-77"});
    let order = world.post("/v1/orders", order).await.expect(201)["id"].as_str().unwrap().to_owned();
    for q in ["R-77", &order] {
        assert_eq!(hits(world, q, None).await, pairs(&[("order", &order)]), "{q}");
    }
    let hold = json!({"lines": [{"sku": "MUG", "quantity": 1}], "owner": "cart"});
    let hold = world.post("/v1/reservations", hold).await.expect(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(hits(world, &hold, None).await, pairs(&[("reservation", &hold)]));
    assert_eq!(hits(world, "STALL-1", None).await, pairs(&[("shop", "stall-1")]));
    let job = stall.list("/v1/jobs?state=done").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(hits(world, &job, None).await, pairs(&[("job", &job)]));
    world.post("/v1/skus", json!({"sku": "N-1", "name": "Thin blue cotton shirt"})).await.expect(201);
    assert_eq!(hits(world, "shirt%20BLUE", None).await, pairs(&[("sku", "N-1")]));
    assert_eq!(hits(world, "ue", None).await, [], "two letters say nothing of a name");
    // What people have in their hands is the marketplace's number.
    stall.market.buys("M-88", &[("a", 1)]);
    stall.market.buys("M-89", &[("b", 1)]);
    stall.hook("1", "n1", "M-88").await.expect(200);
    stall.hook("1", "n2", "M-89").await.expect(200);
    stall.idle().await;
    let taken = stall.list("/v1/market-orders?state=applied").await.remove(0);
    let ours = taken["order_ids"][0].as_str().unwrap();
    for q in ["M-88", "stall-1/M-88"] {
        assert_eq!(hits(world, q, None).await, pairs(&[("order", ours)]), "{q}");
    }
    let waits = stall.list("/v1/market-orders?state=waits_for_mapping").await.remove(0);
    assert_eq!(hits(world, "M-89", None).await, pairs(&[("market_order", waits["id"].as_str().unwrap())]));
    assert_eq!(hits(world, "nothing-like-it", None).await, []);
    let few = world.get("/v1/search?q=tee&limit=2").await.expect(200);
    assert_eq!(few["data"].as_array().unwrap().len(), 2);
    stall.close().await;
}

#[tokio::test]
async fn what_a_key_may_not_read_it_does_not_find() {
    let world = World::new().await;
    world.stocked("R-1", 5).await;
    let order = json!({"lines": [{"sku": "R-1", "quantity": 1}], "reference": "R-1"});
    world.post("/v1/orders", order).await.expect(201);
    let kinds = async |scope: &str| {
        let (_, secret) = world.make_key(&[scope]).await;
        let found = hits(&world, "R-1", Some(&secret)).await;
        found.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("stock:read").await, ["sku"]);
    assert_eq!(kinds("orders:read").await, ["order"]);
    assert_eq!(kinds("events:read").await, Vec::<String>::new());
    assert_eq!(kinds("admin").await, ["sku", "order"]);
}

#[tokio::test]
async fn an_empty_question_is_refused() {
    let world = World::new().await;
    for query in ["", "?q=", "?q=%20", "?q=a&limit=0", "?q=a&limit=51", "?q=a&more=1", "?q=a%00b"] {
        world.get(&format!("/v1/search{query}")).await.problem(400, "invalid_parameter");
    }
}
