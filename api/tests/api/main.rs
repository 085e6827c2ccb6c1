//! The API over real databases and real sockets. Files mirror the URLs; tests of faults carry their ids.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod actors;
mod api_keys;
mod catalogue;
mod clocks;
mod document;
mod events;
mod failures;
mod idempotency;
mod limits;
mod listings;
mod market_orders;
mod nasty;
mod operators;
mod orders;
mod overview;
mod pages;
mod payments;
mod people;
mod postgres;
mod proof;
mod quantities;
mod queue;
mod rehearsals;
mod reservations;
mod search;
mod shops;
mod stall;
mod stock;
mod totp;
mod webhooks;
mod world;
