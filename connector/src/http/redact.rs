//! Nothing secret in what people read.

use crate::secret::Secret;

const GONE: &str = "…";

/// The text without these secrets, without queries of URLs and without anything that looks like a signature.
pub(super) fn clean(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.expose().len() >= 4) {
        text = text.replace(secret.expose(), GONE);
    }
    without_signatures(&without_queries(&text))
}

/// Cuts `?…` of each URL.
fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let end = rest[at..]
            .find(|c: char| c.is_whitespace() || "\"')>".contains(c))
            .map_or(rest.len(), |n| at + n);
        match rest[..end].find('?') {
            Some(query) if query > at => {
                out.push_str(&rest[..query]);
                out.push_str("?…");
            }
            _ => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Replaces runs of 40 and more hexadecimal digits.
fn without_signatures(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_hexdigit() {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() >= 40 { GONE } else { &run });
        run.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::clean;
    use crate::secret::Secret;

    #[test]
    fn secrets_queries_and_signatures_go_and_the_rest_stays() {
        let secrets = [Secret::new("tok-123"), Secret::default(), Secret::new("abc")];
        let text = "bad token tok-123 at https://x.example/a?sign=1&b=2 (abc), sign \
                    0123456789abcdef0123456789abcdef0123456789ABCDEF is wrong; order 2304";
        assert_eq!(
            clean(text, &secrets),
            "bad token … at https://x.example/a?… (abc), sign … is wrong; order 2304"
        );
        assert_eq!(clean("why? because", &[]), "why? because");
        assert_eq!(clean("http://a/b ünd http://c?d", &[]), "http://a/b ünd http://c?…");
    }
}
