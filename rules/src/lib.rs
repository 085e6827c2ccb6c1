//! What may happen to stock, reservations and orders.
//!
//! This crate is pure. It does no I/O, reads no clock, makes no randomness, is not async and knows neither
//! HTTP nor SQL. A [`Command`] says which rows it must see ([`Command::needs`]) and, given them, decides
//! ([`Command::decide`]) either a [`Receipt`] together with changed rows, movements and events, or a
//! [`Refusal`] that changes nothing. The engine loads, calls and writes; two databases behave alike because
//! neither of them decides anything.
//!
//! Start reading at `commands/place_order.rs`; the words are those of `ARCHITECTURE.md`.

pub mod access;
pub mod audit;
pub mod command;
pub mod commands;
mod ending;
pub mod event;
mod frees;
pub mod holding;
pub mod id;
pub mod identity;
pub mod inbox;
pub mod invariant;
pub mod job;
pub mod listing;
pub mod market_order;
pub mod movement;
pub mod notice;
pub mod notice_body;
mod noticing;
pub mod order;
pub mod payment;
pub mod publish;
pub mod quantity;
mod queueing;
pub mod receipt;
pub mod refusal;
pub mod reservation;
pub mod retry;
pub mod schedule;
pub mod setting;
pub mod shop;
pub mod sku;
pub mod stock;
pub mod text;
pub mod working;

pub use command::{Command, Context};
pub use event::{Event, EventBody};
pub use id::{
    ApiKeyId, JobId, ListingId, LocationId, OpId, OrderId, PrincipalId, ReservationId, ShopId, SkuId, UserId,
};
pub use inbox::Inbox;
pub use job::{DeadJob, DoneJob, Job, JobBody};
pub use listing::Listing;
pub use market_order::MarketOrder;
pub use movement::{Holder, Movement, MovementKind};
pub use notice::Notice;
pub use notice_body::NoticeBody;
pub use order::{Order, OrderLine};
pub use payment::Payment;
pub use quantity::{Millis, Quantities, Quantity};
pub use receipt::Receipt;
pub use refusal::Refusal;
pub use reservation::{Reservation, ReservationLine};
pub use setting::Setting;
pub use shop::Shop;
pub use sku::{Component, Location, Sku};
pub use stock::{Stock, StockKey};
pub use working::{Changes, Needs, Scope, SyncChanges, SyncNeeds, SyncRows, Tracked, Working};
