//! The connectors, driven through recorded answers and against the sandbox.

mod contract;
mod desk;
mod lazada;
mod limits;
mod sandbox;
mod shopee;
mod tiktok;
mod webhooks;
