//! Who follows the feed: the runner of jobs, or, in a process that runs none, a follower by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Publisher;
use crate::jobs::{Shared, backoff};
use crate::ledger::Engine;

/// How often the feed is looked at when nothing in this process wakes: what other replicas commit they publish
/// themselves, unless they die in between.
const POLL: Duration = Duration::from_millis(500);

/// Follows for a runner until that is told to stop: pushes may begin in its slots. Without hints, it looks every half second.
pub(crate) async fn run_with_slots(shared: Arc<Shared>) {
    let (hints, stop) = (shared.settings.hints, shared.stop.subscribe());
    run(Publisher::new(shared.engine.clone(), Some(shared)), hints, stop).await;
}

/// Follows until it is told to stop. `hints`: commits of this process wake it.
async fn run(mut publisher: Publisher, hints: bool, mut stop: watch::Receiver<Option<Instant>>) {
    let mut feed = publisher.engine.feed();
    let mut failures = 0;
    while stop.borrow_and_update().is_none() {
        feed.mark_unchanged();
        let delay = match publisher.follow().await {
            Ok(true) => {
                failures = 0;
                continue;
            }
            Ok(false) => {
                failures = 0;
                POLL
            }
            Err(why) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(why, "changes of stock cannot be published; trying again for ever");
                }
                publisher.forget();
                tokio::select! {
                    () = tokio::time::sleep(backoff(failures)) => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            // The sender lives in the engine that the publisher holds.
            _ = feed.changed(), if hints => {}
            _ = stop.changed() => {}
        }
    }
}

/// Follows the feed in a process that runs no jobs: what is to be told to shops is marked for those that do, and stock
/// that runs low is told here, too. Where there is neither a shop nor a threshold, it costs next to nothing.
pub struct Follower {
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Starts to follow, whatever happens to the database.
    #[must_use]
    pub fn start(engine: Engine) -> Self {
        let (stop, stopped) = watch::channel(None);
        Self { stop, task: tokio::spawn(run(Publisher::new(engine, None), false, stopped)) }
    }

    /// Returns when it follows no more. What it did not see, whoever follows next sees.
    pub async fn stop(self) {
        self.stop.send_replace(Some(Instant::now()));
        // A panic of it has been told by the runtime.
        drop(self.task.await);
    }
}
