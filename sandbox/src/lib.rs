//! Marketplaces to practise on: Shopee, TikTok Shop and Lazada look-alikes that speak the real dialects over real sockets,
//! inside one process, with everything kept in memory.
//!
//! It shares no code with the connectors of Onhand and must never depend on any other crate of it: what it says is written
//! from the marketplaces' documents, so that a misunderstanding in a connector is caught here instead of being repeated.
//!
//! ```no_run
//! # async fn practise() -> Result<(), onhand_sandbox::SandboxError> {
//! use onhand_sandbox::{Market, Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).await?;
//! println!("call Shopee at {}", sandbox.urls().market(Market::Shopee).api);
//! println!("as app {}", sandbox.app(Market::Shopee).app_id);
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! What happens in it is steered by an HTTP API of its own, `control`, which `sandbox/README.md` describes.

mod buyers;
mod call;
mod catalogue;
mod consent;
mod control;
mod dialect;
mod faults;
mod hub;
mod ids_in_json;
mod lazada;
mod limits;
mod options;
mod sandbox;
mod server;
mod shopee;
mod signatures;
mod tally;
mod tiktok;
mod webhooks;
mod world;

pub use catalogue::{Catalogue, CatalogueSku, Pack, built_in};
pub use faults::{Fault, FaultOrder};
pub use limits::RateLimits;
pub use options::Options;
pub use sandbox::{App, MarketUrls, Sandbox, SandboxError, Urls};
pub use signatures::hmac_hex;
pub use world::Market;
