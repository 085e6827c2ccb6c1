//! Numbers of shops, goods and orders in the control API. They are told as text, because those of TikTok Shop have more digits
//! than a number of JavaScript keeps; they are understood as text and as numbers.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) u64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(id) => Ok(Id(id)),
            Either::Text(text) => text.parse().map(Id).map_err(serde::de::Error::custom),
        }
    }
}

/// For a field that may be missing: `#[serde(default, with = "optional")]`.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(id: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        id.map(Id).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        Ok(Option::<Id>::deserialize(deserializer)?.map(|id| id.0))
    }
}
