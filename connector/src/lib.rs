//! What a connector to a marketplace must do.
//!
//! A connector turns words into wire and wire into words. It knows no database, no order of ours and no SKU; it keeps no
//! state and no clock. Everything it needs for one request stands in [`Call`]; everything that went wrong is one of the
//! classes of [`Failure`], decided on the body first and on the HTTP status second, because two of three marketplaces
//! report errors with status 200.

mod channel;
#[cfg(feature = "contract")]
pub mod contract;
mod failure;
pub mod http;
mod order;
mod secret;
mod stock;
mod webhook;
pub mod wire;

pub use channel::{AppKeys, Call, Channel, Consent, Endpoint, Facts, Grant, ShopInfo};
pub use failure::{Class, Failure};
pub use order::{
    OrderPage, OrderWindow, RemoteLine, RemoteOrder, RemoteReturn, RemoteStatus, Shipment, StatusFlags,
};
pub use secret::Secret;
pub use stock::{ItemOutcome, ListingKey, ListingPage, PushItem, RemoteListing, StockSeen};
pub use webhook::{Hint, RawWebhook, Refused, Verified};
