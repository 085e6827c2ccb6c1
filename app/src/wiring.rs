//! The only file that names a database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use onhand_store::{Ballast, Store};
use onhand_store_postgres::PostgresStore;
use onhand_store_sqlite::{BallastFile, SqliteStore, Synchronous};

use crate::settings::{Effective, Settings};

/// Where the data are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

/// The one that was said last, in the order file, environment, flag.
pub(crate) fn place(effective: &Effective) -> anyhow::Result<Place> {
    let Settings { data, database, .. } = &effective.settings;
    let given = |name: &str, value: &str| (!value.is_empty()).then(|| effective.origin(name));
    let (directory, server) = (given("data", data), given("database", database));
    if directory.is_none() && server.is_none() {
        bail!("say where the data are: --data DIR or --database postgres://…");
    }
    if directory == server {
        bail!("give either --data or --database, not both");
    }
    if directory > server {
        return Ok(Place::Sqlite(PathBuf::from(data)));
    }
    if !database.starts_with("postgres://") && !database.starts_with("postgresql://") {
        bail!("--database is a URL like postgres://user:password@host/name; a directory goes with --data");
    }
    Ok(Place::Postgres(database.clone()))
}

/// Opens the database, making it and bringing its schema up to date.
pub(crate) async fn open(effective: &Effective) -> anyhow::Result<Arc<dyn Store>> {
    let settings = &effective.settings;
    match place(effective)? {
        Place::Sqlite(dir) => {
            let mut options = onhand_store_sqlite::Options::new(&dir);
            options.synchronous = synchronous(settings)?;
            options.unsafe_durability = settings.unsafe_durability;
            options.readers = settings.readers;
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(options)).await?;
            Ok(Arc::new(opened.with_context(|| format!("cannot open {}", dir.display()))?))
        }
        Place::Postgres(url) => {
            let shown = crate::settings::without_password(&url);
            let mut options = onhand_store_postgres::Options::new(url);
            options.unsafe_durability = settings.unsafe_durability;
            options.read_connections = settings.readers;
            let opened = PostgresStore::connect(options).await;
            Ok(Arc::new(opened.with_context(|| format!("cannot open {shown}"))?))
        }
    }
}

/// Room that is kept beside the database for a full disk; a database server looks after its own disk.
pub(crate) fn ballast(effective: &Effective) -> anyhow::Result<Option<Arc<dyn Ballast>>> {
    Ok(match place(effective)? {
        Place::Sqlite(dir) => Some(Arc::new(BallastFile::in_directory(&dir))),
        Place::Postgres(_) => None,
    })
}

fn synchronous(settings: &Settings) -> anyhow::Result<Synchronous> {
    match settings.sqlite_synchronous.as_str() {
        "full" => Ok(Synchronous::Full),
        "normal" => Ok(Synchronous::Normal),
        other => bail!("sqlite_synchronous is `full` or `normal`, not `{other}`"),
    }
}

/// Copies a database, which servers may be using, to a file.
pub(crate) async fn backup(place: Place, file: &Path) -> anyhow::Result<()> {
    match place {
        Place::Sqlite(dir) => {
            let file = file.to_owned();
            Ok(tokio::task::spawn_blocking(move || onhand_store_sqlite::backup_of(&dir, &file)).await??)
        }
        Place::Postgres(url) => {
            Ok(onhand_store_postgres::backup_of(&onhand_store_postgres::Options::new(url), file).await?)
        }
    }
}

/// Puts a backup file into an empty directory or database.
pub(crate) async fn restore(file: &Path, place: Place) -> anyhow::Result<()> {
    match place {
        Place::Sqlite(dir) => {
            let file = file.to_owned();
            Ok(tokio::task::spawn_blocking(move || onhand_store_sqlite::restore(&file, &dir)).await??)
        }
        Place::Postgres(url) => {
            Ok(onhand_store_postgres::restore(&onhand_store_postgres::Options::new(url), file).await?)
        }
    }
}
