//! What these tests share: places, cargo, and small components.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use lockgate_guest_toolchain::{Origin, Toolchain};

/// The outer names of a gate.
pub(crate) const GATE: [&str; 2] = ["lockgate:plugin/about@0.1.0", "lockgate:plugin/quality-gate@0.1.0"];

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A target folder that tests of this crate share: what plugins depend on is compiled once.
pub(crate) fn shared_target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins")
}

/// Whether components can be built here; a machine of the pipeline has to be able to.
pub(crate) fn has_guest_compiler() -> bool {
    let Err(error) = Toolchain::ensure(&root(), Origin::Auto, &|what| eprintln!("{what}")) else { return true };
    assert!(env::var_os("CI").is_none(), "there is no compiler for components: {error}");
    eprintln!("SKIPPED: there is no compiler for components: {error}");
    false
}

/// Cargo in a plugin's folder, as a person would start it.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder);
    cargo
}

/// Gives a plugin the versions that this project is tested with, so that the test needs no network of its own.
pub(crate) fn pin_dependencies(folder: &Path) {
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// A component with these imports and exports, all of them empty instances.
pub(crate) fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let imports = imports.iter().map(|name| format!(r#"(import "{name}" (instance))"#));
    let exports = exports.iter().map(|name| format!(r#"(export "{name}" (instance $empty))"#));
    let text: String = imports.chain(["(instance $empty)".to_owned()]).chain(exports).collect();
    wat::parse_str(format!("(component {text})")).unwrap()
}

/// Adds a custom section at the outer edge of a component.
pub(crate) fn with_section(mut component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    use wasm_encoder::ComponentSection as _;
    wasm_encoder::CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut component);
    component
}

/// Paths of the files below a folder, relative to it, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}
