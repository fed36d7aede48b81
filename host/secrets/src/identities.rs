//! Private keys of age: made, read, written, never shown.

use std::fmt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::disk::{self, DiskFault};
use crate::limits::{IDENTITIES_MAX, IDENTITY_FILE_BYTES_MAX};
use crate::recipient::Recipient;

/// Why there are no identities. No text of it shows any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file itself.
    #[error("the identity file {}: {fault}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: DiskFault,
    },
    /// A line that is neither a key nor a comment.
    #[error("{place}, line {line}: no X25519 identity of age (`AGE-SECRET-KEY-1...`), comment or empty line")]
    NotOne {
        /// Where the text is from.
        place: String,
        /// From 1.
        line: usize,
    },
    /// Only comments.
    #[error("{place} holds no identity; `lockgate secrets init` makes one")]
    None {
        /// Where the text is from.
        place: String,
    },
    /// Over the limit.
    #[error("{place} holds more than {IDENTITIES_MAX} identities")]
    TooMany {
        /// Where the text is from.
        place: String,
    },
    /// No place was found.
    #[error("no age identity was found: looked at {looked}; `lockgate secrets init` makes one")]
    Nowhere {
        /// All places, in words.
        looked: String,
    },
}

/// One key or several: whatever one of them opens is open.
#[derive(Clone)]
pub struct Identities(Vec<age::x25519::Identity>);

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identities").field(&self.recipients()).finish()
    }
}

impl Identities {
    /// A new key, from the system's source of randomness, which age asks by itself.
    #[must_use]
    pub fn generate() -> Self {
        Self(vec![age::x25519::Identity::generate()])
    }

    /// Reads a file as `age-keygen` writes it.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is no identity.
    pub fn read(path: &Path) -> Result<Self, IdentityError> {
        let bytes = disk::read(path, IDENTITY_FILE_BYTES_MAX)
            .map_err(|fault| IdentityError::Disk { path: path.to_owned(), fault })?;
        Self::parse(&bytes, &format!("the identity file {}", path.display()))
    }

    /// Reads lines: identities, comments after `#`, empty ones. `place` says in errors where they are from.
    ///
    /// # Errors
    /// When a line is none of them, or no identity is there.
    pub fn from_text(text: &str, place: &str) -> Result<Self, IdentityError> {
        Self::parse(text.as_bytes(), place)
    }

    pub(crate) fn parse(text: &[u8], place: &str) -> Result<Self, IdentityError> {
        let mut keys = Vec::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let key = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
            keys.push(key.ok_or_else(|| IdentityError::NotOne { place: place.to_owned(), line: at + 1 })?);
        }
        match keys.len() {
            0 => Err(IdentityError::None { place: place.to_owned() }),
            count if count > IDENTITIES_MAX => Err(IdentityError::TooMany { place: place.to_owned() }),
            _ => Ok(Self(keys)),
        }
    }

    /// Writes a new file of mode 0600 as `age-keygen` does; its folder must be there.
    ///
    /// # Errors
    /// When a file is there already, or it cannot be written.
    pub fn write_new(&self, path: &Path, today: &str) -> Result<(), IdentityError> {
        let text = self.to_text(today);
        disk::create(path, text.as_bytes()).map_err(|fault| IdentityError::Disk { path: path.to_owned(), fault })
    }

    fn to_text(&self, today: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(IDENTITY_FILE_BYTES_MAX));
        text.push_str("# Made by Lockgate on ");
        text.push_str(today);
        text.push_str(". Keep it to yourself: it opens every value that is encrypted to it.\n");
        for key in &self.0 {
            text.push_str(&format!("# public key: {}\n", key.to_public()));
            text.push_str(key.to_string().expose_secret());
            text.push('\n');
        }
        text
    }

    /// The public part of the first.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient::new(self.0[0].to_public())
    }

    /// The public parts of all.
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient> {
        self.0.iter().map(|key| Recipient::new(key.to_public())).collect()
    }

    pub(crate) fn as_age(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|key| key as &dyn age::Identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let identities = Identities::generate();
        let text = identities.to_text("2026-11-27");
        let again = Identities::from_text(&text, "a test").unwrap();
        assert_eq!(again.recipients(), identities.recipients());
        let windows = text.replace('\n', "\r\n");
        assert_eq!(Identities::from_text(&windows, "a test").unwrap().recipient(), identities.recipient());
    }

    #[test]
    fn a_wrong_line_is_named_and_not_shown() {
        let key = Identities::generate().to_text("2026-11-27");
        let broken = format!("{}x", key.trim_end());
        let error = Identities::from_text(&broken, "LOCKGATE_AGE_KEY").unwrap_err().to_string();
        assert!(error.starts_with("LOCKGATE_AGE_KEY, line 3: "), "{error}");
        assert!(!error.contains(&broken[broken.len() - 20..]), "{error}");
    }

    #[test]
    fn there_is_at_least_one_and_not_too_many() {
        assert!(matches!(Identities::from_text("# nothing\n\n", "x"), Err(IdentityError::None { .. })));
        let text = Identities::generate().to_text("2026-11-27");
        let key = text.lines().last().unwrap();
        assert!(Identities::from_text(&format!("{key}\n").repeat(IDENTITIES_MAX), "x").is_ok());
        let many = Identities::from_text(&format!("{key}\n").repeat(IDENTITIES_MAX + 1), "x");
        assert!(matches!(many, Err(IdentityError::TooMany { .. })));
    }
}
