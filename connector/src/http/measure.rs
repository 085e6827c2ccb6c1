//! How long the network took, and how far the marketplace's clock is from ours.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::client::now_ms;

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// What the requests of one call cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Requests sent, those without an answer included. A page of Shopee's listings is many of them.
    pub requests: u32,
    /// Time during which at least one of them was under way.
    pub network: Duration,
    /// The marketplace's clock minus this machine's, from the `Date` of the quickest answer, in milliseconds. `Date`
    /// has whole seconds, so half a second either way means nothing.
    pub offset_ms: Option<i64>,
}

impl Measured {
    /// What the marketplace's clock shows now, if it was measured. Milliseconds since 1970.
    #[must_use]
    pub fn their_time(&self) -> Option<i64> {
        self.offset_ms.map(|offset| now_ms() + offset)
    }
}

#[derive(Default)]
struct Meter(Mutex<State>);

#[derive(Default)]
struct State {
    measured: Measured,
    under_way: u32,
    since: Option<Instant>,
    quickest: Option<Duration>,
}

impl Meter {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs `work` and measures the requests that [`super::Http`] sends in it. Requests of tasks that `work` spawns are not
/// seen.
pub async fn measured<F: Future>(work: F) -> (F::Output, Measured) {
    let meter = Arc::new(Meter::default());
    let output = METER.scope(Arc::clone(&meter), work).await;
    (output, meter.change(|state| state.measured))
}

/// Counts a request from here until it is dropped, however it ends.
pub(super) struct UnderWay(Option<Arc<Meter>>);

impl UnderWay {
    pub(super) fn begin() -> Self {
        let meter = METER.try_with(Arc::clone).ok();
        if let Some(meter) = &meter {
            meter.change(|state| {
                state.measured.requests += 1;
                state.under_way += 1;
                state.since.get_or_insert_with(Instant::now);
            });
        }
        Self(meter)
    }

    /// The marketplace said what time it is: `date` is theirs, `at` ours in the middle of the exchange, both in
    /// milliseconds since 1970.
    pub(super) fn clock(&self, date: i64, at: i64, took: Duration) {
        let Some(meter) = &self.0 else { return };
        meter.change(|state| {
            if state.quickest.is_none_or(|quickest| took < quickest) {
                state.quickest = Some(took);
                // Half a second later than the whole second that the header names, on average.
                state.measured.offset_ms = Some(date + 500 - at);
            }
        });
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(meter) = &self.0 else { return };
        meter.change(|state| {
            state.under_way -= 1;
            if state.under_way == 0
                && let Some(since) = state.since.take()
            {
                state.measured.network += since.elapsed();
            }
        });
    }
}
