//! Facts of this attempt. Asking for one is observed, because the answer may differ the next time.

use crate::host;

/// Which try of the step this is, from 1.
#[must_use]
pub fn attempt() -> u32 {
    host::attempt()
}

/// The same for every attempt of one step of one run: what an outward call hands to a service that must not act twice.
#[must_use]
pub fn idempotency_key() -> String {
    host::idempotency_key()
}

/// Operating system and architecture of the host's native tools: `linux/amd64`.
#[must_use]
pub fn platform() -> String {
    host::platform()
}

/// Where people look at this run.
#[must_use]
pub fn run_url() -> Option<String> {
    host::run_url()
}
