//! How a database is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time: milliseconds since 1970-01-01T00:00:00Z. It may jump; the ledger clock does not go back with it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// When SQLite waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// At every commit: an acknowledged change survives a power cut.
    #[default]
    Full,
    /// At checkpoints only: the last commits may be lost. Refused without [`Options::unsafe_durability`].
    Normal,
}

impl Synchronous {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Full => 2,
            Self::Normal => 1,
        }
    }
}

/// How a database is opened.
#[derive(Clone)]
pub struct Options {
    /// The directory that holds the database and nothing else; made if it is missing.
    pub dir: PathBuf,
    /// When to wait for the disk.
    pub synchronous: Synchronous,
    /// Whether settings that may lose acknowledged changes are accepted.
    pub unsafe_durability: bool,
    /// Connections for reading.
    pub readers: usize,
    /// The wall clock; another one only in tests.
    pub clock: Clock,
}

impl Options {
    /// Safe settings for a directory.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            synchronous: Synchronous::Full,
            unsafe_durability: false,
            readers: 3,
            clock: Arc::new(wall_clock),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("dir", &self.dir)
            .field("synchronous", &self.synchronous)
            .field("unsafe_durability", &self.unsafe_durability)
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
