//! Who follows the feed: the runner of jobs, or, in a process that runs none, a follower by itself.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Publisher;
use crate::jobs::backoff;
use crate::ledger::Engine;

/// How often the feed is looked at when nothing in this process wakes: what other replicas commit they publish
/// themselves, unless they die in between.
const POLL: Duration = Duration::from_millis(500);

/// Follows until it is told to stop. `hints`: commits of this process wake it; without, it looks every half second.
/// `sparing`: it passes over what nobody listens for.
pub(crate) async fn run(
    engine: Engine,
    hints: bool,
    sparing: bool,
    mut stop: watch::Receiver<Option<Instant>>,
) {
    let mut feed = engine.feed();
    let mut publisher = Publisher::new(engine, sparing);
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
        Self { stop, task: tokio::spawn(run(engine, false, true, stopped)) }
    }

    /// Returns when it follows no more. What it did not see, whoever follows next sees.
    pub async fn stop(self) {
        self.stop.send_replace(Some(Instant::now()));
        // A panic of it has been told by the runtime.
        drop(self.task.await);
    }
}
