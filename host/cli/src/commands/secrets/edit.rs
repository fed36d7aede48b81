//! `secrets edit`: everything in plain in an editor, and back.

use lockgate_secrets::{Changes, FileFault, Identities, SecretFile};

use super::plain::PlainFolder;
use super::{Place, done, of_file};
use crate::exit::CliError;
use crate::output::question;

pub(super) fn edit(place: &Place) -> Result<(), CliError> {
    let (before, keys) = (place.read()?, place.keys()?);
    let folder = PlainFolder::make()?;
    let edited = edit_in(&folder, place, &before, &keys);
    match (edited, folder.wipe()) {
        (edited, Ok(())) => edited,
        (Ok(()), Err(left)) => Err(left),
        (Err(error), Err(left)) => {
            crate::output::err!("{}", crate::output::safe(&error.text()));
            Err(left)
        }
    }
}

fn edit_in(folder: &PlainFolder, place: &Place, before: &SecretFile, keys: &Identities) -> Result<(), CliError> {
    folder.write(&before.to_plain(keys).map_err(of_file)?)?;
    let after = ask_until_understood(folder, place, before, keys)?;
    let changes = after.changes_since(before);
    if changes.is_empty() {
        done("nothing was changed");
        return Ok(());
    }
    refuse_if_changed_meanwhile(place, before)?;
    place.write(&after)?;
    say(place, &changes);
    Ok(())
}

/// The editor's text as a file; whoever made a mistake can go on from it.
fn ask_until_understood(
    folder: &PlainFolder,
    place: &Place,
    before: &SecretFile,
    keys: &Identities,
) -> Result<SecretFile, CliError> {
    loop {
        folder.edit()?;
        let mistake = match before.from_plain(&folder.read()?, keys, &place.today) {
            Err(error) if matches!(error.fault, FileFault::Edited(_)) => error,
            ended => return ended.map_err(of_file),
        };
        if !question::is_possible() {
            return Err(CliError::Usage(format!("{mistake}; nothing was changed")));
        }
        crate::output::err!("{}", crate::output::safe(&mistake.to_string()));
        if !question::is_agreed("edit it again?") {
            return Err(CliError::Usage("nothing was changed".to_owned()));
        }
    }
}

/// An editor may be open for hours, and what somebody else did in that time is not to be undone.
fn refuse_if_changed_meanwhile(place: &Place, before: &SecretFile) -> Result<(), CliError> {
    let now = place.read()?;
    if now.changes_since(before).is_empty() && now.recipients() == before.recipients() {
        return Ok(());
    }
    let path = place.path.display();
    Err(CliError::Usage(format!(
        "{path} was changed while it was being edited; your changes were not written, edit anew"
    )))
}

fn say(place: &Place, changes: &Changes) {
    let parts = [("added", &changes.added), ("changed", &changes.changed), ("removed", &changes.removed)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let words: Vec<String> = parts.map(|(what, names)| format!("{what} {}", names.join(", "))).collect();
    done(&format!("{}: {}", place.path.display(), words.join("; ")));
}
