//! The only place where identities are made: UUIDv7, so that new rows land side by side in every index.

use onhand_rules::{ApiKeyId, OpId, OrderId, ReservationId, UserId};
use uuid::Uuid;

fn next() -> u128 {
    Uuid::now_v7().as_u128()
}

/// For a new order.
#[must_use]
pub fn order() -> OrderId {
    OrderId(next())
}

/// For a new reservation.
#[must_use]
pub fn reservation() -> ReservationId {
    ReservationId(next())
}

/// For one execution of a command.
#[must_use]
pub fn op() -> OpId {
    OpId(next())
}

/// For a new API key.
#[must_use]
pub fn api_key() -> ApiKeyId {
    ApiKeyId(next())
}

/// For somebody new.
#[must_use]
pub fn user() -> UserId {
    UserId(next())
}

/// For one start of a process.
pub(crate) fn incarnation() -> u128 {
    next()
}

/// Chance, for spreading what would otherwise happen in step.
#[must_use]
pub fn chance() -> u16 {
    // The last bits of such an id are random.
    (next() & 0xffff) as u16
}
