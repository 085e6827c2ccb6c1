//! `/v1/listings/{id}/suggestions`.

use serde_json::json;

use crate::stall::Stall;

#[tokio::test]
async fn skus_are_suggested_the_likeliest_first_and_nothing_is_mapped_by_it() {
    let stall = Stall::open().await;
    for (sku, name) in [
        ("b unknown", "Nothing in common"),
        ("C", "Another fine thing for the house"),
        ("D", "Another fine thing"),
        ("E", "Quite different"),
    ] {
        stall.world.post("/v1/skus", json!({"sku": sku, "name": name})).await.expect(201);
    }
    let listing = stall.list("/v1/listings?mapped=false").await.remove(0);
    let path = format!("/v1/listings/{}/suggestions", listing["id"]);
    let found = stall.world.get(&path).await.expect(200);
    let rows = found["data"].as_array().unwrap();
    let skus: Vec<&str> = rows.iter().map(|row| row["sku"].as_str().unwrap()).collect();
    assert_eq!(skus[..3], ["b unknown", "D", "C"], "{found}");
    assert_eq!((&rows[0]["reason"], &rows[0]["score"]), (&json!("nearly_same_code"), &json!(90)));
    assert_eq!(rows[1]["reason"], "common_words");
    assert!(!skus.contains(&"E") && found["complete"] == true, "{found}");
    stall.world.post("/v1/skus", json!({"sku": "B-unknown"})).await.expect(201);
    let found = stall.world.get(&format!("{path}?limit=1")).await.expect(200);
    assert_eq!((&found["data"][0]["sku"], &found["data"][0]["score"]), (&json!("B-unknown"), &json!(100)));
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    let still = stall.world.get(&format!("/v1/listings/{}", listing["id"])).await.expect(200);
    assert_eq!(still["sku"], json!(null));
    stall.world.get(&format!("{path}?limit=51")).await.problem(400, "invalid_parameter");
    stall.world.get("/v1/listings/999/suggestions").await.problem(404, "not_found");
    stall.close().await;
}
