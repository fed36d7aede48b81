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

/// A number that no other process starts from.
pub(crate) fn seed() -> Result<u64, getrandom::Error> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    Ok(u64::from_le_bytes(random))
}

/// Bytes that nobody can guess.
pub(crate) fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(random)
}

/// Now, to the second (RFC 3339).
pub(crate) fn rfc3339() -> String {
    let now = SystemClock::shared().now();
    let seconds = i64::try_from(now.0 / 1000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |now| now.to_string())
}
