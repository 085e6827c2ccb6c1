//! What every connector must do, and the server of recorded answers that it is driven through.
//!
//! A connector's test gives a [`Subject`]: the channel, a call towards a [`Recordings`] server, and an example of each
//! request. [`check`] then runs all of them through every kind of bad answer. What a good answer means differs by
//! marketplace and is tested there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code that other crates call: a panic is how it says no"
)]

mod recordings;
mod suite;

pub use recordings::{Recorded, Recordings, Reply};
pub use suite::{Subject, check, check_webhooks};
