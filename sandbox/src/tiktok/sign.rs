//! The signatures of calls and of messages.

use crate::call::Call;
use crate::signatures::hmac_hex;

/// The signature that a call must carry: HMAC-SHA256 under the app's secret over secret, path, the sorted query without `sign`
/// and `access_token`, the raw body unless it is multipart, and the secret again; in small letters.
pub(super) fn call(secret: &str, call: &Call) -> String {
    hmac_hex(secret, &base(secret, call))
}

fn base(secret: &str, call: &Call) -> Vec<u8> {
    let mut query: Vec<&(String, String)> =
        call.query.iter().filter(|(name, _)| name != "sign" && name != "access_token").collect();
    query.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let mut base = Vec::with_capacity(256 + call.body.len());
    base.extend_from_slice(secret.as_bytes());
    base.extend_from_slice(call.path.as_bytes());
    for (name, value) in query {
        base.extend_from_slice(name.as_bytes());
        base.extend_from_slice(value.as_bytes());
    }
    let multipart = call.header("content-type").is_some_and(|kind| kind.contains("multipart/form-data"));
    if !multipart {
        base.extend_from_slice(&call.body);
    }
    base.extend_from_slice(secret.as_bytes());
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
        all.into_iter().filter(|vector| vector["platform"] == "tiktok").collect()
    }

    fn request(path: &str, query: &[(&str, &str)], body: &str) -> Call {
        Call {
            method: if body.is_empty() { "GET" } else { "POST" }.to_owned(),
            path: path.to_owned(),
            query: query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    /// The calls behind the vectors, written out; their query is given in another order than the signed one.
    fn calls() -> Vec<(&'static str, Call)> {
        let cipher = "ROW_RHkDDABBAAB8tKAVoAqsMTjsQZFLyNfY";
        let body = "{\"skus\":[{\"id\":\"1729592969712207013\",\"inventory\":[{\"warehouse_id\":\"7068517275539719942\",\
                    \"quantity\":999}]}]}";
        let inventory = "/product/202309/products/1729382561353664372/inventory/update";
        vec![
            (
                "official_shops",
                request(
                    "/authorization/202309/shops",
                    &[("timestamp", "1623812664"), ("app_key", "29a39d"), ("sign", "x")],
                    "",
                ),
            ),
            ("ecomphp_get", request("/test-api", &[("foo", "bar"), ("access_token", "not signed")], "")),
            (
                "post_inventory",
                request(
                    inventory,
                    &[("timestamp", "1625484268"), ("shop_cipher", cipher), ("app_key", "123abc")],
                    body,
                ),
            ),
        ]
    }

    #[test]
    fn every_vector_of_tiktok_shop_is_met() {
        let vectors = vectors();
        let mut met = 0;
        for vector in &vectors {
            let text = |field: &str| vector[field].as_str().unwrap();
            let (key, expected, wanted) = (text("key"), text("expected"), text("base_string"));
            if text("name") == "webhook" {
                let body = wanted.strip_prefix("fake_app_key").unwrap();
                assert_eq!(message("fake_app_key", key, body.as_bytes()), expected);
            } else {
                let calls = calls();
                let (_, request) = calls.iter().find(|(name, _)| *name == text("name")).unwrap();
                assert_eq!(String::from_utf8(base(key, request)).unwrap(), wanted);
                assert_eq!(call(key, request), expected);
            }
            met += 1;
        }
        assert_eq!(met, 4);
    }

    #[test]
    fn a_multipart_body_is_not_signed() {
        let mut with = request("/product/202309/images/upload", &[("app_key", "a")], "----boundary");
        with.headers = vec![("content-type".to_owned(), "multipart/form-data; boundary=x".to_owned())];
        let mut without = with.clone();
        without.body.clear();
        assert_eq!(call("s", &with), call("s", &without));
        with.headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        assert_ne!(call("s", &with), call("s", &without));
    }
}
