//! The signatures of calls and of messages.

use crate::signatures::hmac_hex;

use super::parameters::Parameters;

/// The signature that a call must carry: HMAC-SHA256 under the app's secret over the path without `/rest` and all parameters
/// sorted by name; in capital letters.
pub(super) fn call(secret: &str, path: &str, parameters: &Parameters) -> String {
    hmac_hex(secret, base(path, parameters).as_bytes()).to_uppercase()
}

fn base(path: &str, parameters: &Parameters) -> String {
    let mut base = path.to_owned();
    for (name, value) in parameters.signed() {
        base.push_str(name);
        base.push_str(value);
    }
    base
}

/// The signature of a message: over the app's key and the body as sent, in small letters.
pub(super) fn message(app_key: &str, secret: &str, body: &[u8]) -> String {
    hmac_hex(secret, &[app_key.as_bytes(), body].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Vec<Value> {
        let all: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/signature-vectors.json")).unwrap();
        let all = all["vectors"].as_array().unwrap().clone();
        all.into_iter().filter(|vector| vector["platform"] == "lazada").collect()
    }

    /// The parameters behind the vectors, in another order than the signed one, with what must not be signed.
    fn calls() -> Vec<(&'static str, &'static str, Parameters)> {
        let time = ("timestamp", "1517820392000");
        let (method, token) = (("sign_method", "sha256"), ("access_token", "test"));
        let foo =
            [("foo", "1"), ("foobar", "4"), ("foo_bar", "3"), ("bar", "2"), ("empty", ""), ("sign", "X")];
        let payload = "<Request><Product><Skus><Sku><ItemId>234234234</ItemId><SkuId>234</SkuId>\
                       <SellableQuantity>20</SellableQuantity></Sku></Skus></Product></Request>";
        let key = ("app_key", "123456");
        vec![
            (
                "official_order_get",
                "/order/get",
                Parameters::from(&[time, method, ("order_id", "1234"), key, token]),
            ),
            (
                "xk_order_cancel",
                "/order/cancel",
                Parameters::from(&[
                    ("timestamp", "1700000000000"),
                    method,
                    key,
                    ("access_token", "test-token"),
                ]),
            ),
            ("foo", "/test/api", Parameters::from(&foo)),
            ("branch8_snapshot", "/test/api", Parameters::from(&foo)),
            (
                "xml_sellable",
                "/product/stock/sellable/update",
                Parameters::from(&[time, ("payload", payload), method, key, token]),
            ),
            (
                "token_create",
                "/auth/token/create",
                Parameters::from(&[time, ("code", "0_100132_code"), method, key]),
            ),
        ]
    }

    #[test]
    fn every_vector_of_lazada_is_met() {
        let vectors = vectors();
        let mut met = 0;
        for vector in &vectors {
            let text = |field: &str| vector[field].as_str().unwrap();
            let (key, expected, wanted) = (text("key"), text("expected"), text("base_string"));
            if matches!(text("name"), "official_push" | "push_realistic") {
                let body = wanted.strip_prefix("123456").unwrap();
                assert_eq!(message("123456", key, body.as_bytes()), expected);
            } else {
                let calls = calls();
                let (_, path, parameters) = calls.iter().find(|(name, ..)| *name == text("name")).unwrap();
                assert_eq!(base(path, parameters), wanted);
                assert_eq!(call(key, path, parameters), expected);
            }
            met += 1;
        }
        assert_eq!(met, 8);
    }
}
