//! Private PostgreSQL servers as tests see them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, bail};

use crate::binaries::Binaries;
use crate::server::Server;

/// Names the port of a private server that whoever started this test run started for it.
///
/// A runner that gives every test a process of its own would otherwise start a server for each. Only
/// `cargo xtask test` sets it, to a server of its own; [`Postgres::start`] never looks at it.
pub const SHARED_SERVER_VARIABLE: &str = "ONHAND_TESTBED_PG_PORT";

/// Whether the server keeps its promises when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing reaches the disk in time. For tests of behaviour; never for crash tests and never for figures.
    Fast,
    /// PostgreSQL's own defaults. For crash tests and benchmarks.
    Full,
}

/// A private PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    binaries: Binaries,
    port: u16,
    /// None when another process owns the server.
    server: Option<Server>,
    shared: bool,
}

impl Postgres {
    /// Starts a server that only the caller uses. Takes about a second; it ends when the value is dropped, or when
    /// the process ends.
    ///
    /// # Errors
    /// When no PostgreSQL 15 or later is installed (the message says what to install), or when it does not start.
    pub fn start(durability: Durability) -> anyhow::Result<Self> {
        let server = Server::start(durability)?;
        Ok(Self {
            binaries: server.binaries().clone(),
            port: server.port(),
            server: Some(server),
            shared: false,
        })
    }

    /// The server that all tests of this process share, started at the first call. Take a [`Database`] of it;
    /// [`Self::kill9`], [`Self::restart`] and [`Self::stop`] are refused, since the others would feel it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn shared(durability: Durability) -> anyhow::Result<&'static Self> {
        static FAST: OnceLock<Result<Postgres, String>> = OnceLock::new();
        static FULL: OnceLock<Result<Postgres, String>> = OnceLock::new();
        let cell = match durability {
            Durability::Fast => &FAST,
            Durability::Full => &FULL,
        };
        let started =
            cell.get_or_init(|| Self::start_shared(durability).map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|error| anyhow::Error::msg(error.clone()))
    }

    fn start_shared(durability: Durability) -> anyhow::Result<Self> {
        if durability == Durability::Fast
            && let Ok(port) = std::env::var(SHARED_SERVER_VARIABLE)
        {
            let port =
                port.parse().with_context(|| format!("{SHARED_SERVER_VARIABLE} is not a port: {port}"))?;
            return Ok(Self { binaries: Binaries::find()?, port, server: None, shared: true });
        }
        Ok(Self { shared: true, ..Self::start(durability)? })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The connection URL of a database on this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://onhand@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database of this name and returns its URL.
    ///
    /// # Errors
    /// When it exists, or when the server does not answer.
    pub fn create_database(&self, name: &str) -> anyhow::Result<String> {
        self.sql("postgres", &format!("create database {} template template0", quoted(name)))?;
        Ok(self.url(name))
    }

    /// Removes a database, whoever is connected to it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.sql("postgres", &format!("drop database if exists {} with (force)", quoted(name)))?;
        Ok(())
    }

    /// An empty database with a name that nobody else uses, removed when the value is dropped.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn fresh_database(&self) -> anyhow::Result<Database<'_>> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let url = self.create_database(&name)?;
        Ok(Database { server: self, name, url })
    }

    /// Runs SQL through `psql` and returns what it prints: one line per row, columns separated by `|`.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn sql(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let mut command = self.binaries.psql();
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-c", sql]);
        let output = command.output().context("cannot run psql: install `postgresql-client`")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// SIGKILL to the whole server, as a power cut would. [`Self::restart`] brings it back on the same port.
    ///
    /// # Errors
    /// When it is shared, or not running.
    pub fn kill9(&self) -> anyhow::Result<()> {
        self.own()?.kill9()
    }

    /// Stops the server at once, leaving its files.
    ///
    /// # Errors
    /// When it is shared, or does not stop.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.own()?.stop()
    }

    /// Starts the server again on the same port and files, stopping it first when it runs. Returns when it answers.
    ///
    /// # Errors
    /// When it is shared, or does not start.
    pub fn restart(&self) -> anyhow::Result<()> {
        let server = self.own()?;
        server.stop()?;
        server.launch()
    }

    fn own(&self) -> anyhow::Result<&Server> {
        match &self.server {
            Some(server) if !self.shared => Ok(server),
            _ => bail!("this PostgreSQL is shared with other tests: use Postgres::start for one of your own"),
        }
    }
}

/// A database of a private server.
#[derive(Debug)]
pub struct Database<'a> {
    server: &'a Postgres,
    name: String,
    url: String,
}

impl Database<'_> {
    /// Its connection URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL in it, see [`Postgres::sql`].
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn sql(&self, sql: &str) -> anyhow::Result<String> {
        self.server.sql(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // A server that was killed cannot drop anything; its directory goes as a whole.
        drop(self.server.drop_database(&self.name));
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
