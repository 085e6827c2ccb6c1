//! `onhand jobs`: what is in the queue, and what keeps it there.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use onhand_engine::ids;
use serde_json::{Value, json};

use crate::client::{Client, escaped};
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal;

/// List the jobs of the queue, show one, or pause and resume
#[derive(Debug, clap::Args)]
pub(crate) struct Jobs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    filter: Filter,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// Only of this lane: inventory_update, order_ingest or product_sync
    #[arg(long)]
    lane: Option<String>,
    /// Only of this kind, for example push_stock
    #[arg(long)]
    kind: Option<String>,
    /// Only of the shop with this code
    #[arg(long)]
    shop: Option<String>,
    /// ready, running, dead or done; without it those that are ready or running
    #[arg(long)]
    state: Option<String>,
    /// Rows at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show one job: what it waits for, and what has happened to it
    Show {
        /// Its id, as the list shows it
        id: String,
    },
    /// Let nothing more of a lane, a kind or a shop be claimed; what runs goes on
    Pause(Which),
    /// Let it go on
    Resume(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// What
    what: Thing,
    /// Its name
    name: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Thing {
    Lane,
    Kind,
    Shop,
}

pub(crate) async fn run(arguments: Jobs, effective: &Effective) -> anyhow::Result<ExitCode> {
    let target = Target::open(effective, 1).await?;
    let result = act(&target.client, arguments).await;
    target.close().await?;
    result.map(|()| ExitCode::SUCCESS)
}

async fn act(client: &Client, arguments: Jobs) -> anyhow::Result<()> {
    let (value, lines) = match arguments.action {
        None => list(client, &arguments.filter).await?,
        Some(Action::Show { id }) => show(client, &id).await?,
        Some(Action::Pause(which)) => pause(client, &which, true).await?,
        Some(Action::Resume(which)) => pause(client, &which, false).await?,
    };
    if arguments.json {
        return terminal::say_json(&value);
    }
    lines.iter().for_each(|line| terminal::say(line));
    Ok(())
}

/// The part of a path after `?`, from what was said.
pub(crate) fn query(parameters: &[(&str, Option<&str>)]) -> String {
    let said = parameters.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let pairs: Vec<String> = said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

async fn list(client: &Client, filter: &Filter) -> anyhow::Result<(Value, Vec<String>)> {
    if filter.limit == 0 {
        bail!("--limit must be at least 1");
    }
    let path = format!(
        "/v1/jobs{}",
        query(&[
            ("lane", filter.lane.as_deref()),
            ("kind", filter.kind.as_deref()),
            ("shop", filter.shop.as_deref()),
            ("state", filter.state.as_deref()),
        ])
    );
    let mut pages = client.list(&path);
    let mut jobs: Vec<Value> = Vec::new();
    while jobs.len() <= filter.limit
        && let Some(rows) = pages.next().await?
    {
        jobs.extend(rows);
    }
    let more = jobs.len() > filter.limit;
    jobs.truncate(filter.limit);
    let shops = shop_codes(client).await?;
    let mut lines = table(&jobs, &shops);
    if more {
        lines.push(format!("the newest {} only; --limit shows more", filter.limit));
    }
    Ok((json!({ "jobs": jobs }), lines))
}

async fn shop_codes(client: &Client) -> anyhow::Result<HashMap<i64, String>> {
    let list = client.get("/v1/shops").await?;
    let shops = list["data"].as_array().into_iter().flatten();
    Ok(shops.filter_map(|shop| Some((shop["id"].as_i64()?, shop["shop"].as_str()?.to_owned()))).collect())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Columns as wide as what stands in them.
fn table(jobs: &[Value], shops: &HashMap<i64, String>) -> Vec<String> {
    if jobs.is_empty() {
        return vec!["no jobs".to_owned()];
    }
    let row = |job: &Value| {
        let shop =
            job["shop_id"].as_i64().map(|id| shops.get(&id).cloned().unwrap_or_else(|| id.to_string()));
        let tries = job["attempts"].as_i64().unwrap_or(0) + job["crashes"].as_i64().unwrap_or(0);
        let why = match job["failure"]["code"].as_str() {
            Some(code) => {
                format!("{} {code}: {}", text(&job["failure"], "class"), text(&job["failure"], "message"))
            }
            None => text(job, "outcome").to_owned(),
        };
        [
            text(job, "id").to_owned(),
            text(job, "kind").to_owned(),
            text(job, "state").to_owned(),
            shop.unwrap_or_else(|| "-".to_owned()),
            text(job, "run_at").to_owned(),
            tries.to_string(),
            printable(&why),
        ]
    };
    let head = ["ID", "KIND", "STATE", "SHOP", "RUN AT", "FAILED", "WHY"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(jobs.iter().map(row)).collect();
    let widths: [usize; 7] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; 7]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Text of strangers as one line without anything that a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

async fn show(client: &Client, id: &str) -> anyhow::Result<(Value, Vec<String>)> {
    let job = client.get(&format!("/v1/jobs/{}", escaped(id))).await?;
    let shops = shop_codes(client).await?;
    let mut lines = table(std::slice::from_ref(&job), &shops);
    let tries = &job["tries"];
    let made = tries["made"].as_i64().unwrap_or(0);
    lines.push(match tries["of"].as_i64() {
        Some(all) => format!("tries: {made} of {all} have failed"),
        None => format!("tries: {made} have failed"),
    });
    for wait in job["waits"].as_array().into_iter().flatten() {
        lines.push(format!("waits: {}", printable(text(wait, "text"))));
    }
    lines.push(format!("about: {}", job["body"]));
    for event in job["timeline"].as_array().into_iter().flatten() {
        lines.push(format!("{}  {}", text(event, "at"), text(event, "type")));
    }
    Ok((job, lines))
}

async fn pause(client: &Client, which: &Which, paused: bool) -> anyhow::Result<(Value, Vec<String>)> {
    let name = escaped(&which.name);
    let path = match which.what {
        Thing::Lane => format!("/v1/queues/{name}"),
        Thing::Kind => format!("/v1/job-kinds/{name}"),
        Thing::Shop => format!("/v1/shops/{name}"),
    };
    let key = format!("jobs-{}", ids::op());
    let answer = client.patch(&path, &json!({ "paused": paused }), &key).await?;
    let changed = answer.into_ok("cannot change that")?;
    let word = if paused { "paused" } else { "goes on" };
    Ok((
        json!({"name": which.name, "paused": paused, "change": changed}),
        vec![format!("{} {word}", which.name)],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_what_was_said() {
        assert_eq!(query(&[("a", None), ("b", None)]), "");
        assert_eq!(query(&[("a", Some("x y")), ("b", None), ("c", Some("&"))]), "?a=x%20y&c=%26");
    }

    #[test]
    fn a_table_is_aligned_and_obeys_nobody() {
        let job = json!({"id": "job_1", "kind": "push_stock", "state": "dead", "shop_id": 1, "attempts": 2,
            "run_at": "t", "failure": {"class": "invalid", "code": "x", "message": "a\u{1b}[2Jb\nc"}});
        let lines = table(&[job], &HashMap::from([(1, "shopee-1".to_owned())]));
        assert_eq!(lines[0].find("KIND"), lines[1].find("push_stock"));
        assert!(lines[1].ends_with("2       invalid x: a [2Jb c"), "{}", lines[1]);
        assert_eq!(table(&[], &HashMap::new()), ["no jobs"]);
    }
}
