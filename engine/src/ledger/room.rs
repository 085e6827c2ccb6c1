//! What is still done when the disk is full: commands that free stock, in room that was kept for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onhand_store::{Ballast, StoreError};
use prometheus_client::metrics::gauge::Gauge;

/// How often it is tried to take the ballast again.
const LOOK: Duration = Duration::from_millis(500);

/// Whether there is room on the disk, and the ballast that makes some.
pub(super) struct Room {
    ballast: Option<Arc<dyn Ballast>>,
    /// The ballast is gone: only commands that free stock may be written.
    short: bool,
    look_at: Instant,
    measure: Gauge,
}

impl Room {
    /// Takes the ballast; a disk without room for it is short of room from the start.
    pub(super) fn new(ballast: Option<Arc<dyn Ballast>>, measure: Gauge) -> Self {
        let mut room = Self { ballast, short: false, look_at: Instant::now(), measure };
        room.look();
        room
    }

    /// Whether only commands that free stock may be written. Looks whether there is room again, when it is time.
    pub(super) fn is_short(&mut self) -> bool {
        if self.short && Instant::now() >= self.look_at {
            self.look();
        }
        self.short
    }

    /// As [`Self::is_short`], as of the last look.
    pub(super) fn was_short(&self) -> bool {
        self.short
    }

    /// After a write that found no room: whether some was made by giving the ballast up.
    pub(super) fn make(&mut self) -> bool {
        let made = !self.short && self.ballast.as_ref().is_some_and(|ballast| ballast.give_up());
        if made {
            tracing::error!("the disk is full: only what frees stock is written until somebody makes room");
            self.set(true);
        }
        made
    }

    fn look(&mut self) {
        let Some(ballast) = &self.ballast else { return };
        match ballast.take() {
            Ok(()) if self.short => {
                tracing::info!("there is room on the disk again");
                self.set(false);
            }
            Ok(()) => {}
            Err(StoreError::Full(error)) => {
                if !self.short {
                    tracing::error!(error, "the disk is full: only what frees stock is written");
                }
                self.set(true);
            }
            Err(error) => {
                tracing::warn!(%error, "no room can be kept for a full disk");
                self.set(false);
            }
        }
    }

    fn set(&mut self, short: bool) {
        self.short = short;
        self.look_at = Instant::now() + LOOK;
        self.measure.set(i64::from(short));
    }
}
