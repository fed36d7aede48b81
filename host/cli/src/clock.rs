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

/// Who drives: `HOST:BOOT_ID:PID:START_TICKS`, so that a lease of a dead process on this machine is known to be dead.
pub(crate) fn owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Field 22 of proc_pid_stat(5); the name in field 2 may hold spaces, so fields are counted behind its bracket.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(19)).unwrap_or("0");
    format!("{host}:{}:{}:{ticks}", boot.trim(), std::process::id())
}
