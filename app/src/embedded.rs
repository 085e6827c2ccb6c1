//! A whole server inside this process: a store, the engine and the API on a socket.
//!
//! `serve` is this and signals. Commands that were given a database instead of a server start one on a free port and
//! talk to it over HTTP, so that there is one way into the data and not two.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use onhand_api::rehearsal::Stage;
use onhand_api::{Api, Secret};
use onhand_engine::jobs::RunnerHandle;
use onhand_engine::{Engine, Follower, Request, ids};
use onhand_rules::access::{ApiKey, ScopeName};
use onhand_rules::commands::{CreateApiKey, RevokeApiKey};
use onhand_rules::{ApiKeyId, Command};
use onhand_store::{Durability, Outcome, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::channels::{self, ChannelKeys, Channels};
use crate::rehearsal::Rehearsals;
use crate::settings::{Effective, Settings};
use crate::wiring;

/// The name of keys that this process makes for itself. They share a principal, so that a command that is run again
/// finds what it did before under the same idempotency keys.
const OWN_KEY: &str = "onhand command line";

/// How long jobs that run may go on when the server stops.
const WORKERS_GRACE: std::time::Duration = std::time::Duration::from_secs(25);

/// How long such a key works at most, should the process not live to revoke it. Its secret is in no file.
const OWN_KEY_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// A running server.
pub(crate) struct Embedded {
    address: SocketAddr,
    store: Arc<dyn Store>,
    engine: Engine,
    /// The address under which browsers reach it.
    public_url: String,
    /// The address that `serve` has with these settings.
    served_at: String,
    /// The secret of the first API key, once [`Self::make_first_key`] has made it.
    pub(crate) first_key: Option<String>,
    own_key: std::sync::Mutex<Option<ApiKeyId>>,
    /// What talks to marketplaces, if there are keys for any.
    pub(crate) channels: Option<Channels>,
    /// Follows the feed where nobody who runs jobs does.
    follower: Option<Follower>,
    rehearsals: Arc<Rehearsals>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<anyhow::Result<()>>,
}

impl Embedded {
    /// The server of `onhand serve`: where the settings say, and for operators at an address of their own if they name one.
    pub(crate) async fn serve(effective: &Effective) -> anyhow::Result<Self> {
        let settings = &effective.settings;
        let keys = channels::read(settings)?;
        let listen = &settings.admin_listen;
        let admin = if listen.is_empty() { None } else { Some(bind(listen).await?) };
        if let Some(admin) = &admin {
            tracing::info!(address = %admin.local_addr()?, "measures and the detail of readiness are for operators");
        }
        Self::start_apart(effective, &settings.listen, admin, &keys).await
    }

    /// Opens the database that the settings name and serves it at `listen`.
    pub(crate) async fn start(effective: &Effective, listen: &str) -> anyhow::Result<Self> {
        let keys = channels::read(&effective.settings)?;
        Self::start_with(effective, listen, &keys).await
    }

    /// The same with these keys for marketplaces.
    pub(crate) async fn start_with(
        effective: &Effective,
        listen: &str,
        keys: &ChannelKeys,
    ) -> anyhow::Result<Self> {
        Self::start_apart(effective, listen, None, keys).await
    }

    async fn start_apart(
        effective: &Effective,
        listen: &str,
        admin: Option<TcpListener>,
        keys: &ChannelKeys,
    ) -> anyhow::Result<Self> {
        // Bound first: an address in use must leave nothing behind.
        let listener = bind(listen).await?;
        let address = listener.local_addr()?;
        let store = wiring::open(effective).await?;
        let mut engine_settings = engine_settings(&effective.settings);
        engine_settings.ballast = wiring::ballast(effective)?;
        let engine = Engine::start(store.clone(), engine_settings).await?;
        let mut api_settings = api_settings(&effective.settings)?;
        api_settings.admin_apart = admin.is_some();
        if api_settings.public_url.is_empty() {
            api_settings.public_url = format!("http://{}", reachable(address));
        }
        let public_url = api_settings.public_url.clone();
        let served_at = match (effective.settings.public_url.is_empty(), effective.settings.listen.parse()) {
            (true, Ok(listen)) => format!("http://{}", reachable(listen)),
            _ => public_url.clone(),
        };
        let channels = channels::start(effective, &engine, keys)?;
        let works = channels.as_ref().is_some_and(|channels| channels.runner.is_some());
        let follower = (!works).then(|| Follower::start(engine.clone()));
        onhand_api::prepare(&engine, &api_settings).await?;
        let flows = channels.as_ref().map(|channels| channels.flows.clone());
        let vault = channels::maybe_vault(effective)?;
        let rehearsals = Arc::new(Rehearsals::default());
        let stage: Arc<dyn Stage> = rehearsals.clone();
        let api = Api::with_flows(engine.clone(), api_settings, flows, vault, Some(stage));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve_all(api, listener, admin, stopped));
        let own_key = std::sync::Mutex::new(None);
        Ok(Self {
            address,
            store,
            engine,
            public_url,
            served_at,
            first_key: None,
            own_key,
            channels,
            follower,
            rehearsals,
            stop,
            server,
        })
    }

    /// Where it can be reached from this machine.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn durability(&self) -> Durability {
        self.store.durability()
    }

    /// Makes the first API key, if nobody did before. Whoever calls this shows it: there is no second one.
    pub(crate) async fn make_first_key(&mut self) -> anyhow::Result<()> {
        let made = onhand_api::first_key(&self.engine).await?;
        self.first_key = made.map(|secret| secret.reveal().to_owned());
        Ok(())
    }

    /// A link with which somebody becomes the first owner, while there is none.
    pub(crate) async fn set_up_link(&self) -> anyhow::Result<Option<String>> {
        Ok(onhand_api::set_up_link(&self.engine, &self.public_url).await?)
    }

    /// A link with which somebody sets a new password; none when nobody has the address.
    /// It leads to the address that `serve` has with the same settings, not to this one, which ends with the command.
    pub(crate) async fn password_link(&self, email: &str) -> anyhow::Result<Option<String>> {
        Ok(onhand_api::password_link(&self.engine, &self.served_at, email).await?)
    }

    /// A link that lets whoever opens it in as an owner made for that: for demonstrations only.
    pub(crate) async fn demo_link(&self) -> anyhow::Result<Option<String>> {
        Ok(onhand_api::demo_link(&self.engine, &self.public_url, "owner@demo.example").await?)
    }

    /// Makes an administrator's key for this process alone; [`Self::stop`] revokes it.
    pub(crate) async fn mint(&self) -> anyhow::Result<String> {
        let keys = self.engine.reads().api_keys().await?;
        let earlier: Option<ApiKeyId> =
            keys.iter().filter(|key: &&ApiKey| key.name == OWN_KEY).map(|key| key.id).min();
        let secret = Secret::generate()?;
        let id = ids::api_key();
        let now = self.engine.reads().now().await?;
        self.submit(CreateApiKey {
            id,
            same_as: earlier,
            same_as_ends_at: None,
            name: OWN_KEY.to_owned(),
            hash: secret.hash(),
            scopes: vec![ScopeName::Admin],
            expires_at: Some(now.saturating_add(OWN_KEY_MS)),
        })
        .await
        .context("cannot make an API key for this command")?;
        if let Ok(mut own) = self.own_key.lock() {
            *own = Some(id);
        }
        Ok(secret.reveal().to_owned())
    }

    async fn submit(&self, command: impl Into<Command>) -> anyhow::Result<()> {
        match self.engine.submit(Request::internal(command)).await?.outcome {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(refusal) => bail!("{refusal}"),
        }
    }

    /// Waits for the server to end by itself, which it does only when it breaks.
    pub(crate) async fn broken(&mut self) -> anyhow::Error {
        match (&mut self.server).await {
            Ok(Ok(())) => anyhow::anyhow!("the server ended"),
            Ok(Err(error)) => error,
            Err(error) => error.into(),
        }
    }

    /// What runs jobs here, if anything does.
    pub(crate) fn workers(&self) -> Option<RunnerHandle> {
        self.channels.as_ref()?.runner.clone()
    }

    /// Accepts nothing new, finishes what is in progress and closes the database.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let own = self.own_key.lock().ok().and_then(|mut own| own.take());
        if let Some(id) = own {
            self.submit(RevokeApiKey { id }).await.context("cannot revoke the API key of this command")?;
        }
        self.rehearsals.stop().await;
        // Workers first: what they put back must still find the writer.
        if let Some(workers) = self.workers() {
            workers.stop(WORKERS_GRACE).await;
        }
        if let Some(follower) = self.follower {
            follower.stop().await;
        }
        drop(self.stop);
        if !self.server.is_finished() {
            self.server.await??;
        }
        self.engine.stop().await;
        Ok(())
    }
}

async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("cannot listen at {listen}"))
}

/// Serves until `stopped`; whichever listener breaks, the server is broken.
async fn serve_all(
    api: Api,
    listener: TcpListener,
    admin: Option<TcpListener>,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let stopped = async {
        // Dropping the sender means the same as sending.
        drop(stopped.await);
    };
    let served = onhand_api::serve(api.clone(), listener, stopped);
    match admin {
        Some(admin) => tokio::try_join!(served, onhand_api::serve_admin(api, admin)).map(|_| ()),
        None => served.await,
    }
    .context("the server broke")
}

/// The address as this machine reaches it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() {
            std::net::IpAddr::from([127, 0, 0, 1])
        } else {
            std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST)
        };
        address.set_ip(loopback);
    }
    address
}

fn engine_settings(settings: &Settings) -> onhand_engine::Settings {
    onhand_engine::Settings {
        queue_max: settings.queue_max,
        weight_max: settings.queue_lines_max,
        batch_max: settings.batch_max,
        pulse: settings.expiry,
        ..onhand_engine::Settings::default()
    }
}

fn api_settings(settings: &Settings) -> anyhow::Result<onhand_api::Settings> {
    use std::time::Duration;
    let trusted_proxies =
        settings.trusted_proxies.parse().map_err(|why| anyhow::anyhow!("trusted_proxies: {why}"))?;
    Ok(onhand_api::Settings {
        trusted_proxies,
        default_location: settings.default_location.clone(),
        body_max: settings.body_max,
        headers_max: settings.headers_max,
        connections_max: settings.connections_max,
        header_timeout: Duration::from_secs(settings.header_seconds),
        body_timeout: Duration::from_secs(settings.body_seconds),
        write_timeout: Duration::from_secs(settings.write_seconds),
        shutdown_timeout: Duration::from_secs(settings.stop_seconds),
        hold_default_ms: i64::from(settings.hold_seconds) * 1000,
        metrics_public: settings.metrics_public,
        rate_limit: settings.rate_limit,
        rate_burst: settings.rate_burst,
        public_url: settings.public_url.trim_end_matches('/').to_owned(),
        sandbox: settings.sandbox.trim_end_matches('/').to_owned(),
        ..onhand_api::Settings::default()
    })
}
