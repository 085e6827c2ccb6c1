//! `onhand import`: SKUs and stock from a table.
//!
//! A row that is wrong fails alone, with a reason, and what was read always equals what was created, changed, the same
//! and failed. The file is compared with what the server has, so the same file imported twice changes nothing.

mod apply;
mod bulk;
pub(crate) mod catalogue;
mod outcome;
mod row;
mod table;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Serialize;

use self::apply::Import as Run;
use self::bulk::Sender;
use self::outcome::{Outcomes, RowCounts};
use self::row::Columns;
use self::table::Table;
use crate::cells::marked;
use crate::client::Client;
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal::{self, Progress, grouped};

/// The exit code when the import ran and rows failed.
const ROWS_FAILED: u8 = 2;
/// Failed rows that are printed.
const FAILED_SHOWN: usize = 10;

/// Create and change SKUs and stock from a CSV or XLSX file
///
/// The first row names the columns: sku (needed), name, location, on_hand, backorder_limit, components (A*2+B*1),
/// archived. An empty cell leaves things as they are. on_hand is a count: stock becomes what the file says. Exits 2 when
/// rows failed, 1 when the import could not be carried out or its counts do not add up.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file: .xlsx, or text in UTF-8, UTF-16 or Windows-1252, separated by comma, semicolon or tab
    file: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the rows that failed to this CSV file, with the reason in a last column
    #[arg(long, value_name = "FILE")]
    failed: Option<PathBuf>,
    /// The encoding, when the guess is wrong
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The delimiter, when the guess is wrong
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<char>,
    /// Take cells literally: keep a ' before =, +, -, @ as part of the text
    #[arg(long)]
    raw: bool,
    /// Import the columns that are known and leave the others
    #[arg(long)]
    ignore_unknown_columns: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    format: String,
    ignored_columns: &'a [String],
    dry_run: bool,
    rows: RowCounts,
    adds_up: bool,
    differences_total: u64,
    differences: &'a [String],
    failures: Vec<Failure<'a>>,
    failed_file: Option<&'a Path>,
}

#[derive(Serialize)]
struct Failure<'a> {
    row: usize,
    reason: &'a str,
}

pub(crate) async fn run(arguments: Import, effective: &Effective) -> anyhow::Result<ExitCode> {
    let file = arguments.file.as_path();
    let table = Table::open(file, arguments.encoding.as_deref(), arguments.delimiter)?;
    let Some(header) = table.rows()?.next() else { bail!("{} is empty", file.display()) };
    let columns = Columns::read(&header?, !arguments.raw, arguments.ignore_unknown_columns)
        .with_context(|| format!("{} ({})", file.display(), table.in_words()))?;
    let target = Target::open(effective, 1).await?;
    let result = import(&target.client, &arguments, effective, &table, &columns).await;
    target.close().await?;
    result
}

async fn import(
    client: &Client,
    arguments: &Import,
    effective: &Effective,
    table: &Table,
    columns: &Columns,
) -> anyhow::Result<ExitCode> {
    let mut total = 0;
    for row in table.rows()?.skip(1) {
        row.with_context(|| format!("cannot read {}", arguments.file.display()))?;
        total += 1;
    }
    let progress = Progress::new("rows", total, arguments.json && !terminal::is_watched());
    let mut run = Run {
        table,
        columns,
        catalogue: catalogue::load(client).await?,
        default_location: &effective.settings.default_location,
        dry_run: arguments.dry_run,
        sender: Sender::new(client),
        outcomes: Outcomes::default(),
        read: 0,
        progress: &progress,
    };
    run.run().await?;
    progress.finish();
    let (outcomes, read) = (run.outcomes, run.read);
    let rows = outcomes.counts(read);
    let written = match &arguments.failed {
        Some(path) if rows.failed > 0 => {
            write_failed(path, table, &outcomes)?;
            Some(path.as_path())
        }
        _ => None,
    };
    let (differences, differences_total) = outcomes.differences();
    let report = Report {
        file: &arguments.file,
        format: table.in_words(),
        ignored_columns: &columns.ignored,
        dry_run: arguments.dry_run,
        adds_up: rows.add_up() && rows.read == total,
        rows,
        differences_total,
        differences,
        failures: outcomes.reasons().iter().map(|(row, reason)| Failure { row: row + 1, reason }).collect(),
        failed_file: written,
    };
    if arguments.json {
        terminal::say_json(&report)?;
    } else {
        print(&report);
    }
    if !report.adds_up {
        bail!("the rows do not add up; this is a bug of onhand, and the import cannot be trusted");
    }
    Ok(if report.rows.failed > 0 { ExitCode::from(ROWS_FAILED) } else { ExitCode::SUCCESS })
}

/// The cells as they were read and a column `reason`: put right, the file can be imported.
fn write_failed(path: &Path, table: &Table, outcomes: &Outcomes) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let mut writer = csv::WriterBuilder::new().flexible(true).from_path(path).with_context(cannot)?;
    let mut rows = table.rows()?;
    if let Some(header) = rows.next() {
        let header = header?.cells;
        writer.write_record(header.iter().map(String::as_str).chain(["reason"])).with_context(cannot)?;
    }
    for (index, row) in rows.enumerate() {
        if let Some(reason) = outcomes.reasons().get(&index) {
            let reason = marked(reason);
            let row = row?.cells;
            writer
                .write_record(row.iter().map(String::as_str).chain([reason.as_str()]))
                .with_context(cannot)?;
        }
    }
    writer.flush().with_context(cannot)
}

fn print(report: &Report<'_>) {
    terminal::say(&format!("{}: {}", report.file.display(), report.format));
    if !report.ignored_columns.is_empty() {
        terminal::say(&format!("columns not imported: {}", report.ignored_columns.join(", ")));
    }
    if report.dry_run {
        terminal::say("dry run: nothing is changed");
    }
    for difference in report.differences {
        terminal::say(&format!("  {difference}"));
    }
    let more = report.differences_total - report.differences.len() as u64;
    if more > 0 {
        terminal::say(&format!("  and {} more", grouped(more)));
    }
    for failure in report.failures.iter().take(FAILED_SHOWN) {
        terminal::say(&format!("  row {} failed: {}", failure.row, failure.reason));
    }
    if report.failures.len() > FAILED_SHOWN {
        terminal::say(&format!(
            "  and {} more failed",
            grouped((report.failures.len() - FAILED_SHOWN) as u64)
        ));
    }
    if let Some(path) = report.failed_file {
        terminal::say(&format!("failed rows are in {}", path.display()));
    }
    let rows = &report.rows;
    terminal::say(&format!(
        "{} rows read = {} created + {} changed + {} the same + {} failed",
        grouped(rows.read),
        grouped(rows.created),
        grouped(rows.changed),
        grouped(rows.same),
        grouped(rows.failed)
    ));
}
