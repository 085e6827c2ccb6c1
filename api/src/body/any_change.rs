//! A change in a bulk request before its action is looked at.
//!
//! An enum that is told apart by a member buffers the object that it reads, and what is wrong inside has lost its place by
//! then. A plain object with every member that some action knows is read where it stands, so that an error has the pointer
//! of the member; which members belong to the action is looked at afterwards.

use serde::Deserialize;

use super::stock_changes::{Adjustment, Change, ChangeReason, Count, Move, MoveEnd, Setting};

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Adjust,
    Set,
    Count,
    Move,
}

impl Action {
    /// The members that the action knows, beside `action` itself.
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::Adjust => &["sku", "location", "quantity", "reason", "note", "reference_uri"],
            Self::Set => &["sku", "location", "on_hand", "expected", "reason", "note"],
            Self::Count => &["sku", "location", "counted", "confirmed", "note"],
            Self::Move => &["sku", "quantity", "from", "to", "note"],
        }
    }
}

/// Every member that some action knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnyChange {
    action: Action,
    sku: Option<String>,
    location: Option<String>,
    quantity: Option<i64>,
    on_hand: Option<i64>,
    expected: Option<i64>,
    counted: Option<i64>,
    confirmed: Option<bool>,
    from: Option<MoveEnd>,
    to: Option<MoveEnd>,
    reason: Option<ChangeReason>,
    note: Option<String>,
    reference_uri: Option<String>,
}

impl AnyChange {
    /// The first member that is there and that the action does not know.
    fn stranger(&self) -> Option<&'static str> {
        let there = [
            ("location", self.location.is_some()),
            ("quantity", self.quantity.is_some()),
            ("on_hand", self.on_hand.is_some()),
            ("expected", self.expected.is_some()),
            ("counted", self.counted.is_some()),
            ("confirmed", self.confirmed.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
            ("reason", self.reason.is_some()),
            ("reference_uri", self.reference_uri.is_some()),
        ];
        let known = self.action.members();
        there.into_iter().find(|(name, is_there)| *is_there && !known.contains(name)).map(|(name, _)| name)
    }
}

/// In the words in which an object is told to lack a member, from which the pointer is made.
fn member<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("missing field `{name}`"))
}

impl TryFrom<AnyChange> for Change {
    type Error = String;

    fn try_from(any: AnyChange) -> Result<Self, String> {
        if let Some(stranger) = any.stranger() {
            let known = any.action.members().join("`, `");
            return Err(format!("unknown field `{stranger}`, expected one of `action`, `{known}`"));
        }
        let sku = member("sku", any.sku)?;
        Ok(match any.action {
            Action::Adjust => Self::Adjust(Adjustment {
                sku,
                location: any.location,
                quantity: member("quantity", any.quantity)?,
                reason: member("reason", any.reason)?,
                note: any.note,
                reference_uri: any.reference_uri,
            }),
            Action::Set => Self::Set(Setting {
                sku,
                location: any.location,
                on_hand: member("on_hand", any.on_hand)?,
                expected: any.expected,
                reason: any.reason,
                note: any.note,
            }),
            Action::Count => Self::Count(Count {
                sku,
                location: any.location,
                counted: member("counted", any.counted)?,
                confirmed: any.confirmed.unwrap_or(false),
                note: any.note,
            }),
            Action::Move => Self::Move(Move {
                sku,
                quantity: member("quantity", any.quantity)?,
                from: member("from", any.from)?,
                to: member("to", any.to)?,
                note: any.note,
            }),
        })
    }
}
