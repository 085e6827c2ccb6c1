//! Randomness for simulated buyers: a small generator with a seed, so that what they do can be repeated.

/// SplitMix64.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `below`, `below` itself not included.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        // The bias is far below what a demo could show.
        self.next() % below.max(1)
    }

    /// Whether something of this many percent happens.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// An index below `count`; low ones come up far more often, as bestsellers do.
    pub(crate) fn bestseller(&mut self, count: u64) -> usize {
        let one = self.below(count);
        let two = self.below(one + 1);
        usize::try_from(self.below(two + 1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn low_indexes_come_up_more_often() {
        let mut chance = Chance::new(7);
        let picks: Vec<usize> = (0..10_000).map(|_| chance.bestseller(200)).collect();
        let of = |range: std::ops::Range<usize>| picks.iter().filter(|pick| range.contains(pick)).count();
        assert!(of(0..20) > 2 * of(20..40));
        assert!(of(100..200) > 0);
        assert_eq!(of(0..200), 10_000);
    }
}
