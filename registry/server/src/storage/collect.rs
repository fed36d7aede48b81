//! Frees what nothing needs any more, safely beside pushes, also from another process.
//!
//! Two things keep a push safe. Whatever was pushed, mounted or asked for by HEAD carries that time, and what is younger
//! than the grace period is never touched: a manifest may follow its blobs so much later. And publishing and removing
//! exclude each other by the folder's lock, so that nothing is pushed between looking and removing. The lock is held for
//! one repository, or for a few blobs, at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockgate_model::ids::Digest;
use lockgate_model::time::Timestamp;

use super::document::Document;
use super::fault::Fault;
use super::files::{each_name, remove, sync_parent, touched_at};
use super::{Part, Storage};
use crate::error::ServerError;
use crate::name::Repository;

/// How long a blob may wait for its manifest where nobody says otherwise.
pub const GRACE_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long an unfinished upload is kept where nobody says otherwise.
pub const UPLOAD_GRACE_MS: u64 = 24 * 60 * 60 * 1_000;

// Removing so many files takes about a millisecond, which a push can wait.
const BLOBS_AT_ONCE: usize = 64;

/// What is to be freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collection {
    /// Now; by the clock of the folder's file system.
    pub now: Timestamp,
    /// What is younger stays.
    pub grace_ms: u64,
    /// Uploads that rested longer are forgotten.
    pub upload_grace_ms: u64,
    /// Whether manifests go that no tag leads to: neither by itself, nor as part of an index, as a subject, or as a
    /// referrer of what stays.
    pub remove_untagged: bool,
}

impl Collection {
    /// Frees only what no manifest needs, with the usual grace.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, grace_ms: GRACE_MS, upload_grace_ms: UPLOAD_GRACE_MS, remove_untagged: false }
    }

    fn cutoff(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_sub(self.grace_ms))
    }
}

/// What was freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Repositories that were looked through.
    pub repositories: usize,
    /// Manifests taken out of their repository.
    pub manifests: usize,
    /// Blobs taken out of their repository.
    pub links: usize,
    /// Content removed from disk.
    pub blobs: usize,
    /// Bytes of it.
    pub freed_bytes: u64,
    /// Uploads and temporary files forgotten.
    pub uploads: usize,
}

/// Why collecting stopped. What was removed until then was not needed.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The folder is no registry.
    #[error("cannot collect garbage")]
    Folder(#[from] ServerError),
    /// The disk did not do what it should.
    #[error("collecting garbage stopped")]
    Fault(#[from] Fault),
    /// Nobody knows what a damaged manifest needs.
    #[error(
        "nothing of {repository} was collected: its manifest {digest} is missing or damaged on disk; push it again or \
         delete it"
    )]
    Damaged {
        /// The repository.
        repository: String,
        /// The manifest.
        digest: Digest,
    },
}

/// Frees what nothing in a registry's folder needs any more. A server, or several, may use the folder meanwhile.
///
/// # Errors
/// When the folder is no registry, a manifest is damaged, or the disk refuses.
pub fn collect_garbage(folder: &Path, collection: &Collection) -> Result<Report, CollectError> {
    let storage = Storage::existing(folder)?;
    let mut report = Report::default();
    let oldest_upload = Timestamp(collection.now.0.saturating_sub(collection.upload_grace_ms));
    report.uploads = storage.forget_uploads(oldest_upload)?;
    for repository in storage.repository_names()? {
        storage.collect_repository(&repository, collection, &mut report)?;
        report.repositories += 1;
    }
    storage.collect_content(collection, &mut report)?;
    Ok(report)
}

/// What is remembered of a manifest: a repository may have many, and their annotations are long.
struct Needs {
    things: Vec<Digest>,
    subject: Option<Digest>,
}

impl Needs {
    fn of(document: &Document) -> Self {
        Self { things: document.needs.iter().map(|named| named.digest).collect(), subject: document.subject }
    }
}

impl Storage {
    fn collect_repository(
        &self,
        repository: &Repository,
        collection: &Collection,
        report: &mut Report,
    ) -> Result<(), CollectError> {
        let _held = self.removing()?;
        let documents = self.documents(repository)?;
        let kept = if collection.remove_untagged {
            self.reachable(repository, &documents, collection.cutoff())?
        } else {
            documents.keys().copied().collect()
        };
        for digest in documents.keys().filter(|digest| !kept.contains(digest)) {
            self.remove_manifest(repository, digest)?;
            report.manifests += 1;
        }
        let needed = kept.iter().filter_map(|digest| documents.get(digest));
        let needed: BTreeSet<_> = needed.flat_map(|document| document.things.iter().copied()).collect();
        report.links += self.remove_links(repository, &needed, collection.cutoff())?;
        Ok(())
    }

    fn documents(&self, repository: &Repository) -> Result<BTreeMap<Digest, Needs>, CollectError> {
        let mut documents = BTreeMap::new();
        for digest in digests_in(&self.part(repository, Part::Manifests))? {
            let damaged = || CollectError::Damaged { repository: repository.to_string(), digest };
            let document = self.read_document(repository, &digest)?.ok_or_else(damaged)?;
            documents.insert(digest, Needs::of(&document));
        }
        Ok(documents)
    }

    /// Manifests that a tag leads to, or that are young; and what belongs to them.
    fn reachable(
        &self,
        repository: &Repository,
        documents: &BTreeMap<Digest, Needs>,
        cutoff: Timestamp,
    ) -> Result<BTreeSet<Digest>, Fault> {
        let mut next = self.tagged(repository)?;
        for digest in documents.keys() {
            if touched_at(&self.link(repository, Part::Manifests, digest))?.is_some_and(|at| at >= cutoff) {
                next.push(*digest);
            }
        }
        let about = about(documents);
        let mut kept = BTreeSet::new();
        while let Some(digest) = next.pop() {
            let Some(document) = documents.get(&digest).filter(|_| kept.insert(digest)) else { continue };
            next.extend(document.things.iter().copied().chain(document.subject));
            next.extend(about.get(&digest).into_iter().flatten());
        }
        Ok(kept)
    }

    fn remove_links(
        &self,
        repository: &Repository,
        needed: &BTreeSet<Digest>,
        cutoff: Timestamp,
    ) -> Result<usize, Fault> {
        let mut removed = 0;
        for digest in digests_in(&self.part(repository, Part::Blobs))? {
            let path = self.link(repository, Part::Blobs, &digest);
            if !needed.contains(&digest) && touched_at(&path)?.is_some_and(|at| at < cutoff) && remove(&path)? {
                removed += 1;
            }
        }
        if removed > 0 {
            sync_parent(&self.part(repository, Part::Blobs).join("any"))?;
        }
        Ok(removed)
    }

    /// Removes content that no repository holds. Who links to content from now on touches it first, so its age, looked at
    /// once more under the lock, tells whether the list of links is still right about it.
    fn collect_content(&self, collection: &Collection, report: &mut Report) -> Result<(), Fault> {
        let held = self.held_anywhere()?;
        let mut unheld = Vec::new();
        each_name(&self.contents(), |prefix| {
            let found = digests_in(&self.contents().join(prefix))?;
            unheld.extend(found.into_iter().filter(|digest| !held.contains(digest)));
            Ok(())
        })?;
        for some in unheld.chunks(BLOBS_AT_ONCE) {
            let _held = self.removing()?;
            for digest in some {
                self.remove_content(digest, collection.cutoff(), report)?;
            }
        }
        Ok(())
    }

    fn remove_content(&self, digest: &Digest, cutoff: Timestamp, report: &mut Report) -> Result<(), Fault> {
        let path = self.content(digest);
        if touched_at(&path)?.is_none_or(|at| at >= cutoff) {
            return Ok(());
        }
        let size_bytes = self.open_content(digest)?.map_or(0, |content| content.size_bytes);
        if remove(&path)? {
            report.blobs += 1;
            report.freed_bytes += size_bytes;
        }
        Ok(())
    }

    fn held_anywhere(&self) -> Result<BTreeSet<Digest>, Fault> {
        let mut held = BTreeSet::new();
        for repository in self.repository_names()? {
            for part in [Part::Blobs, Part::Manifests] {
                held.extend(digests_in(&self.part(&repository, part))?);
            }
        }
        Ok(held)
    }

    /// Every repository. Folders are followed as long as their names are names.
    fn repository_names(&self) -> Result<Vec<Repository>, Fault> {
        let (mut found, mut next) = (Vec::new(), vec![String::new()]);
        while let Some(parent) = next.pop() {
            each_name(&self.repositories().join(&parent), |name| {
                let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
                if let Some(repository) = Repository::parse(&path) {
                    found.push(repository);
                    next.push(path);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

fn digests_in(folder: &Path) -> Result<Vec<Digest>, Fault> {
    let mut digests = Vec::new();
    each_name(folder, |name| {
        digests.extend(format!("sha256:{name}").parse::<Digest>());
        Ok(())
    })?;
    Ok(digests)
}

/// Manifests by their subject.
fn about(documents: &BTreeMap<Digest, Needs>) -> BTreeMap<Digest, Vec<Digest>> {
    let mut about = BTreeMap::<_, Vec<_>>::new();
    for (digest, document) in documents {
        if let Some(subject) = document.subject {
            about.entry(subject).or_default().push(*digest);
        }
    }
    about
}
