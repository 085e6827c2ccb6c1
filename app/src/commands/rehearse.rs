//! `onhand rehearse`: a flash sale on a server that is thrown away, and the proof that nothing was oversold or lost.

use std::process::ExitCode;
use std::time::Duration;

use onhand_api::rehearsal::{BUYERS_MAX, Plan, Rehearsal, Report, SECONDS_MAX, Stage as _, Stand, UNITS_MAX};

use super::serve::Stop;
use crate::rehearsal::Rehearsals;
use crate::terminal::{self, grouped};

/// How often its course is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How many looks there are for each line of the course.
const LINE: u32 = 10;

/// Rehearse a flash sale on a server of its own and prove that nothing was oversold or lost
///
/// Needs no database: the server is this program on an empty SQLite database in a temporary directory. Exits 1 when an
/// invariant is broken.
#[derive(Debug, clap::Args)]
pub(crate) struct Rehearse {
    /// Units for sale
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(i64).range(1..=UNITS_MAX))]
    units: i64,
    /// Buyers, all at once
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(i64).range(1..=BUYERS_MAX))]
    buyers: i64,
    /// For how many seconds units are sold
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(i64).range(1..=SECONDS_MAX))]
    seconds: i64,
    /// The same seed gives the same buyers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// Kill the server with kill -9 once half of what can be sold is claimed, and start it again on the same data
    #[arg(long)]
    kill: bool,
    /// Print one JSON object at the end and nothing else
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Rehearse) -> anyhow::Result<ExitCode> {
    let Rehearse { units, buyers, seconds, seed, kill, json } = arguments;
    let mut stop = Stop::listen()?;
    let rehearsals = Rehearsals::default();
    let started = rehearsals.start(Plan { units, buyers, seconds, seed, kill });
    if started.is_err() {
        anyhow::bail!("a rehearsal goes on");
    }
    let mut looks = tokio::time::interval(LOOK);
    let (mut count, mut killed) = (0_u32, 0);
    let last = loop {
        tokio::select! {
            _ = looks.tick() => {}
            _ = stop.wait() => break None,
        }
        let Some(now) = rehearsals.look() else { break None };
        if !json && now.kills.len() > killed {
            terminal::say(&format!("  kill -9 after {} claims", grouped(now.counts.claims)));
        }
        killed = now.kills.len();
        if now.state.is_over() {
            break Some(now);
        }
        if !json && now.state == Stand::Selling && count.is_multiple_of(LINE) {
            terminal::say(&course(&now));
        }
        count += 1;
    };
    // Its data are removed before we end.
    rehearsals.stop().await;
    let Some(last) = last else { anyhow::bail!("broken off") };
    if let Some(problem) = &last.problem {
        anyhow::bail!("the rehearsal broke off: {problem}");
    }
    if json {
        terminal::say_json(&last)?;
    } else {
        in_words(&last).iter().for_each(|line| terminal::say(line));
    }
    Ok(ExitCode::from(exit_code(last.report.as_ref())))
}

/// What a script learns.
fn exit_code(report: Option<&Report>) -> u8 {
    u8::from(!report.is_some_and(|report| report.holds))
}

fn course(now: &Rehearsal) -> String {
    let counts = &now.counts;
    format!(
        "{:5.1} s  {} claimed, {} paid, {} held, {} given back, {} refused",
        Duration::from_millis(now.elapsed_ms).as_secs_f64(),
        grouped(counts.claims),
        grouped(counts.orders),
        grouped(counts.held),
        grouped(counts.releases),
        grouped(counts.refused),
    )
}

fn in_words(last: &Rehearsal) -> Vec<String> {
    let (counts, latency) = (&last.counts, &last.latency);
    let mut lines = vec![
        format!(
            "\n{} buyers, {} units: {} claims = {} orders + {} releases; {} attempts refused, {} buyers without",
            last.plan.buyers,
            last.plan.units,
            grouped(counts.claims),
            grouped(counts.orders),
            grouped(counts.releases),
            grouped(counts.refused),
            grouped(counts.without),
        ),
        format!(
            "answers to buyers: p50 {} ms, p95 {} ms, p99 {} ms, max {} ms",
            latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms
        ),
    ];
    for kill in &last.kills {
        lines.push(format!(
            "kill -9 after {} claims: ready again {} ms after its start",
            grouped(kill.claims),
            kill.ready_ms.unwrap_or_default()
        ));
    }
    if counts.unanswered > 0 {
        lines.push(format!(
            "{} requests unanswered, asked again with the same keys: {} had been done, {} had not",
            grouped(counts.unanswered),
            grouped(counts.found_done),
            grouped(counts.done_after)
        ));
    }
    if let Some(report) = &last.report {
        lines.extend(verdict(report));
    }
    lines
}

fn verdict(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "{} acknowledged changes asked again; {} movements verified",
        grouped(report.asked_again),
        grouped(report.movements)
    )];
    for invariant in &report.invariants {
        let mark = if invariant.holds { "ok    " } else { "BROKEN" };
        let relation = if invariant.name == "sold_within_pool" { "at most" } else { "wanted" };
        lines.push(format!(
            "  {mark}  {:<18} {} ({relation} {})",
            invariant.name, invariant.found, invariant.expected
        ));
    }
    lines.push(if report.holds { "every invariant holds" } else { "NOT EVERY INVARIANT HOLDS" }.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use onhand_api::rehearsal::{Figures, Invariant};

    use super::*;

    fn report(lost: i64) -> Report {
        let holds = lost == 0;
        let invariants = vec![Invariant { name: "acknowledged_kept", holds, expected: 0, found: lost }];
        Report { holds, invariants, asked_again: 9, stock: Figures::default(), movements: 9 }
    }

    #[test]
    fn a_script_learns_of_what_is_lost() {
        assert_eq!([exit_code(Some(&report(0))), exit_code(Some(&report(1))), exit_code(None)], [0, 1, 1]);
        let text = verdict(&report(1)).join("\n");
        assert!(text.contains("BROKEN  acknowledged_kept  1 (wanted 0)"), "{text}");
        assert!(text.ends_with("NOT EVERY INVARIANT HOLDS"), "{text}");
        assert!(verdict(&report(0)).join("\n").ends_with("every invariant holds"));
    }
}
