//! `onhand replay-failed`: dead jobs run again, counted first.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::bail;
use onhand_engine::ids;
use serde_json::{Value, json};

use super::jobs::{printable, query};
use crate::client::Client;
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal;

/// The latest that a job may be told to start, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// Put dead jobs into the queue again; counts them by cause and asks first
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayFailed {
    /// Only with this code, as `onhand jobs --state dead` shows it
    #[arg(long, value_name = "CODE")]
    cause: Option<String>,
    /// Only of the shop with this code
    #[arg(long)]
    shop: Option<String>,
    /// Only of this class: server, network, unclear, forbidden, invalid, conflict, locked, crash, undecodable
    #[arg(long)]
    class: Option<String>,
    /// Only of this kind, for example push_stock
    #[arg(long)]
    kind: Option<String>,
    /// All that there are
    #[arg(long, conflicts_with_all = ["cause", "shop", "class", "kind"])]
    all: bool,
    /// Only count
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// How many start in a second at most; without it as fast as the queue takes them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    per_second: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: ReplayFailed, effective: &Effective) -> anyhow::Result<ExitCode> {
    let chosen = [&arguments.cause, &arguments.shop, &arguments.class, &arguments.kind];
    if !arguments.all && chosen.iter().all(|part| part.is_none()) {
        bail!("say which: --cause, --shop, --class or --kind, or --all");
    }
    let target = Target::open(effective, 1).await?;
    let result = act(&target.client, &arguments).await;
    target.close().await?;
    result.map(|()| ExitCode::SUCCESS)
}

/// How many dead jobs there are of one kind, class and code.
type Causes = BTreeMap<(String, String, String), u64>;

async fn act(client: &Client, arguments: &ReplayFailed) -> anyhow::Result<()> {
    let causes = count(client, arguments).await?;
    let total: u64 = causes.values().sum();
    let listed: Vec<Value> = causes
        .iter()
        .map(|((kind, class, code), count)| json!({"kind": kind, "class": class, "code": code, "count": count}))
        .collect();
    if !arguments.json {
        for ((kind, class, code), count) in &causes {
            terminal::say(&format!("{:>9}  {kind}  {class}  {}", terminal::grouped(*count), printable(code)));
        }
        terminal::say(&format!("{:>9}  dead jobs in all", terminal::grouped(total)));
    }
    let mut replayed = 0;
    if !arguments.dry_run && total > 0 && confirmed(arguments, total)? {
        replayed = replay(client, arguments, total).await?;
        if !arguments.json {
            terminal::say(&format!("{} are in the queue again", terminal::grouped(replayed)));
        }
    }
    if arguments.json {
        let dry_run = arguments.dry_run;
        return terminal::say_json(
            &json!({"dry_run": dry_run, "dead": total, "causes": listed, "replayed": replayed}),
        );
    }
    Ok(())
}

/// Counts what would be replayed, one by one, so that the number is the true one.
async fn count(client: &Client, arguments: &ReplayFailed) -> anyhow::Result<Causes> {
    let path = format!(
        "/v1/failures/jobs{}",
        query(&[
            ("kind", arguments.kind.as_deref()),
            ("shop", arguments.shop.as_deref()),
            ("class", arguments.class.as_deref()),
            ("code", arguments.cause.as_deref()),
        ])
    );
    let mut pages = client.list(&path);
    let mut causes = Causes::new();
    while let Some(rows) = pages.next().await? {
        for job in rows {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let cause = (text(&job["kind"]), text(&job["failure"]["class"]), text(&job["failure"]["code"]));
            *causes.entry(cause).or_default() += 1;
        }
    }
    Ok(causes)
}

/// Whether a person says yes, on the terminal or before.
fn confirmed(arguments: &ReplayFailed, total: u64) -> anyhow::Result<bool> {
    if arguments.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "{} dead jobs would run again: add --yes, or --dry-run to only count them",
            terminal::grouped(total)
        );
    }
    let mut screen = std::io::stderr().lock();
    write!(screen, "Run {} dead jobs again? [y/N] ", terminal::grouped(total))?;
    screen.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Replays at most as many as were counted: one that dies again meanwhile waits for the next time.
async fn replay(client: &Client, arguments: &ReplayFailed, total: u64) -> anyhow::Result<u64> {
    let every_ms = arguments.per_second.map_or(0, |per_second| 1_000 / per_second);
    let key = format!("replay-failed-{}", ids::op());
    let mut done = 0;
    for turn in 0.. {
        let after_ms = done * every_ms;
        if after_ms > DAY_MS {
            terminal::complain("the rest would start more than a day from now: run this again then");
            break;
        }
        let request = json!({
            "kind": arguments.kind, "class": arguments.class, "code": arguments.cause, "shop": arguments.shop,
            "all": arguments.all, "dry_run": false, "after_ms": after_ms, "every_ms": every_ms,
        });
        let answer = client.post("/v1/failures/replay", &request, &format!("{key}-{turn}")).await?;
        let answer = answer.into_ok("cannot replay them")?;
        let count = answer["count"].as_u64().unwrap_or(0);
        done += count;
        if count == 0 || done >= total || answer["more"] != true {
            break;
        }
    }
    Ok(done)
}
