//! The rules against their invariants: every small world, random sequences, the tables of the two state machines, and
//! every refusal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests, also in the functions that are not marked as such"
)]

mod channels;
mod channels_edits;
mod channels_listings;
mod channels_orders;
mod channels_world;
mod commands;
mod exhaustive;
mod harness;
mod identity;
mod machines;
mod notices;
mod payments;
mod properties;
mod publishing;
mod queue;
mod queue_fair;
mod queue_retry;
mod queue_schedules;
mod queue_world;
mod refusals;
mod shops;
mod telling;
