//! The file that keeps room for the day when the disk is full.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use onhand_store::{Ballast, StoreError};

use crate::directory::private;
use crate::fault;

/// Bytes of it: the log may grow to half of this before it is copied into the database, which grows by less.
const SIZE: u64 = 8 * 1024 * 1024;
const NAME: &str = "ballast";

/// A file of 8 MiB beside the database. Deleting it makes room at once.
#[derive(Debug)]
pub struct BallastFile {
    path: PathBuf,
}

impl BallastFile {
    /// In this data directory; nothing is written yet.
    #[must_use]
    pub fn in_directory(dir: &Path) -> Self {
        Self { path: dir.join(NAME) }
    }

    /// A file that is shorter was left behind by a process that ended while it wrote it.
    fn is_whole(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() == SIZE)
    }

    /// Blocks that the file system really has to hold: it may neither leave zeros out nor press them together.
    fn write(&self) -> io::Result<()> {
        let mut file =
            private(OpenOptions::new().write(true).create(true).truncate(true)).open(&self.path)?;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut block = Vec::with_capacity(1 << 16);
        for _ in 0..SIZE >> 16 {
            block.clear();
            while block.len() < 1 << 16 {
                // Marsaglia's xorshift: https://doi.org/10.18637/jss.v008.i14
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                block.extend_from_slice(&state.to_le_bytes());
            }
            file.write_all(&block)?;
        }
        file.sync_all()
    }
}

impl Ballast for BallastFile {
    fn give_up(&self) -> bool {
        match fs::remove_file(&self.path) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, file = %self.path.display(), "the ballast cannot be given up");
                false
            }
        }
    }

    fn take(&self) -> Result<(), StoreError> {
        if self.is_whole() {
            return Ok(());
        }
        self.write().map_err(|error| {
            // A part of it is worth nothing to us and may be what somebody else lacks.
            if let Err(second) = fs::remove_file(&self.path) {
                tracing::debug!(%second, "an unfinished ballast stays behind");
            }
            fault::file(&format!("cannot write {}", self.path.display()), &error)
        })
    }
}
