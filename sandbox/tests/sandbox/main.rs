//! The marketplaces as an integrator meets them: over sockets, with nothing of ours between.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where, in its helper functions too"
)]

mod buyers;
mod control;
mod faults;
mod hook;
mod lazada;
mod lazada_app;
mod lazada_messages;
mod lazada_orders;
mod lazada_stock;
mod probe;
mod shopee;
mod shopee_orders;
mod shopee_partner;
mod shopee_pushes;
mod shopee_stock;
mod signatures;
mod tiktok;
mod tiktok_app;
mod tiktok_messages;
mod tiktok_orders;
mod tiktok_stock;
