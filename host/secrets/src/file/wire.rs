//! The encrypted file as text: names and hosts readable, one line for each value, always in the same order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tree::{Document, Placed, Table};
use super::{Entry, FileFault, Malformed};
use crate::limits::{FILE_BYTES_MAX, SEALED_BYTES_MAX, SECRETS_MAX};
use crate::recipient::{Recipient, check_recipients};
use crate::rules::{Refusal, check_date, check_hosts, check_name};

const HEADER: &str =
    "# Values are encrypted with age; names and hosts are readable. Change it with `lockgate secrets`.\n";
const VERSION: &str = "1";

/// What a file says.
pub(super) struct Wire {
    pub(super) recipients: Vec<Recipient>,
    pub(super) rotated: Option<String>,
    pub(super) entries: BTreeMap<String, Entry>,
}

/// Understands a file's text; nothing is decrypted.
pub(super) fn parse(text: &str) -> Result<Wire, Malformed> {
    let document = Document::parse(text)?;
    let root = document.root();
    root.only(&["version", "recipients", "rotated", "secrets"])?;
    let version = root.number("version")?;
    if version.what != VERSION {
        return Err(version.wrong(&format!("only version {VERSION} is known; a newer Lockgate may have written this")));
    }
    let recipients = parse_recipients(&root)?;
    let rotated = root.string_if_any("rotated")?.map(|date| parse_date(&date)).transpose()?;
    let tables = root.tables("secrets")?;
    if tables.len() > SECRETS_MAX {
        return Err(root.wrong(&Refusal::TooManySecrets));
    }
    let entries = tables.into_iter().map(|(name, table)| Ok((parse_name(&name)?, parse_entry(&table)?)));
    Ok(Wire { recipients, rotated, entries: entries.collect::<Result<_, Malformed>>()? })
}

fn parse_recipients(root: &Table<'_, '_>) -> Result<Vec<Recipient>, Malformed> {
    let one = |text: Placed<'_, &str>| text.what.parse().map_err(|error: Refusal| text.wrong(&error));
    let recipients: Vec<Recipient> = root.strings("recipients")?.into_iter().map(one).collect::<Result<_, _>>()?;
    check_recipients(&recipients).map_err(|error| root.wrong(&error))?;
    Ok(recipients)
}

pub(super) fn parse_name(name: &Placed<'_, &str>) -> Result<String, Malformed> {
    check_name(name.what).map_err(|error| name.wrong(&error))?;
    Ok(name.what.to_owned())
}

pub(super) fn parse_hosts(table: &Table<'_, '_>) -> Result<Vec<String>, Malformed> {
    let one = |host: &Placed<'_, &str>| {
        let host_text = host.what.to_owned();
        check_hosts(std::slice::from_ref(&host_text)).map_err(|error| host.wrong(&error))?;
        Ok(host_text)
    };
    let hosts: Vec<String> = table.strings("hosts")?.iter().map(one).collect::<Result<_, _>>()?;
    check_hosts(&hosts).map_err(|error| table.wrong(&error))?;
    Ok(hosts)
}

fn parse_date(date: &Placed<'_, &str>) -> Result<String, Malformed> {
    check_date(date.what).map_err(|error| date.wrong(&error))?;
    Ok(date.what.to_owned())
}

fn parse_entry(table: &Table<'_, '_>) -> Result<Entry, Malformed> {
    table.only(&["hosts", "updated", "value"])?;
    let value = table.string("value")?;
    if value.what.len() / 4 * 3 > SEALED_BYTES_MAX + 3 {
        return Err(value.wrong(&format!("an encrypted value has at most {SEALED_BYTES_MAX} bytes")));
    }
    let sealed = STANDARD.decode(value.what);
    let sealed = sealed.map_err(|_| value.wrong(&"the value is no base64; set it with `lockgate secrets set`"))?;
    Ok(Entry { hosts: parse_hosts(table)?, updated: parse_date(&table.string("updated")?)?, sealed })
}

/// The text of a file.
pub(super) fn render(wire: &Wire) -> Result<String, FileFault> {
    let mut text = format!("{HEADER}version = {VERSION}\nrecipients = [\n");
    for recipient in &wire.recipients {
        let _infallible = writeln!(text, "    \"{recipient}\",");
    }
    text.push_str("]\n");
    if let Some(date) = &wire.rotated {
        let _infallible = writeln!(text, "rotated = \"{date}\"");
    }
    for (name, entry) in &wire.entries {
        let (key, hosts, value) = (key(name), list(&entry.hosts), STANDARD.encode(&entry.sealed));
        let updated = &entry.updated;
        let _infallible =
            write!(text, "\n[secrets.{key}]\nhosts = {hosts}\nupdated = \"{updated}\"\nvalue = \"{value}\"\n");
    }
    if text.len() > FILE_BYTES_MAX { Err(FileFault::TooLarge(text.len())) } else { Ok(text) }
}

/// A name as a key of TOML: a dot within it would begin another table.
pub(super) fn key(name: &str) -> String {
    if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() }
}

/// Hosts as TOML; none of them has a letter that would need an escape.
pub(super) fn list(hosts: &[String]) -> String {
    let quoted: Vec<String> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
