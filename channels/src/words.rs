//! Reasons in free text. Marketplaces refuse single items with sentences, not codes.

use onhand_connector::Class;

const TABLE: &[(&[&str], Class)] = &[
    (&["promotion", "campaign", "reserved", "holiday", "locked", "flash sale", "vacation"], Class::Locked),
    (
        &["not found", "not exist", "wrong model", "invalid model", "been deleted", "not belong", "no such"],
        Class::Gone,
    ),
    (&["too many", "too frequent", "rate limit", "call limit"], Class::RateLimited),
    (&["busy", "try again", "try later", "timeout", "timed out", "system error"], Class::Server),
    (&["exceed", "negative", "must be", "invalid", "illegal", "duplicate", "repeat"], Class::Invalid),
];

/// The class that a sentence tells of; [`Class::Unclear`] when it is not one that we know.
pub(crate) fn class(text: &str) -> Class {
    let text = text.to_ascii_lowercase();
    let known = TABLE.iter().find(|(words, _)| words.iter().any(|word| text.contains(word)));
    known.map_or(Class::Unclear, |(_, class)| *class)
}

/// What to call the reason, so that failures of one kind are grouped.
pub(crate) fn code(class: Class) -> &'static str {
    match class {
        Class::Locked => "item_locked",
        Class::Gone => "item_gone",
        Class::RateLimited => "item_rate_limited",
        Class::Server => "item_busy",
        Class::Invalid => "item_invalid",
        _ => "item_refused",
    }
}

#[cfg(test)]
mod tests {
    use onhand_connector::Class;

    use super::class;

    #[test]
    fn sentences() {
        for (text, expected) in [
            ("Stock is lower than the PROMOTION stock", Class::Locked),
            ("model_id not found", Class::Gone),
            ("System busy, please try again", Class::Server),
            ("stock exceeds the limit 999999", Class::Invalid),
            ("something else", Class::Unclear),
            ("", Class::Unclear),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }
}
