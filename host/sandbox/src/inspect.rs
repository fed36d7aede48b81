//! What a component's bytes tell without running any of them: its kind, its contract, what it imports.

use lockgate_model::contract;
use lockgate_model::outcome::RefusalCode;
use lockgate_ports::sandbox::{ComponentError, Inspection};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

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
    let Edge { imports, exports } = read(bytes)?;
    let (kind, contract) = contract::check(&exports, &imports)
        .map_err(|contract::Breach { code, message }| ComponentError { code, message })?;
    Ok(Inspection { kind, contract, imports })
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

fn not_a_component(detail: &str) -> ComponentError {
    let message = format!("the bytes are no WebAssembly component: {detail}");
    ComponentError { code: RefusalCode::NotAComponent, message }
}
