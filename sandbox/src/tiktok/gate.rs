//! Who calls, and whether he may: app key, timestamp, signature, token and shop.

use crate::App;
use crate::call::Call;
use crate::signatures;
use crate::world::{Market, Millis, Shop, ShopKey, TokenFault, World};

use super::reply::Refusal;
use super::routes::{Route, Scope};
use super::{seconds, sign};

/// A timestamp may be so many seconds old … (partner.tiktokshop.com, "Common errors", 36009004)
const PAST: i64 = 300;
/// … and so many ahead.
const AHEAD: i64 = 30;

/// The shop that a call names, before anything is checked.
pub(super) fn caller(world: &World, call: &Call) -> Option<ShopKey> {
    let by_token = call.header("x-tts-access-token").and_then(|token| shop_of(world, token));
    let by_cipher = || {
        let cipher = call.query("shop_cipher")?;
        world.shops_of(Market::Tiktok).find(|shop| shop.cipher == cipher)
    };
    let by_code = || world.shop_by_code(Market::Tiktok, call.query("auth_code")?);
    let by_refresh = || world.shop_by_refresh_token(Market::Tiktok, call.query("refresh_token")?);
    by_token.or_else(by_cipher).or_else(by_code).or_else(by_refresh).map(Shop::key)
}

fn shop_of<'a>(world: &'a World, token: &str) -> Option<&'a Shop> {
    world.shop_by_access_token(Market::Tiktok, token)
}

/// Checks what needs no shop: the common parameters and the signature.
pub(super) fn signed(app: &App, call: &Call, now: Millis) -> Result<(), Refusal> {
    if call.query("app_key") != Some(app.app_id.as_str()) {
        return Err(Refusal::request(36_009_004, "Invalid credentials. Invalid `app_key` query parameter."));
    }
    let sent: i64 = call.query("timestamp").and_then(|text| text.parse().ok()).ok_or_else(|| {
        Refusal::request(36_009_004, "Invalid timestamp. The `timestamp` query parameter is invalid.")
    })?;
    timely(sent, seconds(now))?;
    let given = call.query("sign").filter(|sign| !sign.is_empty()).ok_or_else(|| {
        let message = "Missing credentials. The request does not include a required signature in the query.";
        Refusal::credentials(36_009_004, message)
    })?;
    if !signatures::same(&sign::call(&app.secret, call), given) {
        let message = "Invalid credentials. The `sign` query parameter is invalid.";
        return Err(Refusal::credentials(106_001, message));
    }
    json_body(call)
}

fn timely(sent: i64, now: i64) -> Result<(), Refusal> {
    let wrong = if sent < 0 {
        "must not be lesser than 0."
    } else if sent < now - PAST {
        "must not be earlier than 5 minutes before the current time."
    } else if sent > now + AHEAD {
        "must not exceed the current time by more than 30 seconds."
    } else {
        return Ok(());
    };
    let message = format!("Invalid timestamp. The value of the `timestamp` query parameter {wrong}");
    Err(Refusal::request(36_009_004, message))
}

fn json_body(call: &Call) -> Result<(), Refusal> {
    let json = call.header("content-type").is_some_and(|kind| kind.contains("application/json"));
    if matches!(call.method.as_str(), "POST" | "PUT") && !json {
        let message = "Invalid request format. The request body format must be `application/json` for structured \
                       data or `multipart/form-data` for binary files.";
        return Err(Refusal::request(36_009_022, message));
    }
    Ok(())
}

/// Checks the token, and that it is for the shop that the call names.
pub(super) fn authorised(world: &World, call: &Call, route: &Route, now: Millis) -> Result<ShopKey, Refusal> {
    let invalid = || {
        let message = "Invalid credentials. The `x-tts-access-token` header is invalid.";
        Refusal::credentials(36_009_004, message)
    };
    let token = call.header("x-tts-access-token").ok_or_else(invalid)?;
    let shop = shop_of(world, token).ok_or_else(invalid)?;
    shop.credentials.check_access(token, now).map_err(|fault| match fault {
        TokenFault::Unknown => invalid(),
        // The marketplace does not tell a token that was taken back from one that has run out.
        TokenFault::Used | TokenFault::Expired | TokenFault::Revoked | TokenFault::ConsentOver => {
            let message =
                "Expired credentials. The `access_token` or `x-tts-access-token` header has expired.";
            Refusal::credentials(105_002, message)
        }
    })?;
    match (route.scope, call.query("shop_cipher")) {
        (Scope::Token, None) => Ok(shop.key()),
        (Scope::Token, Some(_)) => {
            let message =
                "Unexpected identifier. The `shop_cipher` query parameter is not required for this request.";
            Err(Refusal::request(36_009_004, message))
        }
        (Scope::Shop, None) => {
            let message = "Missing identifier. The `shop_cipher` query parameter is required to identify the target shop.";
            Err(Refusal::request(106_013, message))
        }
        (Scope::Shop, Some(cipher)) if cipher == shop.cipher => Ok(shop.key()),
        (Scope::Shop, Some(_)) => {
            let message = "Invalid query or header. The token is not associated with a shop, or the associated shop does \
                           not match the provided `shop_cipher` query parameter.";
            Err(Refusal::credentials(101_000, message))
        }
    }
}
