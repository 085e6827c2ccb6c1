//! Makes it happen: the batching ledger writer, the expiry pulse and the measures of both.
//!
//! [`Engine::submit`] is the only door to state. A route, a timer or an import never edits rows: it submits a command
//! and gets one of three answers, done, refused or *nobody knows yet* ([`SubmitError::OutcomeUnknown`]).

pub mod flows;
pub mod ids;
pub mod jobs;
pub mod ledger;
pub mod limiter;
mod publisher;
pub mod publishing;
mod pulse;
pub mod suggesting;
pub mod telemetry;
mod timers;
pub mod vault;

pub use ledger::{Answer, Engine, Request, Settings, SubmitError};
pub use publisher::Follower;
