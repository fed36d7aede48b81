//! Answers that were given before.

use lockgate_model::ids::Digest;
use lockgate_ports::Cache as _;
use lockgate_store::sqlite::{CACHE_VALUE_BYTES_MAX, Database, Settings};

use crate::support::{Place, append, claim, open, stream};

fn key(number: u32) -> Digest {
    Digest::of(&number.to_le_bytes())
}

#[test]
fn a_value_is_known_at_once_and_after_reopening() {
    let place = Place::new();
    let check = |database: &Database, expected: &[u8]| {
        assert_eq!(database.get("call", &key(1)).as_deref(), Some(expected));
        assert_eq!(database.get("action", &key(1)), None);
        assert_eq!(database.get("call", &key(2)), None);
    };
    let database = place.open();
    for value in [b"old", b"new"] {
        database.put("call", &key(1), value.to_vec());
        check(&database, value);
    }
    drop(database);
    let database = place.open();
    check(&database, b"new");
    database.put("call", &key(1), b"newest".to_vec());
    check(&database, b"newest");
    drop(database);
    check(&place.open(), b"newest");
}

#[test]
fn many_values_are_written_beside_the_events() {
    let place = Place::new();
    let database = place.open();
    let lease = claim(&*database, &stream("a"));
    for number in 0..100 {
        database.put("call", &key(number), number.to_string().into_bytes());
    }
    append(&*database, &lease, 0, &["event"]).unwrap();
    append(&*database, &lease, 1, &["the cache is written before this one"]).unwrap();
    let written: u32 = place.stranger().query_row("select count(*) from cache", [], |row| row.get(0)).unwrap();
    assert_eq!(written, 100);
    for number in 0..100 {
        assert_eq!(database.get("call", &key(number)), Some(number.to_string().into_bytes()));
    }
}

#[test]
fn a_value_may_be_as_large_as_the_limit_and_no_larger() {
    let place = Place::new();
    let database = place.open();
    database.put("call", &key(1), vec![1; CACHE_VALUE_BYTES_MAX]);
    database.put("call", &key(2), vec![2; CACHE_VALUE_BYTES_MAX + 1]);
    assert_eq!(database.get("call", &key(1)).map(|value| value.len()), Some(CACHE_VALUE_BYTES_MAX));
    assert_eq!(database.get("call", &key(2)), None);
}

#[test]
fn what_is_too_much_to_wait_is_not_remembered() {
    let place = Place::new();
    let database = place.open();
    (0..10).for_each(|number| database.put("call", &key(number), vec![0; CACHE_VALUE_BYTES_MAX]));
    let known = (0..10).filter(|number| database.get("call", &key(*number)).is_some()).count();
    assert_eq!(known, 3);
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    const BYTES_MAX: u32 = 64 * 1024;
    let place = Place::new();
    let settings = Settings { cache_bytes_max: u64::from(BYTES_MAX), ..Settings::default() };
    let database = open(&place.file(), settings).unwrap();
    let lease = claim(&*database, &stream("a"));
    let bytes = || -> u32 {
        place.stranger().query_row("select coalesce(sum(bytes), 0) from cache", [], |row| row.get(0)).unwrap()
    };
    for round in 0..20 {
        (0..40).for_each(|n| database.put("call", &key(round * 40 + n), vec![0; 200]));
        append(&*database, &lease, u64::from(round), &["event"]).unwrap();
        assert!(bytes() <= BYTES_MAX + BYTES_MAX / 16, "round {round}: {} bytes", bytes());
    }
    drop(database);
    assert!(bytes() > BYTES_MAX / 2, "{} bytes are left", bytes());
    let database = open(&place.file(), settings).unwrap();
    assert!(database.get("call", &key(799)).is_some());
    assert_eq!(database.get("call", &key(0)), None);
}

#[test]
fn a_locked_database_loses_answers_and_no_events() {
    let place = Place::new();
    let settings = Settings { busy_timeout_ms: 30, ..Settings::default() };
    let database = open(&place.file(), settings).unwrap();
    let lease = claim(&*database, &stream("a"));
    // Locked before anything waits: the writer may still be looking for what waits after it acknowledged the lease.
    let other = place.stranger();
    other.execute_batch("begin immediate").unwrap();
    (0..40).for_each(|number| database.put("call", &key(number), vec![0; 10]));
    append(&*database, &lease, 0, &["refused"]).unwrap_err();
    append(&*database, &lease, 0, &["refused, after the cache was"]).unwrap_err();
    other.execute_batch("rollback").unwrap();
    append(&*database, &lease, 0, &["event"]).unwrap();
    assert_eq!(database.get("call", &key(1)), None);
}
