//! What a tool is, for keys: its program's bytes, what it says its version is, and the state of its roots.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use lockgate_model::ids::{Digest, ToolName};
use sha2::{Digest as _, Sha256};

use crate::catalog::{Root, Tool};

/// Folders whose times change whenever a package manager puts something else in them: it replaces files, it does not
/// write into them.
const WATCHED: [&str; 9] = [
    "bin",
    "sbin",
    "lib",
    "lib64",
    "libexec",
    "local/bin",
    "local/lib",
    "lib/x86_64-linux-gnu",
    "lib/aarch64-linux-gnu",
];

/// Which program it was when it was asked: inode, size, modification time.
type Stamp = (u64, u64, i64, i64);

/// Fingerprints of this process's tools. A program is read and asked again only when its file has changed.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    known: Mutex<BTreeMap<ToolName, (Stamp, Digest)>>,
}

impl Fingerprints {
    /// The tool's fingerprint; none when it cannot be had, and then nothing of it can be cached. `ask` runs the tool
    /// with arguments and gives its output.
    pub(crate) fn of(&self, tool: &Tool, ask: impl FnOnce(&[String]) -> Option<Vec<u8>>) -> Option<Digest> {
        let program = self.program(tool, ask)?;
        let roots: String = tool.roots.iter().map(state).collect();
        Some(Digest::of(format!("{program}\n{roots}").as_bytes()))
    }

    fn program(&self, tool: &Tool, ask: impl FnOnce(&[String]) -> Option<Vec<u8>>) -> Option<Digest> {
        let metadata = tool.host_program.metadata().ok()?;
        let stamp = (metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec());
        let known = self.lock().get(&tool.name).copied();
        if let Some((_, digest)) = known.filter(|(known, _)| *known == stamp) {
            return Some(digest);
        }
        let (bytes, _) = digest_of(File::open(&tool.host_program).ok()?).ok()?;
        let version = tool.version.as_deref().map_or(Some(Vec::new()), ask)?;
        let digest = Digest::of(&[bytes.as_bytes().as_slice(), &version].concat());
        self.lock().insert(tool.name.clone(), (stamp, digest));
        Some(digest)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ToolName, (Stamp, Digest)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A root's own times and, of a folder, those of the folders in it that matter.
fn state(root: &Root) -> String {
    if let Some(target) = &root.link {
        return format!("{} -> {}\n", root.inside.display(), target.display());
    }
    let line = |below: &str, metadata: &Metadata| {
        let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
        format!("{} {seconds}.{nanoseconds}\n", root.inside.join(Path::new(below)).display())
    };
    let Ok(own) = root.host.metadata() else { return String::new() };
    let watched = if own.is_dir() { &WATCHED[..] } else { &[] };
    let below = watched.iter().filter_map(|below| Some(line(below, &root.host.join(below).metadata().ok()?)));
    std::iter::once(line("", &own)).chain(below).collect()
}

/// The digest and the length of what is left to read.
pub(crate) fn digest_of(mut reader: impl Read) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    let mut size_bytes = 0;
    loop {
        let count = reader.read(&mut piece)?;
        if count == 0 {
            return Ok((Digest::from_bytes(hasher.finalize().into()), size_bytes));
        }
        hasher.update(&piece[..count]);
        size_bytes += count as u64;
    }
}
