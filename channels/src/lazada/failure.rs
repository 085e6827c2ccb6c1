//! Lazada's error codes, by what to do about them.

use std::time::Duration;

use onhand_connector::http::{Answer, FIELDS};
use onhand_connector::wire::Text;
use onhand_connector::{Class, Failure};
use serde::Deserialize;

/// The head of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    /// `0` means success. Not optional: an answer without it is not Lazada's.
    pub(super) code: Text,
    /// `ISV` is the caller's fault, `ISP` and `SYSTEM` are theirs.
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) message: Text,
    #[serde(default)]
    pub(super) request_id: Text,
}

/// What is not here is judged by its words, then by `type`, then by the status.
const TABLE: &[(&str, Class)] = &[
    // Ends in "limit", yet is no throttle: the seller may not call this at all.
    ("Mp3SellerApiLimit", Class::Forbidden),
    ("901", Class::RateLimited),
    ("ApiCallLimit", Class::RateLimited),
    ("SellerCallLimit", Class::RateLimited),
    ("AppCallLimit", Class::RateLimited),
    ("IopSystemFlowlimit", Class::RateLimited),
    ("ServiceCurrentlimit", Class::RateLimited),
    ("ServiceTimeout", Class::Server),
    ("ServiceUnavailable", Class::Server),
    ("6", Class::Server),
    ("506", Class::Server),
    ("513", Class::Server),
    ("1000", Class::Server),
    ("40011", Class::Server),
    ("700024", Class::Server),
    ("IllegalAccessToken", Class::Auth),
    ("AccessTokenInvalid", Class::Auth),
    ("AccessTokenExpired", Class::Auth),
    ("IllegalRefreshToken", Class::Auth),
    ("InvalidCode", Class::Invalid),
    ("IncompleteSignature", Class::Forbidden),
    ("APP_KEY_INVALID", Class::Forbidden),
    ("InvalidAppKey", Class::Forbidden),
    ("AUTH_TYPE_UNSUPPORTED", Class::Forbidden),
    ("SellerNotVerified", Class::Forbidden),
    ("MissingParameter", Class::Invalid),
    ("5", Class::Invalid),
    ("14", Class::Invalid),
    ("17", Class::Invalid),
    ("19", Class::Invalid),
    ("30", Class::Invalid),
    ("36", Class::Invalid),
    ("74", Class::Invalid),
    ("75", Class::Invalid),
    ("204", Class::Invalid),
    ("212", Class::Invalid),
    ("4171", Class::Invalid),
    ("4225", Class::Invalid),
    ("16", Class::Gone),
    ("37", Class::Gone),
    ("39", Class::Gone),
    ("207", Class::Gone),
    ("208", Class::Gone),
    ("700021", Class::Gone),
    ("700025", Class::Gone),
    ("EDIT_ITEM_NOT_BELONG_SELLER", Class::Gone),
    ("4170", Class::Locked),
    ("700000", Class::Conflict),
    ("700026", Class::Conflict),
    ("700031", Class::Conflict),
];

/// Success, or the failure that this answer tells of.
pub(super) fn judge(answer: &Answer) -> Result<(), Failure> {
    let envelope: Envelope = answer.parse()?;
    if envelope.code.0 == "0" {
        return answer.status_failure().map_or(Ok(()), Err);
    }
    Err(failure(answer, &envelope))
}

/// The failure of an answer whose `code` is not `0`.
pub(super) fn failure(answer: &Answer, envelope: &Envelope) -> Failure {
    let message = envelope.message.as_str();
    let (class, code) = class(envelope.code.as_str(), &envelope.kind.0, message, answer.status_class());
    let mut failure = answer.failure(class, code, message);
    failure.request_id = Some(envelope.request_id.0.clone()).filter(|id| !id.is_empty());
    if class == Class::RateLimited && failure.retry_after.is_none() {
        failure.retry_after = ban(message);
    }
    failure
}

/// Class and name of an error code.
pub(super) fn class<'a>(
    code: &'a str,
    kind: &str,
    message: &str,
    by_status: Option<Class>,
) -> (Class, &'a str) {
    if code.is_empty() {
        return (Class::Unclear, FIELDS);
    }
    if let Some((_, class)) = TABLE.iter().find(|(known, _)| *known == code) {
        return (*class, code);
    }
    let lower = code.to_ascii_lowercase();
    if lower.contains("timestamp") || message.to_ascii_lowercase().contains("timestamp") {
        // How it is called exactly is not known. With a corrected clock the same request is right.
        return (Class::Server, "clock_skew");
    }
    if lower.contains("limit") {
        return (Class::RateLimited, code);
    }
    let by_kind = match kind {
        "ISV" => Some(Class::Invalid),
        "ISP" | "SYSTEM" => Some(Class::Server),
        _ => None,
    };
    (by_kind.or(by_status).unwrap_or(Class::Unclear), code)
}

/// How long the ban lasts, which the message of a throttle says in words: "… this ban will last 1 seconds".
fn ban(message: &str) -> Option<Duration> {
    let words: Vec<_> = message.split_whitespace().collect();
    let at = words.iter().position(|word| word.starts_with("second"))?;
    words.get(at.checked_sub(1)?)?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use onhand_connector::Class;

    use super::{TABLE, ban, class};

    #[test]
    fn every_code_of_the_table_once() {
        for (at, (code, expected)) in TABLE.iter().enumerate() {
            assert!(!TABLE[..at].iter().any(|(earlier, _)| earlier == code), "{code} stands twice");
            assert_eq!(class(code, "ISP", "", Some(Class::Server)), (*expected, *code));
        }
    }

    #[test]
    fn codes_that_nobody_has_listed() {
        for (code, kind, message, expected) in [
            ("SomeNewCallLimit", "ISV", "", Class::RateLimited),
            ("InvalidTimestamp", "ISV", "", Class::Server),
            ("E101", "ISV", "the timestamp is too old", Class::Server),
            ("Unknown1", "ISV", "", Class::Invalid),
            ("Unknown2", "ISP", "", Class::Server),
            ("Unknown3", "SYSTEM", "", Class::Server),
            ("Unknown4", "", "", Class::Unclear),
            ("", "ISP", "", Class::Unclear),
        ] {
            assert_eq!(class(code, kind, message, None).0, expected, "{code}");
        }
    }

    #[test]
    fn the_length_of_a_ban() {
        let text = "Access frequency exceeds the limit. this ban will last 3 seconds";
        assert_eq!(ban(text), Some(Duration::from_secs(3)));
        assert_eq!(ban("slow down"), None);
        assert_eq!(ban("seconds"), None);
    }
}
