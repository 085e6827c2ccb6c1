//! The engine over real databases: what it promises to its callers, and what it does when something breaks.
//!
//! Tests that bear an id (`a3_…`, `f9_…`) are the faults of that id. Every promise is tested on both databases, except
//! where only one of them can break in that way.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what stands between the tests is test code too"
)]

mod batches;
mod bazaar;
mod clock;
mod faults;
mod holds;
mod jobs;
mod network;
mod publisher;
mod races;
mod replicas;
mod slots;
mod stage;
mod stopping;
mod street;
