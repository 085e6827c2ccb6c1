//! Where log lines go: always standard error, because standard output belongs to results.

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::settings::Settings;
use crate::terminal;

/// Starts logging once for the process. A command that only talks to a server says less than the server itself.
pub(crate) fn start(settings: &Settings, server: bool) -> anyhow::Result<()> {
    let wanted = match settings.log.as_str() {
        "" if server => "info",
        "" => "warn",
        wanted => wanted,
    };
    let filter = EnvFilter::builder()
        .parse(wanted)
        .with_context(|| format!("`{wanted}` is no log filter; an example is `info,onhand_engine=debug`"))?;
    let json = match settings.log_format.as_str() {
        "json" => true,
        "text" => false,
        "auto" => server && !terminal::is_watched(),
        other => anyhow::bail!("the log format is `auto`, `text` or `json`, not `{other}`"),
    };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json {
        subscriber.json().flatten_event(true).init();
    } else {
        subscriber.with_ansi(terminal::is_watched()).init();
    }
    Ok(())
}
