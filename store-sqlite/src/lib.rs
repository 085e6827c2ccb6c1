//! The ledger in a SQLite file: no server, one process, one writer.
//!
//! Open a [`SqliteStore`] with [`Options`]; everything else is behind [`onhand_store::Store`]. A commit is on the disk
//! when it returns (`synchronous=FULL`, read back), the directory is locked for as long as the process lives, and a
//! failed sync stops all writing: what the disk then holds is known only after a restart.

mod backup;
mod ballast;
mod bulk;
mod connection;
mod directory;
mod documents;
mod fault;
mod find;
mod find_sync;
mod history;
mod load;
mod log;
pub mod migrate;
mod options;
mod reads;
mod rows;
mod session;
mod store;
mod write;

pub use backup::{backup_of, restore};
pub use ballast::BallastFile;
pub use connection::check_version;
pub use log::Recovery;
pub use options::{Clock, Options, Synchronous};
pub use store::SqliteStore;
