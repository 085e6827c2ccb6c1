//! Webhooks: raw → verified → hints. Only what is verified can be parsed.

use serde::{Deserialize, Serialize};

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawWebhook {
    /// The URL under which we told the marketplace to call us: Shopee signs it.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Not touched: the signature is over these bytes.
    pub body: Vec<u8>,
}

impl RawWebhook {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// A webhook that the marketplace has signed. Only [`crate::Channel::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The body.
    pub body: Vec<u8>,
    /// What makes it the same delivery: their event id, or a digest over (account, type, subject, status, time) where
    /// they give none.
    pub dedupe: String,
    /// The shop it is about, as the marketplace calls it; empty when it is about the app.
    pub account: String,
    /// Their word for its kind.
    pub topic: String,
}

/// Why a webhook was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No signature, or a wrong one.
    #[error("the signature is missing or wrong")]
    Signature,
    /// Signed time too far in the past or in the future.
    #[error("the time of the webhook is too far from ours")]
    Time,
    /// Signed, but not to be understood.
    #[error("the body is not what the marketplace documents: {0}")]
    Body(String),
}

/// What a webhook hints at; the fetch is the fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hint {
    /// Something about this order: fetch it.
    Order {
        /// Their number of it.
        reference: String,
    },
    /// Something about a return of this order: fetch both.
    Return {
        /// Their number of the order, if they tell it.
        reference: Option<String>,
        /// Their id of the return.
        id: Option<String>,
    },
    /// Stock or reservations of this item changed there: read it.
    Stock {
        /// Their id of the item.
        item: String,
    },
    /// The owner withdrew the grant.
    Deauthorised,
    /// The grant ends soon, milliseconds since 1970.
    GrantEnds {
        /// When, if they say.
        at: Option<i64>,
        /// Of which shop, as the marketplace calls it, where the webhook is about several.
        account: Option<String>,
    },
    /// A listing was removed, banned or changed: import it again.
    Listing {
        /// Their id of the item.
        item: String,
    },
    /// Nothing that concerns stock or orders (a chat, a verification call).
    Nothing,
}
