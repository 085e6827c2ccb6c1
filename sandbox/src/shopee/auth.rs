//! Letting an app into a shop and keeping it there.

use serde_json::{Map, Value, json};

use super::door;
use super::reply::{self, Refusal, Reply};
use super::{Kind, Visit, seconds};
use crate::call::{Answer, Call, with_query};
use crate::consent;
use crate::hub::Hub;
use crate::world::{CodeFault, Market, Millis, ShopKey, TokenFault, TokenPair, TokenRules, What};

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// A code can be exchanged for this long.
const CODE_LIFE: Millis = 10 * MINUTE;

const RULES: TokenRules = TokenRules {
    access_life: 4 * HOUR,
    old_access_life: Some(5 * MINUTE),
    refresh_life: 30 * DAY,
    refresh_once: true,
    refresh_restarts: true,
    consent_life: 365 * DAY,
};

/// The pages for people, of which the marketplace has an older and a newer form.
pub(super) fn is_page(path: &str) -> bool {
    matches!(
        path,
        "/auth" | "/api/v2/shop/auth_partner" | "/cancel_auth" | "/api/v2/shop/cancel_auth_partner"
    )
}

/// The page on which the seller agrees, or takes it back. The older form is signed and has no `state` of its own.
pub(super) fn page(hub: &Hub, call: &Call) -> Answer {
    let older = call.path.starts_with("/api/v2/");
    if older && let Err(refusal) = door::signed(hub, call, Kind::Public, None) {
        return reply::refused(hub, &refusal);
    }
    if call.query("partner_id") != Some(hub.app(Market::Shopee).app_id.as_str()) {
        return reply::plain(403, "error_param", "Invalid partner_id.");
    }
    let Some(back) = call.query(if older { "redirect" } else { "redirect_uri" }) else {
        return reply::plain(403, "error_param", "There is no redirect in the query.");
    };
    let agreed = hub.anywhere(|world, now| consent::agreed(world, Market::Shopee, call, now));
    let Some(key) = agreed else {
        return hub.anywhere(|world, _| consent::page(world, Market::Shopee, call));
    };
    let account = key.account.to_string();
    let mut more = Vec::new();
    let code;
    if call.path.contains("cancel") {
        hub.in_shop(key, |world, now| {
            if let Some(shop) = world.shop_mut(key) {
                shop.credentials.revoke();
            }
            world.note(key, now, What::Deauthorised { expired: false });
        });
    } else {
        code = hub.in_shop(key, |world, now| {
            let shop = world.shop_mut(key)?;
            Some(shop.credentials.issue_code(&mut shop.ids, now, CODE_LIFE))
        });
        more.push(("code", code.as_deref().unwrap_or_default()));
    }
    more.push(("shop_id", &account));
    if !older && let Some(state) = call.query("state") {
        more.push(("state", state));
    }
    match with_query(back, &more) {
        Some(back) => Answer::redirect(&back),
        None => reply::plain(403, "error_param", "Invalid redirect."),
    }
}

/// Exchanges the code of a consent.
pub(super) fn token_get(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let body = body_of_app(visit)?;
    let code = text(&body, "code")?;
    if body.get("main_account_id").is_some() {
        return Err(Refusal::new("invalid_main_acount_id", "The main account is invalid."));
    }
    let key = shop_in(&body)?;
    let tokens = visit.hub.in_shop(key, |world, now| {
        let of_another = world.shop_by_code(Market::Shopee, code).is_some_and(|owner| owner.key() != key);
        let shop = world.shop_mut(key).filter(|_| !of_another);
        let shop = shop.ok_or_else(|| Refusal::new("invalid_shop_id", "The shop_id is invalid."))?;
        let redeemed = shop.credentials.redeem_code(&mut shop.ids, code, now, &RULES);
        let tokens = redeemed.map_err(|fault| match fault {
            CodeFault::Unknown | CodeFault::Used => Refusal::new("error_auth", "Invalid code"),
            CodeFault::Expired => Refusal::new("invalid_code", "The code has expired."),
        })?;
        world.note(key, now, What::Authorised);
        Ok(tokens)
    })?;
    let mut fields = pair(&tokens, visit.hub.now(Market::Shopee, Some(key)));
    fields.insert("shop_id_list".to_owned(), json!([key.account]));
    fields.insert("merchant_id_list".to_owned(), json!([]));
    fields.insert("supplier_id_list".to_owned(), json!([]));
    fields.insert("user_id_list".to_owned(), json!([]));
    fields.insert("principal_id_list".to_owned(), json!([]));
    Ok(Reply::Flat(fields))
}

/// Exchanges a refresh token, which works once, for a new pair.
pub(super) fn access_token_get(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let body = body_of_app(visit)?;
    let token = text(&body, "refresh_token")?;
    let key = shop_in(&body)?;
    let tokens = visit.hub.in_shop(key, |world, now| {
        let unknown = || Refusal::new("error_auth", "Invalid refresh_token.").with_status(403);
        let shop = world.shop_mut(key).ok_or_else(unknown)?;
        shop.credentials.redeem_refresh(&mut shop.ids, token, now, &RULES).map_err(|fault| match fault {
            TokenFault::Unknown | TokenFault::Used => unknown(),
            TokenFault::Expired => {
                Refusal::new("refresh_token_expired", "The refresh_token has expired.").with_status(403)
            }
            TokenFault::Revoked => {
                Refusal::new("shop_no_linked", "The shop is not linked to the partner.").with_status(403)
            }
            TokenFault::ConsentOver => {
                Refusal::new("shop_access_expired", "The shop's authorization has expired.").with_status(403)
            }
        })
    })?;
    let mut fields = pair(&tokens, visit.hub.now(Market::Shopee, Some(key)));
    fields.insert("partner_id".to_owned(), body["partner_id"].clone());
    fields.insert("shop_id".to_owned(), json!(key.account));
    Ok(Reply::Flat(fields))
}

/// The shops that have let the app in.
pub(super) fn get_shops_by_partner(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let number = |name: &str, otherwise: usize| -> Result<usize, Refusal> {
        visit.call.query(name).map_or(Ok(otherwise), |text| {
            text.parse().map_err(|_| Refusal::parameter(&format!("Invalid {name}.")))
        })
    };
    let (size, page) = (number("page_size", 20)?, number("page_no", 1)?);
    if !(1..=100).contains(&size) || page == 0 {
        return Err(Refusal::parameter("page_size is from 1 to 100, page_no from 1."));
    }
    let (shops, more) = visit.hub.anywhere(|world, now| {
        let all: Vec<Value> = world
            .shops_of(Market::Shopee)
            .filter(|shop| shop.credentials.authorised(now))
            .map(|shop| {
                json!({
                    "region": shop.region,
                    "shop_id": shop.account,
                    "auth_time": shop.credentials.authorised_at.map(seconds),
                    "expire_time": shop.credentials.authorised_until.map(seconds),
                    "sip_affi_shop_list": [],
                })
            })
            .collect();
        let from = (page - 1).saturating_mul(size).min(all.len());
        let to = (from + size).min(all.len());
        (all[from..to].to_vec(), to < all.len())
    });
    let mut fields = Map::new();
    fields.insert("authed_shop_list".to_owned(), json!(shops));
    fields.insert("more".to_owned(), json!(more));
    Ok(Reply::Flat(fields))
}

fn pair(tokens: &TokenPair, now: Millis) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("access_token".to_owned(), json!(tokens.access));
    fields.insert("refresh_token".to_owned(), json!(tokens.refresh));
    // Rounded up: the token was made a moment ago.
    fields.insert("expire_in".to_owned(), json!((tokens.access_expires - now + 999) / 1_000));
    fields
}

fn body_of_app(visit: &Visit<'_>) -> Result<Value, Refusal> {
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let partner = reply::whole(&body["partner_id"]).map(|id| id.to_string());
    if partner.as_deref() != Some(visit.hub.app(Market::Shopee).app_id.as_str()) {
        return Err(Refusal::parameter("Invalid partner_id."));
    }
    Ok(body)
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    body[name].as_str().ok_or_else(|| Refusal::parameter(&format!("There is no {name} in the body.")))
}

fn shop_in(body: &Value) -> Result<ShopKey, Refusal> {
    let account = reply::whole(&body["shop_id"])
        .ok_or_else(|| Refusal::parameter("There is no shop_id in the body."))?;
    Ok(ShopKey { market: Market::Shopee, account })
}
