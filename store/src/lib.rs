//! What a database must do for Onhand, and the suite that proves it.
//!
//! A store holds rows and hands them out under locks; it decides nothing. The write side is [`Session`]: the engine's
//! one writer takes a batch through `begin → outcomes → find → lock → write → commit`. The read side is [`Reads`]: one
//! named query for each need of the API and of `verify`, never used to decide.

pub mod ballast;
#[cfg(feature = "contract")]
pub mod contract;
pub mod dump;
pub mod error;
#[cfg(feature = "contract")]
pub mod faulty;
pub mod ops;
pub mod reads;
pub mod session;
pub mod sync_reads;
pub mod verify;

pub use ballast::Ballast;
pub use error::StoreError;
pub use ops::{OpKey, OpRow, Outcome};
pub use reads::{
    EventFilter, EventRow, EventsFrom, Figure, HolderUnits, OrderFilter, Page, Reads, ReservationFilter,
    StockAudit, StockFilter, StockView, Stretch, name_pattern,
};
pub use session::{Capabilities, Durability, Session, Store};
pub use sync_reads::{
    ClaimFilter, Claimable, DeadFilter, DeadGroup, InboxFilter, JobCount, JobFilter, ListingFilter,
    MarketOrderFilter, NoticeFilter, Staleness, SyncReads,
};
