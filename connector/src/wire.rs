//! Reading JSON of others leniently: their ids and numbers come as text here and as numbers there, absent or null.

use std::fmt;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A text or a whole number, kept as text; empty when absent or null. Never a float: ids have more digits than floats.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text(pub String);

impl Text {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.0.trim().parse().ok()
    }

    /// Whether there is none: absent, empty or `0`, which is how some write "none".
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty() || self.0 == "0"
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Text, E> {
        Ok(Text::default())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A whole number that may be written as text; 0 when absent, null or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Int(pub i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        if text.0.is_empty() {
            return Ok(Self(0));
        }
        text.number().map(Self).ok_or_else(|| D::Error::custom("expected a whole number"))
    }
}

/// An amount of money or another decimal, as it was written; empty when absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decimal(pub String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text,
            _ => String::new(),
        }))
    }
}

/// A yes or no that may be written as a number or as text; no when absent or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(Self(matches!(text.as_str(), "true" | "1" | "True" | "TRUE" | "yes")))
    }
}

/// A list in which `null` and an object without entries stand for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ListVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = sequence.next_element()? {
            list.push(entry);
        }
        Ok(List(list))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Decimal, Flag, Int, List, Text};

    #[derive(Debug, Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Sample {
        id: Text,
        number: Int,
        price: Decimal,
        flag: Flag,
        list: List<Int>,
    }

    #[test]
    fn both_ways_of_writing_are_the_same() {
        let text: Sample = serde_json::from_str(
            r#"{"id":"18446744073709551615","number":"-5","price":"12.50","flag":"1","list":["1",2]}"#,
        )
        .unwrap();
        let number: Sample = serde_json::from_str(
            r#"{"id":18446744073709551615,"number":-5,"price":12.50,"flag":true,"list":[1,"2"]}"#,
        )
        .unwrap();
        assert_eq!(text.id, number.id);
        assert_eq!((text.number, number.number), (Int(-5), Int(-5)));
        assert_eq!((text.price.0.as_str(), number.price.0.as_str()), ("12.50", "12.5"));
        assert!(text.flag.0 && number.flag.0);
        assert_eq!(text.list, number.list);
    }

    #[test]
    fn absent_and_null_are_none_and_floats_are_no_ids() {
        let nothing: Sample =
            serde_json::from_str(r#"{"id":null,"number":null,"price":null,"flag":null,"list":null}"#)
                .unwrap();
        assert!(nothing.id.is_none() && nothing.number.0 == 0 && nothing.list.0.is_empty());
        assert!(serde_json::from_str::<Sample>(r#"{"id":1.5}"#).is_err());
        assert!(serde_json::from_str::<Sample>(r#"{"number":"many"}"#).is_err());
        assert!(serde_json::from_str::<Sample>(r#"{"list":7}"#).is_err());
    }
}
