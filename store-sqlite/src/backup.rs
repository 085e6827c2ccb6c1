//! Copies of a whole database: one made while it is in use, and one put in place of it.

use std::fs::{File, OpenOptions};
use std::path::Path;

use onhand_store::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::directory::{DATABASE, Directory, private};
use crate::fault::{self, work};
use crate::migrate::{self, MIGRATIONS};

/// Copies the database of a directory, which a running server may have locked, to the file `to`, which must not exist.
/// Only reads: the copy is one consistent state that holds everything acknowledged before it began, and on the disk when
/// this returns.
///
/// # Errors
/// [`StoreError::Broken`] when there is no database in the directory or the file exists already.
pub fn backup_of(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let source = open(&dir.join(DATABASE))?;
    // Made first, so that two backups cannot meet in one file and nobody else may read it.
    private(OpenOptions::new().write(true).create_new(true))
        .open(to)
        .map_err(|error| fault::file(&format!("cannot make {}", to.display()), &error))?;
    let copied = copy(&source, to).and_then(|()| sync(to));
    if copied.is_err()
        && let Err(error) = std::fs::remove_file(to)
    {
        tracing::warn!(%error, file = %to.display(), "an unfinished backup stays behind");
    }
    copied
}

/// Puts a backup into an empty directory, after checking that it is whole and that this binary can use it.
///
/// # Errors
/// [`StoreError::Broken`] when the backup is damaged, is no database of Onhand or comes from a newer binary, or when
/// there is something in the directory.
pub fn restore(from: &Path, dir: &Path) -> Result<(), StoreError> {
    let source = open(from)?;
    let problems = crate::reads::integrity(&source).map_err(work)?;
    if let Some(problem) = problems.first() {
        return Err(StoreError::Broken(format!("{} is damaged: {problem}", from.display())));
    }
    if migrate::applied(&source)?.is_empty() {
        return Err(StoreError::Broken(format!(
            "{} is no backup of Onhand: it has no schema",
            from.display()
        )));
    }
    migrate::check(&source, MIGRATIONS)?;
    if dir.exists() {
        let mut entries = std::fs::read_dir(dir)
            .map_err(|error| fault::file(&format!("cannot read {}", dir.display()), &error))?;
        if entries.next().is_some() {
            return Err(StoreError::Broken(format!(
                "{} is not empty: a backup is restored into a directory of its own",
                dir.display()
            )));
        }
    }
    let directory = Directory::lock(dir)?;
    let to = dir.join(DATABASE);
    directory.create_database()?;
    copy(&source, &to)?;
    sync(&to)
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    if !path.is_file() {
        return Err(StoreError::Broken(format!("{} is not a file", path.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(work)?;
    crate::connection::leave_log(&connection);
    Ok(connection)
}

fn copy(source: &Connection, to: &Path) -> Result<(), StoreError> {
    let Some(name) = to.to_str() else {
        return Err(StoreError::Broken(format!("{} is not valid UTF-8", to.display())));
    };
    source.execute("VACUUM INTO ?1", [name]).map(|_| ()).map_err(work)
}

/// Waits until a file and its name are on the disk.
fn sync(path: &Path) -> Result<(), StoreError> {
    let failed = |error| fault::file(&format!("cannot sync {}", path.display()), &error);
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)?;
    #[cfg(unix)]
    if let Some(parent) = path.parent() {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(failed)?;
    }
    Ok(())
}
