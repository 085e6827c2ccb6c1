//! What a marketplace could tell the integrators of a shop.

use super::orders::Status;
use super::{Millis, ShopKey};

/// Something happened in a shop.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) shop: ShopKey,
    pub(crate) at: Millis,
    pub(crate) what: What,
}

/// What happened. Everything else about it is read from the world when it is told, because that may be much later.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// These units of the order are in this status now.
    Order { order: String, status: Status, units: Vec<u64> },
    /// The buyer wants to cancel and the seller has to answer.
    CancelAsked { order: String },
    /// The request is decided; an agreed one is followed by the order's own change.
    CancelAnswered { order: String, agreed: bool },
    /// The parcel has a number.
    Tracking { order: String },
    /// A return has moved.
    Return { order: String, id: u64, status: ReturnStatus },
    /// The seller let the app in.
    Authorised,
    /// The seller threw the app out, or his consent ended.
    Deauthorised { expired: bool },
    /// The consent will end at this time.
    AuthorisationEnds { at: Millis },
    /// A listing fell to or below what its marketplace calls low.
    LowStock { item: u64, variant: u64, stock: i64 },
    /// A promotion took units aside, or gave them back.
    Reserved { item: u64, variant: u64, old: i64, new: i64 },
    /// The seller changed a listing.
    ItemChanged { item: u64 },
}

/// How far a return has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReturnStatus {
    Asked,
    Agreed,
    /// The goods are back, the money is returned.
    Done,
    Refused,
}
