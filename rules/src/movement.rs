//! The ledger itself: one immutable row for each change of a stock row, chained by hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{OpId, OrderId, PrincipalId, ReservationId};
use crate::quantity::{Millis, Quantities, Quantity};
use crate::stock::StockKey;

/// Why a stock row changed. The numbers are stored and hashed: they are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum MovementKind {
    /// An order or reservation took a hold: reserved +.
    Reserve = 1,
    /// A hold was given back by request: reserved −.
    Release = 2,
    /// A hold ended by time: reserved −.
    Expire = 3,
    /// A hold was confirmed: reserved −, allocated +.
    Allocate = 4,
    /// Confirmed without a hold before it (direct, or confirmed after expiry): allocated +, guarded.
    AllocateDirect = 5,
    /// A marketplace order, which is a fact and cannot be refused: allocated +, not guarded.
    ForcedOrder = 6,
    /// Confirmed units were cancelled before shipping: allocated −.
    Deallocate = 7,
    /// Goods left the building: on_hand −, allocated −.
    Ship = 8,
    /// A customer sent goods back: on_hand +, and unavailable + when damaged.
    Return = 9,
    /// Goods came in: on_hand +.
    Receive = 10,
    /// A correction by a delta: on_hand ±, downward only to available = 0.
    Adjust = 11,
    /// A correction to a value that the caller had seen: on_hand ±.
    Set = 12,
    /// A physical count: on_hand becomes what was counted, whatever is promised.
    Count = 13,
    /// Between sellable and unavailable: unavailable ±.
    Restate = 14,
    /// The sending half of a move between locations: on_hand −.
    TransferOut = 15,
    /// The receiving half of a move between locations: on_hand +.
    TransferIn = 16,
}

impl MovementKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 16] = [
        Self::Reserve,
        Self::Release,
        Self::Expire,
        Self::Allocate,
        Self::AllocateDirect,
        Self::ForcedOrder,
        Self::Deallocate,
        Self::Ship,
        Self::Return,
        Self::Receive,
        Self::Adjust,
        Self::Set,
        Self::Count,
        Self::Restate,
        Self::TransferOut,
        Self::TransferIn,
    ];

    /// The kind of a stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Kinds that must never leave `available` below the backorder limit (I2).
    #[must_use]
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Reserve | Self::AllocateDirect)
    }

    /// The stable name used in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Release => "release",
            Self::Expire => "expire",
            Self::Allocate => "allocate",
            Self::AllocateDirect => "allocate_direct",
            Self::ForcedOrder => "forced_order",
            Self::Deallocate => "deallocate",
            Self::Ship => "ship",
            Self::Return => "return",
            Self::Receive => "receive",
            Self::Adjust => "adjust",
            Self::Set => "set",
            Self::Count => "count",
            Self::Restate => "restate",
            Self::TransferOut => "transfer_out",
            Self::TransferIn => "transfer_in",
        }
    }
}

/// What holds units: an order or a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// An order.
    Order(OrderId),
    /// A reservation without an order.
    Reservation(ReservationId),
}

/// One immutable row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The stock row it changed.
    pub key: StockKey,
    /// 1 for the first movement of the row, then one more each time, without gaps (I1).
    pub version: i64,
    /// Why.
    pub kind: MovementKind,
    /// What changed.
    pub delta: Quantities,
    /// The figures after it.
    pub after: Quantities,
    /// The row's backorder limit at that time: how far a guarded movement could go below zero (I2).
    pub backorder_limit: Quantity,
    /// The order or reservation on whose behalf it happened.
    pub holder: Option<Holder>,
    /// The command that made it.
    pub op: OpId,
    /// Who asked for it.
    pub actor: PrincipalId,
    /// A reason from the closed list of `commands/change_stock.rs`, for movements that people make.
    pub reason: Option<String>,
    /// Free text and a reference to the document behind it.
    pub note: Option<String>,
    /// Ledger clock; never earlier than the movement before it in this row (I14).
    pub at: Millis,
    /// `SHA-256(hash of the movement before ‖ this one)`, see [`Movement::chain`].
    pub hash: [u8; 32],
}

impl Movement {
    /// The hash that this movement must carry when the one before it carries `previous`.
    ///
    /// Every field is covered, in a fixed order with fixed widths; texts are preceded by their length, so that no two
    /// different movements have the same bytes.
    #[must_use]
    pub fn chain(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(232);
        bytes.extend_from_slice(previous);
        for number in [self.key.sku.0, self.key.location.0, self.version] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.push(self.kind as u8);
        for figures in [&self.delta, &self.after] {
            for number in [figures.on_hand, figures.reserved, figures.allocated, figures.unavailable] {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
        }
        bytes.extend_from_slice(&self.backorder_limit.to_be_bytes());
        let (tag, id) = match self.holder {
            None => (0u8, [0; 16]),
            Some(Holder::Order(id)) => (1, id.to_bytes()),
            Some(Holder::Reservation(id)) => (2, id.to_bytes()),
        };
        bytes.push(tag);
        bytes.extend_from_slice(&id);
        bytes.extend_from_slice(&self.op.to_bytes());
        bytes.extend_from_slice(&self.actor.0.to_be_bytes());
        for text in [&self.reason, &self.note] {
            let text = text.as_deref();
            let length = text.map_or(u32::MAX, |t| u32::try_from(t.len()).unwrap_or(u32::MAX - 1));
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        bytes.extend_from_slice(&self.at.to_be_bytes());
        Sha256::digest(&bytes).into()
    }
}
