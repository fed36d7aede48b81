//! The encrypted file: names and hosts readable in the repository, values encrypted one by one.

mod changes;
mod error;
mod plain;
mod tree;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use lockgate_ports::secrets::SecretValue;

pub use self::changes::Changes;
pub use self::error::{FileError, FileFault, Malformed};
pub use self::plain::SecretText;

use self::plain::PlainEntry;
use self::wire::Wire;
use crate::config::SECRETS_FILE;
use crate::disk;
use crate::identities::Identities;
use crate::limits::{FILE_BYTES_MAX, SECRETS_MAX};
use crate::recipient::{Recipient, check_recipients};
use crate::rules::{Refusal, check_date, check_hosts, check_name, check_value};
use crate::sealed::{self, OpenFault, Opened};

/// A file of secrets in memory. Values stay encrypted in it.
pub struct SecretFile {
    /// For errors: where it was read, or will be written.
    path: PathBuf,
    wire: Wire,
}

/// What is readable of one secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    hosts: Vec<String>,
    updated: String,
    sealed: Vec<u8>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Entry");
        shown.field("hosts", &self.hosts).field("updated", &self.updated).finish_non_exhaustive()
    }
}

impl Entry {
    /// Hosts whose requests may carry it. They are only a claim until the value has been decrypted.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The day on which its value or its hosts were last set.
    #[must_use]
    pub fn updated(&self) -> &str {
        &self.updated
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile").field("path", &self.path).field("names", &self.wire.entries.keys()).finish()
    }
}

impl SecretFile {
    /// Reads a file; nothing is decrypted.
    ///
    /// # Errors
    /// When it cannot be read, is over a limit, or is not of the form that it should have.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let named = |fault| FileError { path: path.to_owned(), fault };
        let bytes = disk::read(path, FILE_BYTES_MAX).map_err(|fault| named(fault.into()))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            named(Malformed { line, column: 1, reason: "this is no text in UTF-8".to_owned() }.into())
        })?;
        let wire = wire::parse(text).map_err(|malformed| named(malformed.into()))?;
        Ok(Self { path: path.to_owned(), wire })
    }

    /// A file without secrets, for these readers. Nothing is written yet.
    ///
    /// # Errors
    /// When there is no recipient, one twice, or too many.
    pub fn create(recipients: &[Recipient]) -> Result<Self, FileError> {
        let wire = Wire { recipients: recipients.to_vec(), rotated: None, entries: BTreeMap::new() };
        let file = Self { path: PathBuf::from(SECRETS_FILE), wire };
        check_recipients(recipients).map_err(|error| file.fault(error))?;
        Ok(file)
    }

    /// Writes it with mode 0600 in the place of what was there; a failure leaves that as it was.
    ///
    /// # Errors
    /// When it is too large to be read again, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let named = |fault| FileError { path: path.to_owned(), fault };
        let text = wire::render(&self.wire).map_err(named)?;
        disk::replace(path, text.as_bytes()).map_err(|fault| named(fault.into()))
    }

    /// Encrypts a value to the file's recipients; all other entries stay byte for byte. Needs no private key, and so
    /// believes the recipients that stand in the file: where there is a key, call `verify` before.
    ///
    /// # Errors
    /// When the name, a host, the value or the date cannot be kept.
    pub fn set(&mut self, name: &str, hosts: &[String], value: &SecretValue, today: &str) -> Result<(), FileError> {
        let checked = check_name(name).and_then(|()| check_hosts(hosts)).and_then(|()| check_date(today));
        checked.and_then(|()| check_value(value.expose())).map_err(|error| self.fault(error))?;
        if self.wire.entries.len() >= SECRETS_MAX && !self.wire.entries.contains_key(name) {
            return Err(self.fault(Refusal::TooManySecrets));
        }
        let entry = self.sealed(name, hosts.to_vec(), value, today, &self.wire.recipients)?;
        self.wire.entries.insert(name.to_owned(), entry);
        Ok(())
    }

    /// Takes a secret out.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn remove(&mut self, name: &str) -> Result<(), FileError> {
        self.wire.entries.remove(name).map(|_| ()).ok_or_else(|| self.unknown(name))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.wire.entries.keys().map(String::as_str)
    }

    /// What is readable of one.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.wire.entries.get(name)
    }

    /// Whom values are encrypted to. Only a claim until a value has been decrypted.
    #[must_use]
    pub fn recipients(&self) -> &[Recipient] {
        &self.wire.recipients
    }

    /// The day on which recipients were last changed. Who was taken out then may know values of before.
    #[must_use]
    pub fn rotated(&self) -> Option<&str> {
        self.wire.rotated.as_deref()
    }

    /// Decrypts one value, and checks that name, hosts and recipients are those that it was encrypted with.
    ///
    /// # Errors
    /// When there is none, no key opens it, or something was changed without the key.
    pub fn value(&self, name: &str, identities: &Identities) -> Result<SecretValue, FileError> {
        let entry = self.entry(name).ok_or_else(|| self.unknown(name))?;
        let opened = sealed::open(&entry.sealed, identities);
        let opened = opened.map_err(|fault| self.fault(open_fault(name, fault, identities)))?;
        self.compare(name, entry, &opened).map_err(|fault| self.fault(fault))?;
        Ok(opened.value)
    }

    /// Decrypts and checks every value, and forgets it.
    ///
    /// # Errors
    /// As `value`, for the first that is wrong.
    pub fn verify(&self, identities: &Identities) -> Result<(), FileError> {
        self.names().try_for_each(|name| self.value(name, identities).map(|_| ()))
    }

    /// Encrypts every value anew, to these recipients; when one cannot be opened, nothing changes. The days of the
    /// entries stay: values that are older than the rotation are known to those who were taken out.
    ///
    /// # Errors
    /// As `value` for any of them, or when the recipients cannot be used.
    pub fn rotate(&mut self, recipients: &[Recipient], keys: &Identities, today: &str) -> Result<(), FileError> {
        check_recipients(recipients).and_then(|()| check_date(today)).map_err(|error| self.fault(error))?;
        let mut entries = BTreeMap::new();
        for (name, entry) in &self.wire.entries {
            let value = self.value(name, keys)?;
            let entry = self.sealed(name, entry.hosts.clone(), &value, &entry.updated, recipients)?;
            entries.insert(name.clone(), entry);
        }
        self.wire = Wire { recipients: recipients.to_vec(), rotated: Some(today.to_owned()), entries };
        Ok(())
    }

    /// Everything in plain, to be edited.
    ///
    /// # Errors
    /// As `value`, for the first that is wrong.
    pub fn to_plain(&self, identities: &Identities) -> Result<SecretText, FileError> {
        self.plain_entries(identities).map(|entries| plain::render(&entries))
    }

    /// The file that an edited text asks for. Entries whose value and hosts are as before keep their ciphertexts.
    ///
    /// # Errors
    /// When the text is not of the form that it should have, or as `value` for what is there now.
    pub fn from_plain(&self, text: &SecretText, keys: &Identities, today: &str) -> Result<Self, FileError> {
        check_date(today).map_err(|error| self.fault(error))?;
        let before = self.plain_entries(keys)?;
        let after = plain::parse(text).map_err(|malformed| self.fault(FileFault::Edited(malformed)))?;
        let mut entries = BTreeMap::new();
        for (name, PlainEntry { hosts, value }) in after {
            let is_same = |old: &PlainEntry| old.hosts == hosts && old.value.expose() == value.expose();
            let kept = self.wire.entries.get(&name).filter(|_| before.get(&name).is_some_and(is_same));
            let entry = match kept {
                Some(entry) => entry.clone(),
                None => self.sealed(&name, hosts, &value, today, &self.wire.recipients)?,
            };
            entries.insert(name, entry);
        }
        let (recipients, rotated) = (self.wire.recipients.clone(), self.wire.rotated.clone());
        Ok(Self { path: self.path.clone(), wire: Wire { recipients, rotated, entries } })
    }

    /// Names whose entries are not as in an earlier state of the file.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Changes {
        Changes::between(&before.wire.entries, &self.wire.entries)
    }

    fn plain_entries(&self, keys: &Identities) -> Result<BTreeMap<String, PlainEntry>, FileError> {
        let one = |(name, entry): (&String, &Entry)| {
            let value = self.value(name, keys)?;
            Ok((name.clone(), PlainEntry { hosts: entry.hosts.clone(), value }))
        };
        self.wire.entries.iter().map(one).collect()
    }

    fn sealed(
        &self,
        name: &str,
        hosts: Vec<String>,
        value: &SecretValue,
        updated: &str,
        recipients: &[Recipient],
    ) -> Result<Entry, FileError> {
        let sealed = sealed::seal(name, &hosts, value.expose(), recipients)
            .map_err(|source| self.fault(FileFault::Encrypt { name: name.to_owned(), source }))?;
        Ok(Entry { hosts, updated: updated.to_owned(), sealed })
    }

    fn compare(&self, name: &str, entry: &Entry, opened: &Opened) -> Result<(), FileFault> {
        let name = name.to_owned();
        if opened.name != name {
            return Err(FileFault::Moved { name, sealed: crate::rules::shown(&opened.name) });
        }
        if opened.hosts != entry.hosts {
            let (sealed, written) = (in_words(&opened.hosts), in_words(&entry.hosts));
            return Err(FileFault::HostsChanged { name, sealed, written });
        }
        let written: Vec<String> = self.wire.recipients.iter().map(ToString::to_string).collect();
        if opened.recipients != written {
            return Err(FileFault::RecipientsChanged(name));
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> FileError {
        self.fault(FileFault::Unknown(crate::rules::shown(name)))
    }

    fn fault(&self, fault: impl Into<FileFault>) -> FileError {
        FileError { path: self.path.clone(), fault: fault.into() }
    }
}

fn open_fault(name: &str, fault: OpenFault, identities: &Identities) -> FileFault {
    let name = name.to_owned();
    match fault {
        OpenFault::Damaged => FileFault::Damaged(name),
        OpenFault::Foreign => FileFault::Foreign(name),
        OpenFault::OtherKeys => {
            let keys: Vec<String> = identities.recipients().iter().map(ToString::to_string).collect();
            FileFault::OtherKeys { name, keys: keys.join(", ") }
        }
    }
}

fn in_words(hosts: &[String]) -> String {
    if hosts.is_empty() { "no host".to_owned() } else { crate::rules::shown(&hosts.join(", ")) }
}
