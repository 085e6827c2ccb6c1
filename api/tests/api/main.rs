//! The API over real databases and real sockets. Files mirror the URLs; tests of faults carry their ids.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod api_keys;
mod catalogue;
mod document;
mod events;
mod idempotency;
mod limits;
mod nasty;
mod orders;
mod pages;
mod postgres;
mod quantities;
mod queue;
mod reservations;
mod stock;
mod world;
