//! API keys.

use onhand_rules::access::{ApiKey, ScopeName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::movements::actor;
use super::{Check, Errors};
use crate::time::{Time, parse};

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = Scope)]
pub(crate) enum ScopeChoice {
    /// SKUs, locations, stock, movements, shortfalls.
    #[serde(rename = "stock:read")]
    StockRead,
    /// Create SKUs and locations; adjust, set, count and move stock.
    #[serde(rename = "stock:write")]
    StockWrite,
    /// Read orders and reservations.
    #[serde(rename = "orders:read")]
    OrdersRead,
    /// Place orders and everything that follows; hold and release.
    #[serde(rename = "orders:write")]
    OrdersWrite,
    /// Ship, deliver and take back orders; included in `orders:write`.
    #[serde(rename = "orders:fulfil")]
    OrdersFulfil,
    /// Read the feed of events.
    #[serde(rename = "events:read")]
    EventsRead,
    /// Pause lanes, cancel, replay and discard jobs.
    #[serde(rename = "queues:operate")]
    QueuesOperate,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Everything.
    #[serde(rename = "admin")]
    Admin,
}

impl ScopeChoice {
    fn rule(self) -> ScopeName {
        match self {
            Self::StockRead => ScopeName::StockRead,
            Self::StockWrite => ScopeName::StockWrite,
            Self::OrdersRead => ScopeName::OrdersRead,
            Self::OrdersWrite => ScopeName::OrdersWrite,
            Self::OrdersFulfil => ScopeName::OrdersFulfil,
            Self::EventsRead => ScopeName::EventsRead,
            Self::QueuesOperate => ScopeName::QueuesOperate,
            Self::AuditRead => ScopeName::AuditRead,
            Self::Admin => ScopeName::Admin,
        }
    }

    fn of(scope: ScopeName) -> Self {
        match scope {
            ScopeName::StockRead => Self::StockRead,
            ScopeName::StockWrite => Self::StockWrite,
            ScopeName::OrdersRead => Self::OrdersRead,
            ScopeName::OrdersWrite => Self::OrdersWrite,
            ScopeName::OrdersFulfil => Self::OrdersFulfil,
            ScopeName::EventsRead => Self::EventsRead,
            ScopeName::QueuesOperate => Self::QueuesOperate,
            ScopeName::AuditRead => Self::AuditRead,
            ScopeName::Admin => Self::Admin,
        }
    }
}

/// A key to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// What a person calls it.
    #[schema(min_length = 1, max_length = 200, example = "web shop")]
    pub(crate) name: String,
    /// What it allows.
    #[schema(min_items = 1, max_items = 9)]
    pub(crate) scopes: Vec<ScopeChoice>,
    /// When it ends (RFC 3339); never when missing.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
    /// Id of a key whose place it takes: both act as the same principal, so that operations of one are repeated with
    /// the other.
    pub(crate) same_as: Option<String>,
    /// When that key ends (RFC 3339): until then both work. It never lengthens the life of one that ends before.
    // Not written when missing: a request of an older client is known again by what it was then.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) same_as_expires_at: Option<String>,
}

impl Check for NewApiKey {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/name"), &self.name);
        errors.length(format_args!("/scopes"), self.scopes.len(), 1..=9);
        let times = [("expires_at", &self.expires_at), ("same_as_expires_at", &self.same_as_expires_at)];
        for (field, time) in times {
            if time.as_deref().is_some_and(|text| parse(text).is_none()) {
                let detail = "must be a time such as 2026-11-21T04:00:00Z";
                errors.push(format_args!("/{field}"), "invalid_time", detail);
            }
        }
        if self.same_as.is_none() && self.same_as_expires_at.is_some() {
            let detail = "is the end of the key that same_as names";
            errors.push(format_args!("/same_as_expires_at"), "same_as_missing", detail);
        }
        if self.same_as.as_deref().is_some_and(|text| text.parse::<onhand_rules::ApiKeyId>().is_err()) {
            errors.push(format_args!("/same_as"), "invalid_id", "must be the id of an API key");
        }
    }
}

impl NewApiKey {
    pub(crate) fn scopes(&self) -> Vec<ScopeName> {
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        scopes.into_iter().map(ScopeChoice::rule).collect()
    }

    pub(crate) fn expires_at(&self) -> Option<i64> {
        self.expires_at.as_deref().and_then(parse)
    }

    pub(crate) fn same_as_expires_at(&self) -> Option<i64> {
        self.same_as_expires_at.as_deref().and_then(parse)
    }
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyMade<'a> {
    /// Always `api_key`.
    #[schema(example = "api_key")]
    pub(crate) object: &'static str,
    /// Its id.
    pub(crate) id: String,
    /// What a person calls it.
    pub(crate) name: &'a str,
    /// What it allows.
    pub(crate) scopes: Vec<ScopeChoice>,
    /// When it ends.
    pub(crate) expires_at: Option<Time>,
    /// When it was made.
    pub(crate) created_at: Time,
    /// The secret: shown in this one answer and stored nowhere. A repetition of the request does not have it; revoke
    /// the key then and make another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyBody {
    /// Always `api_key`.
    #[schema(example = "api_key")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Who acts with it; several keys may share a principal.
    principal: String,
    /// What a person calls it.
    name: String,
    /// What it allows.
    scopes: Vec<ScopeChoice>,
    /// When it was made.
    created_at: Time,
    /// When it ends.
    expires_at: Option<Time>,
    /// Since when it is refused.
    revoked_at: Option<Time>,
    /// When it last opened something, to about a minute; null when it never did.
    last_used_at: Option<Time>,
}

impl ApiKeyBody {
    pub(crate) fn of(row: ApiKey, last_used_at: Option<i64>) -> Self {
        Self {
            object: "api_key",
            id: row.id.to_string(),
            principal: actor(row.principal),
            name: row.name,
            scopes: scopes_of(&row.scopes),
            created_at: Time(row.created_at),
            expires_at: row.expires_at.map(Time),
            revoked_at: row.revoked_at.map(Time),
            last_used_at: last_used_at.map(Time),
        }
    }
}

/// Scopes as they are shown.
pub(crate) fn scopes_of(scopes: &[ScopeName]) -> Vec<ScopeChoice> {
    scopes.iter().copied().map(ScopeChoice::of).collect()
}

/// A key that was revoked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyRevoked {
    /// Always `api_key`.
    #[schema(example = "api_key")]
    pub(crate) object: &'static str,
    /// Its id.
    pub(crate) id: String,
    /// Since when it is refused.
    pub(crate) revoked_at: Time,
}

/// Nothing to choose: there are few keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApiKeyQuery {}
