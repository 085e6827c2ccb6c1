//! How many orders the store itself takes, without HTTP and without the engine's queue: decisions of the rules, written
//! in batches of fixed sizes, each commit durable.
//!
//! `cargo run --release -p onhand-store-postgres --example rate [SECONDS] [BATCH,BATCH…] [URL]` starts a server of its own unless
//! it is given an empty database.
//! Machines differ and neighbours disturb: compare figures of one run only.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for people")]

use std::time::{Duration, Instant};

use onhand_rules::commands::{ChangeStock, CreateLocation, CreateSku, PlaceOrder, Reason, StockItem};
use onhand_rules::holding::LineRequest;
use onhand_rules::{Command, Context, Needs, OpId, OrderId, PrincipalId, Working};
use onhand_store::{OpKey, OpRow, Outcome, Session, Store};
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Durability, Postgres};

const SKUS: usize = 10_000;
const ACTOR: PrincipalId = PrincipalId(1);

/// The steps of a batch, and where its time went.
const STEPS: [&str; 7] = ["begin", "outcomes", "find", "lock", "decide", "write", "commit"];

struct Writer {
    session: Box<dyn Session>,
    serial: u128,
    spent: [Duration; STEPS.len()],
}

impl Writer {
    /// Ids that sort by time, as the engine makes them.
    fn id(&mut self) -> u128 {
        self.serial += 1;
        (0x0192_0000_0000_7000_u128 << 64) + (self.serial << 20) + (self.serial * 0x9e37 % 0xf_ffff)
    }

    async fn batch(&mut self, commands: &[Command]) -> usize {
        let mut clock = Instant::now();
        let mut step = 0;
        let mut spent = [Duration::ZERO; STEPS.len()];
        let mut lap = || {
            spent[step] = clock.elapsed();
            clock = Instant::now();
            step += 1;
        };
        let ids: Vec<OpId> = commands.iter().map(|_| OpId(self.id())).collect();
        let now = self.session.begin().await.unwrap();
        lap();
        let key = |(command, id): (&Command, &OpId)| OpKey {
            principal: ACTOR,
            kind: command.number(),
            key: format!("{:032x}", id.0),
        };
        let keys: Vec<OpKey> = commands.iter().zip(&ids).map(key).collect();
        assert!(self.session.outcomes(&keys).await.unwrap().is_empty());
        lap();
        let mut working = Working::default();
        let mut needs = Needs::default();
        loop {
            commands.iter().for_each(|command| command.needs(&working, &mut needs));
            let missing = working.missing(&needs);
            if missing.is_empty() {
                break;
            }
            self.session.find(&missing, &mut working).await.unwrap();
        }
        lap();
        self.session.lock(&needs, &mut working).await.unwrap();
        lap();
        let (ops, done) = decide(&mut working, commands, &ids, keys, now);
        let changes = working.into_changes(ACTOR);
        lap();
        self.session.write(&changes, &ops, now).await.unwrap();
        lap();
        self.session.commit().await.unwrap();
        lap();
        for (sum, part) in self.spent.iter_mut().zip(spent) {
            *sum += part;
        }
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

    async fn catalogue(&mut self) {
        let place = CreateLocation { code: "main".into(), name: "Main".into() };
        self.batch(&[place.into()]).await;
        for first in (0..SKUS).step_by(1000) {
            let new = |sku| CreateSku {
                code: code(sku),
                name: code(sku),
                components: Vec::new(),
                backorder_limit: 0,
            };
            let skus: Vec<Command> = (first..first + 1000).map(|sku| new(sku).into()).collect();
            assert_eq!(self.batch(&skus).await, 1000);
            let stock: Vec<Command> = (first..first + 1000).map(|sku| receive(sku).into()).collect();
            assert_eq!(self.batch(&stock).await, 1000);
        }
    }

    async fn run(&mut self, name: &str, size: usize, seconds: u64, mut sku: impl FnMut() -> usize) {
        self.spent = Default::default();
        let (start, mut done) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(seconds) {
            let commands: Vec<Command> = (0..size).map(|_| self.order(sku())).collect();
            done += self.batch(&commands).await;
        }
        let took = start.elapsed();
        let rate = done as f64 / took.as_secs_f64();
        let share = |part: &Duration| 100.0 * part.as_secs_f64() / took.as_secs_f64();
        let parts: Vec<String> = STEPS
            .iter()
            .zip(&self.spent)
            .map(|(step, part)| format!("{step} {:.0} %", share(part)))
            .collect();
        println!("{name:>8} {size:>5}  {rate:>8.0} orders/s   {}", parts.join(", "));
    }
}

fn decide(
    working: &mut Working,
    commands: &[Command],
    ids: &[OpId],
    keys: Vec<OpKey>,
    now: i64,
) -> (Vec<OpRow>, usize) {
    let mut done = 0;
    let rows = commands.iter().zip(ids).zip(keys).map(|((command, id), key)| {
        let context = Context { now, op: *id, actor: ACTOR, trace: None };
        let mut scope = working.scope();
        let outcome = match command.decide(&mut scope, &context) {
            Ok(receipt) => {
                scope.accept();
                done += 1;
                Outcome::Done(receipt)
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        OpRow { key, id: *id, fingerprint: [7; 16], outcome, at: now }
    });
    let rows = rows.collect();
    (rows, done)
}

fn code(sku: usize) -> String {
    format!("SKU-{sku:05}")
}

fn receive(sku: usize) -> ChangeStock {
    ChangeStock {
        items: vec![StockItem::Adjust {
            sku: code(sku),
            location: "main".into(),
            delta: 100_000_000,
            reason: Reason::Received,
            note: None,
        }],
    }
}

/// Picks SKUs as buyers do: the second half as often as the first, the third a third as often.
fn zipf() -> impl FnMut() -> usize {
    let mut sums = Vec::with_capacity(SKUS);
    let mut sum = 0.0;
    for rank in 1..=SKUS {
        sum += 1.0 / rank as f64;
        sums.push(sum);
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let point = (state >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        sums.partition_point(|&end| end < point).min(SKUS - 1)
    }
}

/// The engine's writer has a thread and a runtime of its own, and so has this.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(5, |text| text.parse().unwrap());
    let sizes = arguments.next().unwrap_or_else(|| "16,64,256,1024".into());
    let (server, url) = match arguments.next() {
        Some(url) => (None, url),
        None => {
            let server = Postgres::start(Durability::Full).unwrap();
            let url = server.create_database("rate").unwrap();
            (Some(server), url)
        }
    };
    let store = PostgresStore::connect(Options::new(url)).await.unwrap();
    println!("{:?}", store.durability());
    let session = store.session().await.unwrap();
    let mut writer = Writer { session, serial: 0, spent: Default::default() };
    writer.catalogue().await;
    for size in sizes.split(',').map(|size| size.parse().unwrap()) {
        writer.run("hot", size, seconds, || 0).await;
    }
    let mut pick = zipf();
    for size in sizes.split(',').map(|size| size.parse().unwrap()) {
        writer.run("zipf", size, seconds, &mut pick).await;
    }
    drop(server);
}
