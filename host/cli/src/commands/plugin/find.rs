//! A plugin by what a person calls it: a file, an alias of the lock file, or a reference.

use std::io::Read as _;
use std::path::Path;

use lockgate_model::ids::Digest;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_registry::lock::{LOCK_FILE_NAME, LockError};
use lockgate_registry::{LockFile, Reference};

use crate::exit::{CliError, chain, of_registry};
use crate::supply::Supply;

/// A plugin that was found, and not yet compiled.
pub(super) struct Found {
    pub(super) component: Vec<u8>,
    /// The reference and the manifest's digest, where it comes from a registry.
    pub(super) origin: Option<(Reference, Digest)>,
}

/// Finds a plugin: an alias first, then a file, then a reference.
pub(super) fn find(supply: &Supply, named: &str) -> Result<Found, CliError> {
    let usage =
        |error: &(dyn std::error::Error + 'static)| CliError::Usage(format!("plugin `{named}`: {}", chain(error)));
    let path = Path::new(named);
    let lock = match LockFile::read(Path::new(LOCK_FILE_NAME)) {
        Ok(lock) => lock,
        Err(LockError::Missing { .. }) => LockFile::default(),
        Err(error) => return Err(usage(&error)),
    };
    let locked = lock.plugins.iter().find(|(alias, _)| alias.as_str() == named).map(|(_, entry)| entry);
    if let Some(entry) = locked {
        let component = supply.registry.component(entry).map_err(of_registry)?;
        let reference = entry.pin.reference.parse().map_err(|error| usage(&error))?;
        return Ok(Found { component, origin: Some((reference, entry.manifest)) });
    }
    // No alias is shadowed by a file of its name.
    if path.is_file() {
        return Ok(Found { component: read_component(path)?, origin: None });
    }
    let reference: Reference = named.parse().map_err(|error| usage(&error))?;
    let resolved = supply.registry.resolve(&reference).map_err(of_registry)?;
    let component = supply.registry.fetch(&resolved).map_err(of_registry)?;
    Ok(Found { component, origin: Some((reference, resolved.manifest)) })
}

impl Found {
    /// Asks the trust rules, where the plugin comes from a registry: before it is compiled.
    pub(super) fn check_trust(&self, supply: &Supply) -> Result<(), CliError> {
        let Some((reference, manifest)) = &self.origin else { return Ok(()) };
        supply.check_trust(reference, manifest).map(drop)
    }
}

/// The bytes of a component's file.
pub(super) fn read_component(path: &Path) -> Result<Vec<u8>, CliError> {
    let usage = |error: std::io::Error| CliError::Usage(format!("cannot read {}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(usage)?;
    file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(usage)?;
    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        let message = format!("{} has more than {COMPONENT_BYTES_MAX} bytes: no component is so large", path.display());
        return Err(CliError::Usage(message));
    }
    Ok(bytes)
}
