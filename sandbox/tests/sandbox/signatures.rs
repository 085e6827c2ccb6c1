//! The published signatures: whoever signs as the marketplaces say gets these.

use onhand_sandbox::hmac_hex;
use serde_json::Value;

const VECTORS: &str = include_str!("../fixtures/signature-vectors.json");

#[test]
fn every_vector_of_the_three_marketplaces() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    let mut passed = std::collections::BTreeMap::new();
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let mut ours = hmac_hex(text("key"), text("base_string").as_bytes());
        if text("hex_case") == "upper" {
            ours = ours.to_uppercase();
        }
        assert_eq!(ours, text("expected"), "{} {}", text("platform"), text("name"));
        *passed.entry(text("platform")).or_insert(0) += 1;
    }
    assert_eq!(passed["shopee"], 9, "the table of Shopee has nine");
    assert_eq!(passed.values().sum::<i32>(), 21);
}
