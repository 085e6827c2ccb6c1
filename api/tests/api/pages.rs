//! Pages do not skip and do not repeat what was there all the time, whatever comes between.

use serde_json::json;

use crate::world::World;

/// Walks a list in small pages; between any two of them something else happens.
async fn walk(world: &World, path: &str, id: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for step in 0.. {
        let join = if path.contains('?') { '&' } else { '?' };
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = world.get(&format!("{path}{join}limit=3{from}")).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= 3);
        seen.extend(
            rows.iter().map(|row| row[id].as_str().map_or_else(|| row[id].to_string(), str::to_owned)),
        );
        if page["has_more"] == false {
            assert!(page["next_cursor"].is_null(), "{page}");
            return seen;
        }
        cursor = Some(page["next_cursor"].as_str().unwrap().to_owned());
        between(step).await;
    }
    seen
}

fn assert_once_each(seen: &[String], there: &[String]) {
    for one in there {
        assert_eq!(seen.iter().filter(|other| *other == one).count(), 1, "{one} in {seen:?}");
    }
}

#[tokio::test]
async fn pages_of_skus_and_stock_do_not_skip_under_inserts() {
    let world = World::new().await;
    // Pairs whose second begins with the first: a page that ends between them must go on with the second.
    let there: Vec<String> = (0..10).flat_map(|n| [format!("k{n:02}"), format!("k{n:02}w")]).collect();
    for sku in &there {
        world.stocked(sku, 1).await;
    }
    let seen = walk(&world, "/v1/skus", "sku", async |step| {
        // One before everything, one in the middle, one at the end.
        for sku in [format!("a{step}"), format!("k{step:02}x"), format!("z{step}")] {
            world.stocked(&sku, 0).await;
        }
    })
    .await;
    assert_once_each(&seen, &there);
    assert!(seen.is_sorted());
    let seen = walk(&world, "/v1/stock?location=main", "sku", async |step| {
        world.stocked(&format!("b{step}"), 1).await;
        world.stocked(&format!("k{step:02}y"), 1).await;
    })
    .await;
    assert_once_each(&seen, &there);
    let seen = walk(&world, "/v1/skus?prefix=k01", "sku", async |_| {}).await;
    assert!(seen.iter().all(|sku| sku.starts_with("k01")) && seen.len() >= 2, "{seen:?}");
}

#[tokio::test]
async fn pages_of_orders_and_movements_do_not_skip_under_inserts() {
    let world = World::new().await;
    world.stocked("A", 1000).await;
    let mut there = Vec::new();
    let place = async || {
        let order = json!({"lines": [{"sku": "A", "quantity": 1}]});
        world.post("/v1/orders", order).await.expect(201)["id"].as_str().unwrap().to_owned()
    };
    for _ in 0..20 {
        there.push(place().await);
    }
    let seen = walk(&world, "/v1/orders?state=pending", "id", async |_| {
        place().await;
    })
    .await;
    assert_eq!(seen, there.iter().rev().cloned().collect::<Vec<_>>(), "newest first, as of the beginning");
    let versions: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
    let seen = walk(&world, "/v1/stock/A/main/movements", "version", async |_| {
        place().await;
    })
    .await;
    assert_once_each(&seen, &versions);
    let seen = walk(&world, "/v1/stock/A/main/holders", "order_id", async |_| {
        place().await;
    })
    .await;
    assert_once_each(&seen, &there);
    let seen = walk(&world, "/v1/locations", "location", async |_| {}).await;
    assert_eq!(seen, ["main"]);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    for n in 0..2 {
        world.stocked(&format!("k{n}"), 1).await;
    }
    let page = world.get("/v1/stock?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    world.get(&format!("/v1/skus?cursor={cursor}")).await.problem(400, "invalid_parameter");
}
