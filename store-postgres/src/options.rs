//! How to reach the server.

use std::path::PathBuf;
use std::time::Duration;

use onhand_store::StoreError;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// How to reach the server, and how long to wait for it.
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database?sslmode=…`. The modes are `disable`, `prefer` (the default: encrypted
    /// if the server offers it, which keeps out listeners but not impostors) and `require`. Unlike libpq, `require`
    /// verifies the certificate and the host's name; `verify-ca` and `verify-full` are other names for it.
    /// `sslrootcert` names a file as [`Options::root_certificates`] does.
    pub url: String,
    /// Start on a server that may lose acknowledged commits. For tests.
    pub unsafe_durability: bool,
    /// Certificates (PEM) to trust instead of those of the operating system. Naming one makes `prefer` a `require`.
    pub root_certificates: Option<PathBuf>,
    /// Connections for reading by key at most, and half as many more for lists. Each writer has one more.
    pub read_connections: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a query of the read side may take.
    pub read_timeout: Duration,
    /// How long a step of a writing transaction may take before the connection is given up.
    pub write_timeout: Duration,
    /// A session that stands still in the middle of a transaction for so long is ended by the server.
    pub idle_timeout: Duration,
    /// How long a row may be locked by another writer before the batch is tried again.
    pub lock_timeout: Duration,
    /// How long a commit may take before its outcome counts as unknown.
    pub commit_timeout: Duration,
    /// A look for work that takes longer is not made in full each time: what is hidden from the short ones is found a
    /// second later, or when ten times as long as a full one takes is over.
    pub slow_look: Duration,
}

impl Options {
    /// The defaults for a server at this URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            unsafe_durability: false,
            root_certificates: None,
            read_connections: 8,
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(3),
            commit_timeout: Duration::from_secs(10),
            slow_look: Duration::from_micros(1_500),
        }
    }
}

/// Not derived: the URL may hold a password.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("unsafe_durability", &self.unsafe_durability)
            .field("root_certificates", &self.root_certificates)
            .field("read_connections", &self.read_connections)
            .finish_non_exhaustive()
    }
}

/// What the URL says about TLS beyond what the driver understands.
pub(crate) struct Target {
    /// For the driver.
    pub(crate) config: Config,
    /// Which certificates to trust.
    pub(crate) roots: Option<PathBuf>,
}

/// Reads the URL.
pub(crate) fn target(options: &Options) -> Result<Target, StoreError> {
    let mut roots = options.root_certificates.clone();
    let mut verify = false;
    let mut kept = Vec::new();
    let (base, query) = options.url.split_once('?').unwrap_or((&options.url, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslrootcert", file)) => roots = Some(PathBuf::from(unescape(file))),
            Some(("sslmode", "verify-ca" | "verify-full")) => verify = true,
            _ => kept.push(pair),
        }
    }
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    let mut config: Config = url.parse().map_err(|error| StoreError::Broken(crate::failure::text(&error)))?;
    if verify || (roots.is_some() && config.get_ssl_mode() == SslMode::Prefer) {
        config.ssl_mode(SslMode::Require);
    }
    if config.get_application_name().is_none() {
        config.application_name("onhand");
    }
    config.connect_timeout(options.connect_timeout);
    // A peer that vanished without a word is noticed even while nothing is asked of it.
    config.keepalives_idle(Duration::from_secs(10));
    config.keepalives_interval(Duration::from_secs(5));
    config.keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(20));
    Ok(Target { config, roots })
}

/// Adds server settings for the life of a connection; later ones win, so these win over those of the URL.
pub(crate) fn with_settings(config: &Config, settings: &[(&str, String)]) -> Config {
    let mut config = config.clone();
    let mut words = config.get_options().unwrap_or_default().to_owned();
    for (name, value) in settings {
        words.push_str(&format!(" -c {name}={value}"));
    }
    config.options(words.trim_start());
    config
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Target {
        target(&Options::new(url)).unwrap()
    }

    #[test]
    fn tls_words_of_the_url() {
        let plain = of("postgres://a@h/db");
        assert_eq!(plain.config.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(plain.config.get_application_name(), Some("onhand"));
        let verified = of("postgres://a@h/db?sslmode=verify-full&application_name=x");
        assert_eq!(verified.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(verified.config.get_application_name(), Some("x"));
        let rooted = of("postgres://a@h/db?sslrootcert=%2Ftmp%2Fa%20b.pem");
        assert_eq!(rooted.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(rooted.roots, Some(PathBuf::from("/tmp/a b.pem")));
        assert_eq!(of("postgres://a@h/db?sslmode=disable").config.get_ssl_mode(), SslMode::Disable);
        assert!(target(&Options::new("postgres://a@h/db?sslmode=sometimes")).is_err());
    }

    #[test]
    fn our_settings_come_last() {
        let config = of("postgres://a@h/db?options=-c%20lock_timeout%3D1").config;
        let ours = with_settings(&config, &[("lock_timeout", "3000".into())]);
        assert_eq!(ours.get_options(), Some("-c lock_timeout=1 -c lock_timeout=3000"));
    }

    #[test]
    fn passwords_are_not_printed() {
        let text = format!("{:?}", Options::new("postgres://a:secret@h/db"));
        assert!(!text.contains("secret"), "{text}");
    }
}
