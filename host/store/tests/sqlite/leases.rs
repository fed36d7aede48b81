//! Who may append.

use lockgate_model::time::Timestamp;
use lockgate_ports::{EventLog, Lease, LogError};
use lockgate_store::sqlite::owner_of_this_process;

use crate::support::{Place, append, stream};

/// This process.
fn owner() -> String {
    owner_of_this_process().unwrap()
}

/// One that had this process's number before.
fn dead_owner() -> String {
    let owner = owner();
    let (rest, start_ticks) = owner.rsplit_once(':').unwrap();
    format!("{rest}:{}", start_ticks.parse::<u64>().unwrap() - 1)
}

fn fenced(lease: &Lease, current: u64) -> LogError {
    LogError::Fenced { stream: lease.stream.clone(), ours: lease.epoch, current }
}

#[test]
fn a_live_lease_is_respected_until_it_ends() {
    let place = Place::new();
    let log = place.open();
    let stream = stream("a");
    let first = log.claim(&stream, &owner(), Timestamp(0), Timestamp(100)).unwrap();
    assert_eq!(first, Lease { stream: stream.clone(), epoch: 1, until: Timestamp(100) });
    let leased = LogError::Leased { stream: stream.clone(), owner: owner(), until_ms: 100 };
    assert_eq!(log.claim(&stream, "elsewhere:boot:1:1", Timestamp(99), Timestamp(200)), Err(leased));
    let second = log.claim(&stream, "elsewhere:boot:1:1", Timestamp(100), Timestamp(200)).unwrap();
    assert_eq!(second.epoch, 2);
    assert_eq!(append(&*log, &first, 0, &["late"]), Err(fenced(&first, 2)));
    assert_eq!(log.renew(&first, Timestamp(900)), Err(fenced(&first, 2)));
    assert_eq!(log.receive(&first), Err(fenced(&first, 2)));
    append(&*log, &second, 0, &["in time"]).unwrap();
}

#[test]
fn an_owner_takes_his_own_lease_again_under_a_new_epoch() {
    let place = Place::new();
    let log = place.open();
    let claim = || log.claim(&stream("a"), "me", Timestamp(0), Timestamp(100)).unwrap();
    let (first, second) = (claim(), claim());
    assert_eq!(append(&*log, &first, 0, &["old"]), Err(fenced(&first, 2)));
    append(&*log, &second, 0, &["new"]).unwrap();
}

#[test]
fn the_lease_of_a_dead_owner_is_free() {
    let place = Place::new();
    let log = place.open();
    let (dead, elsewhere) = (dead_owner(), "elsewhere:boot:1:1");
    let holders = [(dead.as_str(), true), (elsewhere, false), ("not in the usual form", false)];
    for (nth, (holder, is_free)) in holders.into_iter().enumerate() {
        let stream = stream(&nth.to_string());
        log.claim(&stream, holder, Timestamp(0), Timestamp(100)).unwrap();
        let claimed = log.claim(&stream, &owner(), Timestamp(1), Timestamp(100));
        assert_eq!(claimed.is_ok(), is_free, "{holder}: {claimed:?}");
    }
}

#[test]
fn renewal_moves_the_end_and_release_gives_the_stream_back() {
    let place = Place::new();
    let log = place.open();
    let stream = stream("a");
    let lease = log.claim(&stream, "one", Timestamp(0), Timestamp(100)).unwrap();
    log.renew(&lease, Timestamp(300)).unwrap();
    let claim = || log.claim(&stream, "two", Timestamp(200), Timestamp(400));
    assert!(matches!(claim(), Err(LogError::Leased { until_ms: 300, .. })));
    log.release(&lease);
    let next = claim().unwrap();
    assert!(next.epoch > lease.epoch);
    log.release(&lease);
    assert!(matches!(append(&*log, &lease, 0, &["after"]), Err(LogError::Fenced { .. })));
    append(&*log, &next, 0, &["event"]).unwrap();
}

#[test]
fn nothing_is_appended_under_a_released_lease_or_none() {
    let place = Place::new();
    let log = place.open();
    let lease = log.claim(&stream("a"), "one", Timestamp(0), Timestamp(100)).unwrap();
    log.release(&lease);
    assert_eq!(append(&*log, &lease, 0, &["after"]), Err(fenced(&lease, 2)));
    let none = Lease { stream: stream("never claimed"), epoch: 0, until: Timestamp(100) };
    assert_eq!(append(&*log, &none, 0, &["event"]), Err(fenced(&none, 0)));
}
