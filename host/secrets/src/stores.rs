//! All stores of a host as one: what is configured by name first, then the encrypted file.

use std::path::{Path, PathBuf};

use lockgate_ports::secrets::{Secret, SecretError, SecretValue, Secrets};

use crate::config::{Origin, SecretsConfig, Source};
use crate::disk::DiskFault;
use crate::environment::Environment;
use crate::file::{FileError, FileFault, SecretFile};
use crate::identity_source::IdentitySource;
use crate::rules::{check_name, check_value};
use crate::vault::Vault;

/// A host's secrets. Nothing is read, asked or decrypted before a secret is asked for, and nothing is kept after.
#[derive(Debug)]
pub struct Stores {
    config: SecretsConfig,
    file: PathBuf,
    identities: IdentitySource,
    environment: Environment,
    vault: Vault,
}

impl Stores {
    /// Stores as configured; paths are relative to `base`, the folder of the configuration file.
    #[must_use]
    pub fn open(config: SecretsConfig, base: &Path, identities: IdentitySource, environment: Environment) -> Self {
        let file = base.join(&config.file);
        let vault = Vault::new(config.vault.clone(), base, environment.clone());
        Self { config, file, identities, environment, vault }
    }

    /// The encrypted file, which need not exist.
    #[must_use]
    pub fn file_path(&self) -> &Path {
        &self.file
    }

    fn of_source(&self, name: &str, source: &Source) -> Result<Secret, SecretError> {
        let value = match &source.origin {
            Origin::Environment { variable } => self.of_environment(name, variable)?,
            Origin::Vault { path, field } => self.vault.get(path, field).map_err(|error| unavailable(name, &error))?,
        };
        check_value(value.expose()).map_err(|error| unavailable(name, &error))?;
        Ok(Secret { value, hosts: source.hosts.clone() })
    }

    fn of_environment(&self, name: &str, variable: &str) -> Result<SecretValue, SecretError> {
        self.environment.secret(variable).ok_or_else(|| {
            SecretError::Unavailable(format!(
                "the secret `{name}` comes from the environment variable {variable}, which is not set or empty; set it \
                 for the host, or change [secrets.from.{name}] in lockgate.toml"
            ))
        })
    }

    fn of_file(&self, name: &str) -> Result<Secret, SecretError> {
        let file = match SecretFile::read(&self.file) {
            Err(FileError { fault: FileFault::Disk(DiskFault::NotFound), .. }) => {
                return Err(self.unknown(name, "does not exist yet; begin it with `lockgate secrets init`, then add"));
            }
            read => read.map_err(|error| unavailable(name, &error))?,
        };
        let Some(entry) = file.entry(name) else { return Err(self.unknown(name, "has no such entry; add")) };
        let identities = self.identities.find(&self.environment).map_err(|error| unavailable(name, &error))?;
        let value = file.value(name, &identities).map_err(|error| unavailable(name, &error))?;
        Ok(Secret { value, hosts: entry.hosts().to_vec() })
    }

    fn unknown(&self, name: &str, state: &str) -> SecretError {
        SecretError::Unknown(format!(
            "there is no secret `{name}`: lockgate.toml has no [secrets.from.{name}], and {} {state} it with `lockgate \
             secrets set {name}`",
            self.file.display()
        ))
    }
}

impl Secrets for Stores {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        check_name(name).map_err(|error| SecretError::Unknown(error.to_string()))?;
        match self.config.from.get(name) {
            Some(source) => self.of_source(name, source),
            None => self.of_file(name),
        }
    }
}

/// The port's error is one text: the error with all its causes.
fn unavailable(name: &str, error: &(dyn std::error::Error + 'static)) -> SecretError {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let words: Vec<String> = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect();
    SecretError::Unavailable(format!("cannot get the secret `{name}`: {}", words.join(": ")))
}
