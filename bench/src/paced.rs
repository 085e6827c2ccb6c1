//! Requests at a rate, whether or not the ones before them were answered: buyers and marketplaces do not wait for us.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::{JoinSet, LocalSet};

use crate::figures::Latencies;
use crate::wire::Connection;

/// What to send, and how fast.
#[derive(Debug)]
pub(crate) struct Paced {
    pub(crate) address: SocketAddr,
    /// Requests a second.
    pub(crate) rate: f64,
    /// As many can be on their way at once.
    pub(crate) connections: usize,
    /// Whole requests, sent in this order.
    pub(crate) requests: Vec<Vec<u8>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answered {
    /// From when a request was due, not from when there was a connection for it.
    pub(crate) latencies: Latencies,
    statuses: BTreeMap<u16, u64>,
    /// What the first answer that was no success said.
    complaint: Option<String>,
}

impl Answered {
    /// Fails unless every answer was a success.
    pub(crate) fn expect_success(&self) -> anyhow::Result<()> {
        if self.statuses.keys().any(|status| !(200..300).contains(status)) {
            bail!(
                "not only successes: {:?}; {}",
                self.statuses,
                self.complaint.as_deref().unwrap_or_default()
            );
        }
        Ok(())
    }
}

impl Paced {
    /// Runs it in a thread of its own.
    pub(crate) fn run(self) -> anyhow::Result<Answered> {
        let thread = std::thread::Builder::new().name("paced".into()).spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(LocalSet::new().run_until(self.drive()))
        })?;
        thread.join().map_err(|_| anyhow::anyhow!("the load generator panicked"))?
    }

    async fn drive(self) -> anyhow::Result<Answered> {
        let requests = Arc::new(self.requests);
        let nothing = Answered { latencies: Latencies::new(), statuses: BTreeMap::new(), complaint: None };
        let answered = Rc::new(RefCell::new(nothing));
        let mut clients = JoinSet::new();
        let each = Duration::from_secs_f64(1.0 / self.rate);
        let started = Instant::now() + Duration::from_millis(100);
        for first in 0..self.connections {
            let connection = Connection::open(self.address).await.context("no connection")?;
            let numbers = (first..requests.len()).step_by(self.connections);
            let due = move |number: usize| started + each.mul_f64(number as f64);
            clients.spawn_local(client(connection, requests.clone(), numbers, due, answered.clone()));
        }
        while let Some(ended) = clients.join_next().await {
            ended??;
        }
        let answered = Rc::try_unwrap(answered).map_err(|_| anyhow::anyhow!("a client is left"))?;
        Ok(answered.into_inner())
    }
}

async fn client(
    mut connection: Connection,
    requests: Arc<Vec<Vec<u8>>>,
    numbers: impl Iterator<Item = usize>,
    due: impl Fn(usize) -> Instant,
    answered: Rc<RefCell<Answered>>,
) -> anyhow::Result<()> {
    for number in numbers {
        let due = due(number);
        tokio::time::sleep_until(due.into()).await;
        let answer = connection.exchange(&requests[number]).await?;
        let mut answered = answered.borrow_mut();
        answered.latencies.add(due.elapsed());
        *answered.statuses.entry(answer.status).or_default() += 1;
        if answered.complaint.is_none() && !(200..300).contains(&answer.status) {
            answered.complaint = Some(String::from_utf8_lossy(answer.body).into_owned());
        }
    }
    Ok(())
}
