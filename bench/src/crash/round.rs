//! One database: rounds of load, kill, return and reckoning.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::runtime::Runtime;

use super::account::{Account, Asked, Record};
use super::check::Door;
use super::fleet::{self, Fleet};
use crate::chance::{Chance, KeyKind, Keys};
use crate::place::{Ground, Kind, Place};
use crate::report::say;
use crate::server::Server;

const SKUS: usize = 8;
const OPENING: i64 = 1_000_000;
/// Units of the SKU that everybody wants; a new one each round.
const SCARCE: i64 = 200;
/// The load runs at least this long.
const SHORTEST: Duration = Duration::from_millis(30);
/// How long a server may take to be well again after its database has come back.
const RECOVERY: Duration = Duration::from_secs(60);

/// What to do.
pub(super) struct Run<'a> {
    pub(super) kind: Kind,
    pub(super) place: &'a Place<'a>,
    pub(super) ground: &'a Ground,
    pub(super) binary: &'a Path,
    pub(super) rounds: u32,
    pub(super) longest: Duration,
    pub(super) clients: usize,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) server_kills: u32,
    pub(super) database_kills: u32,
    pub(super) acknowledged: u64,
    pub(super) lost: u64,
    pub(super) oversold: u64,
    pub(super) unknown_done: u64,
    pub(super) unknown_not_done: u64,
    pub(super) verified: u32,
    pub(super) ready_ms: Vec<f64>,
    /// Everything that is not as it must be.
    pub(super) wrong: Vec<String>,
}

struct State {
    server: Server,
    api_key: String,
    keys: Arc<Keys>,
    chance: Chance,
    account: Account,
    /// Every request of every round.
    all: Vec<Record>,
    tally: Tally,
}

impl Run<'_> {
    pub(super) fn go(&self) -> anyhow::Result<Tally> {
        let scratch = tempfile::tempdir_in(self.ground.dir())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let server = self.start(scratch.path())?;
        let api_key = server.api_key.clone().context("the first start showed no API key")?;
        let mut state = State {
            server,
            api_key,
            keys: Arc::new(Keys::new(KeyKind::TimeOrdered, self.seed)),
            chance: Chance::new(self.seed),
            account: Account::default(),
            all: Vec::new(),
            tally: Tally::default(),
        };
        let skus: Vec<String> = (1..=SKUS).map(|number| format!("CRASH-{number}")).collect();
        let opened = runtime.block_on(state.open(&skus, OPENING))?;
        state.account.take(&opened);
        state.all.extend(opened);
        for round in 1..=self.rounds {
            self.round(&runtime, &mut state, &skus, round, scratch.path())
                .with_context(|| format!("{}, round {round}", self.kind))?;
        }
        // Once more all of it: a later crash must not undo what an earlier one had left.
        let (_, found) = runtime.block_on(state.door().ask_again(std::mem::take(&mut state.all)))?;
        state.tally.lost += found.lost.len() as u64;
        state.tally.wrong.extend(found.lost);
        runtime.block_on(state.verify())?;
        Ok(state.tally)
    }

    fn start(&self, scratch: &Path) -> anyhow::Result<Server> {
        Server::start(self.binary, &self.place.arguments(), scratch)
    }

    fn round(
        &self,
        runtime: &Runtime,
        state: &mut State,
        skus: &[String],
        round: u32,
        scratch: &Path,
    ) -> anyhow::Result<()> {
        let scarce = format!("SCARCE-{round}");
        let mut records = runtime.block_on(state.open(std::slice::from_ref(&scarce), SCARCE))?;
        let fleet = Arc::new(Fleet {
            address: state.server.address,
            api_key: state.api_key.clone(),
            keys: state.keys.clone(),
            skus: skus.to_vec(),
            scarce: scarce.clone(),
            over: AtomicBool::new(false),
        });
        let mut clients = {
            let _inside = runtime.enter();
            fleet::launch(&fleet, self.clients, &mut state.chance)
        };
        let span = self.longest.saturating_sub(SHORTEST).as_micros() as u64;
        let load = SHORTEST + Duration::from_micros(state.chance.below(span.max(1)));
        std::thread::sleep(load);
        let victim = self.kill(state, round, scratch, &fleet.over, runtime)?;
        while let Some(ended) = runtime.block_on(clients.join_next()) {
            records.extend(ended??);
        }

        let unknown = records.iter().filter(|record| record.told.is_none()).count();
        let acknowledged = records.len() - unknown;
        let (records, found) = runtime.block_on(state.door().ask_again(records))?;
        state.account.take(&records);
        state.all.extend(records);
        let wrong_before = state.tally.wrong.len();
        let lost = found.lost.len();
        state.tally.wrong.extend(found.lost);
        let oversold = runtime.block_on(state.compare(skus, &scarce))?;
        if round.is_multiple_of((self.rounds / 20).max(1)) {
            runtime.block_on(state.verify())?;
        }
        let tally = &mut state.tally;
        tally.acknowledged += acknowledged as u64;
        tally.lost += lost as u64;
        tally.oversold += oversold;
        tally.unknown_done += found.had_been_done;
        tally.unknown_not_done += found.had_not;
        say(&format!(
            "{} {round}: killed {victim} after {} ms; {acknowledged} acknowledged, {lost} lost, {oversold} oversold, \
             {unknown} unknown ({} had been done); ready after {:.0} ms; {}",
            self.kind,
            load.as_millis(),
            found.had_been_done,
            tally.ready_ms.last().copied().unwrap_or(0.0),
            if tally.wrong.len() == wrong_before { "ok" } else { "WRONG" },
        ));
        Ok(())
    }

    /// Kills and brings back: the server, or in every second round the database under it.
    fn kill(
        &self,
        state: &mut State,
        round: u32,
        scratch: &Path,
        over: &AtomicBool,
        runtime: &Runtime,
    ) -> anyhow::Result<&'static str> {
        let database = self.kind == Kind::Postgres && round.is_multiple_of(2);
        if !database {
            state.server.kill()?;
            over.store(true, Ordering::Relaxed);
            state.tally.server_kills += 1;
            state.server = self.start(scratch)?;
            let ready = state.server.ready_after.as_secs_f64() * 1_000.0;
            state.tally.ready_ms.push(ready);
            return Ok("the server");
        }
        let postgres = self.ground.postgres()?;
        postgres.kill9()?;
        over.store(true, Ordering::Relaxed);
        state.tally.database_kills += 1;
        postgres.restart()?;
        let back = Instant::now();
        while let Err(instead) = runtime.block_on(state.door().ready()) {
            if let Some(status) = state.server.ended()? {
                bail!("the server ended ({status}) when its database was killed; it must wait for it");
            }
            if back.elapsed() > RECOVERY {
                bail!(
                    "not ready {} s after its database came back: {instead}; the end of its log:\n{}",
                    RECOVERY.as_secs(),
                    crate::server::end_of_log(scratch)
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        state.tally.ready_ms.push(back.elapsed().as_secs_f64() * 1_000.0);
        Ok("the database")
    }
}

impl State {
    fn door(&self) -> Door {
        Door { address: self.server.address, api_key: self.api_key.as_str().into() }
    }

    /// New SKUs with so many units; what was asked stands in the account like everything else.
    async fn open(&self, skus: &[String], units: i64) -> anyhow::Result<Vec<Record>> {
        let door = self.door();
        let mut records = Vec::new();
        for sku in skus {
            let body = json!({"sku": sku, "name": sku});
            door.must("POST", "/v1/skus", Some((&self.keys.next(), &body))).await?;
            let asked = Asked::Adjust { sku: sku.clone(), delta: units };
            records.push(Record { key: self.keys.next(), asked, told: None });
        }
        let (records, _) = door.ask_again(records).await?;
        Ok(records)
    }

    /// Compares the server's figures with the account; returns how many SKUs were sold beyond what there was.
    async fn compare(&mut self, skus: &[String], scarce: &String) -> anyhow::Result<u64> {
        let mut oversold = 0;
        for sku in skus.iter().chain([scarce]) {
            let ours = self.account.figures.get(sku).copied().unwrap_or_default();
            let theirs = self.door().figures(sku).await?;
            if ours.available() < 0 || theirs.available() < 0 {
                oversold += 1;
                self.tally.wrong.push(format!("{sku} is oversold: told {ours:?}, the server has {theirs:?}"));
            } else if ours != theirs {
                self.tally.wrong.push(format!("{sku}: by what was told {ours:?}, the server has {theirs:?}"));
            }
        }
        Ok(oversold)
    }

    async fn verify(&mut self) -> anyhow::Result<()> {
        let wrong = self.door().verify(&self.keys.next()).await?;
        if wrong.is_empty() {
            self.tally.verified += 1;
        }
        self.tally.wrong.extend(wrong);
        Ok(())
    }
}
