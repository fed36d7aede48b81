//! Time, injected.

use lockgate_model::time::Timestamp;

/// Tells the time. The real one lives in `host/cli`; simulated worlds have their own.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;

    /// Microseconds since some fixed moment; never goes backwards. For durations.
    fn monotonic_us(&self) -> u64;
}
