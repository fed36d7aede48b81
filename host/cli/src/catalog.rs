//! From a pipeline file and its lock file to the catalog that the planner is given.

use std::path::Path;

use lockgate_model::catalog::{Catalog, CatalogEntry, Descriptor};
use lockgate_model::ids::{Digest, PluginAlias};
use lockgate_model::outcome::Outcome;
use lockgate_planner::Source;
use lockgate_ports::Tools;
use lockgate_registry::lock::LockError;
use lockgate_registry::{LockEntry, LockFile, Reference};

use crate::config::SHELL_REFERENCE;
use crate::exit::{CliError, of_registry};
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

/// Reads a pipeline file that is to be written again: all of it, or not at all.
pub(crate) fn read_for_edit(path: &Path) -> Result<Source, CliError> {
    let source = read_source(path)?;
    let is_whole = source.text.len() <= lockgate_model::limits::PIPELINE_BYTES_MAX
        && std::fs::read(path).is_ok_and(|bytes| bytes == source.text.as_bytes());
    let message = format!("{} is too long, or not UTF-8: it cannot be edited here", path.display());
    if is_whole { Ok(source) } else { Err(CliError::Usage(message)) }
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
    if lockgate_planner::wants_shell(source) {
        // By its reference as well: no lock file puts another plugin behind `run:`.
        catalog.shell = entry(host, &lock, &SHELL_ALIAS.parse()?, SHELL_REFERENCE)?;
    }
    Ok(catalog)
}

fn entry(host: &Host, lock: &LockFile, alias: &PluginAlias, named: &str) -> Result<Option<CatalogEntry>, CliError> {
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
    host.supply.registry.check_pin(locked).map_err(of_registry)?;
    host.supply.check_trust(&locked.pin.reference.parse()?, &locked.manifest)?;
    if !host.stores.blobs.contains(&digest) {
        let bytes = host.supply.registry.component(locked).map_err(of_registry)?;
        host.stores.blobs.put(&bytes)?;
    }
    let descriptor = describe(host, &digest, &locked.pin.reference)?;
    check_accepted(host, locked, &descriptor)?;
    Ok(CatalogEntry { pin: locked.pin.clone(), descriptor })
}

/// Insists that the lock file tells the truth: what was accepted is what the component asks for, and it is what it was.
fn check_accepted(host: &Host, locked: &LockEntry, descriptor: &Descriptor) -> Result<(), CliError> {
    let pin = &locked.pin;
    let wrong = |what: &str| {
        let reference = &pin.reference;
        CliError::Usage(format!(
            "{reference}: the lock file does not say {what}; look at it with `lockgate plugin update`"
        ))
    };
    let inspection = host.sandbox.inspect(&pin.digest).map_err(|error| CliError::Usage(error.to_string()))?;
    if (inspection.kind, &inspection.contract) != (pin.kind, &pin.contract) {
        return Err(wrong(&format!("that it is a {} of contract {}", inspection.kind, inspection.contract)));
    }
    if descriptor.asks != locked.asks {
        return Err(wrong("what it asks for"));
    }
    Ok(())
}

/// What a plugin says of itself.
pub(crate) fn describe(host: &Host, digest: &Digest, named: &str) -> Result<Descriptor, CliError> {
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
