//! Whether a connection is a session of the server. Behind a pooler that gives each transaction whatever session is free
//! (PgBouncer's `pool_mode = transaction`, and its like), what we keep in a session is lost, or another's: settings,
//! `synchronous_commit` among them, and prepared statements.

use onhand_store::StoreError;
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::failure;
use crate::link::Link;

/// A session, as the server knows it: its process, and when that began, as numbers come again. Asked without a prepared
/// statement, which may not be there any more when it is to run.
const WHO: &str = "select pid || ' ' || extract(epoch from backend_start) from pg_stat_activity where pid = pg_backend_pid()";
/// One of the settings with which writers begin, and its value.
const SETTING: (&str, &str) = ("plan_cache_mode", "force_generic_plan");

/// Refuses a pooler that shares sessions, and one that does not pass our settings on. `link` is idle; `write_config` is how
/// writers connect.
pub(crate) async fn refuse(
    link: &Link,
    config: &Config,
    write_config: &Config,
    tls: &MakeRustlsConnect,
) -> Result<(), StoreError> {
    let mine = who(&link.client).await?;
    let other = Link::open(config, tls).await?;
    // While this one has a session for sure, ours must be the one that it was.
    other.client.batch_execute("begin").await.map_err(|error| failure(&error))?;
    let others = who(&other.client).await?;
    // A pooler with one session has none left to ask now, so that is seen first.
    let shared = mine == others || who(&link.client).await? != mine;
    drop(other);
    if shared {
        return Err(StoreError::Broken(
            "this address leads to a connection pooler that gives each transaction another session (as PgBouncer does with \
             pool_mode = transaction), and the settings and prepared statements of a session are lost with it: name the \
             server itself, or a pooler's port for whole sessions (pool_mode = session) that passes on `options`"
                .into(),
        ));
    }
    let writer = Link::open(write_config, tls).await.map_err(|error| match error {
        StoreError::Unavailable(text) | StoreError::Broken(text) if text.contains("startup parameter") => {
            lost(&text)
        }
        other => other,
    })?;
    let kept = value(&writer.client, &format!("select current_setting('{}')", SETTING.0)).await?;
    if kept != SETTING.1 {
        return Err(lost(&format!("{}={kept}", SETTING.0)));
    }
    Ok(())
}

fn lost(text: &str) -> StoreError {
    StoreError::Broken(format!(
        "the server did not get the settings that a connection begins with ({text}): a connection pooler in between does \
         not pass on `options`; name the server itself"
    ))
}

async fn who(client: &Client) -> Result<String, StoreError> {
    value(client, WHO).await
}

/// The one value of a query, as text.
async fn value(client: &Client, sql: &str) -> Result<String, StoreError> {
    let messages = client.simple_query(sql).await.map_err(|error| failure(&error))?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.map(str::to_owned).ok_or_else(|| StoreError::Broken(format!("no answer to {sql}")))
}
