//! Orders over HTTP, beside the same server's empty request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::Plan;
use crate::chance::{Chance, KeyKind, Keys, seed};
use crate::figures::median;
use crate::load::{Load, Outcome};
use crate::place::{Ground, Kind};
use crate::report::{Baseline, Row, progress};
use crate::server::{Server, binary};
use crate::shop::PLENTY;
use crate::wire::{Connection, Template};

/// Where memory and starting times stand.
pub(super) const MEMORY: &str = "Memory and starting";
const SECTION: &str = "HTTP";
const SKU: &str = "HOT";
/// Orders in one bulk request.
const BULK: usize = 100;
/// Bulk requests are large; fewer connections keep the server as busy.
const BULK_CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_millis(700);

/// One thing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Ping,
    Order(KeyKind),
    Bulk,
}

impl Cell {
    const ALL: [Self; 4] =
        [Self::Ping, Self::Order(KeyKind::TimeOrdered), Self::Order(KeyKind::Random), Self::Bulk];

    fn name(self) -> &'static str {
        match self {
            Self::Ping => "POST /v1/ping",
            Self::Order(KeyKind::TimeOrdered) => "place order, time-ordered keys",
            Self::Order(KeyKind::Random) => "place order, random keys",
            Self::Bulk => "place orders in bulk, 100 a request",
        }
    }

    fn load(self, address: SocketAddr, api_key: &str, plan: &Plan) -> Load {
        let order = json!({"lines": [{"sku": SKU, "quantity": 1}]});
        let (template, connections) = match self {
            Self::Ping => (
                // As large as an order, so that only the ledger makes the difference.
                Template::plain("POST", "/v1/ping", api_key, Some(&order)),
                plan.connections,
            ),
            Self::Order(_) => {
                (Template::keyed("POST", "/v1/orders", api_key, None, &order), plan.connections)
            }
            Self::Bulk => {
                let orders = json!({"orders": vec![order; BULK]});
                (Template::keyed("POST", "/v1/orders/bulk", api_key, None, &orders), BULK_CONNECTIONS)
            }
        };
        let kind = match self {
            Self::Order(kind) => kind,
            Self::Ping | Self::Bulk => KeyKind::TimeOrdered,
        };
        Load {
            address,
            connections,
            warm_up: WARM_UP,
            length: plan.cell,
            template,
            keys: Arc::new(Keys::new(kind, seed())),
        }
    }

    fn check(self, outcome: &Outcome) -> anyhow::Result<()> {
        let status = match self {
            // What the body of a ping is answered with is the server's affair, as long as it is success.
            Self::Ping if outcome.statuses.keys().all(|status| (200..300).contains(status)) => return Ok(()),
            Self::Ping | Self::Bulk => 200,
            Self::Order(_) => 201,
        };
        outcome.expect_only(status).with_context(|| self.name())
    }
}

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let binary = binary(plan.binary.as_ref())?;
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        let place = ground.fresh(kind)?;
        let scratch = tempfile::tempdir_in(ground.dir())?;
        let server = Server::start(&binary, &place.arguments(), scratch.path())?;
        let api_key = server.api_key.clone().context("the first start showed no API key")?;
        stock(server.address, &api_key)?;
        rows.extend(cells(&server, &api_key, plan, kind)?);
    }
    Ok(rows)
}

fn cells(server: &Server, api_key: &str, plan: &Plan, kind: Kind) -> anyhow::Result<Vec<Row>> {
    let mut chance = Chance::new(seed());
    let mut seen: Vec<Vec<Outcome>> = vec![Vec::new(); Cell::ALL.len()];
    let mut resident: Vec<f64> = Vec::new();
    for round in 1..=plan.rounds {
        let mut order = [0, 1, 2, 3];
        chance.shuffle(&mut order);
        for at in order {
            let cell = Cell::ALL[at];
            let outcome = cell.load(server.address, api_key, plan).run()?;
            cell.check(&outcome)?;
            // Right after the load: what it needed has not been given back yet.
            if matches!(cell, Cell::Order(_)) {
                resident.push(server.resident()?);
            }
            progress(&format!(
                "round {round}: {kind}, {}: {:.0} requests/s, {}",
                cell.name(),
                outcome.rate,
                outcome.percentiles()
            ));
            seen[at].push(outcome);
        }
    }
    let mut rows = rows(&seen, kind);
    rows.push(Row {
        section: MEMORY,
        name: format!("{kind}, memory under 1,000 connections placing orders"),
        value: median(&resident),
        unit: "MB",
        rounds: resident,
        aim: "< 256 MB",
        notes: format!("highest ever {:.0} MB", crate::machine::megabytes(server.pid(), "VmHWM")?),
        ..Row::default()
    });
    Ok(rows)
}

fn rows(seen: &[Vec<Outcome>], kind: Kind) -> Vec<Row> {
    let rates = |at: usize| seen[at].iter().map(|outcome| outcome.rate).collect::<Vec<f64>>();
    let ping = median(&rates(0));
    let mut rows = Vec::new();
    for (at, cell) in Cell::ALL.into_iter().enumerate() {
        let each = if cell == Cell::Bulk { BULK as f64 } else { 1.0 };
        let rounds: Vec<f64> = rates(at).iter().map(|rate| rate * each).collect();
        let share = |share: f64| {
            let all: Vec<f64> = seen[at].iter().map(|outcome| outcome.latencies.percentile(share)).collect();
            median(&all)
        };
        rows.push(Row {
            section: SECTION,
            name: format!("{kind}, {}", cell.name()),
            value: median(&rounds),
            unit: if cell == Cell::Ping { "requests/s" } else { "orders/s" },
            rounds,
            baseline: (cell != Cell::Ping).then(|| Baseline { name: "POST /v1/ping".into(), value: ping }),
            aim: match (kind, cell) {
                (Kind::Sqlite, Cell::Order(KeyKind::TimeOrdered)) => "≥ 50 %, p99 < 50 ms",
                _ => "",
            },
            less_is_better: false,
            notes: format!("p50 {:.1} ms, p99 {:.1} ms", share(0.5), share(0.99)),
        });
    }
    rows
}

/// One SKU that nobody can buy out.
fn stock(address: SocketAddr, api_key: &str) -> anyhow::Result<()> {
    let keys = Keys::new(KeyKind::TimeOrdered, seed());
    let requests: [(&str, Value); 2] = [
        ("/v1/skus", json!({"sku": SKU, "name": SKU})),
        ("/v1/stock/adjust", json!({"sku": SKU, "quantity": PLENTY, "reason": "received"})),
    ];
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut connection = Connection::open(address).await?;
        for (path, body) in requests {
            let request = Template::keyed("POST", path, api_key, Some(&keys.next()), &body);
            let answer = connection.exchange(&request.bytes).await?;
            if !(200..300).contains(&answer.status) {
                bail!("{path}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
            }
        }
        // The status of a bulk request says nothing of its items, so one answer is read to its end.
        let bulk = json!({"orders": vec![json!({"lines": [{"sku": SKU, "quantity": 1}]}); BULK]});
        let request = Template::keyed("POST", "/v1/orders/bulk", api_key, Some(&keys.next()), &bulk);
        let answer = connection.exchange(&request.bytes).await?.json()?;
        let results = answer["results"].as_array().context("a bulk answer without results")?;
        let placed = results.iter().filter(|result| result["status"] == 201).count();
        if placed != BULK {
            bail!("{placed} of {BULK} orders of a bulk request were placed: {answer}");
        }
        Ok(())
    })
}
