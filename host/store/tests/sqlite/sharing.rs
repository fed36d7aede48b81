//! Two hosts on one file.

use std::sync::Arc;

use lockgate_model::time::Timestamp;
use lockgate_ports::{EventLog, LogError};
use lockgate_store::sqlite::Database;

use crate::support::{Place, append, bodies, claim, stream};

#[test]
fn what_another_host_did_is_seen_before_the_next_append() {
    let place = Place::new();
    let (ours, theirs) = (place.open(), place.open());
    let stream = stream("a");
    let first = ours.claim(&stream, "ours", Timestamp(0), Timestamp(10)).unwrap();
    append(&*ours, &first, 0, &["ours"]).unwrap();
    let second = theirs.claim(&stream, "theirs", Timestamp(20), Timestamp(30)).unwrap();
    append(&*theirs, &second, 1, &["theirs"]).unwrap();
    let fenced = LogError::Fenced { stream: stream.clone(), ours: 1, current: 2 };
    assert_eq!(append(&*ours, &first, 1, &["too late"]), Err(fenced));
    let third = ours.claim(&stream, "ours", Timestamp(40), Timestamp(50)).unwrap();
    let wrong = LogError::WrongSeq { stream: stream.clone(), expected: 1, actual: 2 };
    assert_eq!(append(&*ours, &third, 1, &["on the old end"]), Err(wrong));
    append(&*ours, &third, 2, &["ours again"]).unwrap();
    assert_eq!(bodies(&*theirs, &stream), ["ours", "theirs", "ours again"]);
}

#[test]
fn wishes_cross_from_one_host_to_the_other() {
    let place = Place::new();
    let (ours, theirs) = (place.open(), place.open());
    let lease = claim(&*ours, &stream("a"));
    assert_eq!(ours.receive(&lease).unwrap().len(), 0);
    theirs.send(&lease.stream, Timestamp(1), "cancel".into()).unwrap();
    assert_eq!(ours.receive(&lease).unwrap(), [b"cancel"]);
}

#[test]
fn many_open_a_new_file_at_once_and_write_side_by_side() {
    let place = Place::new();
    let write = |name: usize| {
        let log: Arc<Database> = place.open();
        let lease = claim(&*log, &stream(&name.to_string()));
        for seq in 0..20 {
            append(&*log, &lease, seq, &[&format!("{name}/{seq}")]).unwrap();
        }
    };
    std::thread::scope(|scope| (0..6).for_each(|name| drop(scope.spawn(move || write(name)))));
    let log = place.open();
    for name in 0..6 {
        let expected: Vec<_> = (0..20).map(|seq| format!("{name}/{seq}")).collect();
        assert_eq!(bodies(&*log, &stream(&name.to_string())), expected);
    }
}
