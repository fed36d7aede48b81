//! `secrets list`: what is readable without a key.

use lockgate_secrets::{DiskFault, FileError, FileFault, Origin, SecretFile, Source};
use serde::Serialize;

use super::{Place, in_words, of_file};
use crate::exit::CliError;
use crate::output::safe;
use crate::output::style::{Style, Tone};

/// All that can be had by name.
#[derive(Serialize)]
struct Listing<'a> {
    file: String,
    recipients: Vec<String>,
    rotated: Option<&'a str>,
    secrets: Vec<Row<'a>>,
}

/// One name of one store.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    from: &'static str,
    hosts: &'a [String],
    /// Only the file knows it.
    updated: Option<&'a str>,
    /// Whether this is what a run gets: what is configured stands before what is in the file.
    used: bool,
    #[serde(skip)]
    origin: Option<&'a Origin>,
}

pub(super) fn list(place: &Place, as_json: bool) -> Result<(), CliError> {
    let file = read_if_needed(place)?;
    let listing = listing(place, file.as_ref());
    if as_json {
        crate::output::out!("{}", serde_json::to_string_pretty(&listing)?);
        return Ok(());
    }
    listing.secrets.iter().for_each(|row| crate::output::out!("{}", line(row, listing.rotated, Style::stdout())));
    if !listing.recipients.is_empty() {
        crate::output::out!("{} can be read by", safe(&listing.file));
        listing.recipients.iter().for_each(|reader| crate::output::out!("  {reader}"));
    }
    Ok(())
}

/// A file that is not there is no mistake where everything comes from elsewhere.
fn read_if_needed(place: &Place) -> Result<Option<SecretFile>, CliError> {
    match SecretFile::read(&place.path) {
        Err(FileError { fault: FileFault::Disk(DiskFault::NotFound), .. }) if !place.sources.is_empty() => Ok(None),
        read => read.map(Some).map_err(of_file),
    }
}

fn listing<'a>(place: &'a Place, file: Option<&'a SecretFile>) -> Listing<'a> {
    let elsewhere = place.sources.iter().map(|(name, source)| of_source(name, source));
    let entries = file.into_iter().flat_map(|file| {
        file.names().filter_map(|name| {
            let entry = file.entry(name)?;
            let used = !place.sources.contains_key(name);
            Some(Row { name, from: "file", hosts: entry.hosts(), updated: Some(entry.updated()), used, origin: None })
        })
    });
    let mut secrets: Vec<Row<'a>> = elsewhere.chain(entries).collect();
    secrets.sort_by_key(|row| (row.name, !row.used));
    Listing {
        file: place.path.display().to_string(),
        recipients: file.into_iter().flat_map(SecretFile::recipients).map(ToString::to_string).collect(),
        rotated: file.and_then(SecretFile::rotated),
        secrets,
    }
}

fn of_source<'a>(name: &'a str, source: &'a Source) -> Row<'a> {
    let from = match &source.origin {
        Origin::Environment { .. } => "env",
        Origin::Vault { .. } => "vault",
    };
    Row { name, from, hosts: &source.hosts, updated: None, used: true, origin: Some(&source.origin) }
}

fn line(row: &Row<'_>, rotated: Option<&str>, style: Style) -> String {
    let since = match row.origin {
        Some(Origin::Environment { variable }) => safe(&format!("variable {variable}")),
        Some(Origin::Vault { path, field }) => safe(&format!("vault {path}, field {field}")),
        None => row.updated.unwrap_or_default().to_owned(),
    };
    let remark = match rotated.filter(|rotated| row.updated.is_some_and(|updated| updated < *rotated)) {
        _ if !row.used => "not used: it comes from elsewhere".to_owned(),
        Some(rotated) => format!("older than the change of readers on {rotated}: whoever was taken out may know it"),
        None => String::new(),
    };
    let text = format!("{:<24} {:<32} {since}", safe(row.name), safe(&in_words(row.hosts)));
    if remark.is_empty() { text } else { format!("{text}  {}", style.paint(Tone::Busy, &remark)) }
}
