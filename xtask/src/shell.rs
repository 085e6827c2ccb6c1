//! Running programs and talking to the person at the terminal.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// One line to the terminal.
#[expect(clippy::print_stdout, reason = "a program for people; this is where all of it speaks")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// The repository's root, from wherever cargo was called.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// A program to run in the repository's root.
pub(crate) struct Run {
    command: Command,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root());
        Self { command }
    }

    pub(crate) fn cargo(arguments: &[&str]) -> Self {
        // The very cargo that runs us, so that nobody's path changes the toolchain half way.
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).with(arguments)
    }

    pub(crate) fn with<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// For whoever needs the process itself.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it with the terminal as its own.
    pub(crate) fn go(mut self) -> anyhow::Result<()> {
        let shown = self.shown();
        let status = self.command.status().with_context(|| format!("cannot run {shown}"))?;
        if !status.success() {
            bail!("{shown}: {status}");
        }
        Ok(())
    }

    /// Runs it in our place, so that signals and the exit code are its own.
    pub(crate) fn become_it(mut self) -> anyhow::Result<()> {
        #[cfg(unix)]
        {
            let shown = self.shown();
            // Returns only when it could not be done.
            let error = std::os::unix::process::CommandExt::exec(&mut self.command);
            Err(error).with_context(|| format!("cannot run {shown}"))
        }
        #[cfg(not(unix))]
        {
            self.go()
        }
    }

    /// Runs it and returns what it printed; its complaints still go to the terminal.
    pub(crate) fn text(mut self) -> anyhow::Result<String> {
        let shown = self.shown();
        let output =
            self.command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {shown}"))?;
        if !output.status.success() {
            bail!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stdout));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs it, showing every line that it prints on either output, and gives each to `each` as well.
    pub(crate) fn watch(self, mut each: impl FnMut(&str)) -> anyhow::Result<()> {
        let shown = self.shown();
        // One pipe for both outputs keeps their lines in order; a shell can do that and safe Rust cannot.
        let mut joined = Command::new("sh");
        joined
            .args(["-c", "exec \"$@\" 2>&1", "sh"])
            .arg(self.command.get_program())
            .args(self.command.get_args());
        joined.current_dir(root()).stdout(Stdio::piped());
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                joined.env(name, value);
            }
        }
        let mut child = joined.spawn().with_context(|| format!("cannot run {shown}"))?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = String::from_utf8_lossy(&line?).into_owned();
                say(&line);
                each(&line);
            }
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("{shown}: {status}");
        }
        Ok(())
    }

    fn shown(&self) -> String {
        let program = Path::new(self.command.get_program()).file_name().unwrap_or_default();
        let mut shown = program.to_string_lossy().into_owned();
        for argument in self.command.get_args() {
            shown.push(' ');
            shown.push_str(&argument.to_string_lossy());
        }
        shown
    }
}
