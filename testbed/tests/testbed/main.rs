//! The servers and faults that other tests stand on.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where, in its helper functions too"
)]

mod postgres;
mod proxy;
