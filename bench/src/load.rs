//! The load generator: a closed loop over many keep-alive connections, in one thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::{JoinSet, LocalSet};

use crate::chance::Keys;
use crate::figures::Latencies;
use crate::wire::{Connection, Template};

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    /// Sent before anything is counted.
    pub(crate) warm_up: Duration,
    pub(crate) length: Duration,
    pub(crate) template: Template,
    pub(crate) keys: Arc<Keys>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Answers in a second.
    pub(crate) rate: f64,
    pub(crate) latencies: Latencies,
    /// How many of each status.
    pub(crate) statuses: BTreeMap<u16, u64>,
}

impl Outcome {
    /// Fails unless every answer had this status: a fast refusal is no order.
    pub(crate) fn expect_only(&self, status: u16) -> anyhow::Result<()> {
        if self.statuses.keys().any(|&seen| seen != status) {
            bail!("expected only status {status}, got {:?}", self.statuses);
        }
        Ok(())
    }

    pub(crate) fn percentiles(&self) -> String {
        format!("p50 {:.1} ms, p99 {:.1} ms", self.latencies.percentile(0.5), self.latencies.percentile(0.99))
    }
}

const WARMING: u8 = 0;
const COUNTING: u8 = 1;
const OVER: u8 = 2;

/// One for all connections: one for each would not fit into the processor's cache.
struct Seen {
    latencies: Latencies,
    statuses: BTreeMap<u16, u64>,
}

impl Load {
    /// Runs it in a thread of its own.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let thread = std::thread::Builder::new().name("load".into()).spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(LocalSet::new().run_until(self.drive()))
        })?;
        thread.join().map_err(|_| anyhow::anyhow!("the load generator panicked"))?
    }

    async fn drive(self) -> anyhow::Result<Outcome> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            let opened = Connection::open(self.address).await;
            connections.push(opened.context("the server takes no more connections")?);
        }
        let phase = Arc::new(AtomicU8::new(WARMING));
        let seen = Rc::new(RefCell::new(Seen { latencies: Latencies::new(), statuses: BTreeMap::new() }));
        let mut clients = JoinSet::new();
        for connection in connections {
            let (template, keys) = (self.template.clone(), self.keys.clone());
            clients.spawn_local(client(connection, template, keys, phase.clone(), seen.clone()));
        }
        tokio::time::sleep(self.warm_up).await;
        let started = Instant::now();
        phase.store(COUNTING, Ordering::Relaxed);
        tokio::time::sleep(self.length).await;
        phase.store(OVER, Ordering::Relaxed);
        let took = started.elapsed();
        while let Some(ended) = clients.join_next().await {
            ended??;
        }
        let seen = seen.borrow();
        Ok(Outcome {
            rate: seen.latencies.total() as f64 / took.as_secs_f64(),
            latencies: seen.latencies.clone(),
            statuses: seen.statuses.clone(),
        })
    }
}

async fn client(
    mut connection: Connection,
    mut template: Template,
    keys: Arc<Keys>,
    phase: Arc<AtomicU8>,
    seen: Rc<RefCell<Seen>>,
) -> anyhow::Result<()> {
    loop {
        template.rekey(&keys);
        let started = Instant::now();
        let answer = connection.exchange(&template.bytes).await?;
        match phase.load(Ordering::Relaxed) {
            WARMING => {}
            COUNTING => {
                let mut seen = seen.borrow_mut();
                seen.latencies.add(started.elapsed());
                *seen.statuses.entry(answer.status).or_default() += 1;
            }
            _ => return Ok(()),
        }
    }
}
