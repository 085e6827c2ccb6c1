//! Every measure of the engine, in one file. The API registers them and adds its own.

mod pace;
mod queue;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

pub use pace::{Ended, Pace};
pub use queue::{
    AttemptLabels, BucketLabels, DeadLabels, LaneLabels, OneLane, PushLabels, PushTimes, QueueMetrics,
    ScheduleLabels, Seconds, ShopLabels, quantile,
};

/// Which command ended how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CommandLabels {
    /// [`onhand_rules::Command::name`].
    pub command: &'static str,
    /// `done`, `replayed`, the code of a refusal, or the code of a failure.
    pub outcome: &'static str,
}

/// The measures. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Commands answered.
    pub commands: Family<CommandLabels, Counter>,
    /// Commands in one batch.
    pub batch_size: Histogram,
    /// Seconds from the first statement of a batch to the end of its commit.
    pub batch_seconds: Histogram,
    /// Seconds of the commit alone: on SQLite mostly the disk's fsync.
    pub commit_seconds: Histogram,
    /// Seconds that a command waited for its batch.
    pub wait_seconds: Histogram,
    /// Commands waiting.
    pub queue_depth: Gauge,
    /// Batches run again because another writer was first.
    pub conflicts: Counter,
    /// Commits of which nobody knew at first whether they had happened.
    pub unknown_commits: Counter,
    /// Holds ended by the pulse.
    pub expired_holds: Counter,
    /// 1 while the pulse stands still because the clock has jumped.
    pub clock_suspect: Gauge,
    /// Seconds for which somebody has kept a snapshot of the database open.
    pub oldest_snapshot_seconds: Gauge,
    /// 1 while the disk is full and the room kept for commands that free stock is in use.
    pub storage_short: Gauge,
    /// The number of the last event.
    pub feed_head: Gauge,
    /// Of the queue and the pushes.
    pub queue: QueueMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.000_1, 2.0, 18));
        Self {
            commands: Family::default(),
            batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 13)),
            batch_seconds: seconds(),
            commit_seconds: seconds(),
            wait_seconds: seconds(),
            queue_depth: Gauge::default(),
            conflicts: Counter::default(),
            unknown_commits: Counter::default(),
            expired_holds: Counter::default(),
            clock_suspect: Gauge::default(),
            oldest_snapshot_seconds: Gauge::default(),
            storage_short: Gauge::default(),
            feed_head: Gauge::default(),
            queue: QueueMetrics::default(),
        }
    }
}

impl Metrics {
    /// Makes them visible under their names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "onhand_commands",
            "Commands answered, by command and outcome",
            self.commands.clone(),
        );
        registry.register("onhand_batch_size", "Commands in one batch", self.batch_size.clone());
        registry.register("onhand_batch_seconds", "Time of one batch", self.batch_seconds.clone());
        registry.register("onhand_commit_seconds", "Time of one commit", self.commit_seconds.clone());
        registry.register(
            "onhand_wait_seconds",
            "Time a command waited for its batch",
            self.wait_seconds.clone(),
        );
        registry.register("onhand_queue_depth", "Commands waiting", self.queue_depth.clone());
        registry.register("onhand_conflicts", "Batches run again after a conflict", self.conflicts.clone());
        registry.register(
            "onhand_unknown_commits",
            "Commits with unknown outcome",
            self.unknown_commits.clone(),
        );
        registry.register("onhand_expired_holds", "Holds ended by the pulse", self.expired_holds.clone());
        registry.register(
            "onhand_clock_suspect",
            "1 while expiry pauses after a jump",
            self.clock_suspect.clone(),
        );
        registry.register(
            "onhand_oldest_snapshot_seconds",
            "How long somebody has kept a snapshot of the database open",
            self.oldest_snapshot_seconds.clone(),
        );
        registry.register(
            "onhand_storage_short",
            "1 while the disk is full and only what frees stock is written",
            self.storage_short.clone(),
        );
        registry.register("onhand_feed_head", "Number of the last event", self.feed_head.clone());
        self.queue.register(registry);
    }

    /// Counts an answered command.
    pub fn count(&self, command: &'static str, outcome: &'static str) {
        self.commands.get_or_create(&CommandLabels { command, outcome }).inc();
    }
}
