//! A host that is killed in the middle of its work.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lockgate_model::time::Timestamp;
use lockgate_ports::{EventLog, Journal as _};
use lockgate_store::sqlite::{JournalFiles, Settings, owner_of_this_process};

use crate::journal::{line, messages};
use crate::support::{Place, append, append_of, attempt, events, open, stream};

/// Set in the process that is to be killed: the database's path.
const VICTIM: &str = "LOCKGATE_STORE_TEST_VICTIM";
/// Appends that the victim has under way at one time.
const UNDER_WAY_MAX: usize = 50;
/// What the victim says for each acknowledged event, before the number.
const ACKNOWLEDGED: &str = "acknowledged ";

/// What the killed process does; without the variable there is nothing to do.
#[test]
#[ignore = "started by the test below, as another process"]
fn victim() {
    let Some(file) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let log = open(&file, Settings::default()).unwrap();
    let lease = log.claim(&stream("a"), &owner_of_this_process().unwrap(), Timestamp(0), Timestamp(u64::MAX)).unwrap();
    let recorder = JournalFiles::new(log.clone(), journal_folder(&file)).open(&attempt("build", 1), true);
    let (under_way, done) = crossbeam_channel::bounded(UNDER_WAY_MAX);
    for seq in 0.. {
        recorder.record(line(&seq.to_string()));
        under_way.send(()).unwrap();
        let done = done.clone();
        let acknowledge = move |result: Result<(), _>| {
            result.unwrap();
            writeln!(std::io::stdout(), "{ACKNOWLEDGED}{}", seq + 1).unwrap();
            done.recv().unwrap();
        };
        log.append(append_of(&lease, seq, &[&"x".repeat(600)]), Box::new(acknowledge));
    }
}

fn journal_folder(file: &Path) -> PathBuf {
    file.with_file_name("journal")
}

fn start_victim(file: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kill::victim", "--ignored", "--nocapture"]).env(VICTIM, file);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Kills the victim after `after` acknowledgements; the last that it gave, those on their way included.
fn kill(mut victim: Child, after: u64) -> u64 {
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut last = 0;
    for text in lines {
        let Some(seq) = text.strip_prefix(ACKNOWLEDGED).and_then(|seq| seq.parse().ok()) else { continue };
        last = seq;
        if last == after {
            victim.kill().unwrap();
        }
    }
    assert!(!victim.wait().unwrap().success());
    last
}

/// Everything acknowledged is there, without a gap, and the next host goes on at once.
fn check(after: u64) {
    let place = Place::new();
    let last = kill(start_victim(&place.file()), after);
    assert!(last >= after, "the victim ended by itself after {last}");
    let log = place.open();
    let seq = events(&*log, &stream("a")).len() as u64;
    assert!(seq >= last, "{last} events were acknowledged, {seq} are there");
    let lease = log.claim(&stream("a"), &owner_of_this_process().unwrap(), Timestamp(1), Timestamp(2)).unwrap();
    assert_eq!(lease.epoch, 2);
    append(&*log, &lease, seq, &["went on"]).unwrap();
    let journal = JournalFiles::new(log, journal_folder(&place.file()));
    let calls = journal.read(&attempt("build", 1), 0).unwrap();
    let said = messages(&calls);
    let expected: Vec<_> = (0..said.len()).map(|n| n.to_string()).collect();
    // The last moments of an attempt that was killed may be missing, but nothing before them.
    assert_eq!(said, expected);
}

#[test]
fn a_killed_host_loses_nothing_that_it_acknowledged() {
    for after in [1, 7, 50, 333, 1_500] {
        check(after);
    }
}
