//! One test, built and run in the copy.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use crate::shell::Run;

/// How long a test may take at least before it counts as hanging. To this comes ten times what it took unmutated, so
/// that a busy machine is not taken for a test that noticed something.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tests of one binary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    /// The crate.
    pub(crate) package: String,
    /// The test binary, or `lib`.
    pub(crate) target: String,
    /// What the names of the tests contain.
    pub(crate) filter: String,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.package, self.target, self.filter)
    }
}

/// What came of a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A test noticed; how.
    Caught(&'static str),
    /// The tests passed as if nothing were broken.
    Survived,
    /// Neither, and why: it does not compile, or its test proves nothing.
    NoProof(String),
}

impl Outcome {
    /// Whether a test noticed.
    pub(crate) fn is_caught(&self) -> bool {
        matches!(self, Self::Caught(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(how) => write!(f, "caught, {how}"),
            Self::Survived => write!(f, "SURVIVED"),
            Self::NoProof(why) => write!(f, "NO PROOF, {why}"),
        }
    }
}

/// Where tests are built and run.
pub(crate) struct Bench {
    tree: PathBuf,
    target: PathBuf,
    /// Options for cargo: without optimisation for our own crates. They are built again for each mutation, and that is what
    /// takes the time; what they depend on is built once, and as always.
    quickly: Vec<String>,
}

/// A run of a test binary.
struct Ran {
    /// None when it was still running after all patience.
    status: Option<ExitStatus>,
    printed: String,
    took: Duration,
    /// The tests that lacked what they need on this machine, with the reason.
    not_tried: String,
}

impl Bench {
    /// Cargo builds into `target`, which is kept from run to run.
    pub(crate) fn new(tree: &Path, target: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(target)?;
        let mut metadata = Run::cargo(&["metadata", "--no-deps", "--format-version", "1"]).into_command();
        let output = metadata.current_dir(tree).output().context("cannot run cargo")?;
        let workspace: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let packages = workspace["packages"].as_array().context("cargo metadata names no packages")?;
        let names = packages.iter().filter_map(|package| package["name"].as_str());
        let options = names.flat_map(|name| {
            ["opt-level=0", "debug=false"].map(|setting| format!("profile.dev.package.{name}.{setting}"))
        });
        let quickly = options.flat_map(|option| ["--config".to_owned(), option]).collect();
        Ok(Self { tree: tree.to_path_buf(), target: target.to_path_buf(), quickly })
    }

    /// How long the test takes in sound code. The inner error says why a failure would prove nothing.
    pub(crate) fn unmutated(&self, test: &Test) -> anyhow::Result<Result<Duration, String>> {
        let binary = match self.build(test)? {
            Ok(binary) => binary,
            Err(why) => return Ok(Err(why)),
        };
        let ran = self.start(&binary, test, 10 * PATIENCE)?;
        Ok(match ran.status {
            None => Err("unmutated it hangs".to_owned()),
            Some(status) if !status.success() => {
                Err(format!("unmutated it fails: {}", last_line(&ran.printed)))
            }
            Some(_) if passed(&ran.printed) == 0 => Err("no test has a name like that".to_owned()),
            Some(_) if !ran.not_tried.is_empty() => {
                Err(format!("not tried here: {}", ran.not_tried.trim().replace('\n', "; ")))
            }
            Some(_) => Ok(ran.took),
        })
    }

    /// The same in broken code; `took` is what [`Bench::unmutated`] said.
    pub(crate) fn mutated(&self, test: &Test, took: Duration) -> anyhow::Result<Outcome> {
        let binary = match self.build(test)? {
            Ok(binary) => binary,
            Err(why) => return Ok(Outcome::NoProof(why)),
        };
        let ran = self.start(&binary, test, PATIENCE + 10 * took)?;
        Ok(match ran.status {
            None => Outcome::Caught("it hangs"),
            Some(status) if status.success() => Outcome::Survived,
            Some(_) if ran.printed.contains("test result: FAILED") => Outcome::Caught("it fails"),
            // The broken guard took the test's own process along.
            Some(_) => Outcome::Caught("the process ends"),
        })
    }

    /// Builds the test binary. The inner error is the compiler's first.
    fn build(&self, test: &Test) -> anyhow::Result<Result<(PathBuf, PathBuf), String>> {
        let mut run = Run::cargo(&["test", "--quiet", "--locked", "--no-run"]).with(&self.quickly);
        run = run.with(["--message-format", "json-render-diagnostics", "-p", &test.package]);
        run = if test.target == "lib" { run.with(["--lib"]) } else { run.with(["--test", &test.target]) };
        let mut command = run.set("CARGO_TARGET_DIR", &self.target).into_command();
        let output =
            command.current_dir(&self.tree).stdin(Stdio::null()).output().context("cannot run cargo")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().find(|line| line.starts_with("error")).unwrap_or("error");
            return Ok(Err(format!("it does not compile: {first}")));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        // Programs of the package are built along; the test is the one with a test harness.
        let mut tests = messages.filter(|message| message["profile"]["test"] == true);
        let found = tests.find_map(|message| {
            let place = Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf();
            Some((PathBuf::from(message["executable"].as_str()?), place))
        });
        Ok(found.ok_or_else(|| "cargo built no test".to_owned()))
    }

    /// Runs it where cargo would. What it prints goes to a file: a pipe that nobody empties would stop it.
    fn start(&self, binary: &(PathBuf, PathBuf), test: &Test, patience: Duration) -> anyhow::Result<Ran> {
        let (binary, place) = binary;
        let (printed, not_tried) = (self.target.join("printed"), self.target.join("not-tried"));
        fs::write(&not_tried, "")?;
        let file =
            fs::File::create(&printed).with_context(|| format!("cannot write {}", printed.display()))?;
        let run = Run::new(binary).with([&test.filter]).set("CARGO_MANIFEST_DIR", place);
        let mut command = run.set("ONHAND_NOT_TRIED", &not_tried).into_command();
        command.current_dir(place).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let start = Instant::now();
        let mut process = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
        let status = loop {
            if let Some(status) = process.try_wait()? {
                break Some(status);
            }
            if start.elapsed() > patience {
                process.kill()?;
                process.wait()?;
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let printed = String::from_utf8_lossy(&fs::read(&printed)?).into_owned();
        Ok(Ran { status, printed, took: start.elapsed(), not_tried: fs::read_to_string(&not_tried)? })
    }
}

/// How many tests passed, by the last line of a test binary: `test result: ok. 2 passed; 0 failed; …`.
fn passed(printed: &str) -> u32 {
    let rest = printed.rsplit_once("test result: ok. ").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once(' ')?.0.parse().ok()).unwrap_or_default()
}

fn last_line(printed: &str) -> &str {
    printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing")
}

#[cfg(test)]
mod tests {
    use super::passed;

    #[test]
    fn passed_tests_are_counted() {
        assert_eq!(passed("running 2 tests\n..\ntest result: ok. 2 passed; 0 failed; 0 ignored;\n"), 2);
        assert_eq!(passed("running 0 tests\ntest result: ok. 0 passed; 0 failed; 12 filtered out\n"), 0);
        assert_eq!(passed("test result: FAILED. 2 passed; 1 failed;"), 0);
    }
}
