//! A disk without space. What was committed stays, and work goes on when there is space again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lockgate_model::limits::EVENT_BYTES_MAX;
use lockgate_ports::{Lease, LogError};
use lockgate_store::sqlite::{Database, Settings};

use crate::support::{Place, append, bodies, claim, open, stream};

/// Appends until it is refused; how many events there are then, and why there are no more.
fn fill(log: &Database, lease: &Lease) -> (u64, LogError) {
    let body = "x".repeat(EVENT_BYTES_MAX / 2);
    for seq in 0..1_000 {
        if let Err(error) = append(log, lease, seq, &[&body]) {
            return (seq, error);
        }
    }
    panic!("1,000 events of 32 KiB fit");
}

fn full(file: &Path) -> LogError {
    LogError::Full { path: file.display().to_string() }
}

#[test]
fn a_database_at_its_limit_is_full_and_keeps_what_it_has() {
    let place = Place::new();
    let settings = Settings { file_pages_max: Some(100), ..Settings::default() };
    let log = open(&place.file(), settings).unwrap();
    let lease = claim(&*log, &stream("a"));
    let (seq, error) = fill(&log, &lease);
    assert_eq!(error, full(&place.file()));
    assert!(seq > 3, "only {seq} events fit into 400 KiB");
    append(&*log, &lease, seq, &["small"]).unwrap();
    drop(log);
    let log = place.open();
    append(&*log, &lease, seq + 1, &["after"]).unwrap();
    assert_eq!(bodies(&*log, &lease.stream).len() as u64, seq + 2);
}

/// A file system of 1 MiB.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this process may not mount.
    fn mount(folder: &Path) -> Option<Self> {
        let mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
        let mounted = Command::new("mount").args(mount).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().unwrap();
    }
}

#[test]
fn a_full_disk_is_said_and_survived() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(place.folder()) else {
        eprintln!("SKIPPED: a full disk needs the right to mount a tmpfs, which this process has not");
        return;
    };
    let ballast = place.folder().join("ballast");
    fs::write(&ballast, vec![0; 300 * 1024]).unwrap();
    let log: Arc<Database> = place.open();
    let lease = claim(&*log, &stream("a"));
    let (seq, error) = fill(&log, &lease);
    assert_eq!(error, full(&place.file()));
    assert_eq!(bodies(&*log, &lease.stream).len() as u64, seq);
    fs::remove_file(&ballast).unwrap();
    append(&*log, &lease, seq, &["there is space again"]).unwrap();
    assert_eq!(bodies(&*log, &lease.stream).len() as u64, seq + 1);
    drop(log);
    assert_eq!(bodies(&*place.open(), &lease.stream).len() as u64, seq + 1);
    drop(disk);
}

#[test]
fn a_disk_that_was_full_from_the_start_is_said() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(place.folder()) else {
        eprintln!("SKIPPED: a full disk needs the right to mount a tmpfs, which this process has not");
        return;
    };
    drop(fs::write(place.folder().join("ballast"), vec![0; 2 * 1024 * 1024]));
    let error = open(&place.file(), Settings::default()).map(drop).unwrap_err();
    assert_eq!(error, full(&place.file()));
    drop(disk);
}
