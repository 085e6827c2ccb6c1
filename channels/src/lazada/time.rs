//! Lazada's ways of writing a moment.

use jiff::Timestamp;
use jiff::fmt::strtime;

/// With offset; the reference says the first, real answers have the last.
const FORMS: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S %:z", "%Y-%m-%d %H:%M:%S %z"];

/// Milliseconds since 1970; `None` when it is no moment, or has no offset: the zone is the country's and not guessed.
pub(super) fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(millis(number)).filter(|at| *at > 0);
    }
    let known = FORMS.iter().find_map(|form| strtime::parse(form, text).ok()?.to_timestamp().ok());
    known.or_else(|| text.parse::<Timestamp>().ok()).map(|moment| moment.as_millisecond())
}

/// A number that is seconds here and milliseconds there.
pub(super) fn millis(number: i64) -> i64 {
    // Seconds of this size come after the year 5000.
    if number.abs() < 100_000_000_000 { number * 1000 } else { number }
}

/// As requests want it.
pub(super) fn write(at: i64) -> Option<String> {
    let moment = Timestamp::from_second(at.div_euclid(1000)).ok()?;
    Some(moment.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
}

#[cfg(test)]
mod tests {
    use super::{millis, read, write};

    #[test]
    fn every_form() {
        let expected = Some(1_603_766_859_000);
        for text in [
            "2020-10-27 10:47:39 +0800",
            "2020-10-27 09:47:39 +0700",
            "2020-10-27T10:47:39+08:00",
            "2020-10-27T10:47:39+0800",
            "2020-10-27T10:47:39.000+08:00",
            "2020-10-27T02:47:39Z",
            "1603766859",
            "1603766859000",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in ["", "2020-10-27 10:47:39", "yesterday", "0"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(write(1_603_766_859_999).as_deref(), Some("2020-10-27T02:47:39+00:00"));
        assert_eq!(
            (millis(1_603_766_859), millis(1_603_766_859_530)),
            (1_603_766_859_000, 1_603_766_859_530)
        );
    }
}
