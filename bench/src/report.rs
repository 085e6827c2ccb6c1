//! The table: as Markdown for people, as JSON for machines.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::figures::short;

/// What a figure is measured against, in the same run.
#[derive(Debug, Clone)]
pub(crate) struct Baseline {
    /// What it is.
    pub(crate) name: String,
    pub(crate) value: f64,
}

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// The section it stands in.
    pub(crate) section: &'static str,
    pub(crate) name: String,
    /// The median of the rounds.
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// Every round's figure, to see how much they differ.
    pub(crate) rounds: Vec<f64>,
    pub(crate) baseline: Option<Baseline>,
    /// Whether less is better, as with times.
    pub(crate) less_is_better: bool,
    /// What we aim at, in words.
    pub(crate) aim: &'static str,
    /// Everything else that was seen, for example percentiles.
    pub(crate) notes: String,
}

impl Row {
    pub(crate) fn ratio(&self) -> Option<f64> {
        let baseline = self.baseline.as_ref().filter(|baseline| baseline.value > 0.0)?;
        Some(self.value / baseline.value)
    }

    fn spread(&self) -> String {
        let low = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.rounds.iter().copied().fold(0.0, f64::max);
        if self.rounds.len() < 2 {
            return "–".to_owned();
        }
        format!("{}–{}", short(low), short(high))
    }

    fn json(&self) -> Value {
        json!({
            "section": self.section, "name": self.name, "value": self.value, "unit": self.unit, "rounds": self.rounds,
            "baseline": self.baseline.as_ref().map(|b| json!({"name": b.name, "value": b.value})),
            "ratio": self.ratio(), "aim": self.aim, "notes": self.notes,
        })
    }
}

pub(crate) fn json_of(machine: &[(String, String)], rows: &[Row]) -> Value {
    let machine: serde_json::Map<String, Value> =
        machine.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
    json!({"machine": machine, "rows": rows.iter().map(Row::json).collect::<Vec<_>>()})
}

/// The table alone.
pub(crate) fn markdown_of(rows: &[Row]) -> String {
    let mut text = String::from(
        "| | figure | lowest–highest round | baseline of the same run | ratio | aim | |\n|---|---:|---:|---|---:|---|---|\n",
    );
    let mut section = "";
    for row in rows {
        if row.section != section {
            section = row.section;
            text.push_str(&format!("| **{section}** | | | | | | |\n"));
        }
        let baseline =
            row.baseline.as_ref().map_or(String::new(), |b| format!("{}: {}", b.name, short(b.value)));
        let ratio = row.ratio().map_or(String::new(), |ratio| {
            let times = if row.less_is_better { 1.0 / ratio } else { ratio };
            match (times < 2.0, row.less_is_better) {
                (true, _) => format!("{:.0} %", ratio * 100.0),
                (false, false) => format!("{}×", short(times)),
                (false, true) => format!("{}× quicker", short(times)),
            }
        });
        text.push_str(&format!(
            "| {} | {} {} | {} | {baseline} | {ratio} | {} | {} |\n",
            row.name,
            short(row.value),
            row.unit,
            row.spread(),
            row.aim,
            row.notes
        ));
    }
    text
}

/// The whole of docs/benchmarks.md.
pub(crate) fn page_of(machine: &[(String, String)], rows: &[Row], arguments: &str) -> String {
    let mut page = String::from(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench --write`; do not edit. Machines differ and neighbours disturb, so every figure has \
         its baseline from the same run beside it: compare ratios, not figures. Figures are medians of rounds whose order \
         was drawn anew each time. Everything that is measured was committed and durable when it was answered.\n\n\
         ## The machine\n\n| | |\n|---|---|\n",
    );
    for (name, value) in machine {
        page.push_str(&format!("| {name} | {value} |\n"));
    }
    page.push_str("\n## The table\n\n");
    page.push_str(&markdown_of(rows));
    page.push_str(&format!(
        "\n## To repeat it\n\n```sh\ncargo xtask bench --write          # everything; about an hour\n\
         cargo xtask bench --quick          # a glance, a few minutes\n\
         cargo xtask bench --only ledger    # one part, by a name of the list below\n```\n\n\
         This page was made with `cargo xtask bench {arguments}`. The load generator, the server and the database share \
         the machine's cores. The server, where there is one, is the release build, started as a process of its own, and \
         so is the sandbox; PostgreSQL is a private server with its default settings, Redis a private one too. The part \
         `queue` needs `redis-server`, Node.js and npm, which fetches BullMQ as `bench/bullmq/package-lock.json` says.\n\n\
         What the parts measure:\n\n\
         - **ledger**: the engine inside one process, whole schema, one order of one line for each command. Each caller \
         sends its next order when the last one was answered; nothing forms batches but waiting. The baseline is the same \
         engine with one transaction for each order.\n\
         - **history**: two cells of the ledger part again, in a database that has grown.\n\
         - **flash**: 1,000 buyers at once for 500 units of a new SKU; every round must sell exactly 500.\n\
         - **http**: closed loop over 1,000 keep-alive connections. The baseline `POST /v1/ping` is the empty \
         request: as large as an order, routed and answered, and nothing else.\n\
         - **memory**: what the operating system counts for the server's process; the time from starting the program to \
         its being ready.\n\
         - **queue**: producers enqueue jobs that do nothing, a thousand at a time, and workers claim, run and complete \
         them, all at once; what counts is a job whose end is on the disk. At most 20,000 wait. Every job must have been \
         completed at the end. The baseline is BullMQ with one producer and one worker in one process of Node.js, told \
         to forget completed jobs, on Redis with `appendonly yes`: once with `appendfsync always`, which promises what we \
         promise, once with `everysec`, which may lose a second. Then PostgreSQL once more while somebody holds a snapshot \
         open, beside its own rate before.\n\
         - **backlog**: one claim of ten jobs, from looking for what is due to the durable claim, in a queue with waiting \
         and dead jobs, and in turn with it in an empty queue, which is the baseline.\n\
         - **push**: buyers order in the sandbox, each another SKU; the sandbox writes down when each marketplace showed \
         which figure. First from the commit of the change, then from the order itself, which includes the webhook and the \
         fetching of the order. The catalogue was told and looked at again before it begins, and 35 seconds of orders come \
         before the first that counts, so that the looks back at pushes are part of the load. The sandbox answers at once \
         and has no limits here, and the connectors are told so. The baseline is one request to the sandbox under the \
         same load: the buyers' own.\n\
         - **hooks**: signed webhooks at a rate, each of another order, from when it was due to its answer. The baseline is \
         the empty request at the same rate.\n\
         - **storm**: every SKU changes within some seconds and the three catalogues are read again, at the limits that the \
         marketplaces have; measured are twenty SKUs that sell meanwhile. The baseline is the same without the storm.\n"
    ));
    page
}

/// Prints a line: results go to standard output.
pub(crate) fn say(line: &str) {
    // Nobody left to read it is no reason to stop measuring.
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// Prints progress, apart from the results.
pub(crate) fn progress(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
