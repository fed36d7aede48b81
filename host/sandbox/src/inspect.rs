//! What a component's bytes tell without running any of them: its kind, its contract, what it imports.

use lockgate_model::call::Kind;
use lockgate_model::outcome::RefusalCode;
use lockgate_ports::sandbox::{ComponentError, Inspection};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

/// The package that the contract is written in.
const PACKAGE: &str = "lockgate:plugin";
/// Versions of the contract with which this host can speak, up to their patch number.
const CONTRACT_LINE: &str = "0.1.";
/// The packages of WASI that are linked.
const WASI_PACKAGES: [&str; 6] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];
/// The versions of WASI that are linked, up to their patch number.
const WASI_LINE: &str = "0.2.";

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

/// The interfaces at a component's edge.
#[derive(Debug, Default)]
struct Edge {
    imports: Vec<String>,
    exports: Vec<String>,
}

/// Reads a component.
///
/// # Errors
/// When it is none, or none that this host can run.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Inspection, ComponentError> {
    let edge = read(bytes)?;
    let (kind, contract) = kind(&edge)?;
    for import in &edge.imports {
        check_import(kind, import)?;
    }
    Ok(Inspection { kind, contract, imports: edge.imports })
}

fn read(bytes: &[u8]) -> Result<Edge, ComponentError> {
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => {}
        Some(Ok(_)) | None => return Err(not_a_component("it is a core module; build it for wasm32-wasip2")),
        Some(Err(error)) => return Err(not_a_component(error.message())),
    }
    Validator::new_with_features(WasmFeatures::default())
        .validate_all(bytes)
        .map_err(|error| not_a_component(&error.to_string()))?;
    edge(bytes).map_err(|error| not_a_component(&error.to_string()))
}

/// The imports and exports of the outermost component; what nested ones name is their own affair.
fn edge(bytes: &[u8]) -> wasmparser::Result<Edge> {
    let mut edge = Edge::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    edge.imports.push(import?.name.full_name().into_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    edge.exports.push(export?.name.full_name().into_owned());
                }
            }
            _ => {}
        }
    }
    Ok(edge)
}

fn kind(edge: &Edge) -> Result<(Kind, String), ComponentError> {
    let exports: Vec<Name<'_>> = edge.exports.iter().filter_map(|full| Name::parse(full)).collect();
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

fn check_import(kind: Kind, full: &str) -> Result<(), ComponentError> {
    let Some(name) = Name::parse(full) else {
        return Err(foreign(format!("it imports `{full}`, which no host interface offers")));
    };
    match name.package {
        PACKAGE if !name.version.starts_with(CONTRACT_LINE) => Err(unknown_contract(&name)),
        PACKAGE if name.interface == "types" || kind.imports().contains(&name.interface) => Ok(()),
        PACKAGE => {
            Err(foreign(format!("a {kind} must not import `{full}`; it may import {}", kind.imports().join(", "))))
        }
        "wasi:http" => Err(refused(
            RefusalCode::NotSupported,
            format!("it imports `{full}`; this host does not send requests for plugins yet, use a native tool"),
        )),
        package if WASI_PACKAGES.contains(&package) && name.version.starts_with(WASI_LINE) => Ok(()),
        package if package.starts_with("wasi:") => {
            Err(refused(RefusalCode::NotSupported, format!("it imports `{full}`, which this host does not offer")))
        }
        _ => Err(foreign(format!("it imports `{full}`, which is neither WASI nor of the contract"))),
    }
}

fn refused(code: RefusalCode, message: String) -> ComponentError {
    ComponentError { code, message }
}

fn not_a_component(detail: &str) -> ComponentError {
    refused(RefusalCode::NotAComponent, format!("the bytes are no WebAssembly component: {detail}"))
}

fn unknown_kind(detail: &str) -> ComponentError {
    refused(RefusalCode::UnknownKind, format!("the component is no plugin: {detail}"))
}

fn foreign(message: String) -> ComponentError {
    refused(RefusalCode::ForeignImport, message)
}

fn unknown_contract(name: &Name<'_>) -> ComponentError {
    let Name { interface, version, .. } = name;
    let message =
        format!("it speaks `{PACKAGE}/{interface}@{version}`; this host speaks {CONTRACT_LINE}x, rebuild the plugin");
    refused(RefusalCode::UnknownContract, message)
}
