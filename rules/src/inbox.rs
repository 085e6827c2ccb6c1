//! Webhooks as they came in, kept durably before they are answered.

use serde::{Deserialize, Serialize};

use crate::id::ShopId;
use crate::quantity::Millis;

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The marketplace and what makes it the same delivery, together unique.
    pub key: String,
    /// `shopee`, `tiktok`, `lazada`.
    pub channel: String,
    /// The shop as the marketplace calls it.
    pub account: String,
    /// The shop, if we know it. One that we do not know is kept visible (G7).
    pub shop: Option<ShopId>,
    /// Their word for its kind.
    pub topic: String,
    /// The body as text.
    pub body: String,
    /// How often it came.
    pub deliveries: i64,
    /// Ledger clock.
    pub received_at: Millis,
}
