//! What a person or a script reads. Results go to standard output, everything else to standard error.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

/// Prints a line of the result.
pub(crate) fn say(text: &str) {
    // A reader that went away (`| head`) is no reason to fail.
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// Prints a line about the work: progress, warnings, errors.
pub(crate) fn complain(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Prints exactly one JSON object.
pub(crate) fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Whether a person looks at standard error, where progress is shown.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// A number with thin groups, for people: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A progress bar on a terminal, and a line now and then elsewhere.
pub(crate) struct Progress {
    bar: Option<indicatif::ProgressBar>,
    what: &'static str,
    total: u64,
    done: std::sync::atomic::AtomicU64,
    /// A line is printed at each tenth.
    step: u64,
}

impl Progress {
    /// `quiet` shows nothing at all.
    pub(crate) fn new(what: &'static str, total: u64, quiet: bool) -> Self {
        let bar = (is_watched() && !quiet).then(|| {
            let style = "{msg} [{bar:40}] {human_pos}/{human_len} {per_sec} {eta}";
            let bar = indicatif::ProgressBar::new(total).with_message(what);
            match indicatif::ProgressStyle::with_template(style) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        Self {
            bar,
            what,
            total,
            done: std::sync::atomic::AtomicU64::new(0),
            step: if quiet { u64::MAX } else { (total / 10).max(1) },
        }
    }

    /// `by` more are done.
    pub(crate) fn advance(&self, by: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(by);
            return;
        }
        let before = self.done.fetch_add(by, std::sync::atomic::Ordering::Relaxed);
        let after = before + by;
        if after / self.step > before / self.step {
            complain(&format!("{}: {} of {}", self.what, grouped(after), grouped(self.total)));
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(541_909), "541,909");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }
}
