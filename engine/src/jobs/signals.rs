//! What of a commit concerns the queue, told inside the process: a hint that spares polling, never needed.

use onhand_rules::job::JobState;
use onhand_rules::{Changes, Setting};
use tokio::sync::watch;

/// Counters that rise when something happened.
#[derive(Debug)]
pub(crate) struct Signals {
    /// A job became ready.
    pub(crate) jobs: watch::Sender<u64>,
    /// A lane, a pause, a shop or a block changed.
    pub(crate) gates: watch::Sender<u64>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { jobs: watch::channel(0).0, gates: watch::channel(0).0 }
    }
}

/// What of one batch is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    jobs: bool,
    gates: bool,
}

impl News {
    pub(crate) fn of(changes: &Changes) -> Self {
        let sync = &changes.sync;
        let ready = |job: &onhand_rules::Job| job.state == JobState::Ready;
        Self {
            jobs: sync.jobs.iter().any(|row| row.now.as_ref().is_some_and(ready)),
            gates: !sync.shops.is_empty()
                || sync.settings.iter().any(|(_, row)| opens(row.before.as_ref(), row.now.as_ref())),
        }
    }
}

/// Whether a change of a setting may concern what can be claimed. Tokens are taken all the time and do not.
fn opens(before: Option<&Setting>, now: Option<&Setting>) -> bool {
    match (before, now) {
        (Some(Setting::Bucket(before)), Some(Setting::Bucket(now))) => {
            before.blocked_until != now.blocked_until
        }
        (_, Some(Setting::Lane { .. } | Setting::KindPaused { .. }) | None) => true,
        _ => false,
    }
}

impl Signals {
    pub(crate) fn tell(&self, news: News) {
        if news.jobs {
            self.jobs.send_modify(|count| *count += 1);
        }
        if news.gates {
            self.gates.send_modify(|count| *count += 1);
        }
    }
}
