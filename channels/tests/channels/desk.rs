//! A connector at a desk: a server of recorded answers in front of it.

use std::sync::Arc;

use onhand_connector::contract::Recordings;
use onhand_connector::{
    AppKeys, Call, Channel, Consent, Grant, ListingKey, OrderWindow, PushItem, Secret, Shipment,
};
use serde_json::Value;

/// 2026-11-21 06:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_240_800_000;

pub(crate) struct Desk {
    pub(crate) server: Recordings,
    pub(crate) channel: Arc<dyn Channel>,
    pub(crate) call: Call,
}

impl Desk {
    pub(crate) async fn of(name: &str) -> Self {
        let server = Recordings::start().await;
        let rest = if name == "lazada" { "/rest" } else { "" };
        let app = AppKeys {
            id: "1000016".into(),
            secret: Secret::new("the-app-secret"),
            webhook_secret: None,
            webhook_secret_before: None,
            service: (name == "tiktok").then(|| "7000001".into()),
            api_url: format!("{}{rest}", server.url()),
            auth_url: None,
            consent_url: None,
            limits: Default::default(),
        };
        let grant = Grant {
            account: "14701711".into(),
            name: "Heron & Linden".into(),
            region: Some("SG".into()),
            access_token: Secret::new("the-access-token"),
            refresh_token: Secret::new("the-refresh-token"),
            access_until: NOW + 1_000_000,
            refresh_until: None,
            grant_until: Some(NOW + 5_000_000),
            extra: (name == "tiktok").then(|| "the-cipher".into()),
        };
        let call = Call { app: Arc::new(app), grant: Some(Arc::new(grant)), now: NOW, budget_ms: 10_000 };
        Self { server, channel: onhand_channels::by_name(name).unwrap(), call }
    }

    /// Queues a recording of `fixtures/`.
    pub(crate) fn plays(&self, recording: &str) -> Value {
        let path = format!("{}/tests/fixtures/{recording}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        self.server.recording(&text)
    }

    pub(crate) fn consent(&self) -> Consent {
        Consent {
            code: Secret::new("the-consent-code"),
            parameters: vec![("shop_id".into(), "14701711".into())],
        }
    }
}

pub(crate) fn item(item: &str, variant: &str, sku: &str, quantity: i64) -> PushItem {
    PushItem {
        key: ListingKey { item: item.into(), variant: variant.into() },
        seller_sku: sku.into(),
        warehouses: Vec::new(),
        quantity,
    }
}

/// From so many seconds before `NOW` until then.
pub(crate) fn last(seconds: i64) -> OrderWindow {
    OrderWindow { since: NOW - seconds * 1000, until: NOW }
}

pub(crate) fn shipment(reference: &str) -> Shipment {
    Shipment { reference: reference.into(), line_ids: Vec::new(), carrier: None, tracking: None }
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
