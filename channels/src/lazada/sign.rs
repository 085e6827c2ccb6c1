//! Signatures: HMAC-SHA256 with the app secret over the path and all parameters, sorted.

use onhand_connector::Secret;

use crate::digest::hmac_hex;

/// Of a call, in upper case. `path` is without `/rest`; parameters without a value are not signed.
pub(super) fn call(secret: &Secret, path: &str, parameters: &[(String, String)]) -> String {
    let mut sorted: Vec<_> =
        parameters.iter().filter(|(key, value)| key != "sign" && !value.is_empty()).collect();
    sorted.sort();
    let pairs: String = sorted.iter().map(|(key, value)| format!("{key}{value}")).collect();
    hmac_hex(secret, &[path.as_bytes(), pairs.as_bytes()]).to_ascii_uppercase()
}

/// Of a webhook, in lower case: the app key, then the body.
pub(super) fn webhook(secret: &Secret, app_key: &str, body: &[u8]) -> String {
    hmac_hex(secret, &[app_key.as_bytes(), body])
}

#[cfg(test)]
mod tests {
    use onhand_connector::Secret;

    use super::{call, webhook};
    use crate::digest::hmac_hex;
    use crate::vectors::of;

    fn expected(name: &str) -> String {
        of("lazada").into_iter().find(|vector| vector.name == name).unwrap().expected
    }

    #[test]
    fn every_vector() {
        let vectors = of("lazada");
        assert_eq!(vectors.len(), 8);
        for vector in &vectors {
            let key = Secret::new(&vector.key);
            let signed = hmac_hex(&key, &[vector.base_string.as_bytes()]);
            assert_eq!(signed, vector.expected.to_lowercase(), "{}", vector.name);
        }
    }

    #[test]
    fn the_parts_are_set_in_the_order_of_the_vectors() {
        let system = [
            ("timestamp", "1517820392000"),
            ("sign_method", "sha256"),
            ("app_key", "123456"),
            ("access_token", "test"),
        ];
        let payload = "<Request><Product><Skus><Sku><ItemId>234234234</ItemId><SkuId>234</SkuId>\
                       <SellableQuantity>20</SellableQuantity></Sku></Skus></Product></Request>";
        let numbers =
            [("foobar", "4"), ("foo_bar", "3"), ("foo", "1"), ("bar", "2"), ("empty", ""), ("sign", "x")];
        let older = [
            ("access_token", "test-token"),
            ("app_key", "123456"),
            ("sign_method", "sha256"),
            ("timestamp", "1700000000000"),
        ];
        let token = [&system[..3], &[("code", "0_100132_code")]].concat();
        for (name, key, path, parameters) in [
            (
                "official_order_get",
                "helloworld",
                "/order/get",
                [&system[..], &[("order_id", "1234")]].concat(),
            ),
            (
                "xml_sellable",
                "helloworld",
                "/product/stock/sellable/update",
                [&system[..], &[("payload", payload)]].concat(),
            ),
            ("token_create", "helloworld", "/auth/token/create", token),
            ("xk_order_cancel", "test-secret", "/order/cancel", older.to_vec()),
            ("foo", "secret", "/test/api", numbers.to_vec()),
            ("branch8_snapshot", "1234", "/test/api", numbers.to_vec()),
        ] {
            let parameters: Vec<_> =
                parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(call(&Secret::new(key), path, &parameters), expected(name), "{name}");
        }
        for name in ["official_push", "push_realistic"] {
            let base = of("lazada").into_iter().find(|vector| vector.name == name).unwrap().base_string;
            let body = base.strip_prefix("123456").unwrap();
            let signed = webhook(&Secret::new("3412gyo124goi3124"), "123456", body.as_bytes());
            assert_eq!(signed, expected(name), "{name}");
        }
    }
}
