//! Which compiler builds components, and how cargo is told.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{find_program, output, within};
use crate::debian::{self, Prefix};
use crate::error::{Result, ToolchainError};

/// The target that components are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Time for rustup to download a target: some 30 MB.
const RUSTUP_SECONDS_MAX: u64 = 180;

/// Where a compiler for components may come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// What is there already, else rustup, else Debian.
    #[default]
    Auto,
    /// `rustup target add`, nothing else.
    Rustup,
    /// Debian's packages in a private folder, nothing else.
    Debian,
}

/// A compiler for [`TARGET`].
#[derive(Debug)]
pub enum Toolchain {
    /// The one that builds everything else, with rustup's target.
    Stock,
    /// Debian's compiler in a private folder, with the stock toolchain's linker.
    Debian(Prefix),
}

impl Toolchain {
    /// The compiler that is there, or one that is fetched now. The stock compiler is the one that serves `folder`, since a
    /// `rust-toolchain.toml` there may name another. `say` is told what is about to happen, once for each thing.
    ///
    /// Where the environment names a folder by [`FOLDER_VARIABLE`](crate::FOLDER_VARIABLE), only Debian's compiler in that
    /// folder is taken.
    ///
    /// # Errors
    /// When there is no compiler and none of the allowed origins has one for this machine.
    pub fn ensure(folder: &Path, origin: Origin, say: &dyn Fn(&str)) -> Result<Self> {
        if env::var_os(debian::FOLDER_VARIABLE).is_some() || origin == Origin::Debian {
            return debian::ensure(say).map(Self::Debian);
        }
        if stock_has_target(folder) {
            return Ok(Self::Stock);
        }
        if origin == Origin::Auto
            && let Some(prefix) = debian::installed()?
        {
            return Ok(Self::Debian(prefix));
        }
        match add_target(folder, say) {
            Ok(()) => Ok(Self::Stock),
            Err(failure) if origin == Origin::Rustup => Err(failure),
            Err(failure) => {
                say(&format!("{failure}; taking Debian's packages instead"));
                debian::ensure(say).map(Self::Debian)
            }
        }
    }

    /// Makes a cargo command use this compiler. Only for components: their target folder should be one of their own,
    /// because another compiler cannot use what this one has built.
    ///
    /// # Errors
    /// When the stock toolchain lacks the linker that Debian's compiler needs, or PATH cannot hold its folder.
    pub fn apply_to(&self, cargo: &mut Command) -> Result<()> {
        let Self::Debian(prefix) = self else { return Ok(()) };
        let tools = stock_tools(cargo.get_current_dir())?;
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(tools.join("gcc-ld")).chain(env::split_paths(&path));
        let path =
            env::join_paths(folders).map_err(|error| ToolchainError::because("PATH has a strange folder", error))?;
        cargo.env("RUSTC", prefix.compiler());
        cargo.env("CARGO_TARGET_WASM32_WASIP2_LINKER", tools.join("wasm-component-ld"));
        cargo.env("PATH", path);
        // A wrapper of the stock compiler (a cache, say) does not know this one.
        cargo.env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        Ok(())
    }
}

fn add_target(folder: &Path, say: &dyn Fn(&str)) -> Result<()> {
    let cannot = format!("rustup cannot add {TARGET}");
    let remedy = "connect to rustup's server, or take Debian's packages";
    if find_program("rustup").is_none() {
        return Err(ToolchainError::because(cannot, "there is no rustup").with_remedy(remedy));
    }
    say(&format!("rustup target add {TARGET}"));
    let mut rustup = Command::new("rustup");
    rustup.current_dir(folder).args(["target", "add", TARGET]);
    let added = within(&mut rustup, RUSTUP_SECONDS_MAX);
    added.map_err(|failure| ToolchainError::because(cannot.clone(), failure).with_remedy(remedy))?;
    if stock_has_target(folder) {
        return Ok(());
    }
    Err(ToolchainError::because(cannot, "`rustc` still lacks it, so it is not rustup's").with_remedy(remedy))
}

fn stock_has_target(folder: &Path) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(folder);
    has_target(&mut rustc)
}

/// Whether a compiler has the target's standard library; its own word is not enough, it names the folder in any case.
pub(crate) fn has_target(rustc: &mut Command) -> bool {
    let folder = output(rustc.args(["--print", "target-libdir", "--target", TARGET]));
    folder.is_ok_and(|folder| holds_std(Path::new(folder.trim())))
}

fn holds_std(folder: &Path) -> bool {
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_str().is_some_and(is_std))
}

/// The folder of the stock toolchain's linkers, which Debian's compiler does not bring along.
fn stock_tools(folder: Option<&Path>) -> Result<PathBuf> {
    let rustc = || {
        let mut rustc = Command::new("rustc");
        folder.map(|folder| rustc.current_dir(folder));
        rustc
    };
    let sysroot = output(rustc().args(["--print", "sysroot"]))?;
    let host = output(rustc().args(["--print", "host-tuple"]))?;
    let tools = Path::new(sysroot.trim()).join("lib/rustlib").join(host.trim()).join("bin");
    if tools.join("wasm-component-ld").is_file() {
        return Ok(tools);
    }
    Err(ToolchainError::new(format!("the Rust toolchain has no wasm-component-ld in {}", tools.display()))
        .with_remedy("install the stable toolchain with rustup"))
}
