//! Why the engine says no. Every refusal has a stable code, is stored under its operation id like a receipt, and
//! changes nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::order::{FulfilmentState, OrderState, PaymentState};
use crate::quantity::Quantity;
use crate::reservation::ReservationState;

/// One SKU that lacks stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// Index (from 0) of the first line of the request that takes this SKU.
    pub line: usize,
    /// Code of the SKU; the component's, if the line names a bundle.
    pub sku: String,
    /// Code of the location.
    pub location: String,
    /// Units asked for, over all lines of the request.
    pub requested: Quantity,
    /// Units that could be had.
    pub available: Quantity,
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sku, location, requested, available, .. } = self;
        write!(f, "SKU {sku} at {location}: {requested} requested, {available} available")
    }
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are named as in the request; `line` and `item` are indexes from 0")]
pub enum Refusal {
    /// Not enough stock; every short SKU is listed.
    InsufficientStock { short: Vec<Short> },
    /// A code that names no SKU.
    UnknownSku { line: usize, sku: String },
    /// A code that names no location.
    UnknownLocation { line: usize, location: String },
    /// The SKU is archived and cannot be sold or received.
    ArchivedSku { line: usize, sku: String },
    /// The location is archived.
    ArchivedLocation { line: usize, location: String },
    /// The code is taken.
    SkuExists { sku: String },
    /// The code is taken.
    LocationExists { location: String },
    /// A component of a bundle is a bundle itself.
    NestedBundle { line: usize, sku: String },
    /// A SKU that has stock, movements or is part of a bundle cannot become a bundle, nor a bundle a simple SKU.
    KindIsFixed { sku: String },
    /// A bundle has no stock of its own.
    BundleHasNoStock { line: usize, sku: String },
    /// An order with this reference exists in the channel.
    DuplicateReference { order: String, channel: String, reference: String },
    /// Nothing by that id or code.
    NotFound { what: String, id: String },
    /// The caller's version is not the current one (`If-Match`).
    StaleVersion { expected: i64, actual: i64 },
    /// The caller's expected value is not the current one.
    StaleExpected { line: usize, expected: Quantity, actual: Quantity },
    /// A count that is far from the figure and not confirmed.
    UnlikelyCount { line: usize, counted: Quantity, on_hand: Quantity },
    /// A figure would fall below zero or grow beyond any warehouse.
    OutOfRange,
    /// The reservation is no longer held.
    NotHeld { state: ReservationState },
    /// More units than the line still holds.
    ExceedsReserved { line: usize, requested: Quantity, outstanding: Quantity },
    /// Extended three times already, or beyond 24 hours of life.
    ExtensionLimit { extensions: i32 },
    /// The order is in a state that does not allow this step.
    WrongState { step: String, state: OrderState, fulfilment: FulfilmentState },
    /// A line number that the order does not have.
    UnknownLine { line: usize, number: i32 },
    /// More items than can still be cancelled.
    ExceedsCancellable { line: usize, requested: Quantity, cancellable: Quantity },
    /// More items than are allocated and not shipped.
    ExceedsShippable { line: usize, requested: Quantity, shippable: Quantity },
    /// More items than were shipped and not returned.
    ExceedsReturnable { line: usize, requested: Quantity, returnable: Quantity },
    /// The goods are promised but not in the building: count or receive first.
    NotOnHand { line: usize, sku: String, requested: Quantity, on_hand: Quantity },
    /// Another payment has confirmed this order already: give that one back.
    DuplicatePayment { payment_reference: String },
    /// No money came with this payment that could go back or be disputed.
    NotPaid { payment_reference: String, state: PaymentState },
    /// The buyer's bank disputes this payment: ship only on purpose.
    PaymentDisputed { payment_reference: String },
    /// The same name stands twice in one request.
    Repeated { line: usize, name: String },
    /// Somebody has this address already.
    EmailTaken { email: String },
    /// Somebody must be able to let others in.
    LastOwner,
    /// Only an owner makes, changes or removes owners.
    OwnersOnly,
    /// The link was used, has run out, or never was.
    LinkSpent,
    /// The code of the second factor is wrong or was used already.
    WrongCode,
    /// Too many wrong passwords for this address.
    TooManyTries { wait_ms: i64 },
    /// A job with more to it than the queue keeps.
    JobTooLarge { line: usize, bytes: usize, max: usize },
}

impl Refusal {
    /// The stable code, as in the API and in metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InsufficientStock { .. } => "insufficient_stock",
            Self::UnknownSku { .. } => "unknown_sku",
            Self::UnknownLocation { .. } => "unknown_location",
            Self::ArchivedSku { .. } => "archived_sku",
            Self::ArchivedLocation { .. } => "archived_location",
            Self::SkuExists { .. } => "sku_exists",
            Self::LocationExists { .. } => "location_exists",
            Self::NestedBundle { .. } => "nested_bundle",
            Self::KindIsFixed { .. } => "kind_is_fixed",
            Self::BundleHasNoStock { .. } => "bundle_has_no_stock",
            Self::DuplicateReference { .. } => "duplicate_reference",
            Self::NotFound { .. } => "not_found",
            Self::StaleVersion { .. } => "stale_version",
            Self::StaleExpected { .. } => "stale_expected",
            Self::UnlikelyCount { .. } => "unlikely_count",
            Self::OutOfRange => "out_of_range",
            Self::NotHeld { .. } => "not_held",
            Self::ExceedsReserved { .. } => "exceeds_reserved",
            Self::ExtensionLimit { .. } => "extension_limit",
            Self::WrongState { .. } => "wrong_state",
            Self::UnknownLine { .. } => "unknown_line",
            Self::ExceedsCancellable { .. } => "exceeds_cancellable",
            Self::ExceedsShippable { .. } => "exceeds_shippable",
            Self::ExceedsReturnable { .. } => "exceeds_returnable",
            Self::NotOnHand { .. } => "not_on_hand",
            Self::DuplicatePayment { .. } => "duplicate_payment",
            Self::NotPaid { .. } => "not_paid",
            Self::PaymentDisputed { .. } => "payment_disputed",
            Self::Repeated { .. } => "repeated",
            Self::EmailTaken { .. } => "email_taken",
            Self::LastOwner => "last_owner",
            Self::OwnersOnly => "owners_only",
            Self::LinkSpent => "link_spent",
            Self::WrongCode => "wrong_code",
            Self::TooManyTries { .. } => "too_many_attempts",
            Self::JobTooLarge { .. } => "job_too_large",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsufficientStock { short } => {
                f.write_str(&short.iter().map(Short::to_string).collect::<Vec<_>>().join("; "))
            }
            Self::UnknownSku { sku, .. } => write!(f, "there is no SKU {sku:?}; create it first"),
            Self::UnknownLocation { location, .. } => {
                write!(f, "there is no location {location:?}; create it first")
            }
            Self::ArchivedSku { sku, .. } => write!(f, "SKU {sku} is archived; restore it first"),
            Self::ArchivedLocation { location, .. } => {
                write!(f, "location {location} is archived; restore it first")
            }
            Self::SkuExists { sku } => write!(f, "SKU {sku} exists already"),
            Self::LocationExists { location } => write!(f, "location {location} exists already"),
            Self::NestedBundle { sku, .. } => {
                write!(f, "component {sku} is a bundle itself; name its components instead")
            }
            Self::KindIsFixed { sku } => {
                write!(f, "SKU {sku} cannot change between simple and bundle; create another SKU")
            }
            Self::BundleHasNoStock { sku, .. } => {
                write!(f, "SKU {sku} is a bundle and has no stock of its own; change its components instead")
            }
            Self::DuplicateReference { order, channel, reference } => {
                write!(f, "channel {channel} has an order with reference {reference:?} already: {order}")
            }
            Self::NotFound { what, id } => write!(f, "there is no {what} {id}"),
            Self::StaleVersion { expected, actual } => {
                write!(f, "it has changed: you have version {expected}, it is at {actual}; read it again")
            }
            Self::StaleExpected { expected, actual, .. } => {
                write!(f, "it has changed: you expected {expected}, it is {actual}; read it again")
            }
            Self::UnlikelyCount { counted, on_hand, .. } => {
                write!(f, "{counted} counted, {on_hand} on record; if it is so, send it with `confirmed`")
            }
            Self::OutOfRange => f.write_str("a figure would fall below zero or grow too large"),
            Self::NotHeld { state } => write!(f, "the reservation is {}, not held", state.name()),
            Self::ExceedsReserved { requested, outstanding, .. } => {
                write!(f, "{requested} requested, {outstanding} still held")
            }
            Self::ExtensionLimit { extensions } => {
                write!(f, "extended {extensions} times already, or for longer than allowed; reserve anew")
            }
            Self::WrongState { step, state, fulfilment } => {
                write!(f, "cannot {step}: the order is {} (goods: {})", state.name(), fulfilment.name())
            }
            Self::UnknownLine { number, .. } => write!(f, "there is no line {number}"),
            Self::ExceedsCancellable { requested, cancellable, .. } => {
                write!(f, "{requested} to cancel, {cancellable} can still be cancelled")
            }
            Self::ExceedsShippable { requested, shippable, .. } => {
                write!(f, "{requested} to ship, {shippable} confirmed and not shipped")
            }
            Self::ExceedsReturnable { requested, returnable, .. } => {
                write!(f, "{requested} to return, {returnable} shipped and not returned")
            }
            Self::NotOnHand { sku, requested, on_hand, .. } => {
                write!(f, "SKU {sku}: {requested} to ship, {on_hand} in the building; count or receive first")
            }
            other => other.fmt_of_the_rest(f),
        }
    }
}

impl Refusal {
    /// Those that are not about stock or goods: money, people, their doors, jobs.
    fn fmt_of_the_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicatePayment { payment_reference } => {
                write!(
                    f,
                    "payment {payment_reference} has confirmed this order already; give the new one back"
                )
            }
            Self::NotPaid { payment_reference, state } => {
                let name = state.name();
                write!(f, "payment {payment_reference} is {name}; say first that its money has come")
            }
            Self::PaymentDisputed { payment_reference } => {
                write!(f, "payment {payment_reference} is disputed; ship with despite_dispute if you mean it")
            }
            Self::EmailTaken { email } => write!(f, "somebody has the address {email} already"),
            Self::LastOwner => f.write_str("this is the last owner; make somebody else an owner first"),
            Self::OwnersOnly => f.write_str("only an owner makes, changes or removes owners"),
            Self::LinkSpent => f.write_str("the link was used, has run out, or never was; ask for a new one"),
            Self::WrongCode => f.write_str("the code is wrong or was used already"),
            Self::TooManyTries { .. } => f.write_str("too many wrong passwords; wait a moment"),
            Self::JobTooLarge { bytes, max, .. } => {
                write!(f, "the job is {bytes} bytes, at most {max} are kept")
            }
            Self::Repeated { name, .. } => write!(f, "{name} stands twice in the request"),
            other => f.write_str(other.code()),
        }
    }
}
