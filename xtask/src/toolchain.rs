//! A compiler for components. rustup's own target where its server can be reached, Debian's packages where not.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::command::{find_program, output, step, succeeds_within};
use crate::failure::{Failure, Result};
use crate::project::Project;

mod debian;

use debian::Prefix;

/// The target that components are built for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

const RUSTUP_SECONDS_MAX: u64 = 180;

/// Where a guest compiler may come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// What is there already, else rustup, else Debian
    #[default]
    Auto,
    /// `rustup target add`, nothing else
    Rustup,
    /// Debian's packages in a private folder, nothing else
    Debian,
}

/// A compiler for `TARGET`.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The one that builds the host, with rustup's target.
    Stock,
    /// Debian's compiler in a private folder, with the stock toolchain's linker.
    Debian(Prefix),
}

/// The command `guest-toolchain`.
pub(crate) fn run(project: &Project, from: Origin) -> Result<()> {
    step("Getting a compiler for wasm32-wasip2");
    match get(project, from)? {
        Toolchain::Stock => println!("the stock toolchain compiles for {TARGET}"),
        Toolchain::Debian(prefix) => println!("Debian's compiler in {} compiles for {TARGET}", prefix.path().display()),
    }
    Ok(())
}

impl Toolchain {
    /// The compiler that is there, or one that is fetched now.
    pub(crate) fn ensure(project: &Project) -> Result<Self> {
        get(project, Origin::Auto)
    }

    /// Makes a cargo command use this compiler. Only for guests: the host is built as ever.
    pub(crate) fn apply_to(&self, cargo: &mut Command) -> Result<()> {
        let Self::Debian(prefix) = self else { return Ok(()) };
        let tools = stock_tools()?;
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(tools.join("gcc-ld")).chain(env::split_paths(&path));
        let path = env::join_paths(folders).map_err(|error| Failure::because("PATH has a strange folder", error))?;
        cargo.env("RUSTC", prefix.compiler());
        cargo.env("CARGO_TARGET_WASM32_WASIP2_LINKER", tools.join("wasm-component-ld"));
        cargo.env("PATH", path);
        // A wrapper of the stock compiler (a cache, say) does not know this one.
        cargo.env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        Ok(())
    }
}

fn get(project: &Project, from: Origin) -> Result<Toolchain> {
    if env::var_os(debian::FOLDER_VARIABLE).is_some() || from == Origin::Debian {
        return debian::ensure().map(Toolchain::Debian);
    }
    if stock_has_target(project) {
        return Ok(Toolchain::Stock);
    }
    if from == Origin::Auto
        && let Some(prefix) = debian::installed()?
    {
        return Ok(Toolchain::Debian(prefix));
    }
    if add_target(project)? && stock_has_target(project) {
        return Ok(Toolchain::Stock);
    }
    if from == Origin::Rustup {
        return Err(Failure::new(format!("rustup could not add {TARGET}"))
            .remedy("connect to rustup's server, or take `--from debian`"));
    }
    eprintln!("    rustup cannot give {TARGET}; taking Debian's packages instead");
    debian::ensure().map(Toolchain::Debian)
}

fn add_target(project: &Project) -> Result<bool> {
    if find_program("rustup").is_none() {
        return Ok(false);
    }
    let mut rustup = Command::new("rustup");
    rustup.current_dir(&project.root).args(["target", "add", TARGET]);
    succeeds_within(&mut rustup, RUSTUP_SECONDS_MAX)
}

fn stock_has_target(project: &Project) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&project.root).args(["--print", "target-libdir", "--target", TARGET]);
    output(&mut rustc).is_ok_and(|folder| holds_std(Path::new(folder.trim())))
}

fn holds_std(folder: &Path) -> bool {
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_str().is_some_and(is_std))
}

/// The folder of the stock toolchain's linkers, which Debian's compiler does not bring along.
fn stock_tools() -> Result<PathBuf> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let tools = Path::new(sysroot.trim()).join("lib/rustlib").join(host.trim()).join("bin");
    if tools.join("wasm-component-ld").is_file() {
        return Ok(tools);
    }
    Err(Failure::new(format!("the Rust toolchain has no wasm-component-ld in {}", tools.display()))
        .remedy("install the stable toolchain with rustup"))
}
