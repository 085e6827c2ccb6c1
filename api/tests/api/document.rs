//! `/openapi.json`, `/docs`, `/problems`.

use serde_json::Value;

use crate::world::World;

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => found.push(target.clone()),
                    other => references(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_is_whole() {
    let document: Value = serde_json::from_str(&onhand_api::openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut targets = Vec::new();
    references(&document, &mut targets);
    for target in targets {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target} points at nothing");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{what}: not its own id"
            );
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{what}: no summary");
            let public = operation["security"] == serde_json::json!([]);
            // Whoever signs in needs no key, and may be told that the password is wrong.
            let door = path.starts_with("/v1/sessions") || path == "/v1/setup" || path == "/v1/passwords";
            assert_eq!(public && !door, operation["responses"].get("401").is_none(), "{what}");
            for name in path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|p| p["name"] == name && p["in"] == "path"), "{what}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_served_is_what_the_code_says() {
    let world = World::new().await;
    let served = world.call("GET", "/openapi.json").without("authorization").send().await;
    let document: Value = serde_json::from_str(&onhand_api::openapi()).unwrap();
    assert_eq!(served.expect(200), document);
    let page = world.call("GET", "/docs").without("authorization").send().await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = String::from_utf8(page.bytes.clone()).unwrap();
    assert!(text.contains("id=\"post_orders\"") && text.contains("curl -X POST"), "{text}");
    for forbidden in ["<script", "style=\"", "http://", "https://", "onclick"] {
        assert!(!text.contains(forbidden), "{forbidden} in the page");
    }
    let style = world.get("/docs/style.css").await;
    assert!(style.header("content-type").unwrap().starts_with("text/css"));
}

#[tokio::test]
async fn every_problem_can_be_looked_up() {
    let world = World::new().await;
    let all = world.get("/problems").await.expect(200);
    let kinds = all["data"].as_array().unwrap();
    assert!(kinds.len() > 40);
    for kind in kinds {
        assert_eq!(&world.get(kind["type"].as_str().unwrap()).await.expect(200), kind);
    }
    world.get("/problems/none").await.problem(404, "not_found");
}
