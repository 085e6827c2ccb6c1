//! The HTTP kit against servers that mean harm.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test says no, also in what it calls"
)]

mod hostile;
mod measured;
mod tls;
