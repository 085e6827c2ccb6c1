//! The page on which a seller lets an app into his shop. Two parameters are the sandbox's own: `account` names the shop, and
//! `auto=1` agrees at once, for the first shop that has not agreed yet if none is named; so that no browser is needed.

use crate::call::{Answer, Call, with_query};
use crate::world::{Market, Millis, ShopKey, World};

/// The shop for which the seller has agreed by this call; none: show him the page.
pub(crate) fn agreed(world: &World, market: Market, call: &Call, now: Millis) -> Option<ShopKey> {
    if call.query("auto") != Some("1") {
        return None;
    }
    let named = call.query("account").and_then(|account| account.parse().ok());
    if let Some(account) = named {
        return world.shop(ShopKey { market, account }).map(|shop| shop.key());
    }
    let new = world.shops_of(market).find(|shop| !shop.credentials.authorised(now));
    new.or_else(|| world.shops_of(market).next()).map(|shop| shop.key())
}

/// The page: a button for each shop, which leads to the same address with the seller's agreement.
pub(crate) fn page(world: &World, market: Market, call: &Call) -> Answer {
    let buttons: String = world
        .shops_of(market)
        .map(|shop| {
            let here: Vec<(&str, &str)> = call.query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let account = shop.account.to_string();
            let to = with_query(&format!("http://here{}", call.path), &here)
                .and_then(|to| with_query(&to, &[("auto", "1"), ("account", &account)]))
                .unwrap_or_default();
            let to = to.trim_start_matches("http://here");
            let (to, name) = (escaped(to), escaped(&shop.name));
            format!("<p><a class=\"agree\" href=\"{to}\">Authorise {name} ({account})</a></p>")
        })
        .collect();
    let name = market.name();
    Answer::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Authorise an app ({name} sandbox)\
             </title><style>body{{font:16px/1.5 sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}}\
             a.agree{{display:inline-block;padding:.6rem 1rem;border-radius:.4rem;background:#174ea6;color:#fff;\
             text-decoration:none}}</style></head><body><h1>Authorise an app</h1><p>This is the {name} sandbox. \
             An app wants to read the orders of a shop and to set its stock. For which shop do you agree?</p>{buttons}\
             </body></html>"
        ),
    )
}

/// Safe inside HTML text and attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
