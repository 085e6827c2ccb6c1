//! Onhand over HTTP: `/v1`, problems, the API description, metrics.
//!
//! A request passes `serve` (limits of the connection), `frame` (who asks, may they, request id, problems, measures), an
//! extractor (is it well formed), a handler in `routes/` (one file for each part of the URL), and `submit`, the only way to
//! change state. `body/` has the shapes of requests and answers; no type of the rules is ever sent as it is.

mod api;
mod auth;
mod body;
mod bootstrap;
mod caller;
mod console;
mod extract;
mod frame;
mod idempotency;
mod measures;
mod openapi;
mod people;
mod policy;
mod problem;
mod rate;
mod reference;
pub mod rehearsal;
mod respond;
mod routes;
mod serve;
mod submit;
mod time;
mod uses;

pub use api::{Api, Settings};
pub use auth::Secret;
pub use bootstrap::{demo_link, first_key, password_link, prepare, set_up_link};
pub use openapi::openapi;
pub use people::proxies::Proxies;
pub use serve::{serve, serve_admin};
