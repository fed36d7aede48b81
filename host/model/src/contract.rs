//! The contract's rules on a component's outer names: which kind of plugin it is, and what a kind may import. Pure, so that
//! the sandbox, which refuses, and the tools of an author, which warn, hold the same opinion.

use crate::call::Kind;
use crate::outcome::RefusalCode;

/// The package that the contract is written in.
pub const PACKAGE: &str = "lockgate:plugin";
/// Versions of the contract with which this host can speak, up to their patch number.
const CONTRACT_LINE: &str = "0.1.";
/// The packages of WASI that are linked.
const WASI_PACKAGES: [&str; 7] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:http", "wasi:io", "wasi:random", "wasi:sockets"];
/// The versions of WASI that are linked, up to their patch number.
const WASI_LINE: &str = "0.2.";

/// A component that breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Breach {
    /// For machines.
    pub code: RefusalCode,
    /// For people, with what to do.
    pub message: String,
}

/// An import or export by its parts: `lockgate:plugin/log@0.1.0`.
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn parse(full: &'a str) -> Option<Self> {
        let (package, rest) = full.split_once('/')?;
        let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
        Some(Self { package, interface, version })
    }
}

/// The kind of the component with these outer names, and the version of the contract that it was made for.
///
/// # Errors
/// When it is no plugin of exactly one kind, speaks another contract, or imports what its kind must not have.
pub fn check(exports: &[String], imports: &[String]) -> Result<(Kind, String), Breach> {
    let (kind, version) = kind_of(exports)?;
    imports.iter().try_for_each(|import| check_import(kind, import))?;
    Ok((kind, version))
}

fn kind_of(exports: &[String]) -> Result<(Kind, String), Breach> {
    let exports: Vec<Name<'_>> = exports.iter().filter_map(|full| Name::parse(full)).collect();
    let ours: Vec<&Name<'_>> = exports.iter().filter(|name| name.package == PACKAGE).collect();
    if let Some(other) = ours.iter().find(|name| !name.version.starts_with(CONTRACT_LINE)) {
        return Err(unknown_contract(other));
    }
    let kinds: Vec<(Kind, &str)> =
        ours.iter().filter_map(|name| Some((Kind::from_name(name.interface)?, name.version))).collect();
    match kinds[..] {
        [(kind, version)] if ours.iter().any(|name| name.interface == "about") => Ok((kind, version.to_owned())),
        [(kind, _)] => Err(unknown_kind(&format!("it is a {kind}, but does not export `{PACKAGE}/about`"))),
        [] => Err(unknown_kind(&format!("it exports none of the kinds of `{PACKAGE}`"))),
        [..] => Err(unknown_kind(&format!("it exports {} kinds; a plugin has exactly one", kinds.len()))),
    }
}

fn check_import(kind: Kind, full: &str) -> Result<(), Breach> {
    let Some(name) = Name::parse(full) else {
        return Err(foreign(format!("it imports `{full}`, which no host interface offers")));
    };
    match name.package {
        PACKAGE if !name.version.starts_with(CONTRACT_LINE) => Err(unknown_contract(&name)),
        PACKAGE if name.interface == "types" || kind.imports().contains(&name.interface) => Ok(()),
        PACKAGE => {
            Err(foreign(format!("a {kind} must not import `{full}`; it may import {}", kind.imports().join(", "))))
        }
        package if WASI_PACKAGES.contains(&package) && name.version.starts_with(WASI_LINE) => Ok(()),
        package if package.starts_with("wasi:") => {
            Err(not_offered(format!("it imports `{full}`, which this host does not offer")))
        }
        _ => Err(foreign(format!("it imports `{full}`, which is neither WASI nor of the contract"))),
    }
}

fn unknown_kind(detail: &str) -> Breach {
    Breach { code: RefusalCode::UnknownKind, message: format!("the component is no plugin: {detail}") }
}

fn foreign(message: String) -> Breach {
    Breach { code: RefusalCode::ForeignImport, message }
}

fn not_offered(message: String) -> Breach {
    Breach { code: RefusalCode::NotSupported, message }
}

fn unknown_contract(name: &Name<'_>) -> Breach {
    let Name { interface, version, .. } = name;
    let message =
        format!("it speaks `{PACKAGE}/{interface}@{version}`; this host speaks {CONTRACT_LINE}x, rebuild the plugin");
    Breach { code: RefusalCode::UnknownContract, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: &str = "lockgate:plugin/about@0.1.0";
    const GATE: &str = "lockgate:plugin/quality-gate@0.1.0";

    fn check_names(exports: &[&str], imports: &[&str], expected: Result<Kind, RefusalCode>) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = check(&owned(exports), &owned(imports));
        assert_eq!(found.map(|(kind, _)| kind).map_err(|breach| breach.code), expected, "{exports:?} {imports:?}");
    }

    #[test]
    fn a_plugin_has_one_kind_and_says_what_it_is() {
        check_names(&[ABOUT, GATE], &[], Ok(Kind::QualityGate));
        check_names(&[GATE], &[], Err(RefusalCode::UnknownKind));
        check_names(&[ABOUT], &[], Err(RefusalCode::UnknownKind));
        check_names(&[ABOUT, GATE, "lockgate:plugin/scanner@0.1.0"], &[], Err(RefusalCode::UnknownKind));
        check_names(&[ABOUT, "lockgate:plugin/scanner@9.0.0"], &[], Err(RefusalCode::UnknownContract));
    }

    #[test]
    fn a_kind_imports_only_what_it_may_have() {
        let gate = [ABOUT, GATE];
        check_names(&gate, &["lockgate:plugin/log@0.1.7", "wasi:cli/stdout@0.2.6"], Ok(Kind::QualityGate));
        check_names(&gate, &["lockgate:plugin/exec@0.1.0"], Err(RefusalCode::ForeignImport));
        check_names(&gate, &["lockgate:plugin/log@0.2.0"], Err(RefusalCode::UnknownContract));
        check_names(&gate, &["wasi:http/outgoing-handler@0.2.6"], Ok(Kind::QualityGate));
        check_names(&gate, &["wasi:cli/stdout@0.3.0"], Err(RefusalCode::NotSupported));
        check_names(&gate, &["acme:thing/run"], Err(RefusalCode::ForeignImport));
        check_names(&gate, &["nothing"], Err(RefusalCode::ForeignImport));
    }
}
