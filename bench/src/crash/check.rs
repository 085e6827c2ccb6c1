//! After a kill: everything acknowledged is there, everything unknown becomes known, and the figures agree.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::task::JoinSet;

use super::account::{Figures, Record, Told};
use crate::wire::{Connection, Template};

/// Connections that ask at once.
const WIDTH: usize = 16;
/// How long an answer of 503 is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What asking again told.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Acknowledged requests that were answered differently, or done a second time.
    pub(super) lost: Vec<String>,
    /// Unknown requests that turned out to have been done (or refused) before the kill.
    pub(super) had_been_done: u64,
    /// Unknown requests that were done only now.
    pub(super) had_not: u64,
}

/// A server and the right to talk to it.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) api_key: Arc<str>,
}

impl Door {
    /// Asks every record again. Known ones are compared, unknown ones become known.
    pub(super) async fn ask_again(&self, records: Vec<Record>) -> anyhow::Result<(Vec<Record>, Found)> {
        let share = records.len().div_ceil(WIDTH).max(1);
        let mut asking = JoinSet::new();
        for (at, part) in records.chunks(share).enumerate() {
            let (door, part) = (self.clone(), part.to_vec());
            asking.spawn(async move { anyhow::Ok((at, door.ask_part(part).await?)) });
        }
        let mut parts = Vec::new();
        while let Some(ended) = asking.join_next().await {
            parts.push(ended??);
        }
        parts.sort_by_key(|(at, _)| *at);
        let mut found = Found::default();
        let mut known = Vec::with_capacity(records.len());
        for (_, (part, of_part)) in parts {
            known.extend(part);
            found.lost.extend(of_part.lost);
            found.had_been_done += of_part.had_been_done;
            found.had_not += of_part.had_not;
        }
        Ok((known, found))
    }

    async fn ask_part(&self, mut records: Vec<Record>) -> anyhow::Result<(Vec<Record>, Found)> {
        let mut connection = Connection::open(self.address).await?;
        let mut found = Found::default();
        for record in &mut records {
            let (told, replayed) = self.ask(&mut connection, record).await?;
            match &record.told {
                Some(before) if *before == told && replayed => {}
                Some(before) => found.lost.push(format!(
                    "{:?} under {}: told {before:?}, now {told:?}, replayed: {replayed}",
                    record.asked, record.key
                )),
                None if replayed => found.had_been_done += 1,
                None => found.had_not += 1,
            }
            record.told = Some(told);
        }
        Ok((records, found))
    }

    /// The final answer, and whether it is that of an earlier request.
    async fn ask(&self, connection: &mut Connection, record: &Record) -> anyhow::Result<(Told, bool)> {
        let request = record.asked.request(&self.api_key, &record.key);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = connection.exchange(&request.bytes).await?;
            if let Some(told) = Told::of(&answer) {
                let replayed = answer.header("Idempotency-Replayed") == Some("true");
                return Ok((told, replayed));
            }
            let again = matches!(answer.status, 503 | 507) && Instant::now() < deadline;
            if !again {
                let body = String::from_utf8_lossy(answer.body).into_owned();
                bail!("{:?} under {}: answered {}: {body}", record.asked, record.key, answer.status);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A request that must succeed.
    pub(super) async fn must(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> anyhow::Result<Value> {
        let request = match body {
            Some((key, body)) => Template::keyed(method, path, &self.api_key, Some(key), body),
            None => Template::plain(method, path, &self.api_key, None),
        };
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request.bytes).await?;
        if !(200..300).contains(&answer.status) {
            let body = String::from_utf8_lossy(answer.body).into_owned();
            bail!("{method} {path}: {} {body}", answer.status);
        }
        answer.json()
    }

    /// `Ok` once it says that it is ready, database included; else what it says instead.
    pub(super) async fn ready(&self) -> Result<(), String> {
        let request = Template::plain("GET", "/readyz", &self.api_key, None);
        let mut connection = Connection::open(self.address).await.map_err(|error| error.to_string())?;
        let answer = connection.exchange(&request.bytes).await.map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(()),
            status => Err(format!("{status} {}", String::from_utf8_lossy(answer.body))),
        }
    }

    /// What the server says about a SKU.
    pub(super) async fn figures(&self, sku: &str) -> anyhow::Result<Figures> {
        let stock = self.must("GET", &format!("/v1/stock/{sku}/main"), None).await?;
        let figure = |name: &str| stock[name].as_i64().with_context(|| format!("no {name} in {stock}"));
        Ok(Figures {
            on_hand: figure("on_hand")?,
            reserved: figure("reserved")?,
            allocated: figure("allocated")?,
        })
    }

    /// What `verify` finds wrong.
    pub(super) async fn verify(&self, key: &str) -> anyhow::Result<Vec<String>> {
        let report = self.must("POST", "/v1/verify", Some((key, &Value::Object(Default::default())))).await?;
        let violations = report["violations"].as_array().context("no violations in the report")?;
        let mut wrong: Vec<String> = violations.iter().map(|found| format!("verify: {found}")).collect();
        if wrong.is_empty() && report["clean"] != true {
            wrong.push(format!("verify: not clean: {report}"));
        }
        Ok(wrong)
    }
}
