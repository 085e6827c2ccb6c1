//! Randomness that can be repeated, and idempotency keys as clients make them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (splitmix64). Good enough to spread load; never used where an adversary could gain from guessing.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The same seed gives the same sequence.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Below `end`, which must not be 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder is far below what any figure here could show.
        self.next() % end
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A seed that differs from run to run.
pub(crate) fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    mix(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Numbers from 0 with Zipf's law (exponent 1): the first is drawn about ten times as often as the tenth.
#[derive(Debug)]
pub(crate) struct Zipf {
    /// Drawn beforehand, because drawing costs more than some of what is measured.
    draws: Vec<u32>,
}

impl Zipf {
    pub(crate) fn new(count: usize, seed: u64) -> Self {
        let mut sums = Vec::with_capacity(count);
        let mut sum = 0.0;
        for rank in 1..=count {
            sum += 1.0 / rank as f64;
            sums.push(sum);
        }
        let mut chance = Chance::new(seed);
        let draws = (0..1 << 17)
            .map(|_| {
                let at = (chance.next() >> 11) as f64 / (1u64 << 53) as f64 * sum;
                let rank = sums.partition_point(|&upto| upto < at).min(count - 1);
                u32::try_from(rank).unwrap_or(0)
            })
            .collect();
        Self { draws }
    }

    /// The draw with this number; they repeat after 131,072.
    pub(crate) fn draw(&self, number: u64) -> usize {
        self.draws[number as usize % self.draws.len()] as usize
    }
}

/// How a client makes its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// UUIDv7: new keys sort last.
    TimeOrdered,
    /// UUIDv4: new keys sort anywhere.
    Random,
}

/// Length of a key's text.
pub(crate) const KEY_LENGTH: usize = 36;

/// Makes keys that are never made twice.
#[derive(Debug)]
pub(crate) struct Keys {
    kind: KeyKind,
    seed: u64,
    count: AtomicU64,
}

impl Keys {
    pub(crate) fn new(kind: KeyKind, seed: u64) -> Self {
        Self { kind, seed, count: AtomicU64::new(0) }
    }

    /// Writes the next key as a UUID's text.
    pub(crate) fn write(&self, into: &mut [u8]) {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let (high, low) = match self.kind {
            KeyKind::TimeOrdered => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let millis = since.as_millis() as u64;
                // The count follows the time, so keys of one millisecond sort by when they were made.
                let high = (millis << 16) | 0x7000 | ((count >> 20) & 0xfff);
                (high, ((count & 0xf_ffff) << 40) | (mix(self.seed ^ count) >> 24))
            }
            KeyKind::Random => {
                let high = mix(self.seed.wrapping_add(count.wrapping_mul(2)));
                let low = mix(self.seed.wrapping_add(count.wrapping_mul(2) + 1));
                ((high & !0xf000) | 0x4000, low)
            }
        };
        let low = (low & !(0b11 << 62)) | (0b10 << 62);
        uuid_text((u128::from(high) << 64) | u128::from(low), into);
    }

    /// The next key.
    pub(crate) fn next(&self) -> String {
        let mut text = [0; KEY_LENGTH];
        self.write(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn uuid_text(value: u128, into: &mut [u8]) {
    let mut place = 32;
    for (at, byte) in into.iter_mut().take(KEY_LENGTH).enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            *byte = b'-';
        } else {
            place -= 1;
            *byte = b"0123456789abcdef"[(value >> (place * 4)) as usize & 0xf];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_look_like_what_they_claim() {
        for (kind, version) in [(KeyKind::TimeOrdered, b'7'), (KeyKind::Random, b'4')] {
            let keys = Keys::new(kind, 7);
            let made: Vec<String> = (0..5_000).map(|_| keys.next()).collect();
            let distinct: std::collections::BTreeSet<&String> = made.iter().collect();
            assert_eq!(distinct.len(), made.len());
            assert!(made.iter().all(|key| key.len() == 36 && key.as_bytes()[14] == version));
            assert_eq!(made.is_sorted(), kind == KeyKind::TimeOrdered, "only time-ordered keys are in order");
        }
    }

    #[test]
    fn zipf_prefers_the_first() {
        let zipf = Zipf::new(10_000, 3);
        let mut counts = vec![0; 10_000];
        (0..1 << 17).for_each(|number| counts[zipf.draw(number)] += 1);
        assert!(
            counts[0] > counts[9] * 5 && counts[9] > counts[999],
            "{} {} {}",
            counts[0],
            counts[9],
            counts[999]
        );
        assert!(counts.iter().filter(|&&count| count > 0).count() > 5_000);
    }
}
