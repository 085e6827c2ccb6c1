//! The ledger clock between two looks at it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::Millis;
use onhand_store::{Reads, StoreError};

/// For how long one look is good. A clock that is stepped is noticed after that.
const GOOD_FOR: Duration = Duration::from_millis(200);

/// Extrapolates the database's clock by the monotonic one, so that not every look for work asks for the time too.
#[derive(Debug, Default)]
pub(crate) struct LedgerClock(Mutex<Option<(Millis, Instant)>>);

impl LedgerClock {
    /// The time, from a look that is not older than 200 ms.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(crate) async fn now(&self, reads: &dyn Reads) -> Result<Millis, StoreError> {
        if let Some(now) = self.known(GOOD_FOR) {
            return Ok(now);
        }
        let before = Instant::now();
        let now = reads.now().await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, before));
        Ok(now)
    }

    /// The time as far as it is known; 0 before the first look.
    pub(crate) fn estimate(&self) -> Millis {
        self.known(Duration::MAX).unwrap_or(0)
    }

    fn known(&self, good_for: Duration) -> Option<Millis> {
        let (at, when) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let age = when.elapsed();
        // Both times are cut to milliseconds; a job that is not due yet by one is simply left out of the claim.
        (age <= good_for).then(|| at + i64::try_from(age.as_millis()).unwrap_or(0) + 1)
    }
}
