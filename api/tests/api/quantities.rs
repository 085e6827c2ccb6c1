//! F7: everything that is no quantity.

use serde_json::{Value, json};

use crate::world::World;

/// A value as it stands in the JSON, the status, and the code of the place.
const TABLE: &[(&str, u16, &str)] = &[
    ("0", 422, "out_of_bounds"),
    ("-1", 422, "out_of_bounds"),
    ("1000000001", 422, "out_of_bounds"),
    ("9223372036854775807", 422, "out_of_bounds"),
    ("9223372036854775808", 422, "invalid_type"),
    ("-9223372036854775809", 422, "invalid_type"),
    ("18446744073709551616", 422, "invalid_type"),
    ("1.5", 422, "invalid_type"),
    ("1.0", 422, "invalid_type"),
    ("\"5\"", 422, "invalid_type"),
    ("1e3", 422, "invalid_type"),
    ("true", 422, "invalid_type"),
    ("[1]", 422, "invalid_type"),
    ("{}", 422, "invalid_type"),
    ("null", 422, "invalid_type"),
    ("NaN", 400, ""),
    ("Infinity", 400, ""),
    ("01", 400, ""),
    ("+1", 400, ""),
    ("0x10", 400, ""),
    ("1e999", 400, ""),
    ("", 400, ""),
];

#[tokio::test]
async fn f7_what_is_no_quantity_is_refused_and_pointed_at() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let head = world.engine.reads().feed_head().await.unwrap();
    let places = [
        (
            "/v1/orders",
            r#"{"lines":[{"sku":"A","quantity":1},{"sku":"A","quantity":@}]}"#,
            "/lines/1/quantity",
        ),
        ("/v1/reservations", r#"{"lines":[{"sku":"A","quantity":@}]}"#, "/lines/0/quantity"),
        ("/v1/stock/move", r#"{"sku":"A","quantity":@,"from":{},"to":{"location":"x"}}"#, "/quantity"),
        ("/v1/skus", r#"{"sku":"B","components":[{"sku":"A","quantity":@}]}"#, "/components/0/quantity"),
    ];
    for (path, template, pointer) in places {
        for (value, status, code) in TABLE {
            let answer = world.call("POST", path).raw(template.replace('@', value)).send().await;
            let expected = if *status == 400 { "malformed_json" } else { "validation_failed" };
            let problem = answer.problem(*status, expected);
            if *status == 422 {
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{value} at {path}: {problem}");
                assert_eq!(problem["errors"][0]["code"], *code, "{value} at {path}: {problem}");
            }
        }
    }
    assert_eq!(world.engine.reads().feed_head().await.unwrap(), head, "nothing was done");
}

#[tokio::test]
async fn f7_what_is_missing_repeated_or_unknown_is_refused() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let cases = [
        (r#"{"lines":[{"sku":"A"}]}"#, "/lines/0/quantity", "required"),
        (r#"{}"#, "/lines", "required"),
        (r#"{"lines":[]}"#, "/lines", "out_of_bounds"),
        (r#"{"lines":{}}"#, "/lines", "invalid_type"),
        (r#"{"lines":[{"sku":"A","quantity":1,"quantity":2}]}"#, "/lines/0/quantity", "duplicate_field"),
        (r#"{"lines":[{"sku":"A","quantity":1}],"lines":[]}"#, "/lines", "duplicate_field"),
        (r#"{"lines":[{"sku":"A","quantity":1,"on_hand":2}]}"#, "/lines/0/on_hand", "unknown_field"),
        (r#"{"lines":[{"sku":"A","quantity":1}],"tenant":"x"}"#, "/tenant", "unknown_field"),
        (r#"{"lines":[{"sku":"A","quantity":1}],"currency":"eur"}"#, "/currency", "invalid_currency"),
        (r#"{"lines":[{"sku":"A","quantity":1}],"ttl_s":59}"#, "/ttl_s", "out_of_bounds"),
        (r#"{"lines":[{"sku":"A","quantity":1}],"ttl_s":604801}"#, "/ttl_s", "out_of_bounds"),
        (r#"{"lines":[{"sku":"A","quantity":1,"unit_minor":-1}]}"#, "/lines/0/unit_minor", "out_of_bounds"),
        (
            r#"{"lines":[{"sku":"A","quantity":1}],"payment_reference":"p"}"#,
            "/payment_reference",
            "not_allowed",
        ),
        (r#"[]"#, "", "invalid_type"),
        (r#"null"#, "", "invalid_type"),
    ];
    for (body, pointer, code) in cases {
        let answer = world.call("POST", "/v1/orders").raw(body).send().await;
        let problem = answer.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{body}: {problem}");
    }
    for body in ["{", "{}x", "\u{feff}{}", "{\"lines\":[],}", "", "\"\\ud800\""] {
        world.call("POST", "/v1/orders").raw(body).send().await.problem(400, "malformed_json");
    }
    let answer = world.call("POST", "/v1/orders").raw(vec![b'"', 0xff, b'"']).send().await;
    answer.problem(400, "malformed_json");
    let deep = format!("{{\"lines\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let answer = world.call("POST", "/v1/orders").raw(deep).send().await;
    assert!([400, 422].contains(&answer.status.as_u16()), "{}", answer.status);
    assert_eq!(world.figures("A").await, [5, 0, 0, 0, 5]);
}

#[tokio::test]
async fn every_place_that_is_wrong_is_named_at_once() {
    let world = World::new().await;
    let body = json!({"lines": [
        {"sku": "", "quantity": 0},
        {"sku": " A", "quantity": 1, "location": "x\u{0}"},
    ]});
    let problem = world.post("/v1/orders", body).await.problem(422, "validation_failed");
    let pointers: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/lines/0/sku", "/lines/0/quantity", "/lines/1/sku", "/lines/1/location"]);
}

/// A bulk request says what is wrong where, as a request of one change does.
#[tokio::test]
async fn f7_every_item_of_a_bulk_names_its_member() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let cases = [
        (r#"{"action":"adjust","sku":"A","quantity":"5","reason":"received"}"#, "/quantity", "invalid_type"),
        (r#"{"sku":"A","quantity":1.5,"reason":"received","action":"adjust"}"#, "/quantity", "invalid_type"),
        (r#"{"action":"adjust","sku":"A","quantity":1,"reason":"stolen"}"#, "/reason", "invalid_type"),
        (r#"{"action":"adjust","sku":"A","quantity":1}"#, "/reason", "required"),
        (r#"{"action":"adjust","quantity":1,"reason":"received"}"#, "/sku", "required"),
        (r#"{"action":"set","sku":"A","on_hand":null,"expected":1}"#, "/on_hand", "required"),
        (r#"{"action":"set","sku":"A","on_hand":1,"counted":1}"#, "/counted", "unknown_field"),
        (r#"{"action":"count","sku":"A","counted":1,"reason":"received"}"#, "/reason", "unknown_field"),
        (r#"{"action":"count","sku":"A","counted":1,"tenant":"x"}"#, "/tenant", "unknown_field"),
        (r#"{"action":"count","sku":"A","counted":1,"counted":2}"#, "/counted", "duplicate_field"),
        (
            r#"{"action":"move","sku":"A","quantity":1,"from":{"loc":"x"},"to":{}}"#,
            "/from/loc",
            "unknown_field",
        ),
        (
            r#"{"action":"move","sku":"A","quantity":1,"from":{},"to":{"state":7}}"#,
            "/to/state",
            "invalid_type",
        ),
        (r#"{"action":"move","sku":"A","quantity":1,"from":{}}"#, "/to", "required"),
        (r#"{"action":"sell","sku":"A","quantity":1}"#, "/action", "invalid_type"),
        (r#"{"sku":"A","quantity":1}"#, "/action", "required"),
        ("7", "", "invalid_type"),
    ];
    for (item, pointer, code) in cases {
        for mode in ["atomic", "independent"] {
            let good = r#"{"action":"adjust","sku":"A","quantity":1,"reason":"received"}"#;
            let body = format!(r#"{{"mode":"{mode}","items":[{good},{item}]}}"#);
            let answer = world.call("POST", "/v1/stock/bulk").raw(body).send().await;
            let problem = answer.problem(422, "validation_failed");
            assert_eq!(problem["errors"][0]["pointer"], format!("/items/1{pointer}"), "{item}: {problem}");
            assert_eq!(problem["errors"][0]["code"], code, "{item}: {problem}");
        }
    }
    assert_eq!(world.figures("A").await[0], 5, "nothing was done");
}
