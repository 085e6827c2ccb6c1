//! The consent page and the token host. The token host is not signed: the app's secret travels in the query.

use serde_json::json;

use crate::call::{Answer, Call, with_query};
use crate::consent;
use crate::hub::Hub;
use crate::world::{Market, Millis, Shop, TokenPair, TokenRules, What, World};

use super::{reply, seconds};

const MINUTE: Millis = 60_000;
const DAY: Millis = 24 * 60 * MINUTE;

/// Access tokens live 7 days and the rest as long as the seller's authorisation, commonly a year (partner.tiktokshop.com,
/// "Authorization guide"). Whether a refresh token dies when it is used is not said; here it lives on.
const RULES: TokenRules = TokenRules {
    access_life: 7 * DAY,
    old_access_life: None,
    refresh_life: 365 * DAY,
    refresh_once: false,
    refresh_restarts: false,
    consent_life: 365 * DAY,
};

/// An authorisation code works once and within 30 minutes.
const CODE_LIFE: Millis = 30 * MINUTE;

/// The page of the seller. The marketplace redirects to the address that was registered with the app. The sandbox lets a
/// `redirect_uri` in the link outrank it, and shows the code on a page of its own when there is neither.
pub(super) fn consent(world: &mut World, hub: &Hub, call: &Call, now: Millis) -> Answer {
    let app = hub.app(Market::Tiktok);
    let by_service = call.query("service_id") == Some(app.service_id.as_str());
    let by_key = call.query("app_key") == Some(app.app_id.as_str());
    if !by_service && !by_key {
        return Answer::html(
            400,
            "<!doctype html><title>Error</title><p>This app does not exist.</p>".to_owned(),
        );
    }
    let agreed = consent::agreed(world, Market::Tiktok, call, now);
    let Some(key) = agreed else { return consent::page(world, Market::Tiktok, call) };
    let Some(shop) = world.shop_mut(key) else { return reply::Refusal::down().answer() };
    let code = shop.credentials.issue_code(&mut shop.ids, now, CODE_LIFE);
    let region = shop.region.clone();
    world.note(key, now, What::Authorised);
    let state = call.query("state").unwrap_or_default();
    let parameters = [
        ("app_key", app.app_id.as_str()),
        ("code", &code),
        ("locale", "en"),
        ("shop_region", &region),
        ("state", state),
    ];
    let registered = call.query("redirect_uri").map(str::to_owned).or_else(|| hub.redirect());
    let here = || call.header("host").map(|host| format!("http://{host}/authorised"));
    match registered.or_else(here).and_then(|to| with_query(&to, &parameters)) {
        Some(to) => Answer::redirect(&to),
        None => reply::Refusal::wrong_path().answer(),
    }
}

/// Where a seller ends for whose app no address is registered: he sees the code.
pub(super) fn authorised(call: &Call) -> Answer {
    let shown = |name: &str| consent::escaped(call.query(name).unwrap_or_default());
    let (code, state) = (shown("code"), shown("state"));
    let page = format!(
        "<!doctype html><title>Authorised</title><p>Code: <code id=\"code\">{code}</code></p>\
         <p>State: <code id=\"state\">{state}</code></p>"
    );
    Answer::html(200, page)
}

/// `GET /api/v2/token/get`: tokens for a code.
pub(super) fn token_get(hub: &Hub, call: &Call) -> Answer {
    if let Some(wrong) = wrong_app(hub, call, "authorized_code") {
        return wrong;
    }
    let code = call.query("auth_code").unwrap_or_default();
    let shop = hub.anywhere(|world, _| world.shop_by_code(Market::Tiktok, code).map(Shop::key));
    let tokens = shop.and_then(|key| {
        hub.in_shop(key, |world, now| {
            let shop = world.shop_mut(key)?;
            let tokens = shop.credentials.redeem_code(&mut shop.ids, code, now, &RULES).ok()?;
            Some(granted(shop, &tokens))
        })
    });
    tokens.unwrap_or_else(|| refused(36_004_004, "auth_code is invalid, was used, or has expired"))
}

/// `GET /api/v2/token/refresh`: tokens for a refresh token.
pub(super) fn token_refresh(hub: &Hub, call: &Call) -> Answer {
    if let Some(wrong) = wrong_app(hub, call, "refresh_token") {
        return wrong;
    }
    let token = call.query("refresh_token").unwrap_or_default();
    let shop = hub.anywhere(|world, _| world.shop_by_refresh_token(Market::Tiktok, token).map(Shop::key));
    let tokens = shop.and_then(|key| {
        hub.in_shop(key, |world, now| {
            let shop = world.shop_mut(key)?;
            let tokens = shop.credentials.redeem_refresh(&mut shop.ids, token, now, &RULES).ok()?;
            Some(granted(shop, &tokens))
        })
    });
    tokens.unwrap_or_else(|| refused(36_004_005, "refresh_token is invalid or has expired"))
}

fn wrong_app(hub: &Hub, call: &Call, grant: &str) -> Option<Answer> {
    let app = hub.app(Market::Tiktok);
    if call.query("app_key") != Some(app.app_id.as_str())
        || call.query("app_secret") != Some(app.secret.as_str())
    {
        return Some(refused(36_004_003, "app_key or app_secret is invalid"));
    }
    let right = call.query("grant_type") == Some(grant);
    (!right).then(|| refused(36_004_001, "grant_type is invalid"))
}

/// The codes of this host are not published; what is known is that they are not 0. The numbers are the sandbox's own.
fn refused(code: i64, message: &str) -> Answer {
    let body = json!({ "code": code, "message": message, "data": {}, "request_id": reply::request_id() });
    Answer::json(200, &body)
}

fn granted(shop: &Shop, tokens: &TokenPair) -> Answer {
    // In spite of their names both times are absolute.
    reply::success(json!({
        "access_token": tokens.access,
        "access_token_expire_in": seconds(tokens.access_expires),
        "refresh_token": tokens.refresh,
        "refresh_token_expire_in": seconds(tokens.refresh_expires),
        "open_id": format!("open-{}", shop.account),
        "seller_name": shop.name,
        "seller_base_region": shop.region,
        "user_type": 0,
        "granted_scopes": [
            "seller.authorization.info", "seller.shop.info", "seller.product.basic", "seller.product.write",
            "seller.order.info", "seller.fulfillment.basic", "seller.return_refund.basic", "seller.logistics",
        ],
    }))
}
