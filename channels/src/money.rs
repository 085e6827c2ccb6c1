//! Amounts as marketplaces write them, into minor units.

use onhand_connector::wire::Decimal;

/// Currencies of these marketplaces without minor units (ISO 4217). All others there have two digits.
const WHOLE: [&str; 4] = ["VND", "JPY", "KRW", "CLP"];

/// Minor units of an amount such as `12.5` or `1,250`; `None` when it is no amount, or finer than the currency.
pub(crate) fn minor(amount: &Decimal, currency: &str) -> Option<i64> {
    let digits: usize = if WHOLE.contains(&currency) { 0 } else { 2 };
    let text = amount.0.trim().replace(',', "");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > digits {
        return None;
    }
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use onhand_connector::wire::Decimal;

    use super::minor;

    #[test]
    fn amounts() {
        for (text, currency, expected) in [
            ("12.5", "SGD", Some(1250)),
            ("12", "SGD", Some(1200)),
            ("1,299.00", "PHP", Some(129_900)),
            ("35000", "VND", Some(35_000)),
            ("35000.00", "VND", Some(35_000)),
            ("0.05", "MYR", Some(5)),
            ("0.005", "MYR", None),
            ("1.5", "VND", None),
            ("-1", "SGD", None),
            ("", "SGD", None),
            ("1e3", "SGD", None),
        ] {
            assert_eq!(minor(&Decimal(text.into()), currency), expected, "{text} {currency}");
        }
    }
}
