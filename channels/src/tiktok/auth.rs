//! Consent, tokens, and the shops that a token covers.

use onhand_connector::http::{Answer, FIELDS, encode, measured};
use onhand_connector::wire::{Int, Text};
use onhand_connector::{Call, Class, Consent, Failure, Grant, Secret, ShopInfo};
use serde::Deserialize;

use super::failure;
use super::session::Session;
use super::wire::{Data, Shop, Shops};

const EXCHANGE: &str = "/api/v2/token/get";
const REFRESH: &str = "/api/v2/token/refresh";
const SHOPS: &str = "/authorization/202309/shops";

/// A clock that is nearer to ours than this is not corrected: theirs is told in whole seconds.
const SKEW_NOTED_MS: i64 = 2_000;

/// The page takes the service, or the app where only the older page is known.
pub(super) fn consent_url(call: &Call, state: &str) -> String {
    let app = &call.app;
    let page = app.consent_url.as_deref().or(app.auth_url.as_deref()).unwrap_or(&app.api_url);
    let page = page.trim_end_matches('/').trim_end_matches("/authorize");
    let page = page.trim_end_matches("/open").trim_end_matches("/oauth");
    match &app.service {
        Some(service) => {
            format!("{page}/open/authorize?service_id={}&state={}", encode(service), encode(state))
        }
        None => format!("{page}/oauth/authorize?app_key={}&state={}", encode(&app.id), encode(state)),
    }
}

/// Both ends are moments in seconds since 1970, whatever their names say.
#[derive(Debug, Deserialize)]
struct Tokens {
    access_token: Text,
    access_token_expire_in: Int,
    refresh_token: Text,
    #[serde(default)]
    refresh_token_expire_in: Int,
}

fn read(answer: &Answer) -> Result<Tokens, Failure> {
    let tokens: Data<Tokens> = answer.parse()?;
    let tokens = tokens.data;
    if tokens.access_token.is_none() || tokens.refresh_token.is_none() || tokens.access_token_expire_in.0 <= 0
    {
        return Err(answer.failure(Class::Unclear, FIELDS, "the answer holds no tokens"));
    }
    Ok(tokens)
}

pub(super) async fn exchange(session: &Session<'_>, consent: &Consent) -> Result<Vec<Grant>, Failure> {
    let asked = session.tokens(EXCHANGE, "auth_code", &consent.code, "authorized_code");
    let (answer, measured) = measured(asked).await;
    let answer = answer?;
    failure::judge(&answer)?;
    let tokens = read(&answer)?;
    let access = Secret::new(&tokens.access_token.0);
    // The code is used up, and that request bore no time; this one does, and a clock that is 31 s fast would be refused. The
    // answer has said what time it is there.
    let theirs = measured.their_time().filter(|theirs| (theirs - session.call.now).abs() >= SKEW_NOTED_MS);
    let call = Call { now: theirs.unwrap_or(session.call.now), ..session.call.clone() };
    let shops = shops(&session.with(&call), &access).await?;
    Ok(shops.into_iter().map(|shop| grant(&tokens, shop)).collect())
}

fn grant(tokens: &Tokens, shop: Shop) -> Grant {
    let end = Some(tokens.refresh_token_expire_in.0).filter(|end| *end > 0).map(|end| end * 1000);
    Grant {
        account: shop.id.0,
        name: shop.name.0,
        region: Some(shop.region.0).filter(|region| !region.is_empty()),
        access_token: Secret::new(&tokens.access_token.0),
        refresh_token: Secret::new(&tokens.refresh_token.0),
        access_until: tokens.access_token_expire_in.0 * 1000,
        refresh_until: end,
        // The refresh token lives as long as what the seller granted.
        grant_until: end,
        extra: Some(shop.cipher.0),
    }
}

pub(super) async fn refresh(session: &Session<'_>) -> Result<Grant, Failure> {
    let old = session.grant()?;
    let answer = session.tokens(REFRESH, "refresh_token", &old.refresh_token, "refresh_token").await?;
    failure::judge(&answer).map_err(|failure| match failure.class {
        // Their numbers for a bad refresh token are not published: what is not busy and not ours to mend is the token.
        Class::Invalid | Class::Unclear | Class::Forbidden if failure.code != FIELDS => {
            Failure { class: Class::Auth, ..failure }
        }
        _ => failure,
    })?;
    let tokens = read(&answer)?;
    let shop = Shop {
        id: Text(old.account.clone()),
        name: Text(old.name.clone()),
        region: Text(old.region.clone().unwrap_or_default()),
        cipher: Text(old.extra.clone().unwrap_or_default()),
    };
    let fresh = grant(&tokens, shop);
    Ok(Grant { grant_until: fresh.grant_until.or(old.grant_until), ..fresh })
}

async fn shops(session: &Session<'_>, token: &Secret) -> Result<Vec<Shop>, Failure> {
    let shops: Data<Shops> = session.get_for_token(SHOPS, token).await?.parse()?;
    Ok(shops.data.shops.0)
}

pub(super) async fn probe(session: &Session<'_>) -> Result<ShopInfo, Failure> {
    let grant = session.grant()?;
    let shops = shops(session, &grant.access_token).await?;
    let shop = shops.into_iter().find(|shop| shop.id.0 == grant.account).ok_or_else(|| {
        Failure::new(Class::Forbidden, "shop_not_covered", "the token does not cover this shop any more")
    })?;
    Ok(ShopInfo { account: shop.id.0, name: shop.name.0 })
}
