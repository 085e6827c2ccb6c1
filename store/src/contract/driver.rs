//! Takes batches through a session as the engine does, with a check of what was written in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::{Changes, Command, Context, Event, Needs, OpId, PrincipalId, Tracked, Working};

use super::memory::Memory;
use crate::error::StoreError;
use crate::ops::{OpKey, OpRow, Outcome};
use crate::session::{Session, Store};

/// One command of a batch.
#[derive(Debug, Clone)]
pub struct Request {
    /// What shall happen.
    pub command: Command,
    /// The caller's key; without one, no record is kept.
    pub key: Option<String>,
    /// Who asks.
    pub actor: PrincipalId,
}

impl Request {
    /// A command without a key.
    #[must_use]
    pub fn of(command: impl Into<Command>) -> Self {
        Self { command: command.into(), key: None, actor: PrincipalId(7) }
    }

    /// The same with a key.
    #[must_use]
    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The same from somebody else.
    #[must_use]
    pub fn from(mut self, actor: i64) -> Self {
        self.actor = PrincipalId(actor);
        self
    }

    pub(super) fn op_key(&self) -> Option<OpKey> {
        Some(OpKey { principal: self.actor, kind: self.command.number(), key: self.key.clone()? })
    }

    pub(super) fn fingerprint(&self) -> [u8; 16] {
        use sha2::Digest;
        let whole: [u8; 32] = sha2::Sha256::digest(format!("{:?}", self.command)).into();
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        short
    }
}

/// One writer.
pub struct Driver {
    session: Box<dyn Session>,
    next_op: u128,
    /// Read back everything that was written, in a transaction of its own. Only right while nobody else writes.
    pub read_back: bool,
    /// What the last transaction wrote.
    pub last: Changes,
    /// Events of the last batch, in order.
    pub events: Vec<Event>,
    /// Transactions that the last batch took.
    pub transactions: usize,
    /// The commands of the last batch in the order in which they were decided.
    pub order: Vec<usize>,
    /// The ledger clock of the last batch.
    pub now: i64,
    /// The same commands on plain maps. Only right where nobody else writes, from an empty database on.
    pub memory: Option<Memory>,
}

impl Driver {
    /// A writer whose operations are numbered from `first_op`.
    pub async fn new(store: &Arc<dyn Store>, first_op: u128) -> Self {
        Self {
            session: store.session().await.expect("a session"),
            next_op: first_op,
            read_back: true,
            last: Changes::default(),
            events: Vec::new(),
            transactions: 0,
            order: Vec::new(),
            now: 0,
            memory: None,
        }
    }

    /// The session itself, for tests that take single steps.
    pub fn session(&mut self) -> &mut dyn Session {
        self.session.as_mut()
    }

    /// The next operation id. Ids of rows that a command makes count on from it, so the next one is far away.
    pub fn op(&mut self) -> OpId {
        self.next_op += 1;
        OpId(self.next_op << 20)
    }

    /// Runs the batch until it does not meet another writer any more.
    pub async fn insist(&mut self, batch: &[Request]) -> Vec<Outcome> {
        for _ in 0..200 {
            match self.batch(batch).await {
                Ok(outcomes) => return outcomes,
                Err(StoreError::Conflict(_)) => tokio::task::yield_now().await,
                Err(other) => panic!("a batch of {} failed: {other}", batch.len()),
            }
        }
        panic!("two hundred conflicts in a row: two writers are not getting out of each other's way");
    }

    /// Runs a batch. A command that must see what an earlier one of the batch made goes into a transaction after it.
    pub async fn batch(&mut self, batch: &[Request]) -> Result<Vec<Outcome>, StoreError> {
        self.events.clear();
        self.transactions = 0;
        self.order.clear();
        let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
        loop {
            let open: Vec<usize> = (0..batch.len()).filter(|&index| outcomes[index].is_none()).collect();
            if open.is_empty() {
                return Ok(outcomes.into_iter().flatten().collect());
            }
            let part: Vec<Request> = open.iter().map(|&index| batch[index].clone()).collect();
            let answers = self.transaction(&part).await?;
            assert!(answers.iter().any(Option::is_some), "no command could see what it must see");
            for (index, answer) in open.into_iter().zip(answers) {
                self.order.extend(answer.is_some().then_some(index));
                outcomes[index] = answer;
            }
        }
    }

    /// Runs one transaction: begin, outcomes, find, lock, decide, write, commit.
    async fn transaction(&mut self, batch: &[Request]) -> Result<Vec<Option<Outcome>>, StoreError> {
        let now = self.session.begin().await?;
        assert!(now >= self.now, "the ledger clock went back from {} to {now}", self.now);
        self.now = now;
        let mut known = self.known(batch).await?;
        let fresh: Vec<&Request> = batch
            .iter()
            .filter(|request| request.op_key().is_none_or(|key| !known.contains_key(&key)))
            .collect();
        let mut working = self.load(&fresh).await?;
        let mut ops = Vec::new();
        let mut ids = Vec::with_capacity(batch.len());
        let mut outcomes = Vec::with_capacity(batch.len());
        for request in batch {
            let key = request.op_key();
            if let Some(row) = key.as_ref().and_then(|key| known.get(key)) {
                assert_eq!(row.fingerprint, request.fingerprint(), "one key for two requests");
                outcomes.push(Some(row.outcome.clone()));
                ids.push(None);
                continue;
            }
            let id = self.op();
            ids.push(Some(id));
            let outcome = decide(&mut working, request, id, now);
            if let (Some(key), Some(outcome)) = (key, &outcome) {
                let fingerprint = request.fingerprint();
                let row = OpRow { key: key.clone(), id, fingerprint, outcome: outcome.clone(), at: now };
                ops.push(row.clone());
                known.insert(key, row);
            }
            outcomes.push(outcome);
        }
        let changes = working.into_changes(PrincipalId::SYSTEM);
        self.session.write(&changes, &ops, now).await?;
        self.session.commit().await?;
        self.transactions += 1;
        self.events.extend(changes.events.clone());
        self.last = changes;
        if self.read_back {
            self.check_written(&ops).await;
        }
        if let Some(memory) = &mut self.memory {
            assert_eq!(
                outcomes,
                memory.transaction(batch, &ids, now),
                "outcomes on the store and on plain maps"
            );
        }
        Ok(outcomes)
    }

    async fn known(&mut self, batch: &[Request]) -> Result<BTreeMap<OpKey, OpRow>, StoreError> {
        let mut keys: Vec<OpKey> = batch.iter().filter_map(Request::op_key).collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.session.outcomes(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
    }

    /// Finds until nothing is missing, then locks, then asks again: under locks nothing may be missing.
    async fn load(&mut self, fresh: &[&Request]) -> Result<Working, StoreError> {
        let mut working = Working::default();
        for _ in 0..ROUNDS_MAX {
            let missing = working.missing(&needs_of(fresh, &working));
            if missing.is_empty() {
                break;
            }
            self.session.find(&missing, &mut working).await?;
            let left = working.missing(&missing);
            assert!(left.is_empty(), "asked for and not there after find: {left:?}");
        }
        let needs = needs_of(fresh, &working);
        let left = working.missing(&needs);
        assert!(left.is_empty(), "{ROUNDS_MAX} rounds were not enough: {left:?}");
        self.session.lock(&needs, &mut working).await?;
        if working.missing(&needs_of(fresh, &working)).is_empty() {
            return Ok(working);
        }
        self.session.rollback().await?;
        Err(StoreError::Conflict("the rows changed while they were found".into()))
    }

    /// Moves the ledger clock by writing nothing at a later time.
    pub(super) async fn write_at(&mut self, at: i64) {
        self.session.begin().await.expect("begin");
        self.session.write(&Changes::default(), &[], at).await.expect("write nothing");
        self.session.commit().await.expect("commit nothing");
        let now = self.session.begin().await.expect("begin");
        self.session.rollback().await.expect("rollback");
        assert!(
            now >= at,
            "the last write was at {at}, and begin gives out {now}: the time of a write must be remembered"
        );
    }

    /// Reads everything back that the last batch wrote and compares it.
    async fn check_written(&mut self, ops: &[OpRow]) {
        let changes = self.last.clone();
        let needs = needs_of_changes(&changes);
        let mut found = Working::default();
        self.session.begin().await.expect("begin");
        self.session.find(&needs, &mut found).await.expect("find what was written");
        compare("SKU", &changes.skus, |row| found.skus[&row.id].before.clone());
        compare("location", &changes.locations, |row| found.locations[&row.id].before.clone());
        compare("stock row", &changes.stock, |row| found.stock[&row.key].before);
        compare("order", &changes.orders, |row| found.orders[&row.id].before.clone());
        compare("reservation", &changes.reservations, |row| found.reservations[&row.id].before.clone());
        compare("API key", &changes.api_keys, |row| found.api_keys[&row.id].before.clone());
        for row in changes.skus.iter().filter_map(|row| row.now.as_ref()) {
            assert_eq!(found.sku_codes.get(&row.code), Some(&Some(row.id)), "SKU by its code");
        }
        for row in changes.locations.iter().filter_map(|row| row.now.as_ref()) {
            let known = found.location_codes.get(&row.code);
            assert_eq!(known, Some(&Some(row.id)), "location by its code");
        }
        for row in changes.orders.iter().filter_map(|row| row.now.as_ref()) {
            if let Some(reference) = &row.reference {
                let known = found.order_references.get(&(row.channel.clone(), reference.clone()));
                assert_eq!(known, Some(&Some(row.id)), "order by its reference");
            }
        }
        if let Some(counters) = changes.counters {
            let known = found.counters.as_ref().and_then(|row| row.before);
            assert_eq!(known, Some(counters), "counters");
        }
        let mut keys: Vec<OpKey> = ops.iter().map(|row| row.key.clone()).collect();
        keys.sort();
        if !keys.is_empty() {
            let mut rows = self.session.outcomes(&keys).await.expect("outcomes");
            rows.sort_by(|a, b| a.key.cmp(&b.key));
            let mut wanted = ops.to_vec();
            wanted.sort_by(|a, b| a.key.cmp(&b.key));
            assert_eq!(rows, wanted, "operation records");
        }
        self.session.rollback().await.expect("rollback");
    }
}

pub(super) fn needs_of(fresh: &[&Request], working: &Working) -> Needs {
    let mut needs = Needs::default();
    for request in fresh {
        request.command.needs(working, &mut needs);
    }
    needs
}

/// Decides one command; `None` if it read rows that nobody had loaded, which undoes it.
pub(super) fn decide(working: &mut Working, request: &Request, op: OpId, now: i64) -> Option<Outcome> {
    let trace = request.key.as_ref().map(|key| format!("00-{key}"));
    let context = Context { now, op, actor: request.actor, trace };
    let mut scope = working.scope();
    let decided = request.command.decide(&mut scope, &context);
    if decided.is_ok() {
        scope.accept_if_asked();
    } else {
        drop(scope);
    }
    let asked = std::mem::take(&mut working.unasked).is_empty();
    asked.then(|| decided.map_or_else(Outcome::Refused, Outcome::Done))
}

fn needs_of_changes(changes: &Changes) -> Needs {
    fn now<T>(rows: &[Tracked<T>]) -> impl Iterator<Item = &T> {
        rows.iter().filter_map(|row| row.now.as_ref())
    }
    Needs {
        sku_codes: now(&changes.skus).map(|row| row.code.clone()).collect(),
        skus: now(&changes.skus).map(|row| row.id).collect(),
        location_codes: now(&changes.locations).map(|row| row.code.clone()).collect(),
        locations: now(&changes.locations).map(|row| row.id).collect(),
        stock: now(&changes.stock).map(|row| row.key).collect(),
        orders: now(&changes.orders).map(|row| row.id).collect(),
        order_references: now(&changes.orders)
            .filter_map(|row| Some((row.channel.clone(), row.reference.clone()?)))
            .collect(),
        reservations: now(&changes.reservations).map(|row| row.id).collect(),
        api_keys: now(&changes.api_keys).map(|row| row.id).collect(),
        counters: changes.counters.is_some(),
        ..Needs::default()
    }
}

fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    written: &[Tracked<T>],
    found: impl Fn(&T) -> Option<T>,
) {
    for row in written.iter().filter_map(|row| row.now.as_ref()) {
        assert_eq!(found(row).as_ref(), Some(row), "{what} as found (left) and as written (right)");
    }
}
