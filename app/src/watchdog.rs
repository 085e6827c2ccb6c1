//! What must be done when our own process ends, in whatever way: it may be killed itself.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// Reads which process to look after, the last line counts, until its input ends with us. Then it kills that process and
/// removes the directory.
const SCRIPT: &str = r#"
pid=
while read -r next; do pid=$next; done
if [ -n "$pid" ]; then kill -9 "$pid" 2>/dev/null; fi
if [ -n "$1" ]; then rm -rf -- "$1"; fi
"#;

/// A shell that outlives us for a moment.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// `dir` is removed at the end, too.
    pub(crate) fn start(dir: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "onhand-watchdog"]).args(dir);
        // A group of its own: Ctrl-C is for us, and we end it then.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let shell = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self(shell.context("cannot run sh")?))
    }

    /// Looks after this process from now on.
    pub(crate) fn watch(&mut self, pid: u32) -> anyhow::Result<()> {
        self.tell(&pid.to_string())
    }

    /// Looks after no process: call it before the process is reaped, because its id may be another's then.
    pub(crate) fn forget(&mut self) -> anyhow::Result<()> {
        self.tell("")
    }

    fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.0.stdin.as_mut().context("the watchdog has no input")?;
        writeln!(input, "{line}").context("the watchdog has gone")
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Its input ends; we wait so that nothing is left afterwards.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
