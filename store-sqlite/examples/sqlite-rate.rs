//! How many orders the store itself takes, without HTTP and without the engine's queue: decisions of the rules, written
//! in batches of fixed sizes, each commit synced.
//!
//! `cargo run --release -p onhand-store-sqlite --example sqlite-rate [DIR] [SECONDS]`. Machines differ and neighbours disturb:
//! compare figures of one run only.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for people")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use onhand_rules::commands::{ChangeStock, CreateLocation, CreateSku, PlaceOrder, Reason, StockItem};
use onhand_rules::holding::LineRequest;
use onhand_rules::{Command, Context, Needs, OpId, OrderId, PrincipalId, Working};
use onhand_store::{OpKey, OpRow, Outcome, Session, Store};
use onhand_store_sqlite::{Options, SqliteStore};

const SKUS: usize = 10_000;
const ACTOR: PrincipalId = PrincipalId(1);

/// Where the time went.
#[derive(Default)]
struct Spent {
    begin: Duration,
    outcomes: Duration,
    find: Duration,
    decide: Duration,
    write: Duration,
    commit: Duration,
}

struct Bench {
    session: Box<dyn Session>,
    serial: u128,
    spent: Spent,
}

impl Bench {
    /// Ids that sort by time, as the engine makes them.
    fn id(&mut self) -> u128 {
        self.serial += 1;
        (0x0192_0000_0000_7000_u128 << 64) + (self.serial << 20) + (self.serial * 0x9e37 % 0xf_ffff)
    }

    async fn batch(&mut self, commands: Vec<Command>) -> usize {
        let mut clock = Instant::now();
        let mut lap = |slot: &mut Duration| {
            *slot += clock.elapsed();
            clock = Instant::now();
        };
        let ids: Vec<OpId> = commands.iter().map(|_| OpId(self.id())).collect();
        let now = self.session.begin().await.unwrap();
        lap(&mut self.spent.begin);
        let keys: Vec<OpKey> = commands
            .iter()
            .zip(&ids)
            .map(|(command, id)| OpKey {
                principal: ACTOR,
                kind: command.number(),
                key: format!("{:032x}", id.0),
            })
            .collect();
        assert!(self.session.outcomes(&keys).await.unwrap().is_empty());
        lap(&mut self.spent.outcomes);
        let mut working = Working::default();
        loop {
            let mut needs = Needs::default();
            commands.iter().for_each(|command| command.needs(&working, &mut needs));
            let missing = working.missing(&needs);
            if missing.is_empty() {
                break;
            }
            self.session.find(&missing, &mut working).await.unwrap();
        }
        lap(&mut self.spent.find);
        let mut ops = Vec::with_capacity(commands.len());
        let mut done = 0;
        for ((command, op), key) in commands.iter().zip(ids).zip(keys) {
            let context = Context { now, op, actor: ACTOR, trace: None };
            let mut scope = working.scope();
            let outcome = match command.decide(&mut scope, &context) {
                Ok(receipt) => {
                    scope.accept();
                    done += 1;
                    Outcome::Done(receipt)
                }
                Err(refusal) => {
                    drop(scope);
                    Outcome::Refused(refusal)
                }
            };
            ops.push(OpRow { key, id: op, fingerprint: [7; 16], outcome, at: now });
        }
        let changes = working.into_changes(ACTOR);
        lap(&mut self.spent.decide);
        self.session.write(&changes, &ops, now).await.unwrap();
        lap(&mut self.spent.write);
        self.session.commit().await.unwrap();
        lap(&mut self.spent.commit);
        done
    }

    fn order(&mut self, sku: usize) -> Command {
        let id = OrderId(self.id());
        PlaceOrder {
            id,
            channel: "api".into(),
            reference: Some(format!("R-{}", self.serial)),
            lines: vec![LineRequest {
                sku: code(sku),
                location: "main".into(),
                quantity: 1,
                unit_minor: Some(995),
            }],
            hold_ms: 3_600_000,
            confirm: false,
            forced: false,
            payment_reference: None,
            currency: Some("EUR".into()),
        }
        .into()
    }
}

fn code(sku: usize) -> String {
    format!("SKU-{sku:05}")
}

async fn catalogue(bench: &mut Bench) {
    let place = CreateLocation { code: "main".into(), name: "Main".into() };
    bench.batch(vec![place.into()]).await;
    for first in (0..SKUS).step_by(1000) {
        let new =
            |sku| CreateSku { code: code(sku), name: code(sku), components: Vec::new(), backorder_limit: 0 };
        let skus = (first..first + 1000).map(|sku| new(sku).into()).collect();
        assert_eq!(bench.batch(skus).await, 1000);
        let receive = |sku| ChangeStock {
            items: vec![StockItem::Adjust {
                sku: code(sku),
                location: "main".into(),
                delta: 100_000_000,
                reason: Reason::Received,
                note: None,
            }],
        };
        let stock = (first..first + 1000).map(|sku| receive(sku).into()).collect();
        assert_eq!(bench.batch(stock).await, 1000);
    }
}

/// Picks SKUs so that the n-th most wanted is wanted 1/n as often as the first.
struct Zipf {
    sums: Vec<f64>,
    state: u64,
}

impl Zipf {
    fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let sums = (1..=count)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { sums, state: 42 }
    }

    fn pick(&mut self) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let total = self.sums.last().copied().unwrap_or(1.0);
        let point = (self.state >> 11) as f64 / (1u64 << 53) as f64 * total;
        // Neighbours in rank are no neighbours by number.
        self.sums.partition_point(|&sum| sum < point).min(SKUS - 1) * 7919 % SKUS
    }
}

/// What the process has used so far, by Linux's account; zero elsewhere. Steadier than time on a busy machine.
struct Used {
    /// Nanoseconds on a processor.
    processor: f64,
    /// Bytes handed to the file system.
    written: f64,
}

impl Used {
    fn now() -> Self {
        let text = |file| std::fs::read_to_string(file).unwrap_or_default();
        let first = |text: &str| text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0);
        let io = text("/proc/self/io");
        Self {
            processor: first(&text("/proc/self/schedstat")),
            written: io.split("wchar:").nth(1).map_or(0.0, first),
        }
    }

    fn since(&self, start: &Self) -> Self {
        Self { processor: self.processor - start.processor, written: self.written - start.written }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir: Option<PathBuf> = arguments.next().filter(|dir| dir != "-").map(PathBuf::from);
    let seconds: f64 = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(2.0);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(dir, seconds));
}

async fn run(dir: Option<PathBuf>, seconds: f64) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = dir.unwrap_or_else(|| scratch.path().to_owned());
    let mut zipf = Zipf::new(SKUS);
    println!(
        "picks  batch  commands/s  CPU µs  bytes  µs each: begin  outcomes  find  decide  write  commit"
    );
    let only: Option<String> = std::env::args().nth(3);
    for hot in [true, false] {
        for size in [1, 16, 64, 256, 1024] {
            if only
                .as_ref()
                .is_some_and(|only| *only != format!("{}-{size}", if hot { "hot" } else { "zipf" }))
            {
                continue;
            }
            let name = if hot { "hot" } else { "zipf" };
            let store = SqliteStore::open(Options::new(dir.join(format!("{name}-{size}")))).unwrap();
            let mut bench =
                Bench { session: store.session().await.unwrap(), serial: 0, spent: Spent::default() };
            catalogue(&mut bench).await;
            bench.spent = Spent::default();
            let used = Used::now();
            let (mut done, mut taken) = (0, Duration::ZERO);
            while taken.as_secs_f64() < seconds {
                let orders = (0..size)
                    .map(|_| {
                        let sku = if hot { 0 } else { zipf.pick() };
                        bench.order(sku)
                    })
                    .collect();
                let start = Instant::now();
                done += bench.batch(orders).await;
                taken += start.elapsed();
            }
            let used = Used::now().since(&used);
            let each = |spent: Duration| spent.as_secs_f64() * 1e6 / done as f64;
            let s = &bench.spent;
            println!(
                "{name:5}  {size:5}  {:10.0}  {:6.2} {:6.0}  {:14.2} {:9.2} {:5.2} {:7.2} {:6.2} {:7.2}",
                done as f64 / taken.as_secs_f64(),
                used.processor / 1e3 / done as f64,
                used.written / done as f64,
                each(s.begin),
                each(s.outcomes),
                each(s.find),
                each(s.decide),
                each(s.write),
                each(s.commit),
            );
        }
    }
}
