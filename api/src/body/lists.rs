//! Pages.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{self, Problem};

/// Rows of a page when nobody says.
pub(crate) const LIMIT_DEFAULT: u32 = 50;
/// Rows of a page at most.
pub(crate) const LIMIT_MAX: u32 = 200;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// Always `list`.
    #[schema(example = "list")]
    pub(crate) object: &'static str,
    /// The rows.
    pub(crate) data: Vec<T>,
    /// Whether more follow.
    pub(crate) has_more: bool,
    /// Where they follow: the next request's `cursor`.
    pub(crate) next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page; `cursor` is that of its last row.
    pub(crate) fn of(data: Vec<T>, has_more: bool, cursor: Option<String>) -> Self {
        Self { object: "list", data, has_more, next_cursor: cursor.filter(|_| has_more) }
    }
}

/// The query of a route that takes no parameters: any is refused, because it would have been meant to do something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoQuery {}

/// The number of rows asked for.
pub(crate) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit as usize)
    } else {
        Err(Problem::new(&problem::INVALID_PARAMETER, format!("limit must be from 1 to {LIMIT_MAX}")))
    }
}

/// A position as an opaque text.
pub(crate) fn cursor<T: Serialize>(position: &T) -> Option<String> {
    use std::fmt::Write as _;
    let bytes = serde_json::to_vec(position).ok()?;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _always_ok = write!(text, "{byte:02x}");
    }
    Some(text)
}

/// The position of a cursor.
pub(crate) fn position<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(text) = cursor else { return Ok(None) };
    let bad = || Problem::new(&problem::INVALID_PARAMETER, "cursor must be a next_cursor of the same list");
    let digits = text.as_bytes();
    if digits.len() % 2 != 0 {
        return Err(bad());
    }
    let bytes: Option<Vec<u8>> = digits
        .chunks_exact(2)
        .map(|pair| {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect();
    let bytes = bytes.ok_or_else(bad)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| bad())
}

/// A code inside a cursor or a filter that no row can have.
pub(crate) fn check_filter(name: &str, text: Option<&str>) -> Result<(), Problem> {
    match text.map(onhand_rules::text::check_code) {
        Some(Err(error)) => Err(Problem::new(&problem::INVALID_PARAMETER, format!("{name} {error}"))),
        _ => Ok(()),
    }
}

/// A filter by a text that no row can have.
pub(crate) fn check_text_filter(name: &str, text: Option<&str>) -> Result<(), Problem> {
    match text.map(|text| onhand_rules::text::check_text(text, onhand_rules::text::TEXT_MAX)) {
        Some(Err(error)) => Err(Problem::new(&problem::INVALID_PARAMETER, format!("{name} {error}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_or_is_refused() {
        let text = cursor(&("tshirt/ä", 7)).unwrap();
        assert_eq!(position::<(String, i64)>(Some(&text)).unwrap(), Some(("tshirt/ä".to_owned(), 7)));
        for bad in ["7", "zz", "7b7d", "é1", ""] {
            assert!(position::<(String, i64)>(Some(bad)).is_err(), "{bad}");
        }
    }
}
