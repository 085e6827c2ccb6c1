//! Consent, tokens, and whether the shop answers.

use onhand_connector::http::{Answer, FIELDS, encode};
use onhand_connector::wire::{Flag, Int, List, Text};
use onhand_connector::{Call, Class, Consent, Failure, Grant, Secret, ShopInfo};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure;
use super::session::Session;
use super::sign;

const AUTHORISE: &str = "/api/v2/shop/auth_partner";
const EXCHANGE: &str = "/api/v2/auth/token/get";
const REFRESH: &str = "/api/v2/auth/access_token/get";
const SHOP: &str = "/api/v2/shop/get_shop_info";
const AUTHORISED: &str = "/api/v2/public/get_shops_by_partner";

/// Shops on a page of those that have authorised us, and the most pages that are looked through.
const AUTHORISED_PAGE: usize = 100;
const AUTHORISED_PAGES: usize = 20;

/// A refresh token lives 30 days; the answer does not say so.
const REFRESH_LIFE_MS: i64 = 30 * 86_400_000;
/// An access token's `expire_in` above this is a moment, not a length: one sample of theirs is written so.
const MOMENT: i64 = 1_000_000_000;

/// With `consent_url` set (with or without the page's path): their newer page, which knows `state`. Else, or when it
/// names the signed page, that one: good for five minutes, and without a state of its own, so that the state travels in
/// the query of the redirect.
pub(super) fn consent_url(call: &Call, state: &str, redirect: &str) -> String {
    let app = &call.app;
    if let Some(page) = app.consent_url.as_ref().filter(|page| !page.ends_with(AUTHORISE)) {
        let page = page.trim_end_matches('/').trim_end_matches("/auth");
        return format!(
            "{page}/auth?partner_id={}&auth_type=seller&redirect_uri={}&response_type=code&state={}",
            encode(&app.id),
            encode(redirect),
            encode(state)
        );
    }
    let seconds = call.now.div_euclid(1000);
    let signature = sign::public(&app.secret, &app.id, AUTHORISE, seconds);
    let join = if redirect.contains('?') { '&' } else { '?' };
    let redirect = format!("{redirect}{join}state={}", encode(state));
    format!(
        "{}{AUTHORISE}?partner_id={}&timestamp={seconds}&sign={signature}&redirect={}",
        app.api_url.trim_end_matches('/'),
        encode(&app.id),
        encode(&redirect)
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tokens {
    access_token: Text,
    refresh_token: Text,
    expire_in: Int,
    shop_id: Text,
    shop_id_list: List<Text>,
}

pub(super) async fn exchange(session: &Session<'_>, consent: &Consent) -> Result<Vec<Grant>, Failure> {
    let parameter =
        |name: &str| consent.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (kind, account) = match (parameter("shop_id"), parameter("main_account_id")) {
        (Some(shop), _) => ("shop_id", shop),
        (None, Some(main)) => ("main_account_id", main),
        (None, None) => {
            let message = "the callback names neither a shop nor a main account";
            return Err(Failure::new(Class::Invalid, "no_shop", message));
        }
    };
    let body = json!({
        "code": consent.code.expose(), "partner_id": number(&session.app().id)?, kind: number(account)?,
    });
    let answer = session.judged(session.public_post(EXCHANGE, &body, &consent.code).await?)?;
    let tokens: Tokens = answer.parse()?;
    let shops: Vec<String> = if kind == "shop_id" {
        vec![account.to_owned()]
    } else {
        // Each shop starts with the same pair and goes its own way from its first refresh.
        tokens.shop_id_list.0.iter().map(|shop| shop.0.clone()).collect()
    };
    let grants = shops.into_iter().map(|shop| grant(session, &answer, &tokens, shop));
    Ok(with_ends(session, grants.collect::<Result<_, _>>()?).await)
}

#[derive(Debug, Deserialize)]
struct AuthorisedShops {
    #[serde(default)]
    authed_shop_list: List<AuthorisedShop>,
    #[serde(default)]
    more: Flag,
}

#[derive(Debug, Deserialize)]
struct AuthorisedShop {
    shop_id: Text,
    #[serde(default)]
    expire_time: Int,
}

/// When what the owners granted ends, which the answer with the tokens does not say. The code is used up by now: that this
/// cannot be learned is no reason to lose the tokens, and a webhook tells it a week before.
async fn with_ends(session: &Session<'_>, mut grants: Vec<Grant>) -> Vec<Grant> {
    for page in 1..=AUTHORISED_PAGES {
        let query = vec![("page_size", AUTHORISED_PAGE.to_string()), ("page_no", page.to_string())];
        let Ok(answer) = session.public_get(AUTHORISED, query).await else { break };
        let Ok(shops) = answer.parse::<AuthorisedShops>() else { break };
        for shop in shops.authed_shop_list.0.iter().filter(|shop| shop.expire_time.0 > 0) {
            for grant in grants.iter_mut().filter(|grant| grant.account == shop.shop_id.0) {
                grant.grant_until = Some(shop.expire_time.0 * 1000);
            }
        }
        if !shops.more.0 || grants.iter().all(|grant| grant.grant_until.is_some()) {
            break;
        }
    }
    grants
}

pub(super) async fn refresh(session: &Session<'_>) -> Result<Grant, Failure> {
    let old = session.grant()?;
    let body = json!({
        "refresh_token": old.refresh_token.expose(),
        "partner_id": number(&session.app().id)?,
        "shop_id": number(&old.account)?,
    });
    let answer = session.public_post(REFRESH, &body, &old.refresh_token).await?;
    if let Err(failure) = failure::judge(&answer, session.call.now) {
        // Whatever `error_auth` means elsewhere, here it means that this refresh token is of no use any more.
        let useless = failure.code == "error_auth" || failure.code == "error_param";
        return Err(if useless { Failure { class: Class::Auth, ..failure } } else { failure });
    }
    let tokens: Tokens = answer.parse()?;
    let fresh = grant(session, &answer, &tokens, old.account.clone())?;
    Ok(Grant { name: old.name.clone(), region: old.region.clone(), grant_until: old.grant_until, ..fresh })
}

fn grant(session: &Session<'_>, answer: &Answer, tokens: &Tokens, shop: String) -> Result<Grant, Failure> {
    if tokens.access_token.0.is_empty() || tokens.refresh_token.0.is_empty() || tokens.expire_in.0 <= 0 {
        return Err(answer.failure(Class::Unclear, FIELDS, "the answer holds no tokens"));
    }
    if !tokens.shop_id.is_none() && tokens.shop_id.0 != shop {
        return Err(answer.failure(Class::Unclear, "other_shop", "the tokens are for another shop"));
    }
    let (now, life) = (session.call.now, tokens.expire_in.0);
    Ok(Grant {
        name: shop.clone(),
        account: shop,
        region: None,
        access_token: Secret::new(&tokens.access_token.0),
        refresh_token: Secret::new(&tokens.refresh_token.0),
        access_until: if life > MOMENT { life * 1000 } else { now + life * 1000 },
        refresh_until: Some(now + REFRESH_LIFE_MS),
        grant_until: None,
        extra: None,
    })
}

/// Shopee wants its ids as numbers in bodies.
pub(super) fn number(text: &str) -> Result<Value, Failure> {
    text.parse::<u64>()
        .map(Value::from)
        .map_err(|_| Failure::new(Class::Invalid, "not_a_number", "an id of Shopee must be a number"))
}

pub(super) async fn probe(session: &Session<'_>) -> Result<ShopInfo, Failure> {
    #[derive(Deserialize)]
    struct Shop {
        shop_name: String,
    }
    let answer = session.get(SHOP, Vec::new()).await?;
    let shop: Shop = answer.parse()?;
    Ok(ShopInfo { account: session.grant()?.account.clone(), name: shop.shop_name })
}
