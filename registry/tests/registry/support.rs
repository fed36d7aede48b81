//! What the tests of this room share: tiny components, references, and the text of an error with its causes.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use lockgate_registry::remote::{Credential, Credentials, HttpClient, HttpSettings, Patience};
use lockgate_registry::{Mirrors, PluginCache, Reference, Registry, Silent};

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

/// A plugin of about so many bytes: most of them are a section that nobody reads.
pub(crate) fn large_plugin(kind: &str, bytes: usize) -> Vec<u8> {
    let mut component = plugin(kind);
    let content: Vec<u8> = b"\x03pad".iter().copied().chain((0..bytes).map(|index| (index * 7 % 251) as u8)).collect();
    component.push(0);
    let mut rest = content.len();
    while rest >= 0x80 {
        component.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    component.push(rest as u8);
    component.extend(content);
    component
}

/// A registry of these mirrors that waits for nothing and knows no login.
pub(crate) fn registry_of(mirrors: Mirrors, cache: &Path) -> Registry {
    registry_with(mirrors, cache, patient(Arc::new(|_| {})), Arc::new(NoLogins))
}

/// As `registry_of`, with everything given.
pub(crate) fn registry_with(
    mirrors: Mirrors,
    cache: &Path,
    patience: Patience,
    credentials: Arc<dyn Credentials>,
) -> Registry {
    let client = HttpClient::new(HttpSettings { patience, credentials, silence_ms_max: 5_000 });
    Registry::new(mirrors, Arc::new(client), PluginCache::open(cache).unwrap(), Arc::new(Silent))
}

/// The usual patience with another way to wait.
pub(crate) fn patient(wait: lockgate_registry::remote::Waiting) -> Patience {
    Patience::that_waits(1, wait)
}

/// A machine on which nobody has logged in.
pub(crate) struct NoLogins;

impl Credentials for NoLogins {
    fn find(&self, _: &str, _: &str) -> Result<Option<Credential>, String> {
        Ok(None)
    }
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
