//! Compiled code on disk, by component and by compatibility of the engine.
//!
//! Code that is loaded from here runs as it is: the folder belongs to the host alone (0700), files are written whole or
//! not at all, and a file is loaded only if it has the checksum that was noted when it was written. Damaged or missing
//! files are compiled again.
//!
//! The checksum finds what a disk or a power loss did. It is no defence against who may write here: such a one could write
//! the note as well, whatever stood in it. A cryptographic digest was half of the time that loading a plugin takes.

use std::fs::{self, DirBuilder};
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lockgate_model::call::Kind;
use lockgate_model::catalog::Descriptor;
use lockgate_model::ids::Digest;
use lockgate_ports::sandbox::Inspection;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The store of one engine.
pub(crate) struct Compiled {
    engine: Engine,
    folder: PathBuf,
    writes: AtomicU64,
}

/// What was noted beside the code.
#[derive(Serialize, Deserialize)]
struct Note {
    /// CRC-32 of the code (ISO-HDLC, as in gzip), and its length in bytes.
    checksum: u32,
    bytes: u64,
    kind: Kind,
    contract: String,
    imports: Vec<String>,
}

impl Compiled {
    /// The store in `folder`, made where it is missing.
    pub(crate) fn open(engine: &Engine, folder: &Path) -> io::Result<Self> {
        let folder = folder.join(compatibility(engine));
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { engine: engine.clone(), folder, writes: AtomicU64::new(0) })
    }

    /// The code of a component, if it was kept and is whole.
    pub(crate) fn load(&self, component: &Digest) -> Option<(Component, Inspection)> {
        let note: Note = serde_json::from_slice(&fs::read(self.path(component, "note")).ok()?).ok()?;
        let path = self.path(component, "cwasm");
        let code = fs::read(&path).ok()?;
        if (code.len() as u64, crc32fast::hash(&code)) != (note.bytes, note.checksum) {
            return None;
        }
        // SAFETY: the file was written by `keep` from what this engine's compatible twin compiled, in a folder that only
        // the host may write to, and has the checksum that was noted then.
        let code = unsafe { Component::deserialize_file(&self.engine, &path) }.ok()?;
        Some((code, Inspection { kind: note.kind, contract: note.contract, imports: note.imports }))
    }

    /// Keeps what was compiled. A store that cannot be written is slower, not wrong: the next process compiles again.
    pub(crate) fn keep(&self, component: &Digest, code: &Component, inspection: &Inspection) {
        let Ok(code) = code.serialize() else { return };
        let Inspection { kind, contract, imports } = inspection.clone();
        let (checksum, bytes) = (crc32fast::hash(&code), code.len() as u64);
        let note = Note { checksum, bytes, kind, contract, imports };
        let kept = self.write(&self.path(component, "cwasm"), &code);
        if let (Ok(()), Ok(note)) = (kept, serde_json::to_vec(&note)) {
            let _ = self.write(&self.path(component, "note"), &note);
        }
    }

    /// What the plugin said of itself, if it was kept.
    pub(crate) fn descriptor(&self, component: &Digest) -> Option<Descriptor> {
        serde_json::from_slice(&fs::read(self.path(component, "about")).ok()?).ok()
    }

    /// Keeps what the plugin said of itself.
    pub(crate) fn keep_descriptor(&self, component: &Digest, descriptor: &Descriptor) {
        if let Ok(bytes) = serde_json::to_vec(descriptor) {
            let _ = self.write(&self.path(component, "about"), &bytes);
        }
    }

    fn path(&self, component: &Digest, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", component.hex()))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }
}

/// A name for all engines whose code this one can run: the same in every process.
fn compatibility(engine: &Engine) -> String {
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Digest::from_bytes(hasher.0.finalize().into()).short()
}

/// SHA-256 as a `Hasher`.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
