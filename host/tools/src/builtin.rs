//! Tools that need no configuration: those whose roots are known wherever they are installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::catalog::Root;

/// Where distributions put programs, in the order in which they are searched.
pub(crate) const PROGRAM_FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// What a program of the distribution needs: itself, its libraries and loader, the loader's index, and the links that
/// stand for commands like `cc` on Debian. Neither the rest of `/etc` nor anybody's home is among them.
const SYSTEM_ROOTS: [&str; 8] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache"];

/// Where distributions keep the certificates that programs trust; private keys lie elsewhere.
const TRUST_ANCHORS: [&str; 6] = [
    "/etc/ca-certificates/extracted",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
];

/// Where the Rust toolchain is seen, wherever it is on the host: keys do not depend on a home folder.
pub(crate) const RUST_FOLDER: &str = "/toolchains/rust";

/// A tool that every installation knows.
pub(crate) struct Builtin {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it is part of the Rust toolchain.
    pub(crate) is_rust: bool,
    /// Arguments that make it tell its version.
    pub(crate) version: &'static [&'static str],
    /// Its environment.
    pub(crate) env: &'static [(&'static str, &'static str)],
}

const fn system(name: &'static str, version: &'static [&'static str]) -> Builtin {
    Builtin { name, is_rust: false, version, env: &[] }
}

const CARGO_ENV: &[(&str, &str)] = &[("CARGO_HOME", "/tmp/home/.cargo"), ("CARGO_NET_OFFLINE", "true")];
const GIT_ENV: &[(&str, &str)] = &[("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")];
const NPM_ENV: &[(&str, &str)] = &[("npm_config_offline", "true"), ("npm_config_update_notifier", "false")];
const PYTHON_ENV: &[(&str, &str)] = &[("PYTHONDONTWRITEBYTECODE", "1")];

/// In order of name.
pub(crate) const BUILTINS: &[Builtin] = &[
    system("bash", &["--version"]),
    Builtin { name: "cargo", is_rust: true, version: &["-vV"], env: CARGO_ENV },
    system("cc", &["--version"]),
    system("cmake", &["--version"]),
    Builtin { name: "git", is_rust: false, version: &["--version"], env: GIT_ENV },
    system("make", &["--version"]),
    system("node", &["--version"]),
    Builtin { name: "npm", is_rust: false, version: &["--version"], env: NPM_ENV },
    Builtin { name: "python3", is_rust: false, version: &["-VV"], env: PYTHON_ENV },
    Builtin { name: "rustc", is_rust: true, version: &["-vV"], env: CARGO_ENV },
    system("sh", &[]),
    system("tar", &["--version"]),
];

/// The system's roots that exist here, looked for once for each process. `/bin` and its like are links into `/usr` on
/// most machines and stay links.
pub(crate) fn system_roots() -> Vec<Root> {
    static FOUND: OnceLock<Vec<Root>> = OnceLock::new();
    FOUND.get_or_init(|| existing(&SYSTEM_ROOTS)).clone()
}

/// What a program needs to know whom to trust over the network.
pub(crate) fn trust_anchors() -> Vec<Root> {
    existing(&TRUST_ANCHORS)
}

fn existing(paths: &[&str]) -> Vec<Root> {
    let existing = paths.iter().map(Path::new).filter(|path| path.symlink_metadata().is_ok());
    existing.map(|path| Root { link: std::fs::read_link(path).ok(), ..Root::same(path) }).collect()
}

/// Whether a path lies in the system's roots.
pub(crate) fn is_in_system(path: &Path) -> bool {
    SYSTEM_ROOTS.into_iter().any(|root| path.starts_with(root))
}

/// The Rust toolchain's folder, asked of the host's `rustc` once for each process, from outside any project so that no
/// project's `rust-toolchain.toml` decides it.
pub(crate) fn rust_sysroot() -> Option<&'static Path> {
    static SYSROOT: OnceLock<Option<PathBuf>> = OnceLock::new();
    SYSROOT.get_or_init(|| rustc_candidates().iter().find_map(|rustc| ask_sysroot(rustc))).as_deref()
}

fn rustc_candidates() -> Vec<PathBuf> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let default_home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let homes = [cargo_home, default_home].into_iter().flatten().map(|home| home.join("bin/rustc"));
    std::iter::once(PathBuf::from("rustc")).chain(homes).collect()
}

fn ask_sysroot(rustc: &Path) -> Option<PathBuf> {
    let mut command = Command::new(rustc);
    command.args(["--print", "sysroot"]).current_dir("/").stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let sysroot = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    sysroot.join("bin/rustc").is_file().then_some(sysroot)
}

/// A built-in tool's environment.
pub(crate) fn env(builtin: &Builtin) -> BTreeMap<String, String> {
    builtin.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
