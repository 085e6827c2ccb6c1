//! A directory of our own that is removed when nobody needs it any more.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use onhand_engine::ids;

use crate::terminal;

/// Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Readable by its owner only: keys are kept in it.
    pub(crate) fn new(what: &str) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("onhand-{what}-{}", ids::op()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match std::fs::remove_dir_all(&self.0) {
            Ok(()) => {}
            // A watchdog was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => terminal::complain(&format!("cannot remove {}: {error}", self.0.display())),
        }
    }
}
