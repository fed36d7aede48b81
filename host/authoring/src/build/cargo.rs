//! Cargo's build of a component, and its own word on where the file is.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};

use lockgate_guest_toolchain::{TARGET, Toolchain};
use serde::Deserialize;

use super::BuildError;
use super::package::{Package, cargo};

/// One of cargo's messages (The Cargo Book, "External tools", "Artifact messages"), as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds the package's library and gives the component's file.
pub(super) fn build(package: &Package, toolchain: &Toolchain, target: &Path) -> Result<PathBuf, BuildError> {
    let mut command = cargo();
    command.current_dir(&package.folder).args(["build", "--lib", "--release", "--target", TARGET]);
    command.args(["--message-format", "json-render-diagnostics", "--config"]).arg(flags(package, target));
    command.arg("--target-dir").arg(target);
    // Flags of the environment are meant for programs of this machine, and would hide those given here.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    toolchain.apply_to(&mut command)?;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(BuildError::NoCargo)?;
    let component = child.stdout.take().map_or(Ok(None), |stdout| find(stdout, package));
    let status = child.wait().map_err(BuildError::NoCargo)?;
    if !status.success() {
        return Err(BuildError::Compile);
    }
    component.map_err(BuildError::Messages)?.ok_or(BuildError::NoComponent)
}

/// Reads cargo's messages to their end, one line at a time.
fn find(stdout: ChildStdout, package: &Package) -> io::Result<Option<PathBuf>> {
    let manifest = package.folder.join("Cargo.toml");
    let mut component = None;
    for line in BufReader::new(stdout).lines() {
        let Ok(message) = serde_json::from_str::<Message>(&line?) else { continue };
        if message.reason == "compiler-artifact" && message.manifest_path == manifest {
            let is_wasm = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
            component = message.filenames.into_iter().find(is_wasm).or(component);
        }
    }
    Ok(component)
}

/// A setting of cargo that keeps this machine's folders out of the component: those of cargo itself, of what build scripts
/// write, and of packages beside this one. Sources of the package are named relative to it by cargo already.
fn flags(package: &Package, target: &Path) -> OsString {
    let beside = package.local.iter().filter(|(_, folder)| !folder.starts_with(&package.folder));
    let beside = beside.map(|(name, folder)| (folder.clone(), format!("/packages/{name}")));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    // Where several folders fit, the compiler takes the last one: the nearest must come after those around it.
    let all = home.into_iter().map(|home| (home, "/cargo".to_owned())).chain(beside);
    let all = all.chain([(target.to_owned(), "/target".to_owned())]);
    let flags = all.map(|(from, to)| toml::Value::from(format!("--remap-path-prefix={}={to}", from.display())));
    format!("target.{TARGET}.rustflags={}", toml::Value::Array(flags.collect())).into()
}
