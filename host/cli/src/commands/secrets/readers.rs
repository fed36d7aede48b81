//! `secrets rotate`: who can read the file.

use lockgate_secrets::{Identities, Recipient, SecretFile};

use super::{Place, done, of_file};
use crate::exit::CliError;
use crate::output::question;

pub(super) fn rotate(place: &Place, add: &[String], remove: &[String]) -> Result<(), CliError> {
    let (add, remove) = (parse(add)?, parse(remove)?);
    if add.is_empty() && remove.is_empty() {
        let message = "say who can read the file from now on (--add age1...) or cannot any more (--remove age1...)";
        return Err(CliError::Usage(message.to_owned()));
    }
    let mut file = place.read()?;
    let readers = with(without(place, &file, &remove)?, &add);
    if readers == file.recipients() {
        done("nothing is to be changed: they can read the file already");
        return Ok(());
    }
    let keys = place.keys()?;
    agree_to_be_left_out(&keys, &readers)?;
    file.rotate(&readers, &keys, &place.today).map_err(of_file)?;
    place.write(&file)?;
    done(&format!("every value of {} is encrypted anew. It can be read by", place.path.display()));
    readers.iter().for_each(|reader| crate::output::out!("  {reader}"));
    if !remove.is_empty() {
        note_known_values(&file);
    }
    Ok(())
}

/// By name: `list` knows days only, and so cannot tell which values were set earlier on this one.
fn note_known_values(file: &SecretFile) {
    let names: Vec<&str> = file.names().collect();
    if !names.is_empty() {
        crate::output::err!(
            "who was taken out may have kept the values, and still reads them in earlier commits: replace each where it \
             comes from, then `lockgate secrets set` it: {}",
            names.join(", ")
        );
    }
}

/// Understands public keys; no error shows the text, which may be a private one.
pub(super) fn parse(texts: &[String]) -> Result<Vec<Recipient>, CliError> {
    let one = |text: &String| text.trim().parse().map_err(|error: lockgate_secrets::Refusal| usage(&error));
    texts.iter().map(one).collect()
}

/// Readers and those of `more` that are not among them.
pub(super) fn with(readers: Vec<Recipient>, more: &[Recipient]) -> Vec<Recipient> {
    more.iter().fold(readers, |mut readers, one| {
        if !readers.contains(one) {
            readers.push(one.clone());
        }
        readers
    })
}

fn without(place: &Place, file: &SecretFile, remove: &[Recipient]) -> Result<Vec<Recipient>, CliError> {
    let readers = file.recipients();
    if let Some(stranger) = remove.iter().find(|one| !readers.contains(one)) {
        let known: Vec<String> = readers.iter().map(ToString::to_string).collect();
        let message = format!("{stranger} is no reader of {}; they are {}", place.path.display(), known.join(", "));
        return Err(CliError::Usage(message));
    }
    Ok(readers.iter().filter(|one| !remove.contains(one)).cloned().collect())
}

/// Nobody shuts themselves out by a slip.
fn agree_to_be_left_out(keys: &Identities, readers: &[Recipient]) -> Result<(), CliError> {
    if readers.is_empty() || keys.recipients().iter().any(|own| readers.contains(own)) {
        return Ok(());
    }
    let warning = "after this you cannot read the file yourself";
    if !question::is_possible() {
        return Err(CliError::Usage(format!(
            "{warning}, which is only done where somebody at a terminal agrees to it"
        )));
    }
    if question::is_agreed(&format!("{warning}; go on?")) {
        return Ok(());
    }
    Err(CliError::Usage("nothing was changed".to_owned()))
}

fn usage(error: &lockgate_secrets::Refusal) -> CliError {
    CliError::Usage(error.to_string())
}
