//! Consent, tokens, and whether the shop answers.

use onhand_connector::http::{Answer, FIELDS, encode};
use onhand_connector::wire::{Int, List, Text};
use onhand_connector::{AppKeys, Call, Class, Consent, Failure, Grant, Secret, ShopInfo};
use serde::Deserialize;

use super::session::Session;
use super::wire::Data;

const EXCHANGE: &str = "/auth/token/create";
const REFRESH: &str = "/auth/token/refresh";
const SELLER: &str = "/seller/get";

/// Production hosts by country.
const HOSTS: [(&str, &str); 6] = [
    ("sg", "https://api.lazada.sg/rest"),
    ("my", "https://api.lazada.com.my/rest"),
    ("th", "https://api.lazada.co.th/rest"),
    ("vn", "https://api.lazada.vn/rest"),
    ("ph", "https://api.lazada.com.ph/rest"),
    ("id", "https://api.lazada.co.id/rest"),
];

pub(super) fn consent_url(call: &Call, state: &str, redirect: &str) -> String {
    let app = &call.app;
    let page = app.consent_url.as_deref().or(app.auth_url.as_deref()).unwrap_or(&app.api_url);
    // The page lies beside `/rest`, not in it.
    let page = page.trim_end_matches('/');
    let page = page.trim_end_matches("/rest").trim_end_matches("/oauth/authorize");
    format!(
        "{page}/oauth/authorize?response_type=code&force_auth=true&redirect_uri={}&client_id={}&state={}",
        encode(redirect),
        encode(&app.id),
        encode(state)
    )
}

#[derive(Debug, Deserialize)]
struct Tokens {
    access_token: Text,
    refresh_token: Text,
    expires_in: Int,
    #[serde(default)]
    refresh_expires_in: Int,
    #[serde(default)]
    country: Text,
    #[serde(default)]
    account: Text,
    /// So named by the exchange …
    #[serde(default)]
    country_user_info: List<Seller>,
    /// … and so by the refresh.
    #[serde(default)]
    country_user_info_list: List<Seller>,
}

#[derive(Debug, Clone, Deserialize)]
struct Seller {
    #[serde(default)]
    country: Text,
    seller_id: Text,
    #[serde(default)]
    short_code: Text,
}

fn read(answer: &Answer) -> Result<Tokens, Failure> {
    let tokens: Tokens = answer.parse()?;
    if tokens.access_token.is_none() || tokens.refresh_token.is_none() || tokens.expires_in.0 <= 0 {
        return Err(answer.failure(Class::Unclear, FIELDS, "the answer holds no tokens"));
    }
    Ok(tokens)
}

pub(super) async fn exchange(session: &Session<'_>, consent: &Consent) -> Result<Vec<Grant>, Failure> {
    let answer = session.tokens(EXCHANGE, "code", &consent.code).await?;
    let tokens = read(&answer)?;
    let sellers = tokens.country_user_info.0.iter().chain(&tokens.country_user_info_list.0);
    let grants: Vec<_> = sellers.map(|seller| grant(session, &tokens, seller)).collect();
    if grants.is_empty() {
        return Err(answer.failure(Class::Unclear, FIELDS, "the answer names no seller"));
    }
    Ok(grants)
}

fn grant(session: &Session<'_>, tokens: &Tokens, seller: &Seller) -> Grant {
    let now = session.call.now;
    let end = Some(tokens.refresh_expires_in.0).filter(|left| *left > 0).map(|left| now + left * 1000);
    let country = if seller.country.0.is_empty() { &tokens.country.0 } else { &seller.country.0 };
    let names = [&tokens.account.0, &seller.short_code.0, &seller.seller_id.0];
    let name = names.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    Grant {
        account: seller.seller_id.0.clone(),
        name,
        region: Some(country.to_uppercase()).filter(|country| !country.is_empty()),
        access_token: Secret::new(&tokens.access_token.0),
        refresh_token: Secret::new(&tokens.refresh_token.0),
        access_until: now + tokens.expires_in.0 * 1000,
        refresh_until: end,
        // It counts down whatever is refreshed; at its end only the owner helps.
        grant_until: end,
        extra: host(session.app(), country),
    }
}

/// The host of a country, where the settings name one of Lazada's own; a sandbox has one for all.
fn host(app: &AppKeys, country: &str) -> Option<String> {
    let own = HOSTS.iter().any(|(_, host)| app.api_url.trim_end_matches('/') == *host);
    let country = country.to_lowercase();
    let found = HOSTS.iter().find(|(code, _)| *code == country).filter(|_| own);
    found.map(|(_, host)| (*host).to_owned())
}

pub(super) async fn refresh(session: &Session<'_>) -> Result<Grant, Failure> {
    let old = session.grant()?;
    let answer = session.tokens(REFRESH, "refresh_token", &old.refresh_token).await?;
    let tokens = read(&answer)?;
    let same = Seller {
        country: Text(old.region.clone().unwrap_or_default()),
        seller_id: Text(old.account.clone()),
        short_code: Text::default(),
    };
    let fresh = grant(session, &tokens, &same);
    Ok(Grant {
        name: old.name.clone(),
        region: old.region.clone(),
        extra: old.extra.clone(),
        grant_until: fresh.grant_until.or(old.grant_until),
        ..fresh
    })
}

pub(super) async fn probe(session: &Session<'_>) -> Result<ShopInfo, Failure> {
    #[derive(Deserialize)]
    struct Shop {
        #[serde(default)]
        name: Text,
        seller_id: Text,
    }
    let shop: Data<Shop> = session.get(SELLER, Vec::new()).await?.parse()?;
    Ok(ShopInfo { account: shop.data.seller_id.0, name: shop.data.name.0 })
}

#[cfg(test)]
mod tests {
    use onhand_connector::{AppKeys, Secret};

    use super::host;

    #[test]
    fn a_country_has_its_host_unless_the_settings_lead_elsewhere() {
        let mut app = AppKeys {
            id: "1".into(),
            secret: Secret::new("s"),
            webhook_secret: None,
            webhook_secret_before: None,
            service: None,
            api_url: "https://api.lazada.sg/rest".into(),
            auth_url: None,
            consent_url: None,
            limits: Default::default(),
        };
        assert_eq!(host(&app, "VN").as_deref(), Some("https://api.lazada.vn/rest"));
        assert_eq!(host(&app, "cb"), None);
        app.api_url = "http://127.0.0.1:1/rest".into();
        assert_eq!(host(&app, "vn"), None);
    }
}
