//! The consent page and the token host.

use serde_json::{Value, json};

use crate::call::{Answer, Call, with_query};
use crate::consent;
use crate::hub::Hub;
use crate::world::{Market, Millis, Shop, TokenPair, TokenRules, What, World};

use super::gate;
use super::parameters::Parameters;
use super::reply::{self, Refusal};

const MINUTE: Millis = 60_000;
const DAY: Millis = 24 * 60 * MINUTE;

/// Those of an app that is online: 30 days, and 180 days that do not begin anew when the token is refreshed (open.lazada.com,
/// "Seller authorization"). What becomes of the tokens before is not said; here they live on.
const RULES: TokenRules = TokenRules {
    access_life: 30 * DAY,
    old_access_life: None,
    refresh_life: 180 * DAY,
    refresh_once: false,
    refresh_restarts: false,
    consent_life: 180 * DAY,
};

/// A code works once and within 30 minutes.
const CODE_LIFE: Millis = 30 * MINUTE;

/// The page of the seller.
pub(super) fn consent(world: &mut World, hub: &Hub, call: &Call, now: Millis) -> Answer {
    let app = hub.app(Market::Lazada);
    let ours = call.query("client_id") == Some(app.app_id.as_str());
    let redirect = call.query("redirect_uri").filter(|to| with_query(to, &[]).is_some());
    let Some(redirect) = redirect.filter(|_| ours && call.query("response_type") == Some("code")) else {
        let page = "<!doctype html><title>Error</title><p>Redirect uri does not match the callback URL of the APP</p>";
        return Answer::html(400, page.to_owned());
    };
    let agreed = consent::agreed(world, Market::Lazada, call, now);
    let Some(key) = agreed else { return consent::page(world, Market::Lazada, call) };
    let Some(shop) = world.shop_mut(key) else { return Refusal::down().answer() };
    let code = shop.credentials.issue_code(&mut shop.ids, now, CODE_LIFE);
    world.note(key, now, What::Authorised);
    let mut parameters = vec![("code", code.as_str())];
    if let Some(state) = call.query("state") {
        parameters.push(("state", state));
    }
    Answer::redirect(&with_query(redirect, &parameters).unwrap_or_default())
}

/// `/auth/token/create`: tokens for a code.
pub(super) fn create(hub: &Hub, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    let invalid = || Refusal::caller("InvalidCode", "Invalid authorization code");
    let tokens = signed(hub, "/auth/token/create", &parameters).and_then(|now| {
        let code = parameters.get("code").ok_or_else(|| Refusal::missing("code"))?;
        hub.anywhere(|world, _| {
            let key = world.shop_by_code(Market::Lazada, code).map(Shop::key).ok_or_else(invalid)?;
            let shop = world.shop_mut(key).ok_or_else(invalid)?;
            let tokens =
                shop.credentials.redeem_code(&mut shop.ids, code, now, &RULES).map_err(|_| invalid())?;
            Ok(granted(shop, &tokens, now, "country_user_info"))
        })
    });
    tokens.map_or_else(|refusal| refusal.answer(), reply::success)
}

/// `/auth/token/refresh`: tokens for a refresh token.
pub(super) fn refresh(hub: &Hub, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    let invalid =
        || Refusal::caller("IllegalRefreshToken", "The specified refresh token is invalid or expired");
    let tokens = signed(hub, "/auth/token/refresh", &parameters).and_then(|now| {
        let token = parameters.get("refresh_token").ok_or_else(|| Refusal::missing("refresh_token"))?;
        hub.anywhere(|world, _| {
            let key =
                world.shop_by_refresh_token(Market::Lazada, token).map(Shop::key).ok_or_else(invalid)?;
            let shop = world.shop_mut(key).ok_or_else(invalid)?;
            let tokens =
                shop.credentials.redeem_refresh(&mut shop.ids, token, now, &RULES).map_err(|_| invalid())?;
            Ok(granted(shop, &tokens, now, "country_user_info_list"))
        })
    });
    tokens.map_or_else(|refusal| refusal.answer(), reply::success)
}

/// The token host is signed as every other call; gives the time.
fn signed(hub: &Hub, path: &str, parameters: &Parameters) -> Result<Millis, Refusal> {
    let caller = hub.anywhere(|world, _| gate::caller(world, parameters));
    let now = hub.now(Market::Lazada, caller);
    gate::signed(hub.app(Market::Lazada), path, parameters, now)?;
    Ok(now)
}

/// The list of countries has another name in the answer to a refresh.
fn granted(shop: &Shop, tokens: &TokenPair, now: Millis, countries: &str) -> Value {
    let country = shop.region.to_lowercase();
    let mut body = json!({
        "access_token": tokens.access,
        "expires_in": (tokens.access_expires - now) / 1_000,
        "refresh_token": tokens.refresh,
        "refresh_expires_in": (tokens.refresh_expires - now) / 1_000,
        "country": country,
        "account": format!("{country}.{}@sandbox.example", shop.account),
        "account_id": null,
        "account_platform": "seller_center",
    });
    body[countries] = json!([{
        "country": country,
        "seller_id": shop.account.to_string(),
        "user_id": (shop.account + 7).to_string(),
        "short_code": short_code(shop),
    }]);
    body
}

/// Lazada's own short name of a seller.
pub(super) fn short_code(shop: &Shop) -> String {
    format!("{}{:X}", shop.region, shop.account)
}
