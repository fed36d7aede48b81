//! Debian's compiler in a private folder: no root, and nothing of the system changes.
//!
//! Debian unstable has packages with a standard library for wasm32-wasip2. They are fetched by the system's own apt with
//! a private configuration, unpacked beside each other, and the compiler is started by its own loader, with its own C
//! library, so that it runs on an older Debian too.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{TARGET, holds_std};
use crate::command::{find_program, output, step};
use crate::failure::{Failure, Result};

mod apt;

/// Names the folder of the compiler; where it is set, no other compiler is used.
pub(crate) const FOLDER_VARIABLE: &str = "LOCKGATE_GUEST_TOOLCHAIN";

// Counts the ways in which such a folder was made: an older one is left alone and a new one made beside it.
const FOLDER_NAME: &str = "guest-toolchain-1";
const WRAPPER: &str = "rustc";

/// A folder with an unpacked compiler. It exists whole or not at all.
#[derive(Debug)]
pub(crate) struct Prefix(PathBuf);

impl Prefix {
    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The compiler, as cargo may start it.
    pub(crate) fn compiler(&self) -> PathBuf {
        self.0.join(WRAPPER)
    }
}

/// The compiler if it is there, and works.
pub(crate) fn installed() -> Result<Option<Prefix>> {
    let folder = folder()?;
    if !folder.exists() {
        return Ok(None);
    }
    let prefix = Prefix(folder);
    check(&prefix)?;
    Ok(Some(prefix))
}

/// The compiler, fetched and unpacked where it is not there yet.
pub(crate) fn ensure() -> Result<Prefix> {
    let folder = folder()?;
    let parent = folder.parent().ok_or_else(|| Failure::new(format!("{} is no folder", folder.display())))?;
    fs::create_dir_all(parent).map_err(|error| cannot("create", parent, error))?;
    let _held = hold(&folder.with_extension("lock"))?;
    if let Some(prefix) = installed()? {
        return Ok(prefix);
    }
    install(&folder, parent)?;
    let prefix = Prefix(folder);
    check(&prefix)?;
    Ok(prefix)
}

fn folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER_VARIABLE) {
        return std::path::absolute(&folder).map_err(|error| cannot("find", Path::new(&folder), error));
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let cache = cache.ok_or_else(|| {
        Failure::new("there is no home folder to keep a compiler in")
            .remedy(format!("set {FOLDER_VARIABLE} to a folder"))
    })?;
    Ok(cache.join("lockgate").join(FOLDER_NAME))
}

/// Of two that start at once, one fetches and the other waits for it.
fn hold(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|error| cannot("create", path, error))?;
    file.lock().map_err(|error| cannot("lock", path, error))?;
    Ok(file)
}

fn install(folder: &Path, parent: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg"] {
        if find_program(program).is_none() {
            return Err(Failure::new(format!(
                "no compiler for {TARGET}: rustup could not add it, and there is no {program}"
            ))
            .remedy(format!("run `rustup target add {TARGET}` where its server can be reached")));
        }
    }
    step("Fetching Debian's compiler for wasm32-wasip2 (about 260 MB, once)");
    // Beside its place, so that the last act is a rename: the folder is there when it is whole.
    let work = tempfile::Builder::new().prefix("guest-toolchain-").tempdir_in(parent);
    let work = work.map_err(|error| cannot("make a folder in", parent, error))?;
    let packages = apt::fetch(&work.path().join("apt"))?;
    let prefix = work.path().join("prefix");
    unpack(&packages, &prefix)?;
    write_wrapper(&prefix)?;
    fs::rename(&prefix, folder).map_err(|error| cannot("move the compiler to", folder, error))
}

fn unpack(packages: &[PathBuf], prefix: &Path) -> Result<()> {
    step(&format!("Unpacking {} packages", packages.len()));
    for package in packages {
        output(Command::new("dpkg").arg("-x").arg(package).arg(prefix))?;
    }
    Ok(())
}

/// Starts the compiler by its own loader, from wherever the folder stands.
fn write_wrapper(prefix: &Path) -> Result<()> {
    let loader = loader(prefix)?;
    let folders = library_folders(prefix);
    let script = format!(
        "#!/bin/sh\n\
         here=${{0%/*}}\n\
         exec \"$here/{loader}\" --library-path \"{}\" \"$here/usr/bin/rustc\" \"$@\"\n",
        folders.iter().map(|folder| format!("$here/{folder}")).collect::<Vec<_>>().join(":")
    );
    let path = prefix.join(WRAPPER);
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o755).open(&path);
    file.and_then(|mut file| file.write_all(script.as_bytes())).map_err(|error| cannot("write", &path, error))
}

fn loader(prefix: &Path) -> Result<String> {
    for folder in ["usr/lib64", "usr/lib"] {
        if let Some(name) = find_entry(&prefix.join(folder), |name| name.starts_with("ld-linux-")) {
            return Ok(format!("{folder}/{name}"));
        }
    }
    Err(Failure::new("Debian's packages brought no loader")
        .remedy("report this: the packages have changed since this tool was written"))
}

/// Where the loader looks. Debian has moved LLVM's library between its own folder and the common one before.
fn library_folders(prefix: &Path) -> Vec<String> {
    let common = format!("usr/lib/{}-linux-gnu", env::consts::ARCH);
    let llvm = find_entry(&prefix.join("usr/lib"), |name| name.starts_with("llvm-"));
    std::iter::once(common).chain(llvm.map(|llvm| format!("usr/lib/{llvm}/lib"))).collect()
}

fn find_entry(folder: &Path, fits: impl Fn(&str) -> bool) -> Option<String> {
    let entries = folder.read_dir().ok()?.flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).find(|name| fits(name))
}

fn check(prefix: &Prefix) -> Result<()> {
    let mut rustc = Command::new(prefix.compiler());
    let found = output(rustc.args(["--print", "target-libdir", "--target", TARGET]));
    if found.as_ref().is_ok_and(|folder| holds_std(Path::new(folder.trim()))) {
        return Ok(());
    }
    let folder = prefix.path().display();
    let failure = Failure::new(format!("the compiler in {folder} does not work for {TARGET}"));
    Err(failure.remedy(format!("remove {folder} and run `cargo xtask guest-toolchain` again")))
}

fn cannot(action: &str, path: &Path, error: std::io::Error) -> Failure {
    Failure::because(format!("cannot {action} {}", path.display()), error)
}
