//! Fresh databases.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use onhand_store::Store;
use onhand_testbed::{Database, Durability, Postgres};
use tempfile::TempDir;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Where fresh databases come from.
#[derive(Debug)]
pub(crate) struct Ground {
    dir: PathBuf,
    postgres: Option<Postgres>,
}

/// One empty database that goes when it is dropped.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    Sqlite(TempDir),
    Postgres(Database<'a>),
}

impl Ground {
    /// Databases in `dir`, and a private PostgreSQL server with its default settings if it is wanted.
    pub(crate) fn prepare(dir: &Path, kinds: &[Kind]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let postgres =
            if kinds.contains(&Kind::Postgres) { Some(Postgres::start(Durability::Full)?) } else { None };
        Ok(Self { dir: dir.to_owned(), postgres })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn postgres(&self) -> anyhow::Result<&Postgres> {
        self.postgres.as_ref().context("no PostgreSQL server was prepared")
    }

    pub(crate) fn fresh(&self, kind: Kind) -> anyhow::Result<Place<'_>> {
        Ok(match kind {
            Kind::Sqlite => Place::Sqlite(tempfile::tempdir_in(&self.dir)?),
            Kind::Postgres => Place::Postgres(self.postgres()?.fresh_database()?),
        })
    }
}

impl Place<'_> {
    /// The arguments that lead `onhand serve` there.
    pub(crate) fn arguments(&self) -> Vec<String> {
        match self {
            Self::Sqlite(dir) => vec!["--data".into(), dir.path().display().to_string()],
            Self::Postgres(database) => vec!["--database".into(), database.url().into()],
        }
    }

    /// Opens it in this process.
    pub(crate) async fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        Ok(match self {
            Self::Sqlite(dir) => {
                let options = onhand_store_sqlite::Options::new(dir.path());
                Arc::new(onhand_store_sqlite::SqliteStore::open(options)?)
            }
            Self::Postgres(database) => {
                let options = onhand_store_postgres::Options::new(database.url());
                Arc::new(onhand_store_postgres::PostgresStore::connect(options).await?)
            }
        })
    }
}
