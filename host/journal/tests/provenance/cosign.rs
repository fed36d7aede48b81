//! The real cosign accepts what is signed here, and refuses what was changed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lockgate_journal::provenance::{HostKey, sign};

use crate::support::{ARTIFACT, Facts};

const VERIFY: [&str; 4] = ["verify-blob-attestation", "--insecure-ignore-tlog", "--type", "slsaprovenance1"];
/// Names the program where it is not on PATH.
const PROGRAM: &str = "LOCKGATE_TEST_COSIGN";

/// cosign with these arguments, reaching nothing; none where there is no cosign, which is said aloud.
fn cosign(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let program = std::env::var_os(PROGRAM).unwrap_or_else(|| "cosign".into());
    let mut command = Command::new(program);
    let command = command.current_dir(folder).env("HOME", folder).stdin(Stdio::null());
    match command.args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            // Past the test harness, which keeps what a passing test prints to itself.
            let _ =
                writeln!(std::io::stderr(), "skipped: cosign cannot be started: {error}; set {PROGRAM} to its path");
            None
        }
    }
}

#[test]
fn a_bundle_made_here_is_verified_by_cosign() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (host, other) = (at("host.key"), at("other.key"));
    let [host, _] = [host, other].map(|path| HostKey::open_or_create(&path).unwrap());
    fs::write(at("b.sigstore.json"), sign(&Facts::new().statement(), host.signing_key()).unwrap()).unwrap();
    fs::write(at("service.tar"), ARTIFACT).unwrap();
    fs::write(at("changed.tar"), b"changed").unwrap();
    let verify = |key: &str, file: &str| {
        cosign(folder.path(), &[&VERIFY[..], &["--bundle", "b.sigstore.json", "--key", key, file]].concat())
    };
    let Some(accepted) = verify("host.pub", "service.tar") else { return };
    assert!(accepted.status.success(), "{accepted:?}");
    for (key, file) in [("other.pub", "service.tar"), ("host.pub", "changed.tar")] {
        let refused = verify(key, file).unwrap();
        assert!(!refused.status.success(), "{key} {file}: {refused:?}");
    }
}
