//! `secrets init`: a key where there is none, and an empty file for it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use lockgate_secrets::{Identities, Recipient, SecretFile, default_identity_path};

use super::readers::{parse, with};
use super::{Place, done, of_file, of_identity};
use crate::exit::{CliError, chain};

const FOLDER_MODE: u32 = 0o700;

pub(super) fn init(place: &Place, others: &[String]) -> Result<(), CliError> {
    let others = parse(others)?;
    let is_there = place.path.exists();
    if is_there && !others.is_empty() {
        return Err(CliError::Usage(already(place, "`lockgate secrets rotate --add age1...` adds a reader")));
    }
    let found = place.keys_if_any()?;
    let is_new = found.is_none();
    let key = match found {
        Some(keys) => keys.recipient(),
        None => new_key(place)?,
    };
    match (is_there, is_new) {
        // Whoever comes to a project later needs a key before anybody can add it.
        (true, true) => crate::output::err!("{}", already(place, &ask_for(&key))),
        (true, false) => return Err(CliError::Usage(already(place, &known(place, &key)?))),
        (false, _) => new_file(place, &with(vec![key], &others))?,
    }
    Ok(())
}

fn new_key(place: &Place) -> Result<Recipient, CliError> {
    let path = default_identity_path(&place.environment).ok_or_else(|| {
        CliError::Usage("there is no place for a key: neither XDG_CONFIG_HOME nor HOME is set".to_owned())
    })?;
    make_folder_of(&path)?;
    let keys = Identities::generate();
    keys.write_new(&path, &place.today).map_err(of_identity)?;
    done(&format!("the key is made: {}, its public part is {}", path.display(), keys.recipient()));
    crate::output::err!("keep a copy of this file where nobody else reads it: without it the values are lost");
    Ok(keys.recipient())
}

fn make_folder_of(path: &Path) -> Result<(), CliError> {
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&folder);
    made.map_err(|error| CliError::host(format!("cannot make the folder {}: {}", folder.display(), chain(&error))))
}

fn new_file(place: &Place, readers: &[Recipient]) -> Result<(), CliError> {
    place.write(&SecretFile::create(readers).map_err(of_file)?)?;
    done(&format!("{} is made; commit it. It can be read by", place.path.display()));
    readers.iter().for_each(|reader| crate::output::out!("  {reader}"));
    Ok(())
}

fn already(place: &Place, advice: &str) -> String {
    format!("{} is there already; {advice}", place.path.display())
}

fn known(place: &Place, key: &Recipient) -> Result<String, CliError> {
    let is_reader = place.read()?.recipients().contains(key);
    Ok(if is_reader { "`lockgate secrets set NAME` adds a value".to_owned() } else { ask_for(key) })
}

fn ask_for(key: &Recipient) -> String {
    format!("somebody who can read it adds you with `lockgate secrets rotate --add {key}`")
}
