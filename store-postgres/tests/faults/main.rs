//! What goes wrong with a PostgreSQL server, on purpose. Tests are named by the ids of `docs/faults.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code outside of test functions: a panic is how it says no"
)]

mod commit;
mod connections;
mod locks;
mod pooler;
mod schema;
mod settings;
mod shop;
mod tls;
