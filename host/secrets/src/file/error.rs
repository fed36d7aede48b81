//! What can be wrong with an encrypted file, and what to do about it.

use std::path::PathBuf;

use crate::disk::DiskFault;
use crate::rules::Refusal;

/// A file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong. Its own source is this error's.
    pub fault: FileFault,
}

/// What is wrong with a file. No text of it shows a value.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskFault),
    /// Its text is not of the form that it should have.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The same of a text that was edited in plain.
    #[error("the edited text, {0}")]
    Edited(Malformed),
    /// Something cannot be kept in it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It would be larger than what is read again.
    #[error("it would have {0} bytes, and at most {max} are read", max = crate::limits::FILE_BYTES_MAX)]
    TooLarge(usize),
    /// No such entry.
    #[error("there is no secret `{0}`; add it with `lockgate secrets set {0}`")]
    Unknown(String),
    /// None of the keys is among its recipients.
    #[error(
        "`{name}` is not encrypted to any key at hand ({keys}); somebody who can read it adds yours with \
         `lockgate secrets rotate --add age1...`"
    )]
    OtherKeys {
        /// The secret.
        name: String,
        /// Public parts of the keys that were tried.
        keys: String,
    },
    /// Not what was written.
    #[error(
        "the value of `{0}` is damaged; take the file back from version control, or set it anew with \
         `lockgate secrets set {0}`"
    )]
    Damaged(String),
    /// Encrypted well, and not by this program in this version.
    #[error(
        "the value of `{0}` was not encrypted by this version of Lockgate; set it anew with `lockgate secrets set {0}`"
    )]
    Foreign(String),
    /// The ciphertext stands under another name.
    #[error(
        "the value of `{name}` was encrypted as `{sealed}`: it was moved without the key; take the file back from \
         version control, or set it anew with `lockgate secrets set {name}`"
    )]
    Moved {
        /// Where it stands.
        name: String,
        /// What it was encrypted as.
        sealed: String,
    },
    /// The readable hosts are not the encrypted ones.
    #[error(
        "the hosts of `{name}` were changed without the key: it is bound to {sealed}, and the file says {written}; \
         take the file back from version control, or bind it anew with `lockgate secrets set {name} --host ...`"
    )]
    HostsChanged {
        /// The secret.
        name: String,
        /// What it was encrypted with.
        sealed: String,
        /// What stands there.
        written: String,
    },
    /// The readable recipients are not the encrypted ones.
    #[error(
        "the recipients of the file were changed without the key: `{0}` is encrypted to others than it says; take the \
         file back from version control, and change them with `lockgate secrets rotate`"
    )]
    RecipientsChanged(String),
    /// The encryption itself failed.
    #[error("cannot encrypt `{name}`")]
    Encrypt {
        /// The secret.
        name: String,
        /// What age says.
        #[source]
        source: std::io::Error,
    },
}

/// A place of a text, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct Malformed {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// With what should be there instead.
    pub reason: String,
}
