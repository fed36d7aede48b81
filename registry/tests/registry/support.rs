//! What the tests of this room share: tiny components, references, and the text of an error with its causes.

use std::error::Error;

use lockgate_registry::Reference;

/// The smallest component with these imports and exports, each an instance without content (Component Model, "Binary
/// Format").
pub(crate) fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    if !imports.is_empty() {
        section(&mut bytes, 7, &[1, 0x42, 0]);
        section(&mut bytes, 10, &names(imports, &[5, 0]));
    }
    if !exports.is_empty() {
        section(&mut bytes, 5, &[1, 1, 0]);
        section(&mut bytes, 11, &names(exports, &[5, 0, 0]));
    }
    bytes
}

/// A plugin of this kind, of the contract's version 0.1.0.
pub(crate) fn plugin(kind: &str) -> Vec<u8> {
    let kind = format!("lockgate:plugin/{kind}@0.1.0");
    component(&["lockgate:plugin/log@0.1.0"], &["lockgate:plugin/about@0.1.0", &kind])
}

fn names(names: &[&str], tail: &[u8]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(names.len()).unwrap()];
    for name in names {
        bytes.extend([0, u8::try_from(name.len()).unwrap()]);
        bytes.extend(name.as_bytes());
        bytes.extend(tail);
    }
    bytes
}

fn section(bytes: &mut Vec<u8>, id: u8, content: &[u8]) {
    bytes.extend([id, u8::try_from(content.len()).unwrap()]);
    bytes.extend(content);
}

/// A reference that is known to be one.
pub(crate) fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
