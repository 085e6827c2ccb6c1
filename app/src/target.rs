//! What a command talks to: a running server, or one that it starts itself over a database.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use crate::client::Client;
use crate::embedded::Embedded;
use crate::settings::{Effective, Settings};

/// A client and, if we started it, the server behind it.
pub(crate) struct Target {
    pub(crate) client: Arc<Client>,
    embedded: Option<Embedded>,
}

/// Which of `url`, `data` and `database` counts.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Server,
    Database,
}

/// The one that was said last, in the order file, environment, flag.
fn place(effective: &Effective) -> anyhow::Result<Place> {
    let settings = &effective.settings;
    let given = |name: &str, value: &str| (!value.is_empty()).then(|| effective.origin(name));
    let server = given("url", &settings.url);
    let database = given("data", &settings.data).max(given("database", &settings.database));
    if server.is_none() && database.is_none() {
        bail!("say what to work on: --data DIR, --database URL, or --url URL of a running server");
    }
    if server == database {
        bail!("give either --url or a database, not both");
    }
    Ok(if server > database { Place::Server } else { Place::Database })
}

impl Target {
    /// Opens it for up to `connections` requests at once.
    pub(crate) async fn open(effective: &Effective, connections: usize) -> anyhow::Result<Self> {
        let settings = &effective.settings;
        match place(effective)? {
            Place::Server => {
                if settings.api_key.is_empty() {
                    bail!("--url needs an API key: set ONHAND_API_KEY or give --api-key");
                }
                let client = client(settings, &settings.url, &settings.api_key, connections)?;
                Ok(Self { client, embedded: None })
            }
            Place::Database => Self::open_database(effective, connections).await,
        }
    }

    /// The same, for commands that work on a database only.
    pub(crate) async fn open_database(effective: &Effective, connections: usize) -> anyhow::Result<Self> {
        let embedded = Embedded::start(effective, "127.0.0.1:0").await?;
        let key = embedded.mint().await?;
        let client = client(&effective.settings, &embedded.url(), &key, connections)?;
        Ok(Self { client, embedded: Some(embedded) })
    }

    /// A link with which somebody sets a password, if this works on a database: whoever can open that needs no leave.
    ///
    /// # Errors
    /// When nobody has the address, or the database does not take it.
    pub(crate) async fn password_link(&self, email: &str) -> anyhow::Result<Option<String>> {
        let Some(embedded) = &self.embedded else { return Ok(None) };
        match embedded.password_link(email).await? {
            Some(url) => Ok(Some(url)),
            None => bail!("nobody has the address {email}; `onhand users list` shows who is there"),
        }
    }

    /// Ends what it started.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        drop(self.client);
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

/// A client as the settings want it.
pub(crate) fn client(
    settings: &Settings,
    url: &str,
    key: &str,
    connections: usize,
) -> anyhow::Result<Arc<Client>> {
    let patience = Duration::from_secs(settings.retry_seconds);
    Ok(Arc::new(Client::new(url, key, connections, patience)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Origin, Shown};

    fn effective(given: &[(&'static str, Origin)]) -> Effective {
        let mut settings = Settings::default();
        let mut shown = Vec::new();
        for (name, origin) in given {
            match *name {
                "url" => settings.url = "x".to_owned(),
                "data" => settings.data = "x".to_owned(),
                _ => settings.database = "x".to_owned(),
            }
            shown.push(Shown { name, value: "x".to_owned(), origin: *origin, environment: String::new() });
        }
        Effective { settings, shown }
    }

    #[test]
    fn what_was_said_last_counts() {
        use Origin::{Environment, File, Flag};
        let of = |given: &[(&'static str, Origin)]| place(&effective(given)).ok();
        assert_eq!(of(&[("url", Environment), ("data", Flag)]), Some(Place::Database));
        assert_eq!(of(&[("url", Flag), ("data", Environment)]), Some(Place::Server));
        assert_eq!(of(&[("url", Environment), ("database", File)]), Some(Place::Server));
        assert_eq!(of(&[("url", Flag), ("data", Flag)]), None);
        assert_eq!(of(&[]), None);
    }
}
