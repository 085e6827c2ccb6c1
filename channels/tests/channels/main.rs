//! The connectors, driven through recorded answers and against the sandbox.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test says no, also in what it calls"
)]

mod contract;
mod desk;
mod lazada;
mod limits;
mod sandbox;
mod shopee;
mod tiktok;
mod webhooks;
