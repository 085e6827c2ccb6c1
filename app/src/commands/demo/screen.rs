//! The figures of the last second: a block that stays in its place on a terminal, lines elsewhere.

use std::io::IsTerminal as _;

use serde_json::Value;

use super::buyers::Market;
use super::verify;
use crate::embedded::Embedded;
use crate::terminal::{self, grouped};

/// Elsewhere than on a terminal, a line comes every so many seconds.
const QUIET: u64 = 5;

pub(super) struct Screen {
    silent: bool,
    terminal: bool,
    /// Lines of the block that stands there.
    drawn: usize,
    seconds: u64,
    before: (u64, u64),
}

impl Screen {
    pub(super) fn new(silent: bool) -> Self {
        Self { silent, terminal: std::io::stdout().is_terminal(), drawn: 0, seconds: 0, before: (0, 0) }
    }

    /// Called once a second.
    pub(super) fn show(&mut self, market: &Market, server: &Embedded, report: &Value) {
        self.seconds += 1;
        if self.silent || (!self.terminal && !self.seconds.is_multiple_of(QUIET)) {
            return;
        }
        let period = if self.terminal { 1 } else { QUIET };
        let (accepted, refused) = market.figures.with(|figures| (figures.accepted, figures.refused));
        let rate = (accepted + refused).saturating_sub(self.before.0 + self.before.1) / period;
        self.before = (accepted, refused);
        let (recent, _) = market.figures.latency();
        let metrics = server.engine().metrics();
        let oversold = if report.is_null() {
            "not checked yet".to_owned()
        } else {
            format!("{} ({})", oversold(report), verify::in_words(report))
        };
        let figures = [
            ("orders/s", grouped(rate)),
            ("accepted", grouped(accepted)),
            ("refused", grouped(refused)),
            ("p50", format!("{:.1} ms", recent.p50_ms)),
            ("p99", format!("{:.1} ms", recent.p99_ms)),
            ("queue", metrics.queue_depth.get().to_string()),
            ("feed", grouped(metrics.feed_head.get().unsigned_abs())),
            ("oversold", oversold),
        ];
        if self.terminal {
            if self.drawn > 0 {
                terminal::say(&format!("\x1b[{}A", self.drawn + 1));
            }
            for (name, value) in &figures {
                terminal::say(&format!("\x1b[2K  {name:<10} {value}"));
            }
            self.drawn = figures.len();
        } else {
            let line: Vec<String> = figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
            terminal::say(&format!("{:>4} s  {}", self.seconds, line.join(", ")));
        }
    }
}

/// Stock rows that promise more than there is, as `verify` found them: never what the buyers' side believes.
pub(super) fn oversold(report: &Value) -> u64 {
    let violations = report["violations"].as_array().into_iter().flatten();
    violations.filter(|violation| violation["invariant"] == "I2").count() as u64
}

#[cfg(test)]
mod tests {
    use super::oversold;

    #[test]
    fn only_promises_without_goods_are_oversold() {
        let report = serde_json::json!({"violations": [{"invariant": "I2"}, {"invariant": "I1"}]});
        assert_eq!(oversold(&report), 1);
        assert_eq!(oversold(&serde_json::Value::Null), 0);
    }
}
