//! The one place that asks the operating system for time, randomness and identity.
#![allow(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockgate_model::ids::RunId;
use lockgate_model::time::Timestamp;
use lockgate_ports::Clock;

/// The machine's clock.
pub(crate) struct SystemClock {
    began: Instant,
}

impl SystemClock {
    pub(crate) fn shared() -> Arc<dyn Clock> {
        Arc::new(Self { began: Instant::now() })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// A new run's id.
pub(crate) fn new_run_id(now: Timestamp) -> Result<RunId, getrandom::Error> {
    let mut random = [0; 4];
    getrandom::fill(&mut random)?;
    Ok(RunId::new(now.0, u32::from_le_bytes(random)))
}
