//! Every setting, by flag, environment, file or default, in this order, each with the origin of its value.
//!
//! To add one, write one entry into `settings!` below and one into `default.toml`; a test compares the two.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use serde::Serialize;

/// Where a value came from; the later one in this list wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    Default,
    File,
    Environment,
    Flag,
}

/// One setting as `onhand config` shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) origin: Origin,
    pub(crate) environment: String,
}

/// All settings with their origins.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) settings: Settings,
    pub(crate) shown: Vec<Shown>,
}

impl Effective {
    /// Where the value of a setting came from.
    pub(crate) fn origin(&self, name: &str) -> Origin {
        let found = self.shown.iter().find(|shown| shown.name == name);
        found.map_or(Origin::Default, |shown| shown.origin)
    }

    /// For a value that a command chose itself.
    pub(crate) fn set_origin(&mut self, name: &str, origin: Origin) {
        for shown in self.shown.iter_mut().filter(|shown| shown.name == name) {
            shown.origin = origin;
        }
    }
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $(#[arg($($arg:tt)+)])? $name:ident: $type:ty = $default:expr;)+) => {
        /// The settings in effect. An empty text means that the setting is not set.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct Settings {
            $($(#[doc = $doc])+ pub(crate) $name: $type,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// The settings as flags, understood by every command.
        #[derive(Debug, Clone, Default, clap::Args)]
        pub(crate) struct Flags {
            /// Read settings from this TOML file [env: ONHAND_CONFIG]
            #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
            config: Option<PathBuf>,
            $(
                $(#[doc = $doc])+
                #[arg(long, global = true, help_heading = "Settings" $(, $($arg)+)?)]
                $name: Option<$type>,
            )+
        }

        /// The settings as a file; what it does not name is not set there.
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct File {
            $($name: Option<$type>,)+
        }

        fn merge(
            flags: &Flags,
            environment: &dyn Fn(&str) -> Option<String>,
            file: &File,
        ) -> anyhow::Result<Effective> {
            let defaults = Settings::default();
            let mut shown = Vec::new();
            let settings = Settings {
                $($name: {
                    let (value, entry) = choose(
                        stringify!($name),
                        flags.$name.clone(),
                        environment,
                        file.$name.clone(),
                        defaults.$name,
                    )?;
                    shown.push(entry);
                    value
                },)+
            };
            Ok(Effective { settings, shown })
        }
    };
}

settings! {
    /// Keep the data in this directory, in SQLite
    #[arg(value_name = "DIR")]
    data: String = String::new();
    /// Keep the data in this PostgreSQL database (postgres://user:password@host/name)
    #[arg(value_name = "URL")]
    database: String = String::new();
    /// Talk to the running server at this address, instead of opening a database
    #[arg(value_name = "URL")]
    url: String = String::new();
    /// The API key for --url; better given as ONHAND_API_KEY, since flags can be seen by other users
    #[arg(value_name = "KEY")]
    api_key: String = String::new();
    /// Serve at this address; port 0 takes a free one
    #[arg(value_name = "ADDRESS")]
    listen: String = "127.0.0.1:8080".to_owned();
    /// Keys of our apps on marketplaces, in this TOML file; `onhand sandbox` prints one to practise with
    #[arg(value_name = "FILE")]
    channels: String = String::new();
    /// The address under which marketplaces and browsers reach this server; empty: that of --listen
    #[arg(value_name = "URL")]
    public_url: String = String::new();
    /// The key that seals the shops' credentials, 64 hexadecimal digits; empty: DIR/onhand.key, made on the first start
    #[arg(hide_short_help = true, value_name = "FILE")]
    secret_key_file: String = String::new();
    /// Where the control of a sandbox listens, for the console of a demonstration to drive; the demo sets it
    #[arg(hide_short_help = true, value_name = "URL")]
    sandbox: String = String::new();
    /// Whether this process runs jobs: pushes, polls, imports
    #[arg(hide_short_help = true, value_name = "BOOL")]
    workers: bool = true;
    /// When ready, write the URL and (on the first start) the API key to this file, readable by its owner only
    #[arg(value_name = "FILE")]
    ready_file: String = String::new();
    /// Start although the database may lose acknowledged changes when the power goes
    #[arg(num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    unsafe_durability: bool = false;
    /// When SQLite waits for the disk: `full` or (only with --unsafe-durability) `normal`
    #[arg(hide_short_help = true, value_name = "WHEN")]
    sqlite_synchronous: String = "full".to_owned();
    /// Connections for reading that one process opens; on PostgreSQL half as many more for lists
    #[arg(hide_short_help = true, value_name = "N")]
    readers: usize = 4;
    /// What to log, for example `info` or `warn,onhand_engine=debug`; empty: `info` for servers, `warn` otherwise
    #[arg(hide_short_help = true, value_name = "FILTER")]
    log: String = String::new();
    /// How to log: `text`, `json`, or `auto` (text on a terminal, JSON for servers elsewhere)
    #[arg(hide_short_help = true, value_name = "FORMAT")]
    log_format: String = "auto".to_owned();
    /// Commands that may wait for the ledger; one more is answered 503
    #[arg(hide_short_help = true, value_name = "N")]
    queue_max: usize = 8_192;
    /// Order lines and stock changes that may wait, over all commands
    #[arg(hide_short_help = true, value_name = "N")]
    queue_lines_max: usize = 200_000;
    /// Commands in one transaction at most
    #[arg(hide_short_help = true, value_name = "N")]
    batch_max: usize = 1_024;
    /// Whether this process ends holds that are past due
    #[arg(hide_short_help = true, value_name = "BOOL")]
    expiry: bool = true;
    /// Code of the location of lines that name none; made on the first start
    #[arg(hide_short_help = true, value_name = "CODE")]
    default_location: String = "main".to_owned();
    /// Seconds for which stock is held for an order or reservation that does not say
    #[arg(hide_short_help = true, value_name = "SECONDS")]
    hold_seconds: u32 = 3_600;
    /// The largest body of a request, in bytes
    #[arg(hide_short_help = true, value_name = "BYTES")]
    body_max: usize = 1_048_576;
    /// The largest head of a request, in bytes
    #[arg(hide_short_help = true, value_name = "BYTES")]
    headers_max: usize = 32_768;
    /// Connections at once; more wait to be accepted
    #[arg(hide_short_help = true, value_name = "N")]
    connections_max: usize = 4_096;
    /// Seconds that a client may take for the head of a request, and that a connection may stay idle
    #[arg(hide_short_help = true, value_name = "SECONDS")]
    header_seconds: u64 = 10;
    /// Seconds that a client may take for a body
    #[arg(hide_short_help = true, value_name = "SECONDS")]
    body_seconds: u64 = 30;
    /// Seconds for which a client may take nothing of what it is sent; then its connection is cut
    #[arg(hide_short_help = true, value_name = "SECONDS")]
    write_seconds: u64 = 30;
    /// Serve /metrics and the detail of /readyz at this address, and there only; empty: at that of --listen
    #[arg(hide_short_help = true, value_name = "ADDRESS")]
    admin_listen: String = String::new();
    /// Whether /metrics needs no API key
    #[arg(hide_short_help = true, value_name = "BOOL")]
    metrics_public: bool = false;
    /// Requests a second that one API key may make of this process; 0 for no limit
    #[arg(hide_short_help = true, value_name = "N")]
    rate_limit: u32 = 0;
    /// Requests that a key which has rested may make at once; 0 for those of two seconds
    #[arg(hide_short_help = true, value_name = "N")]
    rate_burst: u32 = 0;
    /// Proxies in front of this server whose X-Forwarded-For is believed: addresses and networks, commas between them
    #[arg(hide_short_help = true, value_name = "LIST")]
    trusted_proxies: String = String::new();
    /// Seconds that requests in progress may take to finish when the server stops
    #[arg(hide_short_help = true, value_name = "SECONDS")]
    stop_seconds: u64 = 20;
    /// Seconds for which a command goes on trying when the server is busy or away
    #[arg(hide_short_help = true, value_name = "SECONDS")]
    retry_seconds: u64 = 60;
}

/// The values that `onhand config` and logs must not show.
const SECRETS: &[&str] = &["api_key"];

/// `ONHAND_` and the name in capitals.
fn variable_of(name: &str) -> String {
    format!("ONHAND_{}", name.to_uppercase())
}

fn choose<T>(
    name: &'static str,
    flag: Option<T>,
    environment: &dyn Fn(&str) -> Option<String>,
    file: Option<T>,
    default: T,
) -> anyhow::Result<(T, Shown)>
where
    T: FromStr + Display,
    T::Err: Display,
{
    let variable = variable_of(name);
    let parsed = match environment(&variable) {
        None => None,
        Some(text) => match text.parse::<T>() {
            Ok(value) => Some(value),
            Err(error) => bail!("{variable}: `{text}` is not understood: {error}"),
        },
    };
    let (value, origin) = if let Some(value) = flag {
        (value, Origin::Flag)
    } else if let Some(value) = parsed {
        (value, Origin::Environment)
    } else if let Some(value) = file {
        (value, Origin::File)
    } else {
        (default, Origin::Default)
    };
    let shown = Shown { name, value: shown_value(name, &value.to_string()), origin, environment: variable };
    Ok((value, shown))
}

fn shown_value(name: &str, value: &str) -> String {
    if SECRETS.contains(&name) && !value.is_empty() {
        return "(hidden)".to_owned();
    }
    if name == "database" {
        return without_password(value);
    }
    value.to_owned()
}

/// A database URL that may be shown.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:(hidden)@{host}{path}")
        }
        _ => url.to_owned(),
    }
}

/// The settings of this process.
pub(crate) fn load(flags: &Flags) -> anyhow::Result<Effective> {
    let environment = |name: &str| std::env::var(name).ok();
    let path = flags.config.clone().or_else(|| environment("ONHAND_CONFIG").map(PathBuf::from));
    let file = match path {
        None => File::default(),
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read the settings in {}", path.display()))?;
            toml::from_str(&text).with_context(|| format!("{} is not understood", path.display()))?
        }
    };
    merge(flags, &environment, &file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn file(text: &str) -> File {
        toml::from_str(text).expect("a file")
    }

    #[test]
    fn the_documented_defaults_are_those_of_the_code() {
        let documented = include_str!("../default.toml");
        let from_file = merge(&Flags::default(), &nothing, &file(documented)).expect("settings");
        assert_eq!(from_file.settings, Settings::default());
        for shown in &from_file.shown {
            assert_eq!(shown.origin, Origin::File, "{} is not in default.toml", shown.name);
        }
    }

    #[test]
    fn a_flag_wins_over_the_environment_over_the_file() {
        let file = file("queue_max = 1\nbatch_max = 1\nlisten = \"file\"");
        let environment = |name: &str| match name {
            "ONHAND_QUEUE_MAX" | "ONHAND_BATCH_MAX" => Some("2".to_owned()),
            _ => None,
        };
        let flags = Flags { queue_max: Some(3), ..Flags::default() };
        let got = merge(&flags, &environment, &file).expect("settings");
        let of = |name| got.origin(name);
        assert_eq!((got.settings.queue_max, of("queue_max")), (3, Origin::Flag));
        assert_eq!((got.settings.batch_max, of("batch_max")), (2, Origin::Environment));
        assert_eq!((got.settings.listen.as_str(), of("listen")), ("file", Origin::File));
        assert_eq!(of("expiry"), Origin::Default);
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        assert!(toml::from_str::<File>("lisen = \"127.0.0.1:1\"").is_err());
        let wrong = |name: &str| (name == "ONHAND_QUEUE_MAX").then(|| "many".to_owned());
        let error = merge(&Flags::default(), &wrong, &File::default()).expect_err("no number");
        assert!(error.to_string().contains("ONHAND_QUEUE_MAX"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let flags = Flags {
            api_key: Some("ohk_secret".to_owned()),
            database: Some("postgres://onhand:pa:ss@db/shop".to_owned()),
            ..Flags::default()
        };
        let got = merge(&flags, &nothing, &File::default()).expect("settings");
        let text = format!("{:?}", got.shown);
        assert!(!text.contains("ohk_secret") && !text.contains("pa:ss"), "{text}");
        assert!(text.contains("postgres://onhand:(hidden)@db/shop"), "{text}");
    }
}
