//! `/v1/rehearsals` on a server that nobody gave a stage, and what is asked of it. The program's tests rehearse.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn without_a_stage_there_is_nothing_and_nothing_starts() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/rehearsals").await.expect(200)["data"], json!([]));
    world.post("/v1/rehearsals", json!({})).await.problem(404, "not_found");
    world.get("/v1/rehearsals/reh_x").await.problem(404, "not_found");
    world.call("POST", "/v1/rehearsals/reh_x/kill").send().await.problem(404, "not_found");
    world.call("DELETE", "/v1/rehearsals/reh_x").send().await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_asked_has_bounds() {
    let world = World::new().await;
    for (field, value) in
        [("units", 0), ("units", 100_001), ("buyers", 5_001), ("buyers", -1), ("seconds", 121)]
    {
        let problem = world.post("/v1/rehearsals", json!({field: value})).await;
        let problem = problem.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{problem}");
    }
    let unknown = world.post("/v1/rehearsals", json!({"unit": 1})).await;
    assert_eq!(unknown.problem(422, "validation_failed")["errors"][0]["code"], "unknown_field");
}
