//! The servers of the demo: one in this process and, on PostgreSQL, a second one as a process of its own, which can be
//! killed as nothing inside one process can be.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use onhand_engine::ids;
use onhand_store::Reads;

use super::measures::Measures;
use crate::channels::ChannelKeys;
use crate::client::problem_of;
use crate::embedded::Embedded;
use crate::settings::{Effective, Origin};
use crate::watchdog::Watchdog;

/// How long the second replica may take until it answers.
const READY: Duration = Duration::from_secs(60);

/// One or two replicas over one database.
pub(super) struct Fleet {
    pub(super) first: Embedded,
    pub(super) second: Option<Replica>,
    http: reqwest::Client,
    key: String,
    /// What each replica told last; one that was killed keeps what it had.
    told: [Measures; 2],
    /// What earlier lives of the second replica told last.
    before: Measures,
}

impl Fleet {
    /// The first replica at `listen`; the second one, if wanted, beside it.
    pub(super) async fn start(
        effective: &Effective,
        listen: &str,
        keys: &ChannelKeys,
        keys_text: &str,
        scratch: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let mut effective = effective.clone();
        if let Some(scratch) = scratch
            && effective.settings.secret_key_file.is_empty()
        {
            effective.settings.secret_key_file = scratch.join("onhand.key").display().to_string();
            effective.set_origin("secret_key_file", Origin::Flag);
        }
        let first = Embedded::start_with(&effective, listen, keys).await?;
        let key = first.mint().await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let second = match scratch {
            None => None,
            Some(scratch) => Some(Replica::new(&effective, scratch, keys_text)?),
        };
        let told = Default::default();
        let mut fleet = Self { first, second, http, key, told, before: Measures::default() };
        fleet.revive().await?;
        Ok(fleet)
    }

    pub(super) fn reads(&self) -> &dyn Reads {
        self.first.engine().reads()
    }

    /// Asks the first replica through its API, as a person would.
    pub(super) async fn api(&self, method: reqwest::Method, path: &str) -> anyhow::Result<serde_json::Value> {
        let request = self.http.request(method, format!("{}{path}", self.first.url()));
        let key = ids::op().to_string();
        let answer = request.bearer_auth(&self.key).header("Idempotency-Key", key).send().await?;
        let status = answer.status();
        let told = answer.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{path}: {}", problem_of(status.as_u16(), &told));
        }
        Ok(told)
    }

    /// The API key of this demo.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Where messages of the marketplace with this number go: with two replicas each gets some.
    pub(super) fn hooks(&self, market: usize) -> String {
        match &self.second {
            Some(replica) if market % 2 == 1 => replica.url(),
            _ => self.first.url(),
        }
    }

    /// Asks every replica for its measures. One that does not answer is left with what it told last.
    pub(super) async fn measure(&mut self) {
        let urls = [Some(self.first.url()), self.second.as_ref().map(Replica::url)];
        for (url, told) in urls.into_iter().zip(&mut self.told) {
            let Some(url) = url else { continue };
            let asked = self.http.get(format!("{url}/metrics")).bearer_auth(&self.key).send().await;
            let Ok(answer) = asked else { continue };
            if let Ok(text) = answer.text().await {
                *told = Measures::read(&text);
            }
        }
    }

    /// What all replicas told, earlier lives included.
    pub(super) fn measures(&self) -> Measures {
        let [first, second] = &self.told;
        self.before.plus(first).plus(second)
    }

    /// One line for each replica, when there are two.
    pub(super) fn in_words(&mut self) -> Vec<(String, String)> {
        let Some(second) = &mut self.second else { return Vec::new() };
        let alive = [true, second.is_alive()];
        let rows = (1..).zip(self.told.iter().zip(alive));
        rows.map(|(number, (told, alive))| {
            let state = if alive { told.in_words() } else { format!("KILLED; {}", told.in_words()) };
            (format!("replica {number}"), state)
        })
        .collect()
    }

    /// SIGKILL to the second replica.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.second.as_mut().context("there is one replica only")?.kill()
    }

    /// Starts the second replica, if there is to be one, at the address that it had before.
    pub(super) async fn revive(&mut self) -> anyhow::Result<()> {
        let Some(second) = &mut self.second else { return Ok(()) };
        let [_, told] = &mut self.told;
        self.before = self.before.plus(told);
        *told = Measures::default();
        second.spawn()?;
        let begun = Instant::now();
        loop {
            let asked = self.http.get(format!("{}/readyz", second.url())).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if !second.is_alive() || begun.elapsed() > READY {
                bail!("the second replica did not become ready:\n{}", second.log_text());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops all of them in good order.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        if let Some(mut second) = self.second {
            second.terminate();
        }
        self.first.stop().await
    }
}

/// The second replica.
pub(super) struct Replica {
    address: SocketAddr,
    arguments: Vec<OsString>,
    database: String,
    log: PathBuf,
    process: Option<Child>,
    watchdog: Watchdog,
}

impl Replica {
    fn new(effective: &Effective, scratch: &Path, keys_text: &str) -> anyhow::Result<Self> {
        let settings = &effective.settings;
        let keys = scratch.join("channels.toml");
        std::fs::write(&keys, keys_text).with_context(|| format!("cannot write {}", keys.display()))?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let listen = address.to_string();
        let mut arguments: Vec<OsString> =
            ["serve", "--second", "--listen", &listen, "--log", "warn", "--log-format", "text"]
                .map(OsString::from)
                .into();
        // Ours, if there is one, is taken; and the demo reads the measures where the replica listens.
        arguments.push("--admin-listen=".into());
        arguments.extend(["--channels".into(), keys.into_os_string()]);
        arguments.extend(["--secret-key-file".into(), OsString::from(&settings.secret_key_file)]);
        let log = scratch.join("replica-2.log");
        let watchdog = Watchdog::start(None)?;
        Ok(Self { address, arguments, database: settings.database.clone(), log, process: None, watchdog })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn spawn(&mut self) -> anyhow::Result<()> {
        let program = std::env::current_exe().context("cannot find our own program")?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(program);
        // In the environment, where other users do not see it.
        command.args(&self.arguments).env("ONHAND_DATABASE", &self.database);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // A group of its own: Ctrl-C is for the demo, which stops it then.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().context("cannot start the second replica")?;
        self.watchdog.watch(child.id())?;
        self.process = Some(child);
        Ok(())
    }

    fn is_alive(&mut self) -> bool {
        self.process.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.process.take() {
            child.kill().context("cannot kill the second replica")?;
            self.watchdog.forget()?;
            child.wait()?;
        }
        Ok(())
    }

    /// SIGTERM, and then its end.
    fn terminate(&mut self) {
        if let Some(child) = &mut self.process {
            drop(Command::new("kill").arg(child.id().to_string()).status());
            drop(child.wait());
        }
        drop(self.kill());
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        drop(self.kill());
    }
}
