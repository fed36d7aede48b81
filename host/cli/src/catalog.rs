//! From a pipeline file and its lock file to the catalog that the planner is given.

use std::path::{Path, PathBuf};

use lockgate_model::catalog::{Catalog, CatalogEntry};
use lockgate_model::ids::{Digest, PluginAlias};
use lockgate_model::outcome::Outcome;
use lockgate_planner::Source;
use lockgate_ports::Tools;
use lockgate_registry::lock::{LOCK_FILE_NAME, LockError};
use lockgate_registry::{LockEntry, LockFile, Reference, Registry};

use crate::config::SHELL_REFERENCE;
use crate::exit::CliError;
use crate::host::Host;

/// The alias under which the plugin behind `run:` is locked.
pub(crate) const SHELL_ALIAS: &str = "run";

/// Reads a pipeline file; a little more than the planner takes, so that it can say what is wrong.
pub(crate) fn read_source(path: &Path) -> Result<Source, CliError> {
    use std::io::Read;
    let usage = |error: std::io::Error| {
        let help = if error.kind() == std::io::ErrorKind::NotFound { "; write one, or name another file" } else { "" };
        CliError::Usage(format!("cannot read the pipeline {}: {error}{help}", path.display()))
    };
    let is_file = std::fs::metadata(path).map_err(usage)?.is_file();
    if !is_file {
        return Err(CliError::Usage(format!("the pipeline {} is no regular file", path.display())));
    }
    let limit = lockgate_model::limits::PIPELINE_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(usage)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Source { name: path.display().to_string(), text })
}

/// The lock file beside a pipeline.
pub(crate) fn lock_path(pipeline: &Path) -> PathBuf {
    pipeline.with_file_name(LOCK_FILE_NAME)
}

/// What the planner may refer to: every plugin of the file that is locked. One that is not is the planner's to report.
pub(crate) fn build(host: &Host, source: &Source, pipeline: &Path) -> Result<Catalog, CliError> {
    let lock = match LockFile::read(&lock_path(pipeline)) {
        Ok(lock) => lock,
        Err(LockError::Missing { .. }) => LockFile::default(),
        Err(error) => return Err(CliError::Usage(crate::exit::chain(&error))),
    };
    let registry = Registry::new(host.config.mirrors.clone());
    let mut catalog = Catalog { tools: host.tools.names(), ..Catalog::default() };
    // A file that cannot be read as YAML names no plugin; the planner says why.
    for reference in lockgate_planner::references(source).unwrap_or_default() {
        if let Some(entry) = entry(host, &registry, &lock, &reference.alias, &reference.reference)? {
            catalog.plugins.insert(reference.alias, entry);
        }
    }
    let shell = lock.plugins.iter().find(|(alias, _)| alias.as_str() == SHELL_ALIAS);
    catalog.shell = shell.map(|(_, locked)| load(host, &registry, locked)).transpose()?;
    Ok(catalog)
}

fn entry(
    host: &Host,
    registry: &Registry,
    lock: &LockFile,
    alias: &PluginAlias,
    named: &str,
) -> Result<Option<CatalogEntry>, CliError> {
    let Ok(reference) = named.parse::<Reference>() else { return Ok(None) };
    match lock.entry(alias, &reference) {
        Ok(locked) => load(host, registry, locked).map(Some),
        Err(LockError::NotLocked { .. }) => Ok(None),
        Err(error) => Err(CliError::Usage(error.to_string())),
    }
}

fn load(host: &Host, registry: &Registry, locked: &LockEntry) -> Result<CatalogEntry, CliError> {
    let digest = locked.pin.digest;
    if !host.stores.blobs.contains(&digest) {
        let bytes = registry.component(locked)?;
        host.stores.blobs.put(&bytes)?;
    }
    let descriptor = describe(host, &digest, &locked.pin.reference)?;
    Ok(CatalogEntry { pin: locked.pin.clone(), descriptor })
}

/// What a plugin says of itself.
pub(crate) fn describe(
    host: &Host,
    digest: &Digest,
    named: &str,
) -> Result<lockgate_model::catalog::Descriptor, CliError> {
    host.sandbox.describe(digest).map_err(|outcome| CliError::Usage(format!("plugin {named} {}", explain(&outcome))))
}

/// An outcome that is no answer, as the end of a sentence.
pub(crate) fn explain(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(_) => "answered".to_owned(),
        Outcome::Failed(failure) => format!("failed: {} [{}]", failure.message, failure.code),
        Outcome::Trapped { message } => format!("trapped: {message}"),
        Outcome::Limited { message, .. } => format!("hit a limit: {message}"),
        Outcome::Refused { message, .. } => format!("is refused: {message}"),
        Outcome::Faulted { message } => format!("could not be run, the host failed: {message}"),
        Outcome::Cancelled => "was cancelled".to_owned(),
    }
}

/// Pins every plugin that a pipeline names, and the one behind `run:`.
pub(crate) fn lock(host: &Host, pipeline: &Path) -> Result<LockFile, CliError> {
    let source = read_source(pipeline)?;
    let references = lockgate_planner::references(&source).map_err(|diagnostics| {
        CliError::Diagnostics(diagnostics.render(&source, crate::output::style::colour_on_stderr()))
    })?;
    let registry = Registry::new(host.config.mirrors.clone());
    let mut lock = LockFile::default();
    for reference in references {
        lock.plugins.insert(reference.alias, resolve(host, &registry, &reference.reference)?);
    }
    match resolve(host, &registry, SHELL_REFERENCE) {
        Ok(entry) => drop(lock.plugins.insert(SHELL_ALIAS.parse()?, entry)),
        // A pipeline without `run:` does not need it; in one with it, the planner says which step does.
        Err(CliError::Usage(error)) => crate::output::err!("note: `run:` is not available: {error}"),
        Err(error) => return Err(error),
    }
    Ok(lock)
}

fn resolve(host: &Host, registry: &Registry, named: &str) -> Result<LockEntry, CliError> {
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    let resolved = registry.resolve(&reference).map_err(|error| CliError::Usage(crate::exit::chain(&error)))?;
    let bytes = registry.fetch(&resolved)?;
    let digest = host.stores.blobs.put(&bytes)?;
    let inspection =
        host.sandbox.inspect(&digest).map_err(|error| CliError::Usage(format!("plugin {named}: {error}")))?;
    let descriptor = describe(host, &digest, named)?;
    let pin = lockgate_model::catalog::PluginPin {
        reference: reference.to_string(),
        digest,
        kind: inspection.kind,
        contract: inspection.contract,
    };
    Ok(LockEntry { pin, manifest: resolved.manifest, asks: descriptor.asks })
}
