//! Pages by opaque tokens. A token names the last row of its page, so that rows which move while somebody pages are neither
//! skipped nor repeated because of others.

use super::reply::Refusal;

/// One page of a sorted list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// Of all rows that were asked for.
    pub(super) total: usize,
    /// Empty on the last page.
    pub(super) next: String,
}

/// By what a list is sorted: a time or nothing, then the id, which makes it unique.
pub(super) type Key = (i64, String);

/// Cuts a page out of all rows that match.
pub(super) fn page<T>(
    rows: Vec<T>,
    key: impl Fn(&T) -> Key,
    descending: bool,
    token: Option<&str>,
    size: usize,
) -> Result<Page<T>, Refusal> {
    let total = rows.len();
    let mut rows: Vec<(Key, T)> = rows.into_iter().map(|row| (key(&row), row)).collect();
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        let last = decode(token).ok_or_else(|| Refusal::parameter("`page_token` is invalid."))?;
        rows.retain(|(key, _)| if descending { *key < last } else { *key > last });
    }
    rows.sort_by(|(a, _), (b, _)| if descending { b.cmp(a) } else { a.cmp(b) });
    let more = rows.len() > size;
    rows.truncate(size);
    let next = if more { rows.last().map(|(key, _)| encode(key)).unwrap_or_default() } else { String::new() };
    Ok(Page { rows: rows.into_iter().map(|(_, row)| row).collect(), total, next })
}

/// A page size from 1 to `most`; `default` without one.
pub(super) fn size(asked: Option<i64>, default: usize, most: usize) -> Option<usize> {
    let Some(asked) = asked else { return Some(default) };
    usize::try_from(asked).ok().filter(|size| (1..=most).contains(size))
}

fn encode(key: &Key) -> String {
    let text = format!("{}:{}", key.0, key.1);
    text.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn decode(token: &str) -> Option<Key> {
    if !token.is_ascii() || !token.len().is_multiple_of(2) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&token[at..at + 2], 16).ok().map(|byte| byte ^ 0x5a);
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let (at, id) = text.split_once(':')?;
    Some((at.parse().ok()?, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_every_row_once_in_both_directions() {
        let rows: Vec<i64> = (0..23).map(|number| number % 5).collect();
        let rows: Vec<Key> = rows.iter().enumerate().map(|(id, at)| (*at, format!("{id:03}"))).collect();
        for descending in [false, true] {
            let mut seen = Vec::new();
            let mut token = String::new();
            loop {
                let page = page(rows.clone(), Clone::clone, descending, Some(&token), 4).unwrap();
                assert_eq!(page.total, 23);
                seen.extend(page.rows);
                token = page.next;
                if token.is_empty() {
                    break;
                }
            }
            let mut wanted = rows.clone();
            wanted.sort();
            if descending {
                wanted.reverse();
            }
            assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn a_token_that_was_never_given_is_refused() {
        for token in ["zz", "abc", "5a5a", "ü1"] {
            assert!(page(vec![(1, String::new())], Clone::clone, false, Some(token), 4).is_err(), "{token}");
        }
    }
}
