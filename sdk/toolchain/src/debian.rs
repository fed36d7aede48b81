//! Debian's compiler in a private folder: no root, and nothing of the system changes.
//!
//! Debian unstable has packages with a standard library for wasm32-wasip2. The compiler is started by its own loader, with
//! its own C library, so that it runs on an older Debian too.

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Result, ToolchainError};
use crate::packages::{self, Start};
use crate::toolchain::{TARGET, has_target};
use crate::whole;

/// Names the folder of Debian's compiler; where it is set, no other compiler is used.
pub const FOLDER_VARIABLE: &str = "LOCKGATE_GUEST_TOOLCHAIN";

const SUITE: &str = "sid";
const PACKAGES: [&str; 2] = ["rustc", "libstd-rust-dev-wasm32"];
// Counts the ways in which such a folder was made: an older one is left alone and a new one made beside it.
const FOLDER_NAME: &str = "guest-toolchain-1";
const WRAPPER: &str = "rustc";

/// A folder with an unpacked compiler. It exists whole or not at all.
#[derive(Debug)]
pub struct Prefix(PathBuf);

impl Prefix {
    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The compiler, as cargo may start it.
    #[must_use]
    pub fn compiler(&self) -> PathBuf {
        self.0.join(WRAPPER)
    }
}

/// The compiler if it is there, and works.
pub(crate) fn installed() -> Result<Option<Prefix>> {
    let folder = folder()?;
    if folder.exists() { checked(folder).map(Some) } else { Ok(None) }
}

/// The compiler, fetched and unpacked where it is not there yet.
pub(crate) fn ensure(say: &dyn Fn(&str)) -> Result<Prefix> {
    let folder = folder()?;
    whole::ensure(&folder, |fresh| {
        say("fetching Debian's compiler for wasm32-wasip2 (about 260 MB, once)");
        packages::unpack(SUITE, &PACKAGES, fresh, say).map_err(|failure| {
            let remedy = format!("run `rustup target add {TARGET}` where its server can be reached");
            ToolchainError::because(format!("cannot get Debian's compiler for {TARGET}"), failure).with_remedy(remedy)
        })?;
        write_wrapper(fresh)
    })?;
    checked(folder)
}

fn folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER_VARIABLE) {
        return std::path::absolute(&folder).map_err(|error| ToolchainError::file("find", Path::new(&folder), error));
    }
    let cache = packages::cache_folder();
    let cache = cache.map_err(|failure| failure.with_remedy(format!("set {FOLDER_VARIABLE} to a folder")))?;
    Ok(cache.join(FOLDER_NAME))
}

/// cargo wants one file to start.
fn write_wrapper(prefix: &Path) -> Result<()> {
    let script = Start::of(prefix, "usr/bin/rustc")?.script();
    let path = prefix.join(WRAPPER);
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o755).open(&path);
    file.and_then(|mut file| file.write_all(script.as_bytes()))
        .map_err(|error| ToolchainError::file("write", &path, error))
}

fn checked(folder: PathBuf) -> Result<Prefix> {
    let prefix = Prefix(folder);
    if has_target(&mut Command::new(prefix.compiler())) {
        return Ok(prefix);
    }
    let folder = prefix.path().display();
    let failure = ToolchainError::new(format!("the compiler in {folder} does not work for {TARGET}"));
    Err(failure.with_remedy(format!("remove {folder}; it is fetched again when it is needed")))
}
