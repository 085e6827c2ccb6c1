//! What every handler shares.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use onhand_engine::Engine;
use onhand_engine::flows::Flows;
use onhand_engine::vault::Vault;
use onhand_rules::reservation::HOLD_DEFAULT_MS;
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, watch};

use crate::auth::Callers;
use crate::frame::Names;
use crate::measures::Measures;
use crate::people::password::Hasher;
use crate::people::proxies::Proxies;
use crate::people::tries::Tries;
use crate::rate::Limiter;
use crate::rehearsal::Stage;

/// Live lines at once: each holds a task and a socket.
const LINES_MAX: usize = 1_024;

/// How the API runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Code of the location of lines that name none.
    pub default_location: String,
    /// The largest body, in bytes.
    pub body_max: usize,
    /// The largest head of a request, in bytes.
    pub headers_max: usize,
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// How long a client may take for the head of a request, and how long a connection may stay idle.
    pub header_timeout: Duration,
    /// How long a client may take for a body.
    pub body_timeout: Duration,
    /// How long a client may take nothing of what it is sent, before its connection is cut.
    pub write_timeout: Duration,
    /// How often a silent stream of events shows that it lives, and whoever listens is looked at again.
    pub stream_heartbeat: Duration,
    /// How long open requests get to finish at shutdown.
    pub shutdown_timeout: Duration,
    /// How long a hold lasts when nobody says, in milliseconds.
    pub hold_default_ms: i64,
    /// Whether `/metrics` needs no key.
    pub metrics_public: bool,
    /// Whether [`serve_admin`](crate::serve_admin) serves `/metrics` and the detail of `/readyz`: then the other listener
    /// has no measures, and tells strangers only whether it is ready.
    pub admin_apart: bool,
    /// Requests a second that one API key may make of this process; 0 for no limit.
    pub rate_limit: u32,
    /// Requests that a key which has rested may make at once; 0 for those of two seconds.
    pub rate_burst: u32,
    /// Proxies in front of this server whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Proxies,
    /// The address under which marketplaces and browsers reach this server, without a slash at the end.
    pub public_url: String,
    /// Where the control of a sandbox listens that the console may drive; empty for none.
    pub sandbox: String,
    /// The version that `/readyz` and the API description show.
    pub version: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_location: "main".to_owned(),
            body_max: 1024 * 1024,
            headers_max: 32 * 1024,
            connections_max: 4_096,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            stream_heartbeat: Duration::from_secs(20),
            shutdown_timeout: Duration::from_secs(20),
            hold_default_ms: HOLD_DEFAULT_MS,
            metrics_public: false,
            admin_apart: false,
            rate_limit: 0,
            rate_burst: 0,
            trusted_proxies: Proxies::default(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            sandbox: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
    /// What talks to marketplaces, if there are keys for any.
    pub(crate) flows: Option<Flows>,
    pub(crate) callers: Callers,
    /// Seals what must not be read from the database; none without a key file.
    pub(crate) vault: Option<Vault>,
    pub(crate) hasher: Hasher,
    pub(crate) tries: Tries,
    /// Live lines that may still be opened.
    pub(crate) lines: Arc<Semaphore>,
    pub(crate) limiter: Option<Limiter>,
    /// Who runs rehearsals, if anybody.
    pub(crate) stage: Option<Arc<dyn Stage>>,
    pub(crate) names: Names,
    pub(crate) measures: Measures,
    pub(crate) registry: Registry,
    /// Tells open streams that the server stops.
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) document: crate::openapi::Document,
}

/// The API over one engine. Cloning shares it.
#[derive(Clone)]
pub struct Api(pub(crate) Arc<Shared>);

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Api {
    /// Puts the API in front of an engine.
    #[must_use]
    pub fn new(engine: Engine, settings: Settings) -> Self {
        Self::with_flows(engine, settings, None, None, None)
    }

    /// The same, with what talks to marketplaces, with what seals people's second factors, and with who runs rehearsals.
    #[must_use]
    pub fn with_flows(
        engine: Engine,
        settings: Settings,
        flows: Option<Flows>,
        vault: Option<Vault>,
        stage: Option<Arc<dyn Stage>>,
    ) -> Self {
        let measures = Measures::default();
        let mut registry = Registry::default();
        engine.metrics().register(&mut registry);
        measures.register(&mut registry);
        let limiter = Limiter::new(settings.rate_limit, settings.rate_burst);
        Self(Arc::new(Shared {
            document: crate::openapi::Document::new(&settings.version),
            engine,
            settings,
            flows,
            callers: Callers::default(),
            vault,
            hasher: Hasher::default(),
            tries: Tries::default(),
            lines: Arc::new(Semaphore::new(LINES_MAX)),
            limiter,
            stage,
            names: Names::default(),
            measures,
            registry,
            closing: watch::channel(false).0,
        }))
    }

    /// Every route, with everything that stands around them.
    pub fn router(&self) -> Router {
        let (router, _) = crate::routes::all().split_for_parts();
        crate::routes::undescribed(router)
            .fallback(crate::console::serve)
            .method_not_allowed_fallback(crate::routes::no_method)
            .layer(crate::frame::Frame { api: self.clone(), admin: false })
            .with_state(self.clone())
    }

    /// What a listener for operators answers.
    pub(crate) fn admin_router(&self) -> Router {
        crate::routes::of_operators()
            .fallback(crate::routes::no_route)
            .method_not_allowed_fallback(crate::routes::no_method)
            .layer(crate::frame::Frame { api: self.clone(), admin: true })
            .with_state(self.clone())
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn reads(&self) -> &dyn onhand_store::Reads {
        self.0.engine.reads()
    }
}
