//! Which marketplaces this process talks to, and its workers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use onhand_connector::AppKeys;
use onhand_engine::Engine;
use onhand_engine::flows::{Flows, Outlet, SharedLimits};
use onhand_engine::jobs::{Runner, RunnerHandle, RunnerSettings};
use onhand_engine::vault::Vault;

use crate::settings::{Effective, Settings};
use crate::wiring::{Place, place};

/// Keys and addresses by marketplace, as in the file that `--channels` names.
pub(crate) type ChannelKeys = BTreeMap<String, AppKeys>;

/// The file that `--channels` names; none without it.
pub(crate) fn read(settings: &Settings) -> anyhow::Result<ChannelKeys> {
    if settings.channels.is_empty() {
        return Ok(ChannelKeys::new());
    }
    let path = &settings.channels;
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the channels' keys in {path}"))?;
    let keys: ChannelKeys = toml::from_str(&text).with_context(|| format!("{path} is not as it must be"))?;
    let known: Vec<&str> = onhand_channels::all().iter().map(|channel| channel.facts().name).collect();
    for name in keys.keys() {
        if !known.contains(&name.as_str()) {
            bail!("{path}: there is no connector {name:?}; there are {}", known.join(", "));
        }
    }
    Ok(keys)
}

/// The connectors that have keys.
fn outlets(keys: &ChannelKeys) -> Vec<Outlet> {
    let with_keys = |channel: Arc<dyn onhand_connector::Channel>| {
        let app = keys.get(channel.facts().name)?.clone();
        Some(Outlet { channel, app: Arc::new(app) })
    };
    onhand_channels::all().into_iter().filter_map(with_keys).collect()
}

/// The key under which credentials are sealed: beside a SQLite database, or where `--secret-key-file` says.
fn vault(effective: &Effective) -> anyhow::Result<Vault> {
    let named = &effective.settings.secret_key_file;
    let path = match (named.is_empty(), place(effective)?) {
        (false, _) => PathBuf::from(named),
        (true, Place::Sqlite(dir)) => dir.join("onhand.key"),
        (true, Place::Postgres(_)) => bail!(
            "with --database, replicas must share the key that seals the shops' credentials: give --secret-key-file FILE"
        ),
    };
    Vault::open(Path::new(&path)).context("cannot open the key for the shops' credentials")
}

/// The same, or none where replicas share no key file: then nothing is sealed, and what would be is refused.
pub(crate) fn maybe_vault(effective: &Effective) -> anyhow::Result<Option<Vault>> {
    let shared = matches!(place(effective)?, Place::Postgres(_));
    if shared && effective.settings.secret_key_file.is_empty() {
        Ok(None)
    } else {
        vault(effective).map(Some)
    }
}

/// What talks to marketplaces, and what runs it.
pub(crate) struct Channels {
    pub(crate) flows: Flows,
    pub(crate) runner: Option<RunnerHandle>,
}

/// Opens the connectors that have keys and, unless the settings say otherwise, starts workers. Without keys there is
/// nothing to talk to and nothing is started.
pub(crate) fn start(
    effective: &Effective,
    engine: &Engine,
    keys: &ChannelKeys,
) -> anyhow::Result<Option<Channels>> {
    if keys.is_empty() {
        return Ok(None);
    }
    let limits = Arc::new(SharedLimits::new(engine.clone()));
    let flows = Flows::new(engine.clone(), outlets(keys), vault(effective)?, limits);
    let runner = if effective.settings.workers {
        Some(Runner::start(engine.clone(), Arc::new(flows.clone()), RunnerSettings::default())?)
    } else {
        None
    };
    Ok(Some(Channels { flows, runner }))
}
