//! The pulse that ends holds past due.
//!
//! Nobody's stock depends on it being in time (see `rules/src/commands/expire_holds.rs`); it keeps the books tidy and
//! the channels informed. It stands still when the clock has jumped forward, because a wrong time step must not empty
//! every cart.

use std::time::{Duration, Instant};

use onhand_rules::commands::ExpireHolds;
use onhand_rules::{Holder, Receipt};
use onhand_store::{Outcome, StoreError};

use crate::ledger::{Engine, Request};

/// How often the pulse looks.
const BEAT: Duration = Duration::from_millis(250);
/// Holders that one beat finds.
const PAGE: usize = 500;
/// Holders that one command ends, so that expiry and sales share the writer.
const CHUNK: usize = 50;
/// How often it looks for snapshots that somebody keeps open.
const SNAPSHOT_BEATS: u64 = 40;
/// One that is older than this is told.
const SNAPSHOT_MAX_MS: i64 = 30_000;
/// A forward step of the wall clock against the monotonic clock by more than this is not believed at once.
const JUMP_MAX_MS: i64 = 5 * 60 * 1000;
/// For how long it is not believed, on the monotonic clock.
const DOUBT: Duration = Duration::from_secs(10 * 60);

pub(crate) async fn run(engine: Engine) {
    let mut clock = ClockGuard::default();
    let mut failing = false;
    for count in 0u64.. {
        tokio::time::sleep(BEAT).await;
        if engine.is_stopping() {
            return;
        }
        if count.is_multiple_of(SNAPSHOT_BEATS) {
            watch_snapshots(&engine).await;
        }
        match beat(&engine, &mut clock).await {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "the expiry pulse cannot look for holds past due; it goes on trying");
                }
                failing = true;
            }
        }
    }
}

async fn beat(engine: &Engine, clock: &mut ClockGuard) -> Result<(), StoreError> {
    let now = engine.reads().now().await?;
    let trusted = clock.trust(now, Instant::now());
    engine.metrics().clock_suspect.set(i64::from(!trusted));
    if !trusted || engine.reads().next_due().await?.is_none_or(|due| due > now) {
        return Ok(());
    }
    let holders = engine.reads().due(now, PAGE).await?;
    for chunk in holders.chunks(CHUNK) {
        end(engine, chunk).await;
    }
    Ok(())
}

/// An open snapshot keeps PostgreSQL from cleaning up behind us, whoever holds it. It is shown before it is felt.
async fn watch_snapshots(engine: &Engine) {
    match engine.reads().oldest_snapshot_ms().await {
        Ok(age) => {
            let told = engine.metrics().oldest_snapshot_seconds.set(age / 1_000);
            if age > SNAPSHOT_MAX_MS && told <= SNAPSHOT_MAX_MS / 1_000 {
                tracing::warn!(
                    age_ms = age,
                    "somebody keeps a snapshot of the database open; it slows everything down"
                );
            }
        }
        // The beat itself says when the database cannot be read.
        Err(error) => tracing::debug!(%error, "open snapshots cannot be looked at"),
    }
}

async fn end(engine: &Engine, holders: &[Holder]) {
    let request = Request::internal(ExpireHolds { holders: holders.to_vec() });
    match engine.submit(request).await {
        Ok(answer) => {
            if let Outcome::Done(Receipt::Expired { count }) = answer.outcome {
                engine.metrics().expired_holds.inc_by(u64::from(count));
            }
        }
        // The next beat finds the same holders again; the writer has logged what is wrong.
        Err(error) => tracing::debug!(%error, "holds past due could not be ended yet"),
    }
}

/// Compares the wall clock with the monotonic clock.
#[derive(Debug, Default)]
struct ClockGuard {
    /// The last wall time that was believed, and when. A step back does not move it, so the step forth again is no jump.
    anchor: Option<(i64, Instant)>,
    doubt_until: Option<Instant>,
}

impl ClockGuard {
    /// Whether `wall` (milliseconds) may be believed at `instant`.
    fn trust(&mut self, wall: i64, instant: Instant) -> bool {
        let (anchor, since) = *self.anchor.get_or_insert((wall, instant));
        let passed = i64::try_from(instant.duration_since(since).as_millis()).unwrap_or(i64::MAX);
        let ahead = wall - anchor.saturating_add(passed);
        if ahead > JUMP_MAX_MS {
            tracing::error!(
                step_ms = ahead,
                "the clock jumped forward; holds do not expire for ten minutes, or until a restart confirms the time"
            );
            self.doubt_until = Some(instant + DOUBT);
        }
        if ahead > -JUMP_MAX_MS {
            self.anchor = Some((wall, instant));
        }
        if self.doubt_until.is_some_and(|until| instant >= until) {
            self.doubt_until = None;
        }
        self.doubt_until.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d2_a_jump_forward_is_not_believed_for_ten_minutes() {
        let mut guard = ClockGuard::default();
        let start = Instant::now();
        assert!(guard.trust(1_000_000, start));
        assert!(guard.trust(1_001_000, start + Duration::from_secs(1)));
        let day = 24 * 60 * 60 * 1000;
        assert!(!guard.trust(1_002_000 + day, start + Duration::from_secs(2)), "a day in a second");
        assert!(!guard.trust(1_300_000 + day, start + Duration::from_secs(300)));
        assert!(
            guard.trust(1_603_000 + day, start + Duration::from_secs(603)),
            "ten minutes later it is the time"
        );
    }

    #[test]
    fn d1_an_hour_back_and_forth_is_no_jump_beyond_where_it_was() {
        let mut guard = ClockGuard::default();
        let start = Instant::now();
        let hour = 60 * 60 * 1000;
        assert!(guard.trust(10 * hour, start));
        assert!(
            guard.trust(9 * hour, start + Duration::from_secs(1)),
            "backwards is harmless: the ledger clock holds"
        );
        assert!(guard.trust(10 * hour + 2_000, start + Duration::from_secs(2)), "and back again is no jump");
    }
}
