//! Identities.
//!
//! Ids that are handed out in bulk (orders, reservations, operations) are UUIDv7 values made by the engine, so they
//! sort by time and land side by side in an index. SKUs and locations are numbered from one counter row, because
//! their ids stand in every movement and must be small.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford base32 in lower case: no `i`, `l`, `o`, `u`, so an id read over the telephone survives.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a 128-bit value in base32.
const LENGTH: usize = 26;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// The prefix that was expected, for example `ord`.
    pub expected: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected an id of the form {}_ followed by {LENGTH} characters of base32", self.expected)
    }
}

impl std::error::Error for IdError {}

fn encode(value: u128, prefix: &str) -> String {
    let mut text = String::with_capacity(prefix.len() + 1 + LENGTH);
    text.push_str(prefix);
    text.push('_');
    for place in (0..LENGTH).rev() {
        let digit = (value >> (place * 5)) & 31;
        text.push(char::from(ALPHABET[digit as usize]));
    }
    text
}

fn decode(text: &str, prefix: &'static str) -> Result<u128, IdError> {
    let error = IdError { expected: prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(error.clone())?;
    // The first digit carries only 3 bits: anything above 7 would not fit into 128 bits.
    if digits.len() != LENGTH || digits.as_bytes()[0] > b'7' {
        return Err(error);
    }
    digits.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|&a| a == byte).ok_or(error.clone())?;
        Ok((value << 5) | digit as u128)
    })
}

macro_rules! long_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The sixteen bytes under which a database keys it; they sort like the id.
            #[must_use]
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The inverse of [`Self::to_bytes`].
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode(self.0, $prefix))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                decode(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

long_id!(
    /// An order.
    OrderId, "ord"
);
long_id!(
    /// A reservation that belongs to no order yet.
    ReservationId, "rsv"
);
long_id!(
    /// One execution of one command. It stands in every movement and event that the command made.
    OpId, "op"
);
long_id!(
    /// One API key (not the principal who holds it).
    ApiKeyId, "key"
);

long_id!(
    /// One job of the queue. Stable over all its attempts, so it serves as the idempotency key of its effects.
    JobId, "job"
);

long_id!(
    /// One person.
    UserId, "usr"
);

macro_rules! small_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub i64);
    };
}

small_id!(
    /// A SKU. Never reused; the code that people type is [`crate::Sku::code`].
    SkuId
);
small_id!(
    /// A location.
    LocationId
);
small_id!(
    /// One connected account on a marketplace.
    ShopId
);
small_id!(
    /// One sellable variation in a shop.
    ListingId
);
small_id!(
    /// Who acts: the holder of one or several API keys, so that an operation id survives the rotation of a key.
    /// `0` is Onhand itself (the expiry pulse, migrations, the command line on a stopped server).
    PrincipalId
);

impl PrincipalId {
    /// Onhand itself.
    pub const SYSTEM: Self = Self(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_order() {
        let low = OrderId(0x0192_0000_0000_7000_8000_0000_0000_0001);
        let high = OrderId(0x0192_0000_0001_7000_8000_0000_0000_0000);
        assert_eq!(low.to_string().parse(), Ok(low));
        assert!(low.to_string() < high.to_string());
        assert_eq!(OrderId::from_bytes(low.to_bytes()), low);
        assert_eq!(OrderId(u128::MAX).to_string().parse(), Ok(OrderId(u128::MAX)));
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        let order = OrderId(7).to_string();
        assert!(order.parse::<ReservationId>().is_err());
        assert!("ord_".parse::<OrderId>().is_err());
        assert!("ord_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<OrderId>().is_err(), "more than 128 bits");
        assert!("ord_0000000000000000000000000u".parse::<OrderId>().is_err(), "u is not a digit");
        assert!("ord_é0000000000000000000000000".parse::<OrderId>().is_err());
    }
}
