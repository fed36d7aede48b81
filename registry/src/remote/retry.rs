//! How often something is tried, and how long is waited between two tries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a registry may ask to be left alone (RFC 9110 section 10.2.3, `Retry-After`).
const RETRY_AFTER_MS_MAX: u64 = 60_000;
/// The longest wait between two tries that nobody asked for.
const BACKOFF_MS_MAX: u64 = 10_000;

/// Waits; handed in, so that a test need not.
pub type Waiting = Arc<dyn Fn(Duration) + Send + Sync>;

/// The client's patience.
#[derive(Clone)]
pub struct Patience {
    /// Tries of one request, the first included.
    pub attempts_max: u32,
    /// The first wait; each further one is twice as long, up to `BACKOFF_MS_MAX`.
    pub backoff_ms: u64,
    wait: Waiting,
    jitter: Arc<AtomicU64>,
}

impl Patience {
    /// Five tries, the first wait 200 ms; `seed` spreads the waits of many clients.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::that_waits(seed, Arc::new(std::thread::sleep))
    }

    /// The same, with another way to wait.
    #[must_use]
    pub fn that_waits(seed: u64, wait: Waiting) -> Self {
        Self { attempts_max: 5, backoff_ms: 200, wait, jitter: Arc::new(AtomicU64::new(seed | 1)) }
    }

    /// The wait after try number `attempt` (from 1): what the registry asked for, or half to all of the doubled wait.
    pub(super) fn pause(&self, attempt: u32, asked: Option<Duration>) {
        let doubled = self.backoff_ms.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(BACKOFF_MS_MAX);
        let spread = doubled / 2 + self.random() % (doubled / 2 + 1);
        let asked = asked.map(|asked| asked.min(Duration::from_millis(RETRY_AFTER_MS_MAX)));
        (self.wait)(asked.unwrap_or(Duration::from_millis(spread)));
    }

    /// A linear congruential generator: enough to keep clients from trying again in step.
    fn random(&self) -> u64 {
        let next =
            |state: u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let former = self.jitter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        former.unwrap_or_else(|state| state) >> 33
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempts_max, backoff_ms, .. } = self;
        f.debug_struct("Patience")
            .field("attempts_max", attempts_max)
            .field("backoff_ms", backoff_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{BACKOFF_MS_MAX, Patience, RETRY_AFTER_MS_MAX};

    fn waits(asked: Option<Duration>) -> Vec<u64> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let into = kept.clone();
        let wait: super::Waiting = Arc::new(move |time: Duration| into.lock().unwrap().push(time.as_millis() as u64));
        let patience = Patience::that_waits(7, wait);
        (1..40).for_each(|attempt| patience.pause(attempt, asked));
        kept.lock().unwrap().clone()
    }

    #[test]
    fn waits_double_with_a_spread_and_have_an_end() {
        let waits = waits(None);
        assert!((100..=200).contains(&waits[0]) && (200..=400).contains(&waits[1]), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= BACKOFF_MS_MAX), "{waits:?}");
        assert!(waits[20..].windows(2).any(|pair| pair[0] != pair[1]), "no spread: {waits:?}");
    }

    #[test]
    fn a_registry_is_left_alone_as_long_as_it_asks_but_not_for_ever() {
        assert_eq!(waits(Some(Duration::from_secs(3)))[0], 3000);
        assert_eq!(waits(Some(Duration::from_secs(1 << 40)))[0], RETRY_AFTER_MS_MAX);
    }
}
