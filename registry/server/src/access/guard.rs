//! Slows those who guess. Each client has a few tries; after them it is refused, unheard, for a while that doubles with
//! each further one. The table is bounded: a client that failed long ago makes room for one that fails now.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use lockgate_model::time::Timestamp;

/// Clients that are remembered.
pub(crate) const CLIENTS_MAX: usize = 4_096;
/// Failures in a row that cost nothing: a person mistypes.
pub(crate) const FREE_FAILURES_MAX: u32 = 5;
/// First wait after them.
const WAIT_MS_MIN: u64 = 1_000;
/// Longest wait.
const WAIT_MS_MAX: u64 = 60_000;
/// A client that did nothing for so long begins anew.
const MEMORY_MS: u64 = 15 * 60 * 1_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn wait_ms(self) -> u64 {
        match self.count.checked_sub(FREE_FAILURES_MAX) {
            None | Some(0) => 0,
            Some(over) => WAIT_MS_MIN.saturating_mul(1 << (over - 1).min(16)).min(WAIT_MS_MAX),
        }
    }
}

/// Failed logins by client.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    clients: Mutex<HashMap<IpAddr, Failures>>,
}

impl Guard {
    /// How long a client must wait before it is heard again; 0 when it need not.
    pub(crate) fn wait_ms(&self, client: IpAddr, now: Timestamp) -> u64 {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = clients.get(&client) else { return 0 };
        failures.last.plus_ms(failures.wait_ms()).since_ms(now)
    }

    /// A client failed; how often in a row.
    pub(crate) fn failed(&self, client: IpAddr, now: Timestamp) -> u32 {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS_MAX && !clients.contains_key(&client) {
            make_room(&mut clients, now);
        }
        let entry = clients.entry(client).or_insert(Failures { count: 0, last: now });
        if now.since_ms(entry.last) > MEMORY_MS {
            entry.count = 0;
        }
        *entry = Failures { count: entry.count.saturating_add(1), last: now };
        entry.count
    }

    /// A client showed a token that is known.
    pub(crate) fn succeeded(&self, client: IpAddr) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
    }
}

fn make_room(clients: &mut HashMap<IpAddr, Failures>, now: Timestamp) {
    clients.retain(|_, failures| now.since_ms(failures.last) <= MEMORY_MS);
    if clients.len() >= CLIENTS_MAX
        && let Some(oldest) = clients.iter().min_by_key(|(_, failures)| failures.last).map(|(client, _)| *client)
    {
        clients.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn waits_double_up_to_a_limit_and_end_with_success() {
        let guard = Guard::default();
        let waits: Vec<_> = (0..FREE_FAILURES_MAX + 8)
            .map(|_| {
                guard.failed(CLIENT, Timestamp(0));
                guard.wait_ms(CLIENT, Timestamp(0))
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(guard.wait_ms(CLIENT, Timestamp(59_000)), 1_000);
        assert_eq!(guard.wait_ms(CLIENT, Timestamp(60_000)), 0);
        guard.succeeded(CLIENT);
        assert_eq!(guard.wait_ms(CLIENT, Timestamp(0)), 0);
    }

    #[test]
    fn failures_of_long_ago_are_forgiven() {
        let guard = Guard::default();
        for _ in 0..20 {
            guard.failed(CLIENT, Timestamp(0));
        }
        assert_eq!(guard.failed(CLIENT, Timestamp(MEMORY_MS + 1)), 1);
    }

    #[test]
    fn the_table_is_bounded_and_the_oldest_makes_room() {
        let guard = Guard::default();
        for number in 0..u32::try_from(CLIENTS_MAX).unwrap() + 10 {
            guard.failed(IpAddr::from(number.to_be_bytes()), Timestamp(u64::from(number)));
        }
        let clients = guard.clients.lock().unwrap();
        assert_eq!(clients.len(), CLIENTS_MAX);
        assert!(!clients.contains_key(&IpAddr::from([0, 0, 0, 0])));
    }
}
