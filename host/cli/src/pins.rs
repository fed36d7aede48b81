//! Pins: from references to entries of the lock file. Each is resolved, trusted, fetched, read and asked what it wants, in
//! that order.

use std::path::{Path, PathBuf};

use lockgate_authoring::diff::{Capabilities, CapabilityDiff, diff};
use lockgate_model::catalog::{Descriptor, PluginPin};
use lockgate_model::ids::PluginAlias;
use lockgate_registry::component::Face;
use lockgate_registry::lock::{LOCK_FILE_NAME, LockError};
use lockgate_registry::{LockEntry, LockFile, Reference};
use lockgate_trust::Trusted;

use crate::catalog::{describe, read_source};
use crate::config::SHELL_REFERENCE;
use crate::exit::{CliError, chain, of_registry};
use crate::host::Host;

/// The alias under which the plugin behind `run:` is locked.
pub(crate) const SHELL_ALIAS: &str = "run";

/// A plugin as it would be locked now.
pub(crate) struct Pinned {
    pub(crate) entry: LockEntry,
    pub(crate) descriptor: Descriptor,
    pub(crate) imports: Vec<String>,
    pub(crate) trusted: Trusted,
}

/// What locking an alias again would change.
pub(crate) struct Change {
    pub(crate) alias: PluginAlias,
    pub(crate) from: LockEntry,
    pub(crate) to: Pinned,
    pub(crate) diff: CapabilityDiff,
}

/// The lock file beside a pipeline.
pub(crate) fn lock_path(pipeline: &Path) -> PathBuf {
    pipeline.with_file_name(LOCK_FILE_NAME)
}

/// The lock file beside a pipeline; empty where there is none.
pub(crate) fn read_lock(pipeline: &Path) -> Result<LockFile, CliError> {
    match LockFile::read(&lock_path(pipeline)) {
        Ok(lock) => Ok(lock),
        Err(LockError::Missing { .. }) => Ok(LockFile::default()),
        Err(error) => Err(CliError::Usage(chain(&error))),
    }
}

/// What a pipeline wants locked: its plugins, and the one behind `run:` where a step has that.
pub(crate) fn wanted(pipeline: &Path) -> Result<Vec<(PluginAlias, String)>, CliError> {
    let source = read_source(pipeline)?;
    let references = lockgate_planner::references(&source).map_err(|diagnostics| {
        CliError::Diagnostics(diagnostics.render(&source, crate::output::style::colour_on_stderr()))
    })?;
    let mut wanted: Vec<_> = references.into_iter().map(|named| (named.alias, named.reference)).collect();
    if lockgate_planner::wants_shell(&source) {
        wanted.push((SHELL_ALIAS.parse()?, SHELL_REFERENCE.to_owned()));
    }
    Ok(wanted)
}

/// Refuses the name that `run:` stands for.
pub(crate) fn check_alias(alias: &PluginAlias) -> Result<(), CliError> {
    match alias.as_str() == SHELL_ALIAS {
        true => Err(CliError::Usage(format!("`{alias}` is the plugin behind `run:`; take another alias"))),
        false => Ok(()),
    }
}

/// Pins a reference as it stands now.
pub(crate) fn pin(host: &Host, named: &str) -> Result<Pinned, CliError> {
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    let registry = &host.supply.registry;
    let resolved = registry.resolve(&reference).map_err(of_registry)?;
    let trusted = host.supply.check_trust(&reference, &resolved.manifest)?;
    let bytes = registry.fetch(&resolved).map_err(of_registry)?;
    let digest = host.stores.blobs.put(&bytes)?;
    let inspection =
        host.sandbox.inspect(&digest).map_err(|error| CliError::Usage(format!("plugin {named}: {error}")))?;
    let descriptor = describe(host, &digest, named)?;
    let (kind, contract) = (inspection.kind, inspection.contract);
    let pin = PluginPin { reference: reference.to_string(), digest, kind, contract };
    let entry = LockEntry { pin, manifest: resolved.manifest, asks: descriptor.asks.clone() };
    Ok(Pinned { entry, descriptor, imports: inspection.imports, trusted })
}

/// Changes some entries of the lock file beside a pipeline. It is read again first: others may have changed it while
/// registries and people were asked.
pub(crate) fn write_entries(
    pipeline: &Path,
    set: impl IntoIterator<Item = (PluginAlias, LockEntry)>,
    keep: impl Fn(&PluginAlias) -> bool,
) -> Result<LockFile, CliError> {
    let mut lock = read_lock(pipeline)?;
    lock.plugins.retain(|alias, _| keep(alias));
    lock.plugins.extend(set);
    lock.write(&lock_path(pipeline))?;
    Ok(lock)
}

/// Refuses a tag that stands for something else than what was locked under it.
pub(crate) fn unmoved(alias: &PluginAlias, locked: &LockEntry, now: &Pinned) -> Result<(), CliError> {
    if locked.pin.reference != now.entry.pin.reference || locked.manifest == now.entry.manifest {
        return Ok(());
    }
    Err(CliError::Usage(moved(alias, locked, &now.entry.manifest.to_string())))
}

/// A moved tag, with both digests.
pub(crate) fn moved(alias: &PluginAlias, locked: &LockEntry, now: &str) -> String {
    format!(
        "the tag of `{alias}` was moved: {} stands for\n  {now} now, and\n  {} is locked\n  what was locked goes on running; \
         look at the difference, and take it over, with `lockgate plugin update {alias}`",
        locked.pin.reference, locked.manifest
    )
}

impl Change {
    /// Why somebody has to agree to it; nothing where it does no more than before.
    pub(crate) fn needs(&self) -> Vec<&'static str> {
        let is_another_kind = self.from.pin.kind != self.to.entry.pin.kind;
        let reasons = [(self.diff.is_widening(), "asks for more"), (is_another_kind, "is another kind of plugin")];
        reasons.into_iter().filter(|(is_so, _)| *is_so).map(|(_, reason)| reason).collect()
    }
}

/// What changes when an alias is locked again; none when nothing does.
pub(crate) fn change(host: &Host, alias: &PluginAlias, from: &LockEntry, to: Pinned) -> Option<Change> {
    if *from == to.entry {
        return None;
    }
    // The old component may be gone; then its imports are not known, and the asks decide anyway.
    let old = host.supply.registry.component(from).ok();
    let old = old.and_then(|bytes| Face::of(&bytes).ok()).map(|face| face.imports);
    let before = Capabilities { asks: &from.asks, imports: old.as_deref() };
    let now = Capabilities { asks: &to.entry.asks, imports: Some(&to.imports) };
    let diff = diff(&before, &now);
    Some(Change { alias: alias.clone(), from: from.clone(), to, diff })
}
