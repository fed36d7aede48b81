//! From a pipeline file and its lock file to the catalog that the planner is given.

use std::path::Path;

use lockgate_model::catalog::{Catalog, CatalogEntry};
use lockgate_model::ids::{Digest, PluginAlias};
use lockgate_model::outcome::Outcome;
use lockgate_planner::Source;
use lockgate_ports::Tools;
use lockgate_registry::lock::LockError;
use lockgate_registry::{LockEntry, LockFile, Reference};

use crate::exit::CliError;
use crate::host::Host;
use crate::pins::{SHELL_ALIAS, read_lock};

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

/// What the planner may refer to: every plugin of the file that is locked. One that is not is the planner's to report.
pub(crate) fn build(host: &Host, source: &Source, pipeline: &Path) -> Result<Catalog, CliError> {
    let lock = read_lock(pipeline)?;
    let mut catalog = Catalog { tools: host.tools.names(), ..Catalog::default() };
    // A file that cannot be read as YAML names no plugin; the planner says why.
    for reference in lockgate_planner::references(source).unwrap_or_default() {
        if let Some(entry) = entry(host, &lock, &reference.alias, &reference.reference)? {
            catalog.plugins.insert(reference.alias, entry);
        }
    }
    let shell = lock.plugins.iter().find(|(alias, _)| alias.as_str() == SHELL_ALIAS);
    catalog.shell = shell.map(|(_, locked)| load(host, locked)).transpose()?;
    Ok(catalog)
}

fn entry(
    host: &Host,
    lock: &LockFile,
    alias: &PluginAlias,
    named: &str,
) -> Result<Option<CatalogEntry>, CliError> {
    let Ok(reference) = named.parse::<Reference>() else { return Ok(None) };
    match lock.entry(alias, &reference) {
        Ok(locked) => load(host, locked).map(Some),
        Err(LockError::NotLocked { .. }) => Ok(None),
        Err(error) => Err(CliError::Usage(error.to_string())),
    }
}

/// A locked plugin, ready to be planned with. What is signed is its manifest, and so that must describe what will run.
fn load(host: &Host, locked: &LockEntry) -> Result<CatalogEntry, CliError> {
    let digest = locked.pin.digest;
    host.supply.registry.check_pin(locked)?;
    host.supply.check_trust(&locked.pin.reference.parse()?, &locked.manifest)?;
    if !host.stores.blobs.contains(&digest) {
        let bytes = host.supply.registry.component(locked)?;
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
