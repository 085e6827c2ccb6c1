//! `onhand serve`: the server, until it is told to stop.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use onhand_engine::jobs::RunnerHandle;
use serde_json::json;

use crate::embedded::Embedded;
use crate::settings::Effective;
use crate::terminal;

/// Serve the HTTP API over --data DIR or --database URL
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Make no first API key: the demo starts it as its second replica, and nobody reads what it says
    #[arg(long, hide = true)]
    second: bool,
}

pub(crate) async fn run(arguments: &Serve, effective: &Effective) -> anyhow::Result<ExitCode> {
    let settings = &effective.settings;
    let mut stop = Stop::listen()?;
    let mut server = Embedded::serve(effective).await?;
    let set_up = server.set_up_link().await?;
    if !arguments.second {
        server.make_first_key().await?;
    }
    // Before anything that can fail: there is no second one.
    show_first_key(&server);
    if !settings.ready_file.is_empty() {
        write_ready(Path::new(&settings.ready_file), &server, set_up.as_deref())?;
    }
    announce(&server, set_up.as_deref());
    let signal = tokio::select! {
        signal = stop.wait() => signal,
        error = server.broken() => return Err(error),
    };
    tracing::info!(signal = signal.name(), "stopping: requests and jobs in progress are finished");
    let workers = server.workers();
    let mut stopped = tokio::spawn(server.stop());
    tokio::select! {
        stopped = &mut stopped => stopped??,
        signal = stop.wait() => end_now(signal, workers, &mut stop).await,
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// How long jobs may take to be put back when everything else ends at once.
const PUT_BACK: Duration = Duration::from_secs(1);

/// Somebody does not want to wait for what is in progress. Whoever had no answer asks again with the same key; jobs are put
/// back, so that nothing of them is burnt and whoever runs next need not wait for their leases. A third signal does not even
/// wait for that.
async fn end_now(signal: Signal, workers: Option<RunnerHandle>, stop: &mut Stop) {
    tracing::warn!(
        signal = signal.name(),
        "ending at once: requests in progress are cut off, jobs are put back"
    );
    if let Some(workers) = workers {
        tokio::select! {
            put_back = tokio::time::timeout(PUT_BACK, workers.stop(Duration::ZERO)) => {
                if put_back.is_err() {
                    tracing::warn!("not all jobs could be put back; their leases run out");
                }
            }
            _ = stop.wait() => {}
        }
    }
    // Not by returning: what still runs would be waited for.
    std::process::exit(signal.exit_code());
}

/// The first key goes to standard error as plain text: it must not end up in a log that is kept.
fn show_first_key(server: &Embedded) {
    if let Some(secret) = &server.first_key {
        terminal::complain(&format!(
            "\nThe first API key (scope admin). It is shown this once and kept nowhere:\n\n    {secret}\n"
        ));
    }
}

/// Says where it is and what it promises.
fn announce(server: &Embedded, set_up: Option<&str>) {
    let durability = server.durability();
    let line = format!("{} {}, {}", durability.database, durability.version, durability.settings);
    if durability.safe {
        tracing::info!(url = server.url(), "ready; durable: {line}");
    } else {
        tracing::warn!(
            url = server.url(),
            "ready; UNSAFE: acknowledged changes may be lost when the power goes: {line}"
        );
    }
    if let Some(link) = set_up {
        terminal::complain(&format!(
            "\nNobody can sign in to the console yet. Open this link within an hour to become its owner:\n\n    {link}\n"
        ));
    }
}

/// Writes the file whole or not at all, readable by its owner only.
fn write_ready(path: &Path, server: &Embedded, set_up: Option<&str>) -> anyhow::Result<()> {
    let text = json!({"url": server.url(), "api_key": server.first_key, "set_up": set_up}).to_string();
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&part)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&part, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// A signal that means: stop in good order, and the second time: at once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Terminate,
    Interrupt,
}

impl Signal {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }

    /// As a shell names the end by this signal: 128 and its number.
    fn exit_code(self) -> i32 {
        match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
        }
    }
}

/// Hears those signals.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// Held so that a limit on file sizes is an error of the write, as a full disk is, and not the end of the process.
    #[cfg(unix)]
    _file_size: tokio::signal::unix::Signal,
}

/// SIGXFSZ, the same number on every Linux and BSD.
#[cfg(unix)]
const FILE_SIZE_SIGNAL: i32 = 25;

impl Stop {
    /// From now on the signals no longer end the process by themselves.
    #[cfg(unix)]
    pub(crate) fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE_SIGNAL))?,
        })
    }

    #[cfg(unix)]
    pub(crate) async fn wait(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(crate) async fn wait(&mut self) -> Signal {
        // Without a handler the process ends at once, which is safe too.
        drop(tokio::signal::ctrl_c().await);
        Signal::Interrupt
    }
}
