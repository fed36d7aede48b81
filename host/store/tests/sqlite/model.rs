//! Random interleavings of claims, appends, renewals and releases, against a model of a dozen lines.

use std::sync::Arc;

use lockgate_model::time::Timestamp;
use lockgate_ports::{EventLog as _, Lease, LogError};
use lockgate_store::sqlite::Database;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::Config;

use crate::support::{Place, append, events, stream};

const STREAMS: [&str; 2] = ["a", "b"];
const OWNERS: [&str; 3] = ["one", "two", "three"];

#[derive(Debug, Clone)]
enum Move {
    Pass { ms: u64 },
    Claim { stream: usize, owner: usize, ms: u64 },
    Append { lease: Index, off_by: u64, events: usize },
    Renew { lease: Index, ms: u64 },
    Release { lease: Index },
    Reopen,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => (1..100_u64).prop_map(|ms| Move::Pass { ms }),
        4 => (0..STREAMS.len(), 0..OWNERS.len(), 1..100_u64)
            .prop_map(|(stream, owner, ms)| Move::Claim { stream, owner, ms }),
        6 => (any::<Index>(), prop_oneof![4 => Just(0), 1 => 1..3_u64], 0..4_usize)
            .prop_map(|(lease, off_by, events)| Move::Append { lease, off_by, events }),
        2 => (any::<Index>(), 1..100_u64).prop_map(|(lease, ms)| Move::Renew { lease, ms }),
        1 => any::<Index>().prop_map(|lease| Move::Release { lease }),
        1 => Just(Move::Reopen),
    ];
    proptest::collection::vec(one, 1..30)
}

/// What a stream should be.
#[derive(Debug, Default, Clone)]
struct Model {
    epoch: u64,
    owner: &'static str,
    until: u64,
    seq: u64,
}

impl Model {
    fn claim(&mut self, lease: &Lease, owner: &'static str, now: u64) -> Result<Lease, LogError> {
        if self.until > now && !self.owner.is_empty() && self.owner != owner {
            let (owner, until_ms) = (self.owner.to_owned(), self.until);
            return Err(LogError::Leased { stream: lease.stream.clone(), owner, until_ms });
        }
        *self = Self { epoch: self.epoch + 1, owner, until: lease.until.0, seq: self.seq };
        Ok(Lease { epoch: self.epoch, ..lease.clone() })
    }

    fn check(&self, lease: &Lease) -> Result<(), LogError> {
        let fenced = LogError::Fenced { stream: lease.stream.clone(), ours: lease.epoch, current: self.epoch };
        if lease.epoch == self.epoch { Ok(()) } else { Err(fenced) }
    }

    fn append(&mut self, lease: &Lease, expected: u64, events: usize) -> Result<(), LogError> {
        self.check(lease)?;
        if expected != self.seq {
            return Err(LogError::WrongSeq { stream: lease.stream.clone(), expected, actual: self.seq });
        }
        self.seq += events as u64;
        Ok(())
    }

    fn release(&mut self, lease: &Lease) {
        if self.check(lease).is_ok() {
            *self = Self { epoch: self.epoch + 1, owner: "", until: 0, seq: self.seq };
        }
    }
}

struct World {
    place: Place,
    log: Option<Arc<Database>>,
    now: u64,
    models: [Model; STREAMS.len()],
    leases: Vec<(usize, Lease)>,
}

impl World {
    fn new() -> Self {
        let place = Place::new();
        let log = Some(place.open());
        Self { place, log, now: 0, models: Default::default(), leases: Vec::new() }
    }

    fn go(&mut self, next: &Move) {
        let log = self.log.clone().unwrap();
        match *next {
            Move::Pass { ms } => self.now += ms,
            Move::Claim { stream: nth, owner, ms } => {
                let lease = Lease { stream: stream(STREAMS[nth]), epoch: 0, until: Timestamp(self.now + ms) };
                let claimed = log.claim(&lease.stream, OWNERS[owner], Timestamp(self.now), lease.until);
                assert_eq!(claimed, self.models[nth].claim(&lease, OWNERS[owner], self.now));
                self.leases.extend(claimed.ok().map(|lease| (nth, lease)));
            }
            Move::Reopen => {
                drop(log);
                self.log = None;
                self.log = Some(self.place.open());
            }
            Move::Append { .. } | Move::Renew { .. } | Move::Release { .. } if self.leases.is_empty() => {}
            Move::Append { lease, off_by, events } => {
                let (nth, lease) = lease.get(&self.leases);
                let expected = self.models[*nth].seq + off_by;
                let appended = append(&*log, lease, expected, &["event"; 4][..events]);
                assert_eq!(appended, self.models[*nth].append(lease, expected, events));
            }
            Move::Renew { lease, ms } => {
                let (nth, lease) = lease.get(&self.leases);
                let renewed = log.renew(lease, Timestamp(self.now + ms));
                assert_eq!(renewed, self.models[*nth].check(lease));
                if renewed.is_ok() {
                    self.models[*nth].until = self.now + ms;
                }
            }
            Move::Release { lease } => {
                let (nth, lease) = lease.get(&self.leases);
                log.release(lease);
                self.models[*nth].release(lease);
            }
        }
    }

    fn check_streams(&self) {
        for (name, model) in STREAMS.iter().zip(&self.models) {
            let found = events(&**self.log.as_ref().unwrap(), &stream(name));
            assert_eq!(found.len() as u64, model.seq, "{name}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn the_log_is_what_the_model_says(moves in moves()) {
        let mut world = World::new();
        for next in &moves {
            world.go(next);
            world.check_streams();
        }
        for nth in 0..STREAMS.len() {
            let leases = world.leases.iter().filter(|(stream, _)| *stream == nth);
            let epochs: Vec<_> = leases.map(|(_, lease)| lease.epoch).collect();
            assert!(epochs.is_sorted_by(|earlier, later| earlier < later), "{epochs:?}");
        }
    }
}
