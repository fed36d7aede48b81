//! The ciphertexts are age's own: the command `age` reads what is written here, and the other way round.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Room, TODAY, sealed};

/// The command, where this machine has it.
#[allow(clippy::print_stderr, reason = "a test that was skipped says so")]
fn age() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join("age")).find(|program| program.is_file());
    if found.is_none() {
        eprintln!(
            "SKIPPED: the command `age` is not on PATH (Debian: `apt-get install age`); nothing was compared with it"
        );
    }
    found
}

fn run(age: &Path, arguments: &[&str]) {
    let output = Command::new(age).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn age_reads_what_is_written_here() {
    let (Some(age), room) = (age(), Room::new()) else { return };
    let place = |name: &str| room.folder.path().join(name).display().to_string();
    room.keys.write_new(Path::new(&place("identity.txt")), TODAY).unwrap();
    std::fs::write(place("sealed"), STANDARD.decode(sealed(&room.text(), "deploy")).unwrap()).unwrap();
    run(&age, &["--decrypt", "-i", &place("identity.txt"), "-o", &place("plain"), &place("sealed")]);
    let plain = std::fs::read_to_string(place("plain")).unwrap();
    let (recipient, value) = (room.keys.recipient(), STANDARD.encode("hunter2 for deploy"));
    let expected = format!(
        r#"{{"version":1,"name":"deploy","hosts":["api.example"],"recipients":["{recipient}"],"value":"{value}"}}"#
    );
    assert_eq!(plain, expected);
}

#[test]
fn what_age_writes_is_read_here() {
    let (Some(age), room) = (age(), Room::new()) else { return };
    let place = |name: &str| room.folder.path().join(name).display().to_string();
    let recipient = room.keys.recipient().to_string();
    let plain = format!(
        r#"{{"version":1,"name":"deploy","hosts":["api.example"],"recipients":["{recipient}"],"value":"YnkgYWdl"}}"#
    );
    std::fs::write(place("plain"), plain).unwrap();
    run(&age, &["--encrypt", "-r", &recipient, "-o", &place("sealed"), &place("plain")]);
    let bytes = STANDARD.encode(std::fs::read(place("sealed")).unwrap());
    let text = room.text();
    let file = room.read(&text.replace(sealed(&text, "deploy"), &bytes)).unwrap();
    assert_eq!(file.value("deploy", &room.keys).unwrap().expose(), b"by age");
}
