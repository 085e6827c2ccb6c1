//! Where the marketplaces' messages arrive: what the API does, without the API.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use onhand_connector::RawWebhook;
use onhand_engine::flows::{Flows, IngestError};
use tokio::task::JoinHandle;

use crate::stage::within;

#[derive(Default)]
struct Kept {
    flows: OnceLock<Flows>,
    base: OnceLock<String>,
    arrived: Mutex<Vec<(String, RawWebhook)>>,
    /// Answers, in order.
    answers: Mutex<Vec<u16>>,
    /// Answers this without reading; 0 for not.
    deaf: AtomicU16,
}

pub(super) struct Hooks {
    kept: Arc<Kept>,
    server: JoinHandle<()>,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Hooks {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let kept = Arc::new(Kept::default());
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        kept.base.set(base).expect("once");
        let router = Router::new().route("/{channel}", post(arrive)).with_state(kept.clone());
        let server = tokio::spawn(async move {
            // It ends only when it is dropped.
            drop(axum::serve(listener, router).await);
        });
        Self { kept, server }
    }

    pub(super) fn url(&self, channel: &str) -> String {
        format!("{}/{channel}", self.kept.base.get().expect("it has started"))
    }

    pub(super) fn serve(&self, flows: Flows) {
        assert!(self.kept.flows.set(flows).is_ok(), "once");
    }

    /// Answers everything with this from now on and does nothing; 0 ends it.
    pub(super) fn deaf(&self, status: u16) {
        self.kept.deaf.store(status, Ordering::SeqCst);
    }

    pub(super) fn answers(&self) -> Vec<u16> {
        self.kept.answers.lock().unwrap().clone()
    }

    /// Waits until messages whose body holds `text` have come, this many; those.
    pub(super) async fn holding(&self, text: &str, count: usize) -> Vec<RawWebhook> {
        let holds = |raw: &RawWebhook| String::from_utf8_lossy(&raw.body).contains(text);
        within("a message of a marketplace", async {
            loop {
                let all = self.kept.arrived.lock().unwrap().clone();
                let found: Vec<RawWebhook> =
                    all.into_iter().map(|(_, raw)| raw).filter(|raw| holds(raw)).collect();
                if found.len() >= count {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

async fn arrive(
    State(kept): State<Arc<Kept>>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let url = format!("{}/{channel}", kept.base.get().expect("it has started"));
    let raw = RawWebhook { url, headers: headers.iter().map(header).collect(), body: body.to_vec() };
    kept.arrived.lock().unwrap().push((channel.clone(), raw.clone()));
    let status = match (kept.deaf.load(Ordering::SeqCst), kept.flows.get()) {
        (0, Some(flows)) => match flows.receive(&channel, &raw).await {
            Ok(_) => 200,
            Err(IngestError::Refused(_)) => 401,
            Err(_) => 503,
        },
        (0, None) => 503,
        (deaf, _) => deaf,
    };
    kept.answers.lock().unwrap().push(status);
    StatusCode::from_u16(status).expect("a status")
}
