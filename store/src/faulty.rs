//! A store that fails, or waits, when it is told to: around a real one, for the tests of what stands above it.
//!
//! ```ignore
//! let plan = FaultPlan::default();
//! let store = FaultyStore::new(real, plan.clone());
//! plan.fail(Call::AfterCommit, StoreError::Unknown("cable".into())); // the next commit happens, its answer is lost
//! let gate = plan.hold(Call::BeforeCommit); // the one after it waits ...
//! gate.reached().await;
//! gate.release(); // ... until now
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use onhand_rules::{Changes, Needs, Working};
use tokio::sync::Semaphore;

use crate::error::StoreError;
use crate::ops::{OpKey, OpRow};
use crate::reads::Reads;
use crate::session::{Capabilities, Durability, Session, Store};

/// Where a fault can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// [`Store::session`].
    Session,
    /// [`Session::begin`].
    Begin,
    /// [`Session::outcomes`].
    Outcomes,
    /// [`Session::find`].
    Find,
    /// [`Session::lock`].
    Lock,
    /// [`Session::write`]: nothing is written.
    Write,
    /// [`Session::commit`]: the transaction is rolled back.
    BeforeCommit,
    /// [`Session::commit`]: the transaction is committed, and the answer is lost.
    AfterCommit,
}

enum Fault {
    Fail(StoreError),
    Hold(Gate),
}

#[derive(Default)]
struct Plan {
    /// What happens at the call with this number, counted from 1 for each kind of call.
    faults: BTreeMap<Call, VecDeque<(u64, Fault)>>,
    calls: BTreeMap<Call, u64>,
}

/// What goes wrong next; shared between the test and the store.
#[derive(Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

impl FaultPlan {
    /// The next such call fails.
    pub fn fail(&self, call: Call, error: StoreError) {
        self.fail_after(call, 0, error);
    }

    /// The call after `skip` more such calls fails.
    pub fn fail_after(&self, call: Call, skip: u64, error: StoreError) {
        self.put(call, skip, Fault::Fail(error));
    }

    /// The next such call waits until the gate is released, and then goes on as if nothing had been.
    #[must_use]
    pub fn hold(&self, call: Call) -> Gate {
        let gate = Gate::default();
        self.put(call, 0, Fault::Hold(gate.clone()));
        gate
    }

    /// How many such calls there were.
    #[must_use]
    pub fn calls(&self, call: Call) -> u64 {
        self.plan().calls.get(&call).copied().unwrap_or(0)
    }

    /// Faults that have not happened yet: a test that ends with some has not tested what it meant to.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.plan().faults.values().map(VecDeque::len).sum()
    }

    fn put(&self, call: Call, skip: u64, fault: Fault) {
        let mut plan = self.plan();
        let number = plan.calls.get(&call).copied().unwrap_or(0) + 1 + skip;
        let faults = plan.faults.entry(call).or_default();
        // Faults for the same call follow one another: the second is meant for the call after it.
        let taken = faults.iter().map(|(number, _)| *number).max();
        let number = match taken {
            Some(last) if skip == 0 && last >= number => last + 1,
            _ => number,
        };
        let at = faults.partition_point(|(other, _)| *other <= number);
        faults.insert(at, (number, fault));
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, call: Call) -> Option<Fault> {
        let mut plan = self.plan();
        let count = plan.calls.entry(call).or_insert(0);
        *count += 1;
        let number = *count;
        let faults = plan.faults.get_mut(&call)?;
        match faults.front() {
            Some((due, _)) if *due <= number => faults.pop_front().map(|(_, fault)| fault),
            _ => None,
        }
    }

    async fn meet(&self, call: Call) -> Result<(), StoreError> {
        match self.next(call) {
            None => Ok(()),
            Some(Fault::Fail(error)) => Err(error),
            Some(Fault::Hold(gate)) => {
                gate.wait().await;
                Ok(())
            }
        }
    }
}

/// Holds one call until it is released.
#[derive(Clone)]
pub struct Gate {
    reached: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), released: Arc::new(Semaphore::new(0)) }
    }
}

impl Gate {
    /// Waits until the call has come to the gate.
    pub async fn reached(&self) {
        // The semaphore is never closed, so this cannot fail.
        if let Ok(permit) = self.reached.acquire().await {
            permit.forget();
            self.reached.add_permits(1);
        }
    }

    /// Lets the call go on.
    pub fn release(&self) {
        self.released.add_permits(1);
    }

    async fn wait(&self) {
        self.reached.add_permits(1);
        if let Ok(permit) = self.released.acquire().await {
            permit.forget();
        }
    }
}

/// A store around another one.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: FaultPlan,
}

impl FaultyStore {
    /// Wraps a store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, plan: FaultPlan) -> Self {
        Self { inner, plan }
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn not_replicated(&self) -> u64 {
        self.inner.not_replicated()
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        self.plan.meet(Call::Session).await?;
        Ok(Box::new(FaultySession { inner: self.inner.session().await?, plan: self.plan.clone() }))
    }

    fn reads(&self) -> &dyn Reads {
        self.inner.reads()
    }
}

struct FaultySession {
    inner: Box<dyn Session>,
    plan: FaultPlan,
}

impl FaultySession {
    /// A call that fails has rolled back, as the contract of [`Session`] says.
    async fn meet(&mut self, call: Call) -> Result<(), StoreError> {
        match self.plan.meet(call).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.inner.rollback().await?;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Session for FaultySession {
    async fn begin(&mut self) -> Result<i64, StoreError> {
        self.plan.meet(Call::Begin).await?;
        self.inner.begin().await
    }

    async fn outcomes(&mut self, keys: &[OpKey]) -> Result<Vec<OpRow>, StoreError> {
        self.meet(Call::Outcomes).await?;
        self.inner.outcomes(keys).await
    }

    async fn find(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError> {
        self.meet(Call::Find).await?;
        self.inner.find(needs, working).await
    }

    async fn lock(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError> {
        self.meet(Call::Lock).await?;
        self.inner.lock(needs, working).await
    }

    async fn write(&mut self, changes: &Changes, ops: &[OpRow], now: i64) -> Result<(), StoreError> {
        self.meet(Call::Write).await?;
        self.inner.write(changes, ops, now).await
    }

    async fn commit(&mut self) -> Result<i64, StoreError> {
        self.meet(Call::BeforeCommit).await?;
        let head = self.inner.commit().await?;
        self.plan.meet(Call::AfterCommit).await?;
        Ok(head)
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.inner.rollback().await
    }
}
