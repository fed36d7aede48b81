//! `secrets ...`: the encrypted file of values, and the key that opens it.

mod edit;
mod init;
mod list;
mod plain;
mod readers;
mod set;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lockgate_secrets::{
    DiskFault, Environment, FileError, FileFault, Identities, IdentityError, IdentitySource, SecretFile, Source,
};

use crate::args::SecretsCommand;
use crate::config::Config;
use crate::exit::{CliError, Exit, chain};
use crate::output::style::Style;

pub(crate) fn secrets(command: &SecretsCommand) -> Result<Exit, CliError> {
    let place = Place::open()?;
    match command {
        SecretsCommand::Init { recipients } => init::init(&place, recipients)?,
        SecretsCommand::Set(args) => set::set(&place, args)?,
        SecretsCommand::List { json } => list::list(&place, *json)?,
        SecretsCommand::Rotate { add, remove } => readers::rotate(&place, add, remove)?,
        SecretsCommand::Rm { name } => remove(&place, name)?,
        SecretsCommand::Edit => edit::edit(&place)?,
    }
    Ok(Exit::Passed)
}

/// The project's encrypted file, and what surrounds it.
struct Place {
    /// Relative to the working folder, where the project's `lockgate.toml` stands.
    path: PathBuf,
    /// What the user's `lockgate.toml` takes from elsewhere, whatever the file says.
    sources: BTreeMap<String, Source>,
    environment: Environment,
    /// Year, month and day.
    today: String,
}

impl Place {
    fn open() -> Result<Self, CliError> {
        let secrets = Config::read(Path::new("."))?.secrets;
        let today = crate::clock::rfc3339().chars().take("2026-11-27".len()).collect();
        Ok(Self { path: secrets.file, sources: secrets.from, environment: Environment::of_process(), today })
    }

    fn read(&self) -> Result<SecretFile, CliError> {
        SecretFile::read(&self.path).map_err(of_file)
    }

    fn write(&self, file: &SecretFile) -> Result<(), CliError> {
        file.write(&self.path).map_err(of_file)
    }

    fn keys(&self) -> Result<Identities, CliError> {
        IdentitySource::Usual.find(&self.environment).map_err(of_identity)
    }

    /// None where no key is at hand. One that is there and cannot be read is a mistake, and no reason to go on without.
    fn keys_if_any(&self) -> Result<Option<Identities>, CliError> {
        match IdentitySource::Usual.find(&self.environment) {
            Err(IdentityError::Nowhere { .. }) => Ok(None),
            found => found.map(Some).map_err(of_identity),
        }
    }

    /// Says so where a name in the file is not the one that runs get.
    fn note_if_elsewhere(&self, name: &str) {
        if self.sources.contains_key(name) {
            crate::output::err!(
                "runs get `{name}` from [secrets.from.{name}] of the user's lockgate.toml, not from {}",
                self.path.display()
            );
        }
    }
}

fn remove(place: &Place, name: &str) -> Result<(), CliError> {
    let mut file = place.read()?;
    file.remove(name).map_err(of_file)?;
    place.write(&file)?;
    done(&format!("{name} is taken out of {}; what it opens still takes its value", place.path.display()));
    place.note_if_elsewhere(name);
    Ok(())
}

/// Says what was done.
fn done(text: &str) {
    crate::output::out!("{} {text}", Style::stdout().good_mark());
}

/// Wrong is the file, or what was asked for, or the disk.
fn of_file(error: FileError) -> CliError {
    let FileError { path, fault } = error;
    let text = format!("{}: {}", path.display(), chain(&fault));
    match fault {
        FileFault::Disk(DiskFault::Io { .. }) | FileFault::Encrypt { .. } => CliError::host(text),
        FileFault::Disk(DiskFault::NotFound) => {
            CliError::Usage(format!("{text}; begin it with `lockgate secrets init`"))
        }
        _ => CliError::Usage(text),
    }
}

fn of_identity(error: IdentityError) -> CliError {
    match error {
        IdentityError::Disk { path, fault } => {
            CliError::Usage(format!("the identity file {}: {}", path.display(), chain(&fault)))
        }
        error => CliError::Usage(chain(&error)),
    }
}

/// Hosts for a person; no host is something to be said as well.
fn in_words(hosts: &[String]) -> String {
    if hosts.is_empty() { "native tools alone".to_owned() } else { hosts.join(", ") }
}
