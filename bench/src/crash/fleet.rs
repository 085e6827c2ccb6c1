//! Clients that buy, confirm and count until the server is gone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::bail;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::account::{Asked, Record, Told};
use crate::chance::{Chance, Keys};
use crate::wire::Connection;

/// A client gives up after this long: then nobody knows.
const PATIENCE: Duration = Duration::from_secs(15);

/// What all clients share.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) address: SocketAddr,
    pub(super) api_key: String,
    pub(super) keys: Arc<Keys>,
    /// SKUs with plenty.
    pub(super) skus: Vec<String>,
    /// The SKU that everybody wants and that does not last.
    pub(super) scarce: String,
    /// Set at the kill: whoever gets an answer afterwards sends nothing more.
    pub(super) over: AtomicBool,
}

/// Starts the clients. Each ends with all it asked, in the order in which it asked.
pub(super) fn launch(
    fleet: &Arc<Fleet>,
    clients: usize,
    chance: &mut Chance,
) -> JoinSet<anyhow::Result<Vec<Record>>> {
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let client = Client {
            fleet: fleet.clone(),
            chance: Chance::new(chance.next()),
            records: Vec::new(),
            held: Vec::new(),
        };
        running.spawn(client.run());
    }
    running
}

struct Client {
    fleet: Arc<Fleet>,
    chance: Chance,
    records: Vec<Record>,
    /// Its orders that are not confirmed yet.
    held: Vec<String>,
}

impl Client {
    async fn run(mut self) -> anyhow::Result<Vec<Record>> {
        // The server may be gone before this client got to it.
        let Ok(mut connection) = Connection::open(self.fleet.address).await else {
            return Ok(self.records);
        };
        while !self.fleet.over.load(Ordering::Relaxed) {
            let asked = self.choose();
            let key = self.fleet.keys.next();
            let request = asked.request(&self.fleet.api_key, &key);
            // Recorded before it is sent: from then on it may have been done.
            self.records.push(Record { key, asked, told: None });
            match timeout(PATIENCE, connection.exchange(&request.bytes)).await {
                Ok(Ok(answer)) => {
                    if !matches!(answer.status, 200..=299 | 409 | 503 | 507) {
                        let body = String::from_utf8_lossy(answer.body).into_owned();
                        bail!("answered {} during the load: {body}", answer.status);
                    }
                    let told = Told::of(&answer);
                    let later = told.is_none();
                    self.remember(told);
                    if later {
                        // The database is gone: asking on would only make a heap of the same.
                        break;
                    }
                }
                // Cut off, or silence: this one is unknown, and there is nobody to talk to any more.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        Ok(self.records)
    }

    fn remember(&mut self, told: Option<Told>) {
        let Some(record) = self.records.last_mut() else {
            return;
        };
        let placed = matches!(record.asked, Asked::Place { confirm: false, .. });
        if let Some(order) = told.as_ref().and_then(|told| told.order.clone())
            && placed
        {
            self.held.push(order);
        }
        record.told = told;
    }

    fn choose(&mut self) -> Asked {
        let draw = self.chance.below(100);
        if draw < 25 && !self.held.is_empty() {
            let at = self.chance.below(self.held.len() as u64) as usize;
            return Asked::Confirm { order: self.held.swap_remove(at) };
        }
        if draw < 40 {
            return Asked::Adjust {
                sku: self.plenty(),
                delta: if self.chance.below(2) == 0 { 5 } else { -5 },
            };
        }
        let units = 1 + self.chance.below(3) as i64;
        let lines = match self.chance.below(4) {
            0 => vec![(self.fleet.scarce.clone(), units)],
            // All or nothing, also over a crash.
            1 => vec![(self.plenty(), units), (self.fleet.scarce.clone(), 1)],
            _ => vec![(self.plenty(), units)],
        };
        Asked::Place { lines, confirm: self.chance.below(3) == 0 }
    }

    fn plenty(&mut self) -> String {
        let at = self.chance.below(self.fleet.skus.len() as u64) as usize;
        self.fleet.skus[at].clone()
    }
}
