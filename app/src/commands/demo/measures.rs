//! What replicas tell of themselves at `/metrics`.

use std::collections::BTreeMap;

/// The classes of failure, as `docs/queue.md` names them.
const CLASSES: &[&str] = &[
    "rate_limited",
    "server",
    "network",
    "auth",
    "forbidden",
    "invalid",
    "gone",
    "conflict",
    "locked",
    "unclear",
    "crash",
    "undecodable",
];

/// The counts that the demo speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Measures {
    /// Attempts at jobs that ended, by outcome: `done` and the like, or the class of the failure.
    pub(super) attempts: BTreeMap<String, i64>,
    /// Jobs whose worker was gone and that were taken back.
    pub(super) rescues: i64,
    /// Ends of attempts that came after the lease was lost, and counted for nothing.
    pub(super) stale: i64,
    /// Jobs that run now.
    running: i64,
}

impl Measures {
    /// From the text of `/metrics`; what it does not hold is zero.
    pub(super) fn read(text: &str) -> Self {
        let mut measures = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            #[expect(clippy::cast_possible_truncation, reason = "counts, which are whole and small")]
            let value = value.parse::<f64>().unwrap_or_default() as i64;
            let (name, labels) = name.split_once('{').unwrap_or((name, ""));
            match name {
                "onhand_jobs_attempts_total" => {
                    let outcome = labels.split("outcome=\"").nth(1).and_then(|rest| rest.split('"').next());
                    *measures.attempts.entry(outcome.unwrap_or_default().to_owned()).or_default() += value;
                }
                "onhand_jobs_rescues_total" => measures.rescues += value,
                "onhand_jobs_stale_finishes_total" => measures.stale += value,
                "onhand_jobs_slots_used" => measures.running += value,
                _ => {}
            }
        }
        measures
    }

    fn combine(&self, other: &Self, sign: i64) -> Self {
        let mut sum = self.clone();
        for (outcome, count) in &other.attempts {
            *sum.attempts.entry(outcome.clone()).or_default() += sign * count;
        }
        sum.rescues += sign * other.rescues;
        sum.stale += sign * other.stale;
        sum.running += sign * other.running;
        sum
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        self.combine(other, 1)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.combine(other, -1)
    }

    /// Attempts that failed, by class.
    pub(super) fn failures(&self) -> BTreeMap<String, i64> {
        let is_failure = |outcome: &String| CLASSES.contains(&outcome.as_str());
        let failures = self.attempts.iter().filter(|(outcome, count)| is_failure(outcome) && **count > 0);
        failures.map(|(outcome, count)| (outcome.clone(), *count)).collect()
    }

    pub(super) fn in_words(&self) -> String {
        let done = self.attempts.get("done").copied().unwrap_or_default();
        let failed: i64 = self.failures().values().sum();
        format!("{done} jobs done, {failed} attempts failed, {} running", self.running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_over_kinds_and_replicas() {
        let text = "# HELP onhand_jobs_attempts Attempts\n\
            onhand_jobs_attempts_total{kind=\"push_stock\",outcome=\"rate_limited\"} 3\n\
            onhand_jobs_attempts_total{kind=\"fetch_order\",outcome=\"rate_limited\"} 4\n\
            onhand_jobs_attempts_total{kind=\"fetch_order\",outcome=\"done\"} 9\n\
            onhand_jobs_rescues_total 2\nonhand_jobs_slots_used{lane=\"order_ingest\"} 1\n# EOF\n";
        let read = Measures::read(text);
        assert_eq!(read.failures(), BTreeMap::from([("rate_limited".to_owned(), 7)]));
        assert_eq!(
            (read.rescues, read.in_words().as_str()),
            (2, "9 jobs done, 7 attempts failed, 1 running")
        );
        assert_eq!(read.plus(&read).minus(&read), read);
    }
}
