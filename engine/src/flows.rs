//! What happens in the world after a change: one file for each kind of job.
//!
//! A flow reads what is true now, calls a marketplace, and submits what it learned as a command. It keeps no state and
//! holds no transaction over a request. Everything a flow does may be done twice: figures are absolute, orders are
//! compared with what was applied, webhooks are hints.

mod catalogue;
mod catching_up;
mod comparing;
mod consent;
mod drift;
mod grants;
mod handlers;
mod ingest;
mod orders;
mod peek;
mod push;
mod shipping;
mod visit;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use onhand_connector::{AppKeys, Channel, Endpoint};
use onhand_rules::commands::queue::End;
use onhand_rules::retry::FailureClass;
use onhand_rules::{Command, Job, JobBody, Receipt, ShopId};
use onhand_store::{Outcome, StoreError};

use self::catching_up::Seen;
use self::peek::Peeked;
use crate::jobs::LeaseGuard;
use crate::ledger::{Engine, Request, SubmitError};
use crate::publishing::Locations;
use crate::vault::Vault;

pub use consent::{ConnectError, Consented};
pub use handlers::SharedLimits;
pub use ingest::{Arrived, IngestError};

/// A marketplace with the keys of our app there.
#[derive(Clone)]
pub struct Outlet {
    /// Its connector.
    pub channel: Arc<dyn Channel>,
    /// Keys and addresses.
    pub app: Arc<AppKeys>,
}

/// Whether a request may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It may; it waited this long, in milliseconds.
    Go {
        /// Milliseconds.
        waited_ms: i64,
    },
    /// Not before this time (ledger clock).
    Wait {
        /// Ledger clock.
        until: i64,
    },
}

/// The rate limits, and the measures of pushes.
#[async_trait]
pub trait Limits: Send + Sync {
    /// Takes the right to make one request, waiting for it at most as long as `patience_ms`. `rate` and `burst` are in
    /// thousandths of requests (a second).
    async fn acquire(&self, shop: ShopId, endpoint: &str, rate: i64, burst: i64, patience_ms: i64) -> Pace;
    /// The call was so many requests more than the one that was acquired: they are charged, if need be as a debt.
    async fn charge(&self, shop: ShopId, endpoint: &str, rate: i64, burst: i64, more: u32);
    /// Whether at least half of what can be saved up is there: room for what could be left out.
    async fn has_room(&self, shop: ShopId, endpoint: &str, rate: i64, burst: i64) -> bool;
    /// The marketplace said: fewer.
    async fn throttled(&self, shop: ShopId, endpoint: &str, retry_after_ms: Option<i64>);
    /// The marketplace answered after it had said so.
    async fn answered(&self, shop: ShopId, endpoint: &str);
    /// A push was acknowledged: milliseconds it waited in the queue and for the limit, and took on the network.
    fn pushed(&self, shop: &str, wait_ms: i64, limit_ms: i64, network_ms: i64);
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowEnd {
    /// The runner ends it so.
    End(End),
    /// The flow has ended it itself, in the transaction of its result, and so.
    Ended(End),
}

/// One attempt at one job.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The job as claimed.
    pub job: &'a Job,
    /// Its fencing number.
    pub lease: i64,
    /// What the runner knows of the lease.
    pub guard: &'a LeaseGuard,
    /// When it was claimed. Ledger clock.
    pub claimed_at: i64,
}

/// Everything the flows need. Cloning shares it.
#[derive(Clone)]
pub struct Flows {
    engine: Engine,
    outlets: Arc<BTreeMap<&'static str, Outlet>>,
    vault: Vault,
    limits: Arc<dyn Limits>,
    /// One refresh at a time for each authorisation: the others wait for its result.
    refreshing: Arc<Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>>,
    /// When new orders of each shop were last looked for before a push.
    peeked: Arc<Mutex<BTreeMap<ShopId, Arc<tokio::sync::Mutex<Peeked>>>>>,
    /// Whose stock shops publish.
    locations: Arc<Locations>,
    /// What was fetched and listed lately.
    seen: Arc<Seen>,
    /// When each shop's good answer was last noted, so that not each one is written.
    noted: Arc<Mutex<BTreeMap<ShopId, std::time::Instant>>>,
}

impl Flows {
    /// Over these marketplaces.
    #[must_use]
    pub fn new(engine: Engine, outlets: Vec<Outlet>, vault: Vault, limits: Arc<dyn Limits>) -> Self {
        let outlets = outlets.into_iter().map(|outlet| (outlet.channel.facts().name, outlet)).collect();
        Self {
            engine,
            outlets: Arc::new(outlets),
            vault,
            limits,
            refreshing: Arc::default(),
            peeked: Arc::default(),
            locations: Arc::default(),
            seen: Arc::default(),
            noted: Arc::default(),
        }
    }

    /// The marketplaces, by name.
    #[must_use]
    pub fn outlets(&self) -> &BTreeMap<&'static str, Outlet> {
        &self.outlets
    }

    /// Does one job.
    pub async fn run(&self, attempt: Attempt<'_>) -> FlowEnd {
        let result = match &attempt.job.body {
            JobBody::PushStock { shop, unit } => return self.push_stock(attempt, *shop, unit).await,
            JobBody::ReadBack { shop, unit } => self.read_back(attempt, *shop, unit).await,
            JobBody::SettleEdit { shop, listing } => self.settle_edit(attempt, *shop, *listing).await,
            JobBody::FetchOrder { shop, reference } => self.fetch_order(attempt, *shop, reference).await,
            JobBody::PollOrders { shop } => self.poll_orders(attempt, *shop).await,
            JobBody::PollReturns { shop } => self.poll_returns(attempt, *shop).await,
            JobBody::RecoverWebhooks { shop } => self.recover_webhooks(attempt, *shop).await,
            JobBody::ShipOrder { shop, reference, line_ids, carrier, tracking } => {
                let (reference, line_ids) = (reference.clone(), line_ids.clone());
                let (carrier, tracking) = (carrier.clone(), tracking.clone());
                let shipment = onhand_connector::Shipment { reference, line_ids, carrier, tracking };
                self.ship(attempt, *shop, &shipment).await
            }
            JobBody::AnswerCancel { shop, reference, accept } => {
                self.answer_cancel(attempt, *shop, reference, *accept).await
            }
            JobBody::RefreshGrant { shop } => self.refresh_grant(attempt, *shop).await,
            JobBody::ProbeShop { shop } => self.probe(attempt, *shop).await,
            JobBody::ImportListings { shop } => self.import_listings(attempt, *shop).await,
            JobBody::ImportItem { shop, item } => self.import_item(attempt, *shop, item).await,
            JobBody::SweepDrift { shop } => self.sweep_drift(attempt, *shop).await,
            JobBody::CompareOrders { shop } => self.compare_orders(attempt, *shop).await,
            JobBody::Nothing { .. } => Ok(()),
            JobBody::Unreadable { .. } => {
                Err(failed(FailureClass::Undecodable, "undecodable", "the job cannot be read"))
            }
        };
        FlowEnd::End(match result {
            Ok(()) => done("done"),
            Err(end) => end,
        })
    }

    /// Runs a command; a refusal or a database that is away ends the job.
    async fn submit(&self, command: impl Into<Command>) -> Result<Receipt, End> {
        receipt_of(self.engine.submit(Request::internal(command)).await.map(|answer| answer.outcome))
    }
}

fn receipt_of(answer: Result<Outcome, SubmitError>) -> Result<Receipt, End> {
    match answer.map_err(|error| away(&error))? {
        Outcome::Done(receipt) => Ok(receipt),
        Outcome::Refused(refusal) => Err(failed(FailureClass::Invalid, refusal.code(), &refusal.to_string())),
    }
}

/// A job that ended well.
fn done(outcome: &str) -> End {
    End::Done { outcome: outcome.to_owned() }
}

/// A job that ended badly.
fn failed(class: FailureClass, code: &str, message: &str) -> End {
    let jitter = crate::vault::random::<2>().map_or(0, u16::from_le_bytes);
    End::Failed { class, code: code.to_owned(), message: message.to_owned(), retry_after_ms: None, jitter }
}

/// The database is away or busy: our trouble, not the job's.
fn away(error: &SubmitError) -> End {
    failed(FailureClass::Conflict, error.code(), &error.to_string())
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

/// A read of our own database that failed.
struct ReadError(StoreError);

impl From<ReadError> for End {
    fn from(ReadError(error): ReadError) -> Self {
        failed(FailureClass::Conflict, "database", &error.to_string())
    }
}

fn read<T>(result: Result<T, StoreError>) -> Result<T, End> {
    result.map_err(|error| End::from(ReadError(error)))
}

/// The kinds of request, as the buckets are called.
fn endpoint_name(endpoint: Endpoint) -> &'static str {
    endpoint.name()
}
