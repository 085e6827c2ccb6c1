//! Servers and faults for tests and benchmarks.
//!
//! Every test that needs PostgreSQL gets a private server made from the installed binaries, on a free port of
//! 127.0.0.1 and in a directory of its own. No test ever talks to a server that happened to be running, because
//! such a test proves something about the machine and not about us. A server is stopped and its directory removed
//! when its owner ends in any way, SIGKILL included.
//!
//! This crate depends on none of ours, so that it can be used below every one of them.

mod binaries;
mod mounting;
mod port;
mod postgres;
mod proxy;
mod server;

pub use mounting::may_mount;
pub use port::free_port;
pub use postgres::{Database, Durability, Postgres, SHARED_SERVER_VARIABLE};
pub use proxy::{FaultProxy, Reaction};
