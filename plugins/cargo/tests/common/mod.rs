//! A host whose tool is the machine's own cargo, and a tiny crate to give it.

use std::path::{Path, PathBuf};
use std::process;

use lockgate_sdk::exec::{Command, Completion, Ending, ExecError};
use lockgate_sdk::testing::Host;

/// A host with a crate named `tiny` in its workspace and real cargo as its tool.
pub(crate) fn host(library: &str) -> Host {
    let host = Host::new().unwrap();
    let manifest = "[package]\nname = \"tiny\"\nversion = \"0.3.0\"\nedition = \"2021\"\ndescription = \"tiny\"\nlicense = \"Apache-2.0\"\n[workspace]\n";
    host.write("Cargo.toml", manifest).unwrap();
    host.write("src/lib.rs", library).unwrap();
    let root = host.workspace().to_owned();
    host.on_exec(move |command| Ok(cargo(&root, command)));
    host
}

/// Runs the command as the host's sandbox would, without the sandbox.
fn cargo(root: &Path, command: &Command) -> Completion {
    assert_eq!(command.argv[0], "cargo");
    let mut native = process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    native.args(&command.argv[1..]).current_dir(root.join(command.cwd.as_deref().unwrap_or_default()));
    for inherited in [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTFLAGS",
        "RUST_BACKTRACE",
        "RUSTC_WRAPPER",
    ] {
        native.env_remove(inherited);
    }
    let output = native.envs(command.env.iter().cloned()).output().unwrap();
    let mut stdout = output.stdout;
    if let Some(file) = &command.stdout_to {
        std::fs::write(root.join(file), std::mem::take(&mut stdout)).unwrap();
    }
    let code = u8::try_from(output.status.code().unwrap()).unwrap();
    Completion {
        ending: Ending::Exited(code),
        stdout,
        stderr: output.stderr,
        truncated: false,
        wall_ms: 12.0,
        cpu_ms: 34.0,
        max_rss_bytes: 56,
    }
}

/// A tool that is never there.
pub(crate) fn denied(_: &Command) -> Result<Completion, ExecError> {
    Err(ExecError::Denied("exec: cargo".to_owned()))
}

/// What plain `cargo test` counts, as people see it: passed, failed, ignored.
pub(crate) fn plain_counts(root: &Path) -> [usize; 3] {
    let argv = ["cargo", "test", "--offline", "--no-fail-fast"].map(str::to_owned).to_vec();
    let output = cargo(root, &Command { argv, ..Command::tool("cargo") });
    let mut counts = [0; 3];
    for line in output.stdout_text().lines().filter(|line| line.starts_with("test result: ")) {
        for (place, word) in [" passed", " failed", " ignored"].into_iter().enumerate() {
            let number = line.split([';', '.']).find_map(|part| part.strip_suffix(word)).unwrap();
            counts[place] += number.trim().parse::<usize>().unwrap();
        }
    }
    counts
}

/// A file of the workspace.
pub(crate) fn file(host: &Host, path: &str) -> PathBuf {
    host.workspace().join(path)
}
