//! Ids that look like those of the marketplaces, each from the seed, the shop and a counter: never from what happens in other
//! shops, so that a seed gives the same ids however the requests of several shops interleave.

use super::rng::Rng;
use super::{Market, Millis};

/// Mints the ids of one shop.
#[derive(Debug)]
pub(crate) struct Ids {
    market: Market,
    shop: u64,
    rng: Rng,
    items: u64,
    variants: u64,
    orders: u64,
    units: u64,
    others: u64,
}

/// Where the ids of a kind begin, so that they have as many digits as on the marketplace.
struct Range {
    base: u64,
    /// Room for one shop.
    block: u64,
    /// Ids are this far apart, with a deterministic jitter.
    stride: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64, market: Market, shop: u64) -> Ids {
        let rng = Rng::fork(seed ^ shop.wrapping_mul(0x9e37_79b9), market.name());
        Ids { market, shop, rng, items: 0, variants: 0, orders: 0, units: 0, others: 0 }
    }

    /// The number of the shop itself.
    pub(crate) fn account(seed: u64, market: Market, shop: u64) -> u64 {
        let (base, stride) = match market {
            Market::Shopee => (220_000_000, 1_009),
            Market::Tiktok => (7_494_726_673_780_000_000, 1_000_003),
            Market::Lazada => (1_000_100_000, 1_013),
        };
        base + (shop + 1) * stride + Rng::new(seed ^ shop).below(1_000)
    }

    pub(crate) fn item(&mut self) -> u64 {
        let range = match self.market {
            Market::Shopee => Range { base: 21_000_000_000, block: 70_000_000, stride: 7 },
            Market::Tiktok => Range { base: 1_729_382_000_000_000_000, block: 10_000_000_000, stride: 1_000 },
            Market::Lazada => Range { base: 2_300_000_000, block: 30_000_000, stride: 3 },
        };
        self.items += 1;
        self.number(range, self.items)
    }

    pub(crate) fn variant(&mut self) -> u64 {
        let range = match self.market {
            Market::Shopee => Range { base: 210_000_000_000, block: 700_000_000, stride: 7 },
            Market::Tiktok => Range { base: 1_729_592_000_000_000_000, block: 10_000_000_000, stride: 1_000 },
            Market::Lazada => Range { base: 12_000_000_000, block: 300_000_000, stride: 3 },
        };
        self.variants += 1;
        self.number(range, self.variants)
    }

    /// Shopee: the day and eight letters or digits; the others: a number of 18 or 15 digits as text.
    pub(crate) fn order(&mut self, now: Millis) -> String {
        self.orders += 1;
        match self.market {
            Market::Shopee => {
                // The counter keeps it unique, the draw makes it look like one.
                let counter = base32(self.shop * 300_000 + self.orders, 5);
                format!("{}{}{counter}", day(now), self.rng.text(LETTERS, 3))
            }
            Market::Tiktok => {
                let range = Range { base: 576_684_000_000_000_000, block: 10_000_000_000_000, stride: 1_000 };
                self.number(range, self.orders).to_string()
            }
            Market::Lazada => {
                let range = Range { base: 260_422_000_000_000, block: 1_000_000_000_000, stride: 100 };
                self.number(range, self.orders).to_string()
            }
        }
    }

    /// The number of one unit of an order line.
    pub(crate) fn unit(&mut self) -> u64 {
        let range = match self.market {
            Market::Shopee => Range { base: 310_000_000_000, block: 1_000_000_000, stride: 1 },
            Market::Tiktok => {
                Range { base: 577_000_000_000_000_000, block: 10_000_000_000_000, stride: 1_000 }
            }
            Market::Lazada => Range { base: 360_422_000_000_000, block: 1_000_000_000_000, stride: 100 },
        };
        self.units += 1;
        self.number(range, self.units)
    }

    /// A number for anything else: returns, cancellations, packages, messages.
    pub(crate) fn other(&mut self) -> u64 {
        self.others += 1;
        let range = Range { base: 400_000_000_000_000, block: 1_000_000_000_000, stride: 100 };
        self.number(range, self.others)
    }

    /// A name that nobody can guess from another: codes, tokens, ciphers.
    pub(crate) fn secret(&mut self, length: usize) -> String {
        self.rng.text(LETTERS_AND_DIGITS, length)
    }

    fn number(&mut self, range: Range, counter: u64) -> u64 {
        let jitter = self.rng.below(range.stride);
        range.base + self.shop * range.block + counter * range.stride + jitter
    }
}

const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn base32(mut number: u64, length: usize) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 32) as usize];
        number /= 32;
    }
    digits.into_iter().map(char::from).collect()
}

/// `YYMMDD` in UTC.
fn day(now: Millis) -> String {
    let (year, month, day) = super::clock::date(now);
    format!("{:02}{month:02}{day:02}", year % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_the_seed_and_are_never_minted_twice() {
        let mint = |seed| {
            let mut ids = Ids::new(seed, Market::Shopee, 1);
            (0..500).map(|_| ids.order(1_700_000_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(mint(7), mint(7));
        assert_ne!(mint(7), mint(8));
        let unique: std::collections::BTreeSet<_> = mint(7).into_iter().collect();
        assert_eq!(unique.len(), 500);
        assert!(unique.iter().all(|id| id.len() == 14 && id.starts_with("231114")));
    }
}
