//! TikTok's error numbers, by what to do about them.

use onhand_connector::http::Answer;
use onhand_connector::wire::Text;
use onhand_connector::{Class, Failure};
use serde::Deserialize;

/// The head of every answer.
#[derive(Debug, Deserialize)]
struct Envelope {
    /// 0 means success. Not optional: an answer without it is not TikTok's.
    code: i64,
    #[serde(default)]
    message: Text,
    #[serde(default)]
    request_id: Text,
}

/// What is not here is [`Class::Unclear`], unless the status knows better.
const TABLE: &[(i64, Class)] = &[
    (36_009_002, Class::RateLimited),
    (105_001, Class::Auth),
    (105_002, Class::Auth),
    (105_005, Class::Forbidden),
    (101_000, Class::Invalid),
    (106_001, Class::Forbidden),
    (106_013, Class::Invalid),
    (36_009_004, Class::Invalid),
    (36_009_033, Class::Forbidden),
    (36_009_009, Class::Invalid),
    (36_009_010, Class::Invalid),
    (36_009_003, Class::Server),
    (36_009_007, Class::Server),
    // Stock. Warehouses that are missing, foreign or off: import the listing again.
    (12_019_022, Class::Conflict),
    (12_019_028, Class::Conflict),
    (12_052_037, Class::Conflict),
    (12_052_096, Class::Conflict),
    (12_052_097, Class::Conflict),
    (12_052_115, Class::Conflict),
    (12_052_530, Class::Conflict),
    (12_052_531, Class::Conflict),
    (12_052_532, Class::Conflict),
    (12_052_533, Class::Conflict),
    (12_019_024, Class::Invalid),
    (12_052_055, Class::Invalid),
    (12_052_050, Class::Invalid),
    (12_052_094, Class::Invalid),
    (12_052_141, Class::Invalid),
    (12_052_553, Class::Invalid),
    (12_052_850, Class::Invalid),
    (12_052_921, Class::Invalid),
    (12_052_031, Class::Gone),
    (12_052_032, Class::Gone),
    (12_052_048, Class::Gone),
    (12_052_260, Class::Gone),
    (12_052_556, Class::Gone),
    (12_052_393, Class::Locked),
    // Only live products take stock; an edit is looked at for a while.
    (12_052_901, Class::Locked),
    (12_052_700, Class::Forbidden),
    // The buyer may still think again.
    (21_011_044, Class::Locked),
];

/// Success, or the failure that this answer tells of.
pub(super) fn judge(answer: &Answer) -> Result<(), Failure> {
    let envelope: Envelope = answer.parse()?;
    if envelope.code == 0 {
        return answer.status_failure().map_or(Ok(()), Err);
    }
    let message = envelope.message.as_str();
    let (class, code) = class(envelope.code, message, answer.status_class());
    let failure = answer.failure(class, code, message);
    Err(Failure { request_id: Some(envelope.request_id.0).filter(|id| !id.is_empty()), ..failure })
}

/// Class and name of an error number.
pub(super) fn class(code: i64, message: &str, by_status: Option<Class>) -> (Class, String) {
    let text = message.to_ascii_lowercase();
    // Which of the common parameters it is about, only the message says.
    if code == 36_009_004 && text.contains("timestamp") {
        return (Class::Server, "clock_skew".to_owned());
    }
    if code == 36_009_004 && text.contains("token") {
        return (Class::Auth, code.to_string());
    }
    let known = TABLE.iter().find(|(known, _)| *known == code).map(|(_, class)| *class);
    (known.or(by_status).unwrap_or(Class::Unclear), code.to_string())
}

#[cfg(test)]
mod tests {
    use onhand_connector::Class;

    use super::{TABLE, class};

    #[test]
    fn every_number_of_the_table_once() {
        for (at, (code, expected)) in TABLE.iter().enumerate() {
            assert!(!TABLE[..at].iter().any(|(earlier, _)| earlier == code), "{code} stands twice");
            assert_eq!(class(*code, "", Some(Class::Server)), (*expected, code.to_string()));
        }
    }

    #[test]
    fn numbers_that_need_their_message() {
        for (message, expected) in [
            ("Invalid timestamp", (Class::Server, "clock_skew")),
            ("access token is missing", (Class::Auth, "36009004")),
            ("app_key is missing", (Class::Invalid, "36009004")),
        ] {
            let (expected, code) = expected;
            assert_eq!(class(36_009_004, message, None), (expected, code.to_owned()), "{message}");
        }
        assert_eq!(class(1, "", None).0, Class::Unclear);
        assert_eq!(class(1, "", Some(Class::Forbidden)).0, Class::Forbidden);
    }
}
