//! Starting the program and waiting for what it says.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use onhand_testbed::{Database, Durability, Postgres};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up: long, because a build server may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program with nothing of our environment that could change what it does.
pub(crate) fn onhand() -> Command {
    command(env!("CARGO_BIN_EXE_onhand"))
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ONHAND_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    onhand().args(arguments).output().expect("the program starts")
}

/// Runs it to its end, which must be a good one, and reads the one JSON object that it prints.
pub(crate) fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", errors(&output), text(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Where a server keeps its data. A fresh one each.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(Database<'static>),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a directory"))
    }

    /// On a server that keeps its promises, shared by the tests of this process.
    pub(crate) fn postgres() -> Self {
        let server = Postgres::shared(Durability::Full).expect("a private PostgreSQL");
        Self::Postgres(server.fresh_database().expect("a database"))
    }

    pub(crate) fn arguments(&self) -> [String; 2] {
        match self {
            Self::Sqlite(dir) => ["--data".to_owned(), dir.path().join("data").display().to_string()],
            Self::Postgres(database) => ["--database".to_owned(), database.url().to_owned()],
        }
    }

    /// `arguments` and where the data are.
    pub(crate) fn with<'a>(&'a self, arguments: &[&'a str], place: &'a [String; 2]) -> Vec<&'a str> {
        let [flag, value] = place;
        arguments.iter().copied().chain([flag.as_str(), value.as_str()]).collect()
    }

    /// Runs a command on it and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        json(&self.with(arguments, &self.arguments()))
    }

    /// Runs a command on it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(&self.with(arguments, &self.arguments()))
    }
}

/// A process whose standard error is read line by line as it comes.
pub(crate) struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        // It ends with the pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line that holds `part`.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("no line with `{part}` ({error}); there was:\n{}", self.seen.join("\n")),
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// A signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.child.id().to_string());
        let sent = Command::new("kill").args([signal, pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Whether it has ended by now.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_some()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let (sender, ended) = mpsc::channel();
        let pid = self.child.id();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if ended.recv_timeout(PATIENCE).is_err() {
                    // It hangs: end it, so that the test fails and does not hang too.
                    drop(Command::new("kill").args(["-9", &pid.to_string()]).status());
                }
            });
            let status = self.child.wait().expect("ended");
            let _ended_in_time = sender.send(());
            status
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A running `onhand serve`.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) url: String,
    /// On the first start.
    pub(crate) api_key: Option<String>,
}

impl Server {
    pub(crate) fn start(place: &Place) -> Self {
        Self::with(place, &[], None)
    }

    /// With more flags, and under `strace` with these arguments.
    pub(crate) fn with(place: &Place, flags: &[&str], strace: Option<&[&str]>) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        let ready = scratch.path().join("ready.json");
        let mut command = match strace {
            None => onhand(),
            Some(arguments) => {
                let mut command = command("strace");
                command.args(arguments).arg(env!("CARGO_BIN_EXE_onhand"));
                command
            }
        };
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--ready-file"])
            .arg(&ready)
            .args(place.arguments())
            .args(flags);
        let mut process = Process::start(command);
        process.line_with("\"ready; ");
        let (url, api_key) = read_ready(&ready);
        Self { process, url, api_key }
    }
}

fn read_ready(path: &Path) -> (String, Option<String>) {
    let bytes = std::fs::read(path).expect("the ready file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).expect("the ready file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the ready file holds a secret");
    }
    let ready: Value = serde_json::from_slice(&bytes).expect("JSON");
    let url = ready["url"].as_str().expect("a URL").to_owned();
    (url, ready["api_key"].as_str().map(str::to_owned))
}
