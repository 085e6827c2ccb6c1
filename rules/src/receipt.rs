//! What a command answers when it was done. Stored for ever under its operation id, so it is small: together with the
//! request that is repeated, it is enough to give the first answer again to the byte. What has the value that it mostly
//! has is not written; the reader puts it back.

use serde::{Deserialize, Serialize};

use crate::id::{ApiKeyId, JobId, LocationId, OrderId, ReservationId, ShopId, SkuId, UserId};
use crate::job::Job;
use crate::market_order::MarketOrderState;
use crate::order::{FulfilmentState, OrderState, PaymentState};
use crate::quantity::{Millis, Quantities, Quantity, is_default, is_one, one};
use crate::reservation::ReservationState;

/// The figures of a stock row after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockReceipt {
    /// The figures.
    pub figures: Quantities,
    /// The row's version; unchanged when nothing had to change.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub version: i64,
}

/// What one line of a request became. Lines are numbered from 1 in the order of the request; requests that name a SKU
/// twice keep both lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineReceipt {
    /// Number of the line.
    pub line: i32,
    /// Items of it that the command moved.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub quantity: Quantity,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Receipt {
    /// A person was let in or changed.
    User {
        /// Who.
        id: UserId,
        /// Their row's version.
        version: i64,
    },
    /// A link was made.
    Link {
        /// Not good from then on. Ledger clock.
        until: Millis,
    },
    /// A location was created or changed.
    Location {
        /// Which.
        id: LocationId,
        /// Its version.
        #[serde(skip_serializing_if = "is_one", default = "one")]
        version: i64,
        /// When it was created.
        created_at: Millis,
    },
    /// A SKU was created or changed.
    Sku {
        /// Which.
        id: SkuId,
        /// Its version.
        #[serde(skip_serializing_if = "is_one", default = "one")]
        version: i64,
        /// When it was created.
        created_at: Millis,
        /// When it was last changed.
        updated_at: Millis,
    },
    /// Stock changed, or was already as asked.
    Stock {
        /// One for each item of the request; a move between locations has two (from, to).
        rows: Vec<StockReceipt>,
        /// When.
        at: Millis,
    },
    /// A reservation was made or changed.
    Reservation {
        /// Which.
        id: ReservationId,
        /// Its state now.
        #[serde(skip_serializing_if = "is_default", default)]
        state: ReservationState,
        /// Its due time now.
        expires_at: Millis,
        /// The order that its units went to.
        #[serde(skip_serializing_if = "is_default", default)]
        order: Option<OrderId>,
        /// Its version.
        #[serde(skip_serializing_if = "is_one", default = "one")]
        version: i64,
        /// When.
        at: Millis,
    },
    /// An order was placed or changed.
    Order {
        /// Which.
        id: OrderId,
        /// Its state now.
        #[serde(skip_serializing_if = "is_default", default)]
        state: OrderState,
        /// Its payment axis now.
        #[serde(skip_serializing_if = "is_default", default)]
        payment: PaymentState,
        /// Its fulfilment axis now.
        #[serde(skip_serializing_if = "is_default", default)]
        fulfilment: FulfilmentState,
        /// When its hold ends, while pending.
        #[serde(skip_serializing_if = "is_default", default)]
        expires_at: Option<Millis>,
        /// Its version.
        #[serde(skip_serializing_if = "is_one", default = "one")]
        version: i64,
        /// Confirmed after its hold had ended.
        #[serde(skip_serializing_if = "is_default", default)]
        late: bool,
        /// Where the payment that was told of stands, if the order says something else of its money.
        #[serde(skip_serializing_if = "is_default", default)]
        beside: Option<PaymentState>,
        /// The lines that this command moved, in items; empty when it moved all of them or none.
        #[serde(skip_serializing_if = "is_default", default)]
        lines: Vec<LineReceipt>,
        /// When.
        at: Millis,
    },
    /// An API key was created or revoked.
    ApiKey {
        /// Which.
        id: ApiKeyId,
        /// When.
        at: Millis,
    },
    /// Something of the queue or the channels was changed.
    Kept {
        /// Its version, where it has one.
        version: i64,
        /// Whether anything had to change.
        changed: bool,
    },
    /// Jobs were put into the queue.
    Enqueued {
        /// One for each asked for: a new one, or the one that is there already.
        jobs: Vec<JobId>,
    },
    /// Jobs were claimed.
    Claimed {
        /// Those that were still there to be claimed, as they run now.
        jobs: Vec<Job>,
    },
    /// Leases were renewed, jobs ended or rescued.
    Jobs {
        /// Those that the caller has no right to any more: its result counts for nothing.
        stale: Vec<JobId>,
        /// Those that are dead now.
        dead: Vec<JobId>,
    },
    /// Dead jobs were put into the queue again.
    Replayed {
        /// The dead job and the one that repeats it. Those that were replayed or discarded already are left out.
        jobs: Vec<(JobId, JobId)>,
    },
    /// Requests may be made.
    Tokens {
        /// How many.
        granted: u32,
        /// When there will be more.
        next_at: Millis,
    },
    /// A shop was connected or changed.
    Shop {
        /// Which.
        id: ShopId,
        /// Its version.
        version: i64,
    },
    /// Listings were read.
    Listings {
        /// New ones.
        created: u32,
        /// Known ones that changed.
        changed: u32,
        /// Known ones that did not.
        same: u32,
        /// Of all, those that were mapped by their seller SKU now.
        mapped: u32,
    },
    /// A webhook was kept.
    Webhook {
        /// It had come before.
        duplicate: bool,
    },
    /// An order of a marketplace was applied.
    MarketOrder {
        /// Whether it was newer than what we had.
        news: bool,
        /// Whether everything was applied.
        state: MarketOrderState,
        /// Orders of ours that it became.
        orders: Vec<OrderId>,
        /// Pushes because of it that were leased for the slots that came with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pushes: Vec<Job>,
    },
    /// Holds past due were ended.
    Expired {
        /// How many orders and reservations.
        count: u32,
    },
}

impl Receipt {
    /// The jobs that were claimed, with their lease numbers; of any other receipt none.
    #[must_use]
    pub fn leases(&self) -> Vec<(JobId, i64)> {
        match self {
            Self::Claimed { jobs } | Self::MarketOrder { pushes: jobs, .. } => {
                jobs.iter().map(|job| (job.id, job.lease_number)).collect()
            }
            _ => Vec::new(),
        }
    }
}
