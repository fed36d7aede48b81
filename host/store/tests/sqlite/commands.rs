//! Wishes from outside.

use lockgate_model::limits::EVENT_BYTES_MAX;
use lockgate_model::time::Timestamp;
use lockgate_ports::{EventLog, LogError};
use lockgate_store::sqlite::COMMANDS_MAX;

use crate::support::{Place, claim, stream};

fn none() -> Vec<Vec<u8>> {
    Vec::new()
}

#[test]
fn wishes_are_received_in_order_and_once() {
    let place = Place::new();
    let log = place.open();
    let (lease, other) = (claim(&*log, &stream("a")), claim(&*log, &stream("b")));
    assert_eq!(log.receive(&lease).unwrap(), none());
    for body in ["one", "two"] {
        log.send(&lease.stream, Timestamp(5), body.into()).unwrap();
    }
    assert_eq!(log.receive(&other).unwrap(), none());
    assert_eq!(log.receive(&lease).unwrap(), [b"one", b"two"]);
    log.send(&lease.stream, Timestamp(6), "three".into()).unwrap();
    assert_eq!(log.receive(&lease).unwrap(), [b"three"]);
    assert_eq!(log.receive(&lease).unwrap(), none());
}

#[test]
fn a_wish_waits_for_a_stream_that_nobody_drives_yet() {
    let place = Place::new();
    place.open().send(&stream("a"), Timestamp(5), "early".into()).unwrap();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    assert_eq!(log.receive(&lease).unwrap(), [b"early"]);
}

#[test]
fn what_a_driver_took_before_it_died_is_given_to_the_next() {
    let place = Place::new();
    let log = place.open();
    let lost = claim(&*log, &stream("a"));
    log.send(&lost.stream, Timestamp(5), "cancel".into()).unwrap();
    assert_eq!(log.receive(&lost).unwrap(), [b"cancel"]);
    let next = claim(&*log, &lost.stream);
    assert_eq!(log.receive(&next).unwrap(), [b"cancel"]);
    log.release(&next);
    let last = claim(&*log, &lost.stream);
    assert_eq!(log.receive(&last).unwrap(), none());
}

#[test]
fn wishes_are_limited_in_size_and_number() {
    let place = Place::new();
    let log = place.open();
    let send = |bytes: usize| log.send(&stream("a"), Timestamp(5), vec![b'x'; bytes]);
    let too_large = LogError::TooLarge { bytes: EVENT_BYTES_MAX + 1, max_bytes: EVENT_BYTES_MAX };
    assert_eq!(send(EVENT_BYTES_MAX + 1), Err(too_large));
    send(EVENT_BYTES_MAX).unwrap();
    (1..COMMANDS_MAX).for_each(|_| send(1).unwrap());
    assert!(send(1).unwrap_err().to_string().starts_with("1000 commands wait for stream run/a already"));
    let lease = claim(&*log, &stream("a"));
    assert_eq!(log.receive(&lease).unwrap().len(), 1_000);
    assert_eq!(log.receive(&lease).unwrap(), none());
    send(1).unwrap();
}
