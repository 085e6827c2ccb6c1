//! `onhand export`: SKUs and stock as a table that `import` understands.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::import::catalogue::{KnownSku, known_sku};
use crate::cells::{components_to_cell, marked};
use crate::client::{Client, List};
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal::{self, grouped};

const HEADER: [&str; 11] = [
    "sku",
    "name",
    "location",
    "on_hand",
    "reserved",
    "allocated",
    "unavailable",
    "available",
    "backorder_limit",
    "components",
    "archived",
];

/// Write all SKUs and their stock as CSV; importing the file again changes nothing
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The file; standard output without one
    file: Option<PathBuf>,
    /// Write texts as they are. Otherwise a ' stands before =, +, -, @ and the like, so that no spreadsheet runs a name as
    /// a formula; `import` takes it off
    #[arg(long)]
    raw: bool,
    /// Print one JSON object (with a file only)
    #[arg(long, requires = "file")]
    json: bool,
}

pub(crate) async fn run(arguments: Export, effective: &Effective) -> anyhow::Result<ExitCode> {
    let target = Target::open(effective, 1).await?;
    let result = write(&target.client, arguments.file.as_deref(), arguments.raw).await;
    target.close().await?;
    let (skus, rows) = result?;
    if let Some(file) = &arguments.file {
        if arguments.json {
            terminal::say_json(&json!({"file": file, "skus": skus, "rows": rows}))?;
        } else {
            terminal::say(&format!("{}: {} SKUs in {} rows", file.display(), grouped(skus), grouped(rows)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn write(client: &Client, file: Option<&Path>, raw: bool) -> anyhow::Result<(u64, u64)> {
    let Some(path) = file else {
        return table(client, io::stdout(), raw).await;
    };
    // Under another name until it is whole: half an export must not be taken for one.
    let part = path.with_extension("part");
    let cannot = || format!("cannot write {}", path.display());
    let out = std::fs::File::create(&part).with_context(cannot)?;
    let counts = table(client, out, raw).await?;
    std::fs::rename(&part, path).with_context(cannot)?;
    Ok(counts)
}

/// Both lists are sorted by SKU, so one pass over each is enough and memory does not grow.
async fn table(client: &Client, out: impl Write, raw: bool) -> anyhow::Result<(u64, u64)> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    let mut stock = Ahead::new(client.list("/v1/stock"));
    let mut list = client.list("/v1/skus");
    let (mut skus, mut rows) = (0, 0);
    while let Some(page) = list.next().await? {
        for value in &page {
            let (code, known) = known_sku(value)?;
            skus += 1;
            // Rows of SKUs that were created after the list of SKUs was read.
            while stock.sku().await?.is_some_and(|sku| sku < code) {
                stock.take();
            }
            let mut any = false;
            while stock.sku().await?.is_some_and(|sku| sku == code) {
                if let Some(row) = stock.take() {
                    writer.write_record(record(&code, &known, Some(&row), raw))?;
                    rows += 1;
                    any = true;
                }
            }
            if !any {
                writer.write_record(record(&code, &known, None, raw))?;
                rows += 1;
            }
        }
    }
    writer.flush()?;
    Ok((skus, rows))
}

/// A list whose next row can be looked at.
struct Ahead<'a> {
    list: List<'a>,
    rows: VecDeque<Value>,
}

impl<'a> Ahead<'a> {
    fn new(list: List<'a>) -> Self {
        Self { list, rows: VecDeque::new() }
    }

    async fn sku(&mut self) -> anyhow::Result<Option<String>> {
        while self.rows.is_empty() {
            match self.list.next().await? {
                None => return Ok(None),
                Some(page) => self.rows.extend(page),
            }
        }
        let sku = self.rows.front().and_then(|row| row["sku"].as_str());
        sku.map(|sku| Some(sku.to_owned())).context("a stock row without a SKU")
    }

    fn take(&mut self) -> Option<Value> {
        self.rows.pop_front()
    }
}

fn record(code: &str, known: &KnownSku, stock: Option<&Value>, raw: bool) -> Vec<String> {
    let text = |text: &str| if raw { text.to_owned() } else { marked(text) };
    // A bundle has no stock; a SKU that was never received has none yet.
    let figure = |name: &str| {
        let value = stock.and_then(|row| row[name].as_i64());
        value.map_or_else(String::new, |value| value.to_string())
    };
    let location = stock.and_then(|row| row["location"].as_str()).unwrap_or_default();
    vec![
        text(code),
        text(&known.name),
        text(location),
        figure("on_hand"),
        figure("reserved"),
        figure("allocated"),
        figure("unavailable"),
        figure("available"),
        known.backorder_limit.to_string(),
        text(&components_to_cell(&known.components)),
        known.archived.to_string(),
    ]
}
