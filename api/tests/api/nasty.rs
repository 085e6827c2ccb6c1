//! F13: texts that hurt elsewhere.

use serde_json::json;

use crate::world::World;

/// Kept exactly as they are.
const HARMLESS: &[&str] = &[
    "'; DROP TABLE stock; --",
    "1 OR 1=1",
    "Robert\"); DELETE FROM orders;--",
    "../../etc/passwd",
    "..",
    ".",
    "a/b/c",
    "%2e%2e%2f",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "مرحبا",
    "👩‍👩‍👧‍👦",
    "𐍈𝄞",
    "ﬁ",
    "İ",
    "007",
    "a?b=c#d",
    "a+b c",
    "\\",
    "NULL",
    "%",
    "_",
];

/// Refused.
fn harmful() -> Vec<String> {
    vec![
        "a\0b".to_owned(),
        "line\nbreak".to_owned(),
        "tab\tulator".to_owned(),
        "esc\u{1b}[31m".to_owned(),
        "del\u{7f}".to_owned(),
        "c1\u{85}".to_owned(),
        "rtl\u{202e}txt".to_owned(),
        " outer".to_owned(),
        "outer\u{a0}".to_owned(),
        "x".repeat(201),
        "x".repeat(10_240),
        "é".repeat(101),
        String::new(),
    ]
}

#[tokio::test]
async fn f13_harmless_texts_are_kept_to_the_byte() {
    let world = World::new().await;
    for text in HARMLESS {
        let made = world.post("/v1/skus", json!({"sku": text, "name": text})).await;
        let body = made.expect(201);
        assert_eq!((body["sku"].as_str(), body["name"].as_str()), (Some(*text), Some(*text)));
        let adjust = json!({"sku": text, "quantity": 3, "reason": "received", "note": text});
        world.post("/v1/stock/adjust", adjust).await.expect(200);
        let order = json!({"lines": [{"sku": text, "quantity": 1}], "reference": text, "channel": text});
        let placed = world.post("/v1/orders", order).await.expect(201);
        let id = placed["id"].as_str().unwrap();
        let read = world.get(&format!("/v1/orders/{id}")).await.expect(200);
        assert_eq!(read["lines"][0]["sku"].as_str(), Some(*text));
        assert_eq!(read["reference"].as_str(), Some(*text));
        // Dots alone cannot be a segment of a URL: clients resolve them away. The list finds them.
        if !text.chars().all(|c| c == '.') {
            let path = made.header("location").unwrap();
            assert_eq!(world.get(path).await.expect(200)["sku"].as_str(), Some(*text), "{path}");
        }
    }
    let mut listed: Vec<String> = Vec::new();
    for row in world.get("/v1/skus?limit=200").await.expect(200)["data"].as_array().unwrap() {
        listed.push(row["sku"].as_str().unwrap().to_owned());
    }
    let mut expected: Vec<String> = HARMLESS.iter().map(|text| (*text).to_owned()).collect();
    expected.sort();
    assert_eq!(listed, expected, "every one, in byte order");
    // A wildcard of a database is a character like any other.
    let found = world.get("/v1/skus?prefix=%25").await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 2, "% and %2e: {found}");
    let found = world.get("/v1/skus?prefix=_").await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
    world.assert_clean().await;
}

#[tokio::test]
async fn f13_harmful_texts_are_refused_and_pointed_at() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    for text in harmful() {
        let problem = world.post("/v1/skus", json!({"sku": text})).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/sku", "{text:?}");
        let order = json!({"lines": [{"sku": text, "quantity": 1}]});
        world.post("/v1/orders", order).await.problem(422, "validation_failed");
        let order = json!({"lines": [{"sku": "A", "quantity": 1}], "reference": text});
        world.post("/v1/orders", order).await.problem(422, "validation_failed");
    }
    let note = json!({"sku": "A", "quantity": 1, "reason": "received", "note": "a\u{0}b"});
    world.post("/v1/stock/adjust", note).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn f13_paths_and_queries_that_hurt_are_answered() {
    let world = World::new().await;
    for path in [
        "/v1/skus/a%00b",
        "/v1/skus/%ff",
        "/v1/skus/%0a",
        "/v1/stock/a%00/main",
        "/v1/stock/A/%00/movements",
        "/v1/stock?sku=%00",
        "/v1/skus?prefix=%00",
        "/v1/skus?cursor=00",
        "/v1/skus?cursor=220022",
        "/v1/skus?limit=0",
        "/v1/skus?limit=201",
        "/v1/skus?limit=-1",
        "/v1/skus?limit=1e1",
        "/v1/skus?limit=99999999999999999999",
        "/v1/skus?limit=1&limit=2",
        "/v1/skus?nothing=1",
        "/v1/orders?state=unheard",
        "/v1/orders?reference=%0d%0a",
        "/v1/orders/ord_%00",
        "/v1/reservations?owner=%00",
        "/v1/events?after=-1",
        "/v1/events?after=1000000&wait_s=30",
        "/v1/events/stream?after=1000000",
        "/v1/events?after=9223372036854775808",
        "/v1/events?wait_s=31",
        "/v1/operations/%00",
        "/v1/operations/%ff",
        "/problems/%00",
    ] {
        let answer = world.get(path).await;
        let status = answer.status.as_u16();
        assert!(
            [400, 404].contains(&status) || path == "/v1/operations/%00",
            "{path}: {status} {}",
            String::from_utf8_lossy(&answer.bytes)
        );
    }
}
