//! What time it is in the world.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 UTC.
pub(crate) type Millis = i64;

/// The system's time, or a time that was set at the start and runs on from there; plus an offset that can be changed.
#[derive(Debug)]
pub(crate) struct Clock {
    from: Instant,
    started: Millis,
    offset: AtomicI64,
}

impl Clock {
    /// `start` is the time at which the world begins; without one it is now.
    pub(crate) fn new(start: Option<Millis>) -> Clock {
        Clock { from: Instant::now(), started: start.unwrap_or_else(system_now), offset: AtomicI64::new(0) }
    }

    pub(crate) fn now(&self) -> Millis {
        let gone = i64::try_from(self.from.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.started + gone + self.offset.load(Ordering::Relaxed)
    }

    /// Moves the time of every shop forward by so much, so that what expires need not be waited for.
    pub(crate) fn advance(&self, by: Millis) {
        self.offset.fetch_add(by, Ordering::Relaxed);
    }
}

fn system_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Year, month and day of this time in UTC.
pub(crate) fn date(at: Millis) -> (i64, i64, i64) {
    // Days from the civil calendar, counted from 0000-03-01 so that a leap day is the last of its year.
    let days = at.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_of_known_times() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(951_782_400_000), (2000, 2, 29));
        assert_eq!(date(1_735_689_599_999), (2024, 12, 31));
    }
}
