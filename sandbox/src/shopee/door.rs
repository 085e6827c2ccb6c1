//! Who comes in: the app's number, the time, the signature, and for a shop's call its access token.

use super::reply::Refusal;
use super::{Kind, Visit, seconds};
use crate::call::Call;
use crate::hub::Hub;
use crate::signatures::{hmac_hex, same};
use crate::world::{Market, ShopKey, TokenFault};

/// A timestamp may be this many seconds off.
const TOLERANCE: i64 = 300;

/// Checks a call in the order in which the marketplace does: what is missing, the time, the signature, the token.
pub(super) fn enter<'a>(hub: &'a Hub, call: &'a Call, kind: Kind) -> Result<Visit<'a>, Refusal> {
    let kind = match kind {
        Kind::Either if call.query("access_token").is_some() => Kind::Shop,
        Kind::Either => Kind::Public,
        known => known,
    };
    let shop = match kind {
        Kind::Public | Kind::Either => None,
        Kind::Shop => {
            let account = required(call, "shop_id")?;
            let account = account.parse().map_err(|_| Refusal::parameter("Invalid shop_id."))?;
            Some(ShopKey { market: Market::Shopee, account })
        }
    };
    signed(hub, call, kind, shop)?;
    if let Some(key) = shop {
        let token = required(call, "access_token")?;
        let checked = hub.in_shop(key, |world, now| {
            world
                .shop(key)
                .map(|shop| (shop.credentials.authorised_at, shop.credentials.check_access(token, now)))
        });
        match checked {
            None | Some((None, _)) => return Err(not_linked()),
            Some((_, Err(TokenFault::Revoked))) => return Err(not_linked()),
            Some((_, Err(TokenFault::ConsentOver))) => {
                return Err(Refusal::new("shop_access_expired", "The shop's authorization has expired.")
                    .with_status(403));
            }
            Some((_, Err(TokenFault::Unknown))) => {
                return Err(Refusal::new("error_auth", "Invalid access_token.").with_status(403));
            }
            // This is how the marketplace spells it.
            Some((_, Err(TokenFault::Expired | TokenFault::Used))) => {
                return Err(Refusal::new(
                    "invalid_acceess_token",
                    "Invalid access_token, please have a check.",
                )
                .with_status(403));
            }
            Some((_, Ok(()))) => {}
        }
    }
    Ok(Visit { hub, call, shop })
}

/// Checks everything but the token: for the pages too, whose link is signed like a public call.
pub(super) fn signed(hub: &Hub, call: &Call, kind: Kind, shop: Option<ShopKey>) -> Result<(), Refusal> {
    let app = hub.app(Market::Shopee);
    let partner = required(call, "partner_id")?;
    let timestamp = required(call, "timestamp")?;
    let sign = required(call, "sign")?;
    if partner != app.app_id {
        return Err(Refusal::new("error_param", "Invalid partner_id.").with_status(403));
    }
    let at: i64 = timestamp.parse().map_err(|_| Refusal::parameter("Invalid timestamp."))?;
    if (seconds(hub.now(Market::Shopee, shop)) - at).abs() > TOLERANCE {
        return Err(Refusal::new("error_param", "Timestamp is expired.").with_status(403));
    }
    let token = match kind {
        Kind::Public | Kind::Either => None,
        Kind::Shop => Some((required(call, "access_token")?, required(call, "shop_id")?)),
    };
    let base = base(partner, &call.path, timestamp, token);
    if !same(&hmac_hex(&app.secret, base.as_bytes()), sign) {
        return Err(Refusal::new("error_sign", "Wrong sign.").with_status(403));
    }
    Ok(())
}

/// What is signed: the values one after the other, the access token and the shop's number only in a shop's call.
fn base(partner: &str, path: &str, timestamp: &str, token: Option<(&str, &str)>) -> String {
    let (token, shop) = token.unwrap_or_default();
    format!("{partner}{path}{timestamp}{token}{shop}")
}

fn not_linked() -> Refusal {
    Refusal::new("shop_no_linked", "The shop is not linked to the partner.").with_status(403)
}

fn required<'a>(call: &'a Call, name: &str) -> Result<&'a str, Refusal> {
    let value = call.query(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Refusal::parameter(&format!("There is no {name} in the query.")).with_status(403))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_examples_of_both_kinds() {
        let key = "test_partner_key";
        let shop = base(
            "2001887",
            "/api/v2/shop/get_shop_info",
            "1655714431",
            Some(("59777174636562737266615546704c6d", "14701711")),
        );
        assert_eq!(
            hmac_hex(key, shop.as_bytes()),
            "9fdae5aeed86e753249982ec04aa54339280f12d3f456b9e3f7d8ee91e66a2b3"
        );
        let public = base("1000016", "/api/v2/auth/token/get", "1657263479", None);
        assert_eq!(
            hmac_hex(key, public.as_bytes()),
            "35341f26e9b1557d4f0f30912aac45d0dd7f5c3a6582ab86b038d616984ffc43"
        );
    }
}
