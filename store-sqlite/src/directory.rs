//! The data directory: which files are in it, and that only one process uses it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use onhand_store::StoreError;

use crate::fault;

/// The database's file name inside the directory.
pub(crate) const DATABASE: &str = "onhand.sqlite";
const LOCK: &str = "lock";

/// A data directory that this process has to itself. The lock belongs to the open file, so the operating system gives it
/// up when the process ends, however it ends; the file that stays behind means nothing.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    lock: File,
}

impl Directory {
    /// Makes the directory if need be and locks it.
    pub(crate) fn lock(path: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path)
            .map_err(|error| fault::file(&format!("cannot make {}", path.display()), &error))?;
        let at = path.join(LOCK);
        let mut file = private(OpenOptions::new().read(true).write(true).create(true))
            .open(&at)
            .map_err(|error| fault::file(&format!("cannot open {}", at.display()), &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let known = file.read_to_string(&mut holder).is_ok_and(|length| length > 0);
                let holder = if known { holder.trim() } else { "(unknown)" };
                return Err(StoreError::Broken(format!(
                    "{} is locked by process {holder}: stop it first, or use another directory",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                return Err(fault::file(&format!("cannot lock {}", at.display()), &error));
            }
        }
        let directory = Self { path: path.to_owned(), lock: file };
        directory.sign().map_err(|error| fault::file(&format!("cannot write {}", at.display()), &error))?;
        Ok(directory)
    }

    /// Writes our process id into the lock file. Also tells why the disk refuses to be written to, when it does.
    pub(crate) fn sign(&self) -> io::Result<()> {
        let mut file = &self.lock;
        let text = format!("{}\n", std::process::id());
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Creates the database's file before SQLite does, so that nobody else may read it; its log and index inherit the
    /// mode. Must not be called while SQLite has the file open: closing it would drop SQLite's locks.
    pub(crate) fn create_database(&self) -> Result<(), StoreError> {
        create_private(&self.database()).map(|_| ())
    }
}

/// Opens a file for writing that only its owner may read, making it if it is missing.
fn create_private(path: &Path) -> Result<File, StoreError> {
    private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| fault::file(&format!("cannot make {}", path.display()), &error))
}

/// Restricts what is created to its owner.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
