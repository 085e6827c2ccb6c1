//! Small rows that steer the queue and remember where things stand. Each has a key and a value.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{ShopId, UserId};
use crate::identity::{Link, Session, Tries, User};
use crate::quantity::{Millis, Quantity};

/// The value of one row; its key is [`SettingKey`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Setting {
    /// `lane:NAME`.
    Lane {
        /// Jobs that one process runs at once.
        concurrency: u32,
        /// Nothing of it is claimed.
        paused: bool,
    },
    /// `pause:kind:NAME`: jobs of one kind wait. (Shops are paused by their own state, lanes by theirs.)
    KindPaused {
        /// Who wanted it, and why.
        reason: String,
    },
    /// `bucket:SHOP:ENDPOINT`: the rate limit of one shop and endpoint, shared by all replicas (Q9).
    Bucket(Bucket),
    /// `schedule:NAME`: something that happens again and again, once in the fleet (Q18).
    Schedule {
        /// Every so many milliseconds.
        every_ms: Millis,
        /// When next. Ledger clock.
        next_at: Millis,
    },
    /// `publisher`: events up to this number have been turned into pushes.
    Publisher {
        /// The last one.
        event: i64,
    },
    /// `oauth:STATE`: somebody is on a consent page.
    Consent {
        /// Which marketplace.
        channel: String,
        /// Not valid afterwards.
        until: Millis,
        /// The shop to authorise again, if it is one that we know.
        shop: Option<ShopId>,
    },
    /// `low_stock`, and `low_stock:SKU` instead of it for one SKU: when stock runs low.
    LowStock {
        /// At or below so many available units.
        units: Quantity,
    },
    /// `user:ID`: a person.
    User(Box<User>),
    /// `email:ADDRESS`: whose address it is.
    Email {
        /// Whose.
        user: UserId,
    },
    /// `session:USER:HASH`: a browser that somebody signed in with.
    Session(Session),
    /// `link:HASH`: somebody may set a password once.
    Link(Link),
    /// `used:KEY`: when an API key was last used. Beside the key's own row, so that a use is no change of the key.
    KeyUsed {
        /// To about a minute. Ledger clock.
        at: Millis,
    },
    /// `tries:ADDRESS`: wrong passwords in a row.
    Tries(Tries),
    /// `owners`: every owner who is not disabled. There is always one once there was one.
    Owners {
        /// Their ids.
        users: BTreeSet<UserId>,
    },
    /// `audit`: where the chain of the audit log ends.
    AuditHead {
        /// How many entries there are.
        count: i64,
        /// The hash of the last one, in hexadecimal.
        chain: String,
    },
}

/// A token bucket: `tokens` at time `at`, growing by `rate` a second up to `burst`. In thousandths, so that there is no
/// floating point in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Thousandths of requests that may be made now.
    pub tokens: i64,
    /// When that was true. Ledger clock.
    pub at: Millis,
    /// Thousandths of requests gained in a second.
    pub rate: i64,
    /// Thousandths of requests that can be saved up.
    pub burst: i64,
    /// No requests before this: the marketplace said so.
    pub blocked_until: Millis,
    /// Times it said so in a row.
    pub throttled: u32,
    /// Since when without a break; for the alarm after ten minutes.
    pub throttled_since: Option<Millis>,
}

/// The key of a row.
#[must_use]
pub fn lane_key(name: &str) -> String {
    format!("lane:{name}")
}

/// The key of a row.
#[must_use]
pub fn kind_pause_key(kind: &str) -> String {
    format!("pause:kind:{kind}")
}

/// The key of a row.
#[must_use]
pub fn bucket_key(shop: ShopId, endpoint: &str) -> String {
    format!("bucket:{}:{endpoint}", shop.0)
}

/// The key of a row.
#[must_use]
pub fn schedule_key(name: &str) -> String {
    format!("schedule:{name}")
}

/// The key of a row.
#[must_use]
pub fn consent_key(state: &str) -> String {
    format!("oauth:{state}")
}

/// The key of a row.
#[must_use]
pub fn low_stock_key(sku: &str) -> String {
    format!("{LOW_STOCK}:{sku}")
}

/// The key of the threshold of all SKUs that have none of their own.
pub const LOW_STOCK: &str = "low_stock";

/// The key of the publisher's row.
pub const PUBLISHER: &str = "publisher";
