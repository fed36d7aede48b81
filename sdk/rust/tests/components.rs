//! What the export macro makes: each example's component exports its kind and imports of the contract only what it
//! uses. A pure plugin imports no host interface, whatever its SDK could do.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wasmparser::{Encoding, Parser, Payload};

const PACKAGE: &str = "lockgate:plugin/";
const VERSION: &str = "@0.1.0";

/// Where `cargo xtask` puts the examples' components.
fn component(example: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let path = target.join("guest/wasm32-wasip2/guest/examples").join(example).with_extension("wasm");
    if path.is_file() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{} is missing: build the components first", path.display());
    eprintln!("skipped: {} is not built; `cargo xtask test` builds it", path.display());
    None
}

/// The contract's interfaces that a component imports and exports, by their short names.
fn interfaces(bytes: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::Version { encoding, .. } => {
                depth += 1;
                assert!(depth > 1 || encoding == Encoding::Component, "it is no component");
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                imports.extend(section.into_iter().filter_map(|import| short_name(import.unwrap().name.name)));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(section.into_iter().filter_map(|export| short_name(export.unwrap().name.name)));
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn short_name(name: &str) -> Option<String> {
    Some(name.strip_prefix(PACKAGE)?.strip_suffix(VERSION)?.to_owned())
}

fn check(example: &str, imports: &[&str]) {
    let Some(path) = component(example) else { return };
    let (imported, exported) = interfaces(&fs::read(path).unwrap());
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(imported, set(imports), "{example}: imports");
    assert_eq!(exported, set(&["about", &example.replace('_', "-")]), "{example}: exports");
}

#[test]
fn pure_kinds_import_words_and_nothing_else() {
    for example in ["test_reporter", "quality_gate", "deploy_strategy", "alert_rule"] {
        check(example, &["types"]);
    }
}

#[test]
fn a_scanner_reads_files_by_wasi_alone() {
    check("scanner", &["types"]);
}

#[test]
fn outward_kinds_import_what_they_use() {
    check("build_step", &["types", "exec"]);
    check("deploy_target", &["types", "exec"]);
    check("notifier", &["types", "log"]);
}
