//! Who calls, and whether he may: app key, timestamp, signature, token.

use crate::App;
use crate::signatures;
use crate::world::{Market, Millis, Shop, ShopKey, World};

use super::parameters::Parameters;
use super::reply::Refusal;
use super::sign;

/// A timestamp may be so far away, on both sides (open.lazada.com, common parameters: less than 7200 s).
const TOLERANCE: Millis = 7_200_000;

/// The shop that a call names, before anything is checked.
pub(super) fn caller(world: &World, parameters: &Parameters) -> Option<ShopKey> {
    let by_token = || world.shop_by_access_token(Market::Lazada, parameters.get("access_token")?);
    let by_code = || world.shop_by_code(Market::Lazada, parameters.get("code")?);
    let by_refresh = || world.shop_by_refresh_token(Market::Lazada, parameters.get("refresh_token")?);
    by_token().or_else(by_code).or_else(by_refresh).map(Shop::key)
}

/// Checks the system parameters and the signature. The names of the faults of key and timestamp are not published.
pub(super) fn signed(app: &App, path: &str, parameters: &Parameters, now: Millis) -> Result<(), Refusal> {
    let mandatory = |name: &str| parameters.get(name).ok_or_else(|| Refusal::missing(name));
    let (key, sent) = (mandatory("app_key")?, mandatory("timestamp")?);
    let (method, given) = (mandatory("sign_method")?, mandatory("sign")?);
    if key != app.app_id {
        return Err(Refusal::caller("InvalidAppKey", "The specified App Key is invalid"));
    }
    let timely = sent.parse().is_ok_and(|sent: Millis| (now.saturating_sub(sent)).abs() < TOLERANCE);
    if !timely {
        return Err(Refusal::caller("IllegalTimestamp", "The specified timestamp is invalid or expired"));
    }
    // The digest is written in capital letters, and so it is compared.
    if method != "sha256" || !signatures::same(&sign::call(&app.secret, path, parameters), given) {
        let message = "The request signature does not conform to lazop standards";
        return Err(Refusal::caller("IncompleteSignature", message));
    }
    Ok(())
}

/// Checks the token. One that has run out, one that was taken back and one that never was are not told apart.
pub(super) fn authorised(world: &World, parameters: &Parameters, now: Millis) -> Result<ShopKey, Refusal> {
    let token = parameters.get("access_token").ok_or_else(|| Refusal::missing("access_token"))?;
    let shop = world.shop_by_access_token(Market::Lazada, token).ok_or_else(Refusal::bad_token)?;
    shop.credentials.check_access(token, now).map_err(|_| Refusal::bad_token())?;
    Ok(shop.key())
}
