//! One connection, opened and judged.

use std::sync::{Arc, Mutex, PoisonError};

use onhand_store::{Durability, StoreError};
use tokio::task::JoinHandle;
use tokio_postgres::error::Severity;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::failure;

/// The oldest server that works: 15 brought nothing that we could not do without, but nothing older is tested.
const OLDEST: i32 = 150_000;

/// The last warning that the server sent without being asked.
pub(crate) type Warning = Arc<Mutex<Option<String>>>;

/// A connection and the task that moves its bytes. Dropping it ends both at once, whatever is on its way.
pub(crate) struct Link {
    pub(crate) client: Client,
    warning: Warning,
    task: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Link {
    /// Connects. Must be called on the runtime that will use the connection: the task that moves its bytes is spawned
    /// here, and the writer's thread has a runtime of its own.
    pub(crate) async fn open(config: &Config, tls: &MakeRustlsConnect) -> Result<Self, StoreError> {
        let opened = tokio::time::timeout(
            // The driver's own limit covers the TCP handshake of each address only.
            config.get_connect_timeout().copied().unwrap_or_default() * 2,
            config.connect(tls.clone()),
        );
        let (client, connection) = opened
            .await
            .map_err(|_| StoreError::Unavailable("it does not answer".into()))?
            .map_err(|error| failure(&error))?;
        let warning = Warning::default();
        let task = tokio::spawn(carry(connection, Arc::clone(&warning)));
        Ok(Self { client, warning, task })
    }

    /// The last warning since it was taken, which stays.
    pub(crate) fn warning(&self) -> Option<String> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last warning since this was last asked. It stands here before the answer to the statement that caused it does.
    pub(crate) fn take_warning(&self) -> Option<String> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What the driver reads from and writes to, encrypted or not.
type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

async fn carry(mut connection: Connection<Socket, Stream>, warning: Warning) {
    while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notice(notice)) if notice.parsed_severity() == Some(Severity::Warning) => {
                let text = format!("{} ({})", notice.message(), notice.code().code());
                tracing::warn!(text, "the database warns");
                *warning.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            }
            Ok(_) => {}
            Err(error) => {
                let error = crate::failure::text(&error);
                tracing::warn!(error, "the connection to the database was lost");
                return;
            }
        }
    }
}

/// What a server promises, with what is wrong with it.
pub(crate) struct Promise {
    pub(crate) durability: Durability,
    pub(crate) flaws: Vec<String>,
}

/// Reads back what decides whether a commit survives the loss of power. `synchronous_commit` is this connection's own
/// and is set first, unless the operator has given up durability on purpose.
pub(crate) async fn promise(client: &Client, unsafe_durability: bool) -> Result<Promise, StoreError> {
    let set = "select set_config('synchronous_commit', 'on', false) \
               where current_setting('synchronous_commit') not in ('on', 'remote_apply')";
    if !unsafe_durability {
        client.batch_execute(set).await.map_err(|error| failure(&error))?;
    }
    let row = client
        .query_one(
            "select current_setting('server_version_num')::integer, current_setting('server_version'), \
                    current_setting('fsync'), current_setting('full_page_writes'), \
                    current_setting('synchronous_commit'), current_setting('data_sync_retry'), \
                    current_setting('synchronous_standby_names')",
            &[],
        )
        .await
        .map_err(|error| failure(&error))?;
    let number: i32 = row.get(0);
    let [version, fsync, pages, commit, retry, standbys]: [String; 6] =
        [1, 2, 3, 4, 5, 6].map(|i| row.get(i));
    if number < OLDEST {
        return Err(StoreError::Broken(format!("PostgreSQL {version} is too old: 15 or later is needed")));
    }
    let mut flaws = Vec::new();
    let mut demand = |good: bool, name: &str, value: &str| {
        if !good {
            flaws.push(format!("{name}={value}"));
        }
    };
    demand(fsync == "on", "fsync", &fsync);
    demand(pages == "on", "full_page_writes", &pages);
    demand(matches!(commit.as_str(), "on" | "remote_apply"), "synchronous_commit", &commit);
    // A failed fsync may have dropped the pages; trying again then succeeds without them.
    demand(retry == "off", "data_sync_retry", &retry);
    let mut settings = format!("fsync={fsync} full_page_writes={pages} synchronous_commit={commit}");
    if !standbys.is_empty() {
        settings.push_str(&format!(" synchronous_standby_names={standbys}"));
    }
    Ok(Promise {
        durability: Durability { database: "postgres".into(), version, settings, safe: flaws.is_empty() },
        flaws,
    })
}

impl Promise {
    /// Refuses a server that may lose acknowledged commits, unless told not to.
    pub(crate) fn accept(self, unsafe_durability: bool) -> Result<Durability, StoreError> {
        if self.flaws.is_empty() || unsafe_durability {
            return Ok(self.durability);
        }
        Err(StoreError::Broken(format!(
            "this PostgreSQL may lose acknowledged commits ({}): correct its settings, or accept the loss with \
             --unsafe-durability",
            self.flaws.join(", ")
        )))
    }
}
