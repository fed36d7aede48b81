//! Custom sections at the outer edge of a component. `lockgate:about` holds what the plugin says of itself, as JSON, so that
//! it can be known without running a byte of it.

use lockgate_model::catalog::Descriptor;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{Parser, Payload};

/// The section of the descriptor.
pub const ABOUT_SECTION: &str = "lockgate:about";
/// What is read of that section; a README and a schema fit in many times.
const ABOUT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a section cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SectionError {
    /// The component ends in the middle, or is damaged.
    #[error("its sections cannot be read")]
    Malformed(#[from] wasmparser::BinaryReaderError),
    /// The descriptor is none.
    #[error("its section `{ABOUT_SECTION}` is no descriptor; build it again with `lockgate plugin build`")]
    NoDescriptor(#[source] serde_json::Error),
    /// The descriptor is over the limit.
    #[error("its section `{ABOUT_SECTION}` has {size_bytes} bytes, at most {ABOUT_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// Two descriptors: nobody can say which one is meant.
    #[error("it has {0} sections `{ABOUT_SECTION}`, a plugin has one; build it again with `lockgate plugin build`")]
    Several(usize),
}

/// The custom sections of the outermost component, by name.
pub(crate) fn outer(component: &[u8]) -> Result<Vec<(String, &[u8])>, SectionError> {
    let mut sections = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 => {
                sections.push((section.name().to_owned(), section.data()));
            }
            _ => {}
        }
    }
    Ok(sections)
}

/// The embedded descriptor, where there is one.
pub(crate) fn about(sections: &[(String, &[u8])]) -> Result<Option<Descriptor>, SectionError> {
    let found: Vec<_> = sections.iter().filter(|(name, _)| name == ABOUT_SECTION).map(|(_, bytes)| *bytes).collect();
    match found[..] {
        [] => Ok(None),
        [bytes] if bytes.len() > ABOUT_BYTES_MAX => Err(SectionError::TooLarge { size_bytes: bytes.len() }),
        [bytes] => serde_json::from_slice(bytes).map(Some).map_err(SectionError::NoDescriptor),
        [..] => Err(SectionError::Several(found.len())),
    }
}

/// Adds the descriptor to the end of a component that has none yet.
pub(crate) fn with_about(mut component: Vec<u8>, descriptor: &Descriptor) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(descriptor)?;
    let section = CustomSection { name: ABOUT_SECTION.into(), data: json.into() };
    section.append_to_component(&mut component);
    Ok(component)
}
