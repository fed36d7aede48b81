//! Where the things under test are: the binary `lockgate` and the components of plugins and guests.

use std::path::{Path, PathBuf};

/// The binary, beside the test's own: built by `cargo xtask test`, or `cargo build -p lockgate-cli`.
#[must_use]
pub fn lockgate() -> PathBuf {
    let path = std::env::var_os("LOCKGATE_BIN").map_or_else(|| profile_folder().join("lockgate"), PathBuf::from);
    assert!(path.is_file(), "there is no {}; `cargo build -p lockgate-cli` makes it", path.display());
    path
}

/// A component by the name of its crate: `lockgate-guest-verdict`, `lockgate-plugin-junit`.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    let built = || target_folder().join("guest/wasm32-wasip2/guest");
    let folder = std::env::var_os("LOCKGATE_GUESTS").map_or_else(built, PathBuf::from);
    let path = folder.join(format!("{}.wasm", name.replace('-', "_")));
    assert!(path.is_file(), "there is no {}; `cargo xtask guests` makes it", path.display());
    path
}

/// `target/debug`, or whichever profile this very program was built with.
fn profile_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    let folder = program.parent().expect("it stands in a folder");
    // Tests stand in `deps`, programs beside it.
    if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
}

fn target_folder() -> PathBuf {
    profile_folder().parent().unwrap_or(Path::new("/")).to_owned()
}
