//! Signatures: HMAC-SHA256 with the app secret over secret, path, sorted query, body, secret.

use onhand_connector::Secret;

use crate::digest::hmac_hex;

/// Of a call. Values are signed as they are, not as they are encoded; `body` is empty for a GET.
pub(super) fn call(secret: &Secret, path: &str, query: &[(String, String)], body: &[u8]) -> String {
    let mut sorted: Vec<_> = query.iter().filter(|(key, _)| key != "sign" && key != "access_token").collect();
    sorted.sort();
    let pairs: String = sorted.iter().map(|(key, value)| format!("{key}{value}")).collect();
    let secret_bytes = secret.expose().as_bytes();
    hmac_hex(secret, &[secret_bytes, path.as_bytes(), pairs.as_bytes(), body, secret_bytes])
}

/// Of a webhook: the app key, then the body.
pub(super) fn webhook(secret: &Secret, app_key: &str, body: &[u8]) -> String {
    hmac_hex(secret, &[app_key.as_bytes(), body])
}

#[cfg(test)]
mod tests {
    use onhand_connector::Secret;

    use super::{call, webhook};
    use crate::digest::hmac_hex;
    use crate::vectors::of;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_vector() {
        let vectors = of("tiktok");
        assert_eq!(vectors.len(), 4);
        for vector in &vectors {
            let key = Secret::new(&vector.key);
            let signed = hmac_hex(&key, &[vector.base_string.as_bytes()]);
            assert_eq!(signed, vector.expected, "{}", vector.name);
        }
    }

    #[test]
    fn the_parts_are_set_in_the_order_of_the_vectors() {
        let expected = |name: &str| of("tiktok").into_iter().find(|v| v.name == name).unwrap().expected;
        // The official example; the query is sorted here, `sign` and the token are left out.
        let query = pairs(&[
            ("timestamp", "1623812664"),
            ("sign", "x"),
            ("access_token", "y"),
            ("app_key", "29a39d"),
        ]);
        let signed = call(&Secret::new("e59af819cc"), "/authorization/202309/shops", &query, b"");
        assert_eq!(signed, expected("official_shops"));
        let signed = call(&Secret::new("app_secret"), "/test-api", &pairs(&[("foo", "bar")]), b"");
        assert_eq!(signed, expected("ecomphp_get"));
        let query = pairs(&[
            ("timestamp", "1625484268"),
            ("shop_cipher", "ROW_RHkDDABBAAB8tKAVoAqsMTjsQZFLyNfY"),
            ("app_key", "123abc"),
        ]);
        let body = br#"{"skus":[{"id":"1729592969712207013","inventory":[{"warehouse_id":"7068517275539719942","quantity":999}]}]}"#;
        let path = "/product/202309/products/1729382561353664372/inventory/update";
        assert_eq!(call(&Secret::new("e59af819cc"), path, &query, body), expected("post_inventory"));
        let base = of("tiktok").into_iter().find(|v| v.name == "webhook").unwrap().base_string;
        let body = base.strip_prefix("fake_app_key").unwrap();
        let signed = webhook(&Secret::new("fake_app_secret"), "fake_app_key", body.as_bytes());
        assert_eq!(signed, expected("webhook"));
    }
}
