//! The audit log: what a person, or a key with power over the house, changed. It is a part of the feed of events (ADR
//! 0012), so it is written in the same transaction as what it tells of, and is as hard to change.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Key of the row that holds the end of the chain.
pub const HEAD: &str = "audit";
/// Entries that share a subject of the feed: one page of the log.
pub const PAGE: i64 = 100;
/// What stands instead of a secret.
const HIDDEN: &str = "(hidden)";
/// Fields whose values nobody may read.
const SECRETS: &[&str] = &["password", "sealed", "recovery", "grant", "hash", "chain"];
/// Fields that change with every change.
const NOISE: &[&str] = &["version", "updated_at", "changed_at", "head"];

/// What the log says besides the rows: who, what for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditNote {
    /// A person's address, or a key's name.
    pub by: String,
    /// The route, for example `POST /v1/users`.
    pub action: String,
    /// What was named in the path.
    pub object: String,
    /// What they gave as their reason.
    pub reason: Option<String>,
}

/// One row, before and after, reduced to what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    /// Which row.
    pub row: String,
    /// Nothing: it is new.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// Nothing: it is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
}

impl AuditChange {
    /// Of a row before and after; `None` when nothing that is worth a line changed.
    #[must_use]
    pub fn of(row: String, before: Option<Value>, after: Option<Value>) -> Option<Self> {
        let (before, after) = match (before, after) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let changed: Vec<String> = before
                    .keys()
                    .chain(after.keys())
                    .filter(|key| before.get(*key) != after.get(*key) && !NOISE.contains(&key.as_str()))
                    .cloned()
                    .collect();
                if changed.is_empty() {
                    return None;
                }
                let only = |mut row: Map<String, Value>| {
                    row.retain(|key, _| changed.contains(key));
                    Value::Object(row)
                };
                (Some(only(before)), Some(only(after)))
            }
            (before, after) => (before, after),
        };
        Some(Self { row, before: before.map(hide), after: after.map(hide) })
    }
}

/// Secrets are hidden at every depth: the log is read by more people than may know them.
fn hide(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(key, _)| !NOISE.contains(&key.as_str()))
                .map(|(key, value)| match SECRETS.contains(&key.as_str()) && !value.is_null() {
                    true => (key, Value::String(HIDDEN.to_owned())),
                    false => (key, hide(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(hide).collect()),
        other => other,
    }
}

/// Under which subject of the feed an entry is found; the first entry has number 1.
#[must_use]
pub fn subject(number: i64) -> String {
    format!("audit:{}", number / PAGE)
}

/// The page that a subject names, if it is one of the audit log.
#[must_use]
pub fn page_of(subject: &str) -> Option<i64> {
    subject.strip_prefix("audit:")?.parse().ok().filter(|page| *page >= 0)
}

/// The hash of an entry: over the one before it and everything that the entry says, with lengths, so that nothing can be
/// moved from one field to the next.
#[must_use]
pub fn chain(before: &str, number: i64, note: &AuditNote, changes: &[AuditChange]) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(before);
    part(&number.to_string());
    part(&note.by);
    part(&note.action);
    part(&note.object);
    part(note.reason.as_deref().unwrap_or_default());
    for change in changes {
        part(&change.row);
        for side in [&change.before, &change.after] {
            part(&side.as_ref().map(Value::to_string).unwrap_or_default());
        }
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        let _always_ok = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_reduced_to_what_changed_and_hides_secrets() {
        let before = json!({"name": "a", "role": "viewer", "password": "x", "version": 1});
        let after = json!({"name": "a", "role": "admin", "password": "y", "version": 2});
        let change = AuditChange::of("user:1".into(), Some(before), Some(after)).unwrap();
        assert_eq!(change.before, Some(json!({"role": "viewer", "password": "(hidden)"})));
        assert_eq!(change.after, Some(json!({"role": "admin", "password": "(hidden)"})));
        let same = json!({"name": "a", "version": 1});
        assert_eq!(AuditChange::of("x".into(), Some(same), Some(json!({"name": "a", "version": 2}))), None);
        let new =
            AuditChange::of("x".into(), None, Some(json!({"factor": {"sealed": "s", "confirmed": true}})))
                .unwrap();
        assert_eq!(new.after, Some(json!({"factor": {"sealed": "(hidden)", "confirmed": true}})));
    }

    #[test]
    fn the_chain_depends_on_everything() {
        let note = |by: &str, action: &str, reason: Option<&str>| AuditNote {
            by: by.into(),
            action: action.into(),
            object: "o".into(),
            reason: reason.map(str::to_owned),
        };
        let change = AuditChange { row: "r".into(), before: None, after: Some(json!(1)) };
        let first = chain("", 1, &note("ab", "c", None), std::slice::from_ref(&change));
        let others = [
            chain("x", 1, &note("ab", "c", None), std::slice::from_ref(&change)),
            chain("", 2, &note("ab", "c", None), std::slice::from_ref(&change)),
            chain("", 1, &note("a", "bc", None), std::slice::from_ref(&change)),
            chain("", 1, &note("ab", "c", Some("why")), std::slice::from_ref(&change)),
            chain(
                "",
                1,
                &note("ab", "c", None),
                &[AuditChange { before: Some(json!(1)), after: None, ..change }],
            ),
            chain("", 1, &note("ab", "c", None), &[]),
        ];
        assert!(others.iter().all(|other| *other != first));
    }
}
