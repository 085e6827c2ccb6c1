//! API keys: who may call, and what for. Only the hash of a key is ever known here.

use serde::{Deserialize, Serialize};

use crate::id::{ApiKeyId, PrincipalId};
use crate::order::names;
use crate::quantity::Millis;

/// What a key allows. A route names the one scope it needs; `Admin` includes all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeName {
    /// SKUs, locations, stock, movements, shortfalls.
    StockRead,
    /// Create SKUs and locations; adjust, set, count and move stock.
    StockWrite,
    /// Read orders and reservations.
    OrdersRead,
    /// Place, confirm, cancel, ship, deliver and return orders; hold and release.
    OrdersWrite,
    /// Ship, deliver and take back orders; included in `orders:write`.
    OrdersFulfil,
    /// Read the feed of events.
    EventsRead,
    /// Pause lanes, cancel, replay and discard jobs.
    QueuesOperate,
    /// Read the audit log.
    AuditRead,
    /// Everything, including API keys and `verify`.
    Admin,
}

names!(ScopeName {
    StockRead = "stock:read",
    StockWrite = "stock:write",
    OrdersRead = "orders:read",
    OrdersWrite = "orders:write",
    OrdersFulfil = "orders:fulfil",
    EventsRead = "events:read",
    QueuesOperate = "queues:operate",
    AuditRead = "audit:read",
    Admin = "admin",
});

impl ScopeName {
    /// Whether whoever has this scope may do what `needed` names.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        self == Self::Admin
            || self == needed
            || matches!((self, needed), (Self::OrdersWrite, Self::OrdersFulfil))
    }
}

/// The use of a key is noted no more often than this: who asks for it wants to know whether a key can go.
pub const USE_NOTED_MS: Millis = 60_000;

/// The key of the setting that says when an API key was last used.
#[must_use]
pub fn key_use_key(id: ApiKeyId) -> String {
    format!("{KEY_USES}{id}")
}

/// What the keys of all those settings begin with.
pub const KEY_USES: &str = "used:";

/// One API key. A principal may hold several, so that one can be replaced while the other still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Shown in lists and used to revoke.
    pub id: ApiKeyId,
    /// Whose operation ids it shares.
    pub principal: PrincipalId,
    /// What a person called it.
    pub name: String,
    /// SHA-256 of the secret; the secret has 256 bits of its own, so no slower hash is needed.
    pub hash: [u8; 32],
    /// What it allows.
    pub scopes: Vec<ScopeName>,
    /// Ledger clock.
    pub created_at: Millis,
    /// Refused from then on.
    pub expires_at: Option<Millis>,
    /// Refused since then.
    pub revoked_at: Option<Millis>,
}

impl ApiKey {
    /// Whether the key opens anything at `now`.
    #[must_use]
    pub fn is_live(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }

    /// Whether the key allows what `needed` names.
    #[must_use]
    pub fn allows(&self, needed: ScopeName) -> bool {
        self.scopes.iter().any(|&scope| scope.includes(needed))
    }
}
