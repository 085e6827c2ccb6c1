//! Shopee's error words, by what to do about them.

use std::time::Duration;

use onhand_connector::http::Answer;
use onhand_connector::wire::Text;
use onhand_connector::{Class, Failure};
use serde::Deserialize;

use crate::words;

/// The head of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    /// Empty means success. Not optional: an answer without it is not Shopee's.
    pub(super) error: String,
    /// For people.
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) request_id: Text,
}

/// Words after the last dot. What is not here is [`Class::Unclear`], unless the status knows better.
const TABLE: &[(&str, Class)] = &[
    ("error_rate_limit", Class::RateLimited),
    ("error_limit", Class::RateLimited),
    ("error_sign", Class::Forbidden),
    ("invalid_acceess_token", Class::Auth),
    ("invalid_access_token", Class::Auth),
    ("refresh_token_expired", Class::Auth),
    ("error_shop_refresh_token", Class::Auth),
    ("invalid_code", Class::Invalid),
    ("invalid_shop_id", Class::Invalid),
    ("invalid_main_acount_id", Class::Invalid),
    // The seller has taken his consent back, or it has ended.
    ("shop_no_linked", Class::Auth),
    ("partner_shop_no_link", Class::Auth),
    ("shop_access_expired", Class::Auth),
    ("shop_banned", Class::Forbidden),
    ("error_shop", Class::Forbidden),
    ("error_api_permission", Class::Forbidden),
    ("error_permission", Class::Forbidden),
    ("error_api_call_restricted", Class::Forbidden),
    ("error_kyc_auth", Class::Forbidden),
    ("error_ashop_api_permission", Class::Forbidden),
    ("api_suspended", Class::Forbidden),
    ("source_ip_undeclared", Class::Forbidden),
    ("error_partner_key_expired", Class::Forbidden),
    ("error_seller_under_penalty", Class::Forbidden),
    ("error_server", Class::Server),
    ("error_inner", Class::Server),
    ("error_network", Class::Server),
    ("error_system_busy", Class::Server),
    ("error_param", Class::Invalid),
    ("error_data", Class::Invalid),
    ("error_edit_item_stock_for_item_has_model", Class::Conflict),
    ("error_busi_cannot_edit_vsku", Class::Invalid),
    ("error_item_not_found", Class::Gone),
    ("error_item_not_belong_shop", Class::Gone),
    ("error_not_found", Class::Gone),
    ("error_cannt_edit_stock_in_promotion", Class::Locked),
    ("error_promotion_cantnot_update_stock", Class::Locked),
    ("error_model_update_stock_model_in_promotion", Class::Locked),
    ("error_holiday_mode_change_stock", Class::Locked),
    ("error_wms_shop_block_upate_stock", Class::Locked),
    ("error_item_uneditable", Class::Locked),
    ("cancel_order_invalid_status", Class::Conflict),
    ("order_status_invalid", Class::Conflict),
];

/// Success, or the failure that this answer tells of.
pub(super) fn judge(answer: &Answer, now: i64) -> Result<(), Failure> {
    let envelope: Envelope = answer.parse()?;
    if envelope.error.is_empty() {
        return answer.status_failure().map_or(Ok(()), Err);
    }
    Err(failure(answer, &envelope, now))
}

/// The failure of an answer whose `error` is not empty.
pub(super) fn failure(answer: &Answer, envelope: &Envelope, now: i64) -> Failure {
    let word = envelope.error.rsplit('.').next().unwrap_or_default();
    let message = envelope.message.as_deref().unwrap_or_default();
    let (class, code) = class(word, message, answer.status_class());
    let mut failure = answer.failure(class, code, message);
    failure.request_id = Some(envelope.request_id.0.clone()).filter(|id| !id.is_empty());
    if word == "error_limit" && failure.retry_after.is_none() {
        failure.retry_after = Some(until_their_midnight(now));
    }
    failure
}

fn class<'a>(word: &'a str, message: &str, by_status: Option<Class>) -> (Class, &'a str) {
    let text = message.to_ascii_lowercase();
    match word {
        // Their clock and ours differ by more than five minutes: with a corrected clock the same request is right.
        "error_param" if text.contains("timestamp") => return (Class::Server, "clock_skew"),
        "error_param" if text.contains("wrong model_id") => return (Class::Gone, word),
        // Ambiguous: on some calls a refusal by the business has this word.
        "error_auth" | "error_busi" => return (ambiguous(word, &text), word),
        _ => {}
    }
    if let Some((_, class)) = TABLE.iter().find(|(known, _)| *known == word) {
        return (*class, word);
    }
    if word.ends_with("_invalid_time") {
        return (Class::Invalid, word);
    }
    (by_status.unwrap_or(Class::Unclear), word)
}

/// `error_auth` without a hint at stock is about the token; `error_busi` without one is unclear.
fn ambiguous(word: &str, text: &str) -> Class {
    if text.contains("no permission") {
        return Class::Forbidden;
    }
    if text.contains("location") {
        return Class::Conflict;
    }
    match words::class(text) {
        class @ (Class::Locked | Class::Gone) => class,
        _ if word == "error_auth" => Class::Auth,
        class => class,
    }
}

/// Daily quotas begin anew at midnight of UTC+8.
fn until_their_midnight(now: i64) -> Duration {
    const DAY: i64 = 86_400_000;
    let left = DAY - (now + 8 * 3_600_000).rem_euclid(DAY);
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use onhand_connector::Class;

    use super::{TABLE, class, until_their_midnight};

    #[test]
    fn every_word_of_the_table_once() {
        for (at, (word, expected)) in TABLE.iter().enumerate() {
            assert!(!TABLE[..at].iter().any(|(earlier, _)| earlier == word), "{word} stands twice");
            assert_eq!(class(word, "", None), (*expected, *word));
        }
    }

    #[test]
    fn words_that_need_their_message() {
        for (word, message, expected) in [
            ("error_param", "Timestamp is expired.", (Class::Server, "clock_skew")),
            ("error_param", "Wrong model_id.", (Class::Gone, "error_param")),
            ("error_auth", "Invalid access_token.", (Class::Auth, "error_auth")),
            ("error_auth", "No permission to current api.", (Class::Forbidden, "error_auth")),
            ("error_auth", "location_id is required", (Class::Conflict, "error_auth")),
            ("error_auth", "stock is lower than reserved stock", (Class::Locked, "error_auth")),
            ("error_auth", "shop is in holiday mode", (Class::Locked, "error_auth")),
            ("error_busi", "something", (Class::Unclear, "error_busi")),
            ("order_list_invalid_time", "", (Class::Invalid, "order_list_invalid_time")),
            ("never_seen", "", (Class::Unclear, "never_seen")),
        ] {
            assert_eq!(class(word, message, None), expected, "{word} {message}");
        }
        assert_eq!(class("never_seen", "", Some(Class::Server)).0, Class::Server);
        assert_eq!(class("error_param", "", Some(Class::Server)).0, Class::Invalid, "the body decides first");
    }

    #[test]
    fn the_daily_quota_ends_at_midnight_of_utc_plus_eight() {
        // 1970-01-01 15:59 UTC is 23:59 there.
        assert_eq!(until_their_midnight(57_540_000), Duration::from_secs(60));
        assert_eq!(until_their_midnight(57_600_000), Duration::from_secs(86_400));
    }
}
