//! The cookie of a session, and how a forged request is told from a real one.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use onhand_rules::UserId;
use onhand_rules::identity::SESSION_MAX_MS;

/// Over HTTPS: browsers bind such a cookie to this very host and to secure connections.
const SECURE_NAME: &str = "__Host-onhand";
/// Over plain HTTP, where no better one can be set.
const PLAIN_NAME: &str = "onhand";
/// Every request of the console that changes something carries it. Another site's page cannot send it: a header that is
/// not simple needs a preflight, and this server answers none.
pub(crate) const CONSOLE: HeaderName = HeaderName::from_static("x-onhand-console");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a cookie carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ticket<'a> {
    /// Whose.
    pub(crate) user: UserId,
    /// The secret of 256 bits.
    pub(crate) secret: &'a str,
}

/// The session's cookie of a request, if it has one that can be one.
pub(crate) fn ticket(headers: &HeaderMap) -> Option<Ticket<'_>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        if name != SECURE_NAME && name != PLAIN_NAME {
            return None;
        }
        let (user, secret) = value.split_once('.')?;
        let good = !secret.is_empty() && secret.len() <= 128;
        good.then_some(Ticket { user: user.parse().ok()?, secret })
    })
}

/// The header that sets it.
pub(crate) fn set(public_url: &str, user: UserId, secret: &str) -> Option<HeaderValue> {
    let seconds = SESSION_MAX_MS / 1_000;
    cookie(public_url, &format!("{user}.{secret}"), seconds)
}

/// The header that removes it.
pub(crate) fn clear(public_url: &str) -> Option<HeaderValue> {
    cookie(public_url, "", 0)
}

fn cookie(public_url: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let (name, secure) = match public_url.starts_with("https://") {
        true => (SECURE_NAME, "; Secure"),
        false => (PLAIN_NAME, ""),
    };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Whether a request that came with a cookie was made by our own page. What only reads may come from anywhere, because
/// nobody but our page can read the answer; a socket is no such thing, since pages of any site may open one.
pub(crate) fn is_ours(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let same_site = text(&FETCH_SITE).is_none_or(|site| site == "same-origin" || site == "none");
    if headers.contains_key(header::UPGRADE) {
        let origin = text(&header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        return same_site && origin.is_some() && origin == text(&header::HOST);
    }
    if method.is_safe() {
        return true;
    }
    same_site && headers.contains_key(&CONSOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_cookie_comes_back_as_it_was_set() {
        let user = UserId(7);
        for url in ["https://shop.example", "http://127.0.0.1:8080"] {
            let value = set(url, user, "s3cret").unwrap();
            let text = value.to_str().unwrap().to_owned();
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax"), "{text}");
            assert_eq!(text.contains("; Secure"), url.starts_with("https"), "{text}");
            assert_eq!(text.starts_with("__Host-"), url.starts_with("https"), "{text}");
            let sent = format!("theme=dark; {}", text.split(';').next().unwrap());
            let map = headers(&[("cookie", &sent)]);
            assert_eq!(ticket(&map), Some(Ticket { user, secret: "s3cret" }));
        }
        assert!(clear("http://x").unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn s8_another_sites_requests_are_not_ours() {
        type Case<'a> = (&'a Method, &'a [(&'a str, &'a str)], bool);
        let cases: &[Case<'_>] = &[
            (&Method::GET, &[], true),
            (&Method::GET, &[("sec-fetch-site", "cross-site")], true),
            (&Method::POST, &[], false),
            (&Method::POST, &[("x-onhand-console", "1")], true),
            (&Method::POST, &[("x-onhand-console", "1"), ("sec-fetch-site", "same-origin")], true),
            (&Method::POST, &[("x-onhand-console", "1"), ("sec-fetch-site", "cross-site")], false),
            (&Method::POST, &[("x-onhand-console", "1"), ("sec-fetch-site", "same-site")], false),
            (&Method::DELETE, &[("sec-fetch-site", "same-origin")], false),
            (&Method::GET, &[("upgrade", "websocket"), ("host", "a:1"), ("origin", "http://a:1")], true),
            (&Method::GET, &[("upgrade", "websocket"), ("host", "a:1"), ("origin", "http://b:1")], false),
            (&Method::GET, &[("upgrade", "websocket"), ("host", "a:1")], false),
        ];
        for (method, pairs, ours) in cases {
            let map: HeaderMap = pairs
                .iter()
                .map(|(name, value)| {
                    (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
                })
                .collect();
            assert_eq!(is_ours(method, &map), *ours, "{method} {pairs:?}");
        }
    }
}
