//! Times as Lazada writes and reads them: in the zone of the country, with its offset.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::world::Millis;

/// `2026-01-31 08:00:00 +0800`: what is met in answers, although the reference says ISO 8601.
pub(super) fn written(at: Millis, region: &str) -> String {
    let hours = if matches!(region, "TH" | "VN" | "ID") { 7 } else { 8 };
    let zone = TimeZone::fixed(Offset::constant(hours));
    match Timestamp::from_millisecond(at) {
        Ok(at) => at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %z").to_string(),
        Err(_) => String::new(),
    }
}

/// Reads `2026-01-31T08:00:00+08:00`, with or without the last colon. The offset must be there; a plus that was not encoded
/// has become a space and is not understood.
pub(super) fn read(text: &str) -> Option<Millis> {
    let formats = ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%dT%H:%M:%S%z"];
    formats.iter().find_map(|format| Timestamp::strptime(format, text).ok()).map(|at| at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_zone_of_the_country() {
        assert_eq!(written(1_517_820_392_000, "SG"), "2018-02-05 16:46:32 +0800");
        assert_eq!(written(1_517_820_392_000, "TH"), "2018-02-05 15:46:32 +0700");
    }

    #[test]
    fn times_are_read_with_their_offset_only() {
        assert_eq!(read("2018-02-05T16:46:32+08:00"), Some(1_517_820_392_000));
        assert_eq!(read("2018-02-05T15:46:32+0700"), Some(1_517_820_392_000));
        for wrong in ["2018-02-05T16:46:32", "2018-02-05T16:46:32 08:00", "1517820392000", "2018-02-05"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
