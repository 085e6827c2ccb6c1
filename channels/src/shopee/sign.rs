//! Signatures: HMAC-SHA256 with the partner key, as text, over texts set one after the other.

use onhand_connector::Secret;

use crate::digest::hmac_hex;

/// Of a call for a shop: partner, path, time, token, shop.
pub(super) fn shop(
    key: &Secret,
    partner: &str,
    path: &str,
    seconds: i64,
    token: &Secret,
    shop: &str,
) -> String {
    let time = seconds.to_string();
    let token = token.expose();
    hmac_hex(key, &[partner.as_bytes(), path.as_bytes(), time.as_bytes(), token.as_bytes(), shop.as_bytes()])
}

/// Of a call for the app: partner, path, time.
pub(super) fn public(key: &Secret, partner: &str, path: &str, seconds: i64) -> String {
    hmac_hex(key, &[partner.as_bytes(), path.as_bytes(), seconds.to_string().as_bytes()])
}

/// Of a webhook: the callback URL exactly as registered, a bar, the body.
pub(super) fn webhook(key: &Secret, url: &str, body: &[u8]) -> String {
    hmac_hex(key, &[url.as_bytes(), b"|", body])
}

#[cfg(test)]
mod tests {
    use onhand_connector::Secret;

    use super::{public, shop, webhook};
    use crate::digest::hmac_hex;
    use crate::vectors::{Vector, of};

    #[test]
    fn every_vector() {
        let vectors = of("shopee");
        assert_eq!(vectors.len(), 9);
        for Vector { name, key, base_string, expected, .. } in &vectors {
            assert_eq!(&hmac_hex(&Secret::new(key), &[base_string.as_bytes()]), expected, "{name}");
        }
    }

    #[test]
    fn the_parts_are_set_in_the_order_of_the_vectors() {
        let expected = |name: &str| of("shopee").into_iter().find(|v| v.name == name).unwrap().expected;
        let key = Secret::new("test_partner_key");
        let token = Secret::new("59777174636562737266615546704c6d");
        let signed = |path| shop(&key, "2001887", path, 1_655_714_431, &token, "14701711");
        assert_eq!(signed("/api/v2/shop/get_shop_info"), expected("shop_get_shop_info"));
        assert_eq!(signed("/api/v2/product/update_stock"), expected("shop_update_stock"));
        let order = "/api/v2/order/get_order_list";
        assert_eq!(
            shop(&key, "123456", order, 1_710_000_000, &Secret::new("token_value"), "654321"),
            expected("ecomphp_inputs")
        );
        for (partner, path, time, name) in [
            ("2001887", "/api/v2/public/get_shops_by_partner", 1_655_714_431, "public_get_shops_by_partner"),
            ("1000016", "/api/v2/auth/token/get", 1_657_263_479, "public_token_get"),
            ("1000016", "/api/v2/auth/access_token/get", 1_657_263_479, "public_access_token_get"),
            ("1000016", "/api/v2/shop/auth_partner", 1_657_254_106, "public_auth_partner"),
        ] {
            assert_eq!(public(&key, partner, path, time), expected(name), "{name}");
        }
        let base = of("shopee").into_iter().find(|v| v.name == "push").unwrap().base_string;
        let (url, body) = base.split_once('|').unwrap();
        assert_eq!(webhook(&key, url, body.as_bytes()), expected("push"));
    }
}
