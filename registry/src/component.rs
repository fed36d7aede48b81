//! What a component's bytes tell about it without compiling or running any of them.

use lockgate_model::call::Kind;
use wasmparser::{Encoding, Parser, Payload};

const PLUGIN_PACKAGE: &str = "lockgate:plugin/";

/// The outer face of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Full names of what it imports, in its own order.
    pub imports: Vec<String>,
    /// Full names of what it exports, in its own order.
    pub exports: Vec<String>,
}

/// Why bytes are no component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// A core module, as `wasm32-wasip1` makes them.
    #[error("it is a core module, not a component; build it for wasm32-wasip2")]
    CoreModule,
    /// Not WebAssembly, or damaged.
    #[error("it is not a WebAssembly component: {0}")]
    Malformed(String),
    /// A component that exports no kind of plugin, or more than one.
    #[error("it must export exactly one kind of plugin, it exports {found}; see the contract in wit/")]
    NotOneKind {
        /// What it exports, for people.
        found: String,
    },
}

impl Face {
    /// Reads the imports and exports of a component, not those of components and modules within it.
    ///
    /// # Errors
    /// When the bytes are no component.
    pub fn of(component: &[u8]) -> Result<Self, ComponentError> {
        let mut face = Self { imports: Vec::new(), exports: Vec::new() };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(|error| malformed(&error))?;
            match &payload {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(ComponentError::CoreModule);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ if depth == 0 => face.note(payload)?,
                _ => {}
            }
        }
        Ok(face)
    }

    fn note(&mut self, payload: Payload<'_>) -> Result<(), ComponentError> {
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    self.imports.push(import.map_err(|error| malformed(&error))?.name.full_name().into_owned());
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    self.exports.push(export.map_err(|error| malformed(&error))?.name.full_name().into_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The kind of plugin that it is, and the version of the contract that it was made for.
    ///
    /// # Errors
    /// When it exports no kind, or several.
    pub fn kind(&self) -> Result<(Kind, &str), ComponentError> {
        let kinds: Vec<_> = self.exports.iter().filter_map(|export| kind_of_export(export)).collect();
        match kinds.as_slice() {
            [one] => Ok(*one),
            [] => Err(ComponentError::NotOneKind { found: "none".to_owned() }),
            many => {
                let names: Vec<_> = many.iter().map(|(kind, _)| kind.name()).collect();
                Err(ComponentError::NotOneKind { found: names.join(" and ") })
            }
        }
    }
}

fn kind_of_export(export: &str) -> Option<(Kind, &str)> {
    let (name, version) = export.strip_prefix(PLUGIN_PACKAGE)?.split_once('@')?;
    Some((Kind::from_name(name)?, version))
}

fn malformed(error: &wasmparser::BinaryReaderError) -> ComponentError {
    ComponentError::Malformed(error.to_string())
}
