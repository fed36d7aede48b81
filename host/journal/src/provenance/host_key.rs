//! The host's own key: made when it is first needed, and kept from then on.
//!
//! It is not encrypted. The host signs at the end of each run with nobody there to type a password, and a password in a
//! file beside the key would guard nothing. It is a file that only the host's user can read, and it vouches for what this
//! host did and for nothing else.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lockgate_trust::{PublicKey, SIGNING_KEY_BYTES_MAX, SigningKey, SigningKeyError};
use zeroize::Zeroizing;

const PRIVATE_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;
/// Permissions of anybody but the owner.
const OTHERS: u32 = 0o077;

/// A host's key, ready to sign.
#[derive(Debug)]
pub struct HostKey {
    key: SigningKey,
    public_path: PathBuf,
    is_new: bool,
}

/// Why a host has no key.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// A file could not be read.
    #[error("cannot read the host's key {}; let the user that runs the host read it", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write the host's key {}; let the user that runs the host write to its folder", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read the private key.
    #[error(
        "the host's key {} can be read by others (mode {mode:03o}): whoever has read it can sign in this host's name. \
         Remove it so that a new one is made; or, if nobody has read it, `chmod 600` it",
        .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not a key that can sign.
    #[error(
        "the host's key {} cannot be used; put a key without password there, or remove it so that a new one is made",
        .path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: SigningKeyError,
    },
    /// The public key beside it belongs to another private key.
    #[error(
        "{} is not the public key of {}; if the private key is the right one, remove the public one, and it is written anew",
        .public.display(), .path.display()
    )]
    OtherPublic {
        /// The private key's file.
        path: PathBuf,
        /// The public key's file.
        public: PathBuf,
    },
}

impl HostKey {
    /// The key at `path`, made there when there is none. The public key stands beside it: `host.pub` of `host.key`.
    ///
    /// A key is there whole or not at all and is never overwritten: of two hosts that begin at the same moment, both have
    /// the key of the one that came first.
    ///
    /// # Errors
    /// When a file cannot be read or written, is no key, or can be read by others.
    pub fn open_or_create(path: &Path) -> Result<Self, HostKeyError> {
        let (key, is_new) = match read(path)? {
            Some(key) => (key, false),
            None => create(path)?,
        };
        let public_path = public_path(path);
        write_public(path, &public_path, key.public())?;
        Ok(Self { key, public_path, is_new })
    }

    /// To sign with.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// To verify with.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Where the public key lies: what is given to those who verify.
    #[must_use]
    pub fn public_path(&self) -> &Path {
        &self.public_path
    }

    /// Whether it was made just now: somebody should be told.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }
}

/// `host.pub` of `host.key`; another name only gets the ending, so that it cannot meet the private one's.
fn public_path(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|ending| ending == "key") {
        return path.with_extension("pub");
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn read(path: &Path) -> Result<Option<SigningKey>, HostKeyError> {
    let failed = |source: io::Error| HostKeyError::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Of the open file: what is at the path may be another one by now.
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(HostKeyError::Open { path: path.to_owned(), mode });
    }
    let mut pem = Zeroizing::new(String::with_capacity(SIGNING_KEY_BYTES_MAX + 1));
    file.take(SIGNING_KEY_BYTES_MAX as u64 + 1).read_to_string(&mut pem).map_err(failed)?;
    let key = SigningKey::read(&pem, None);
    key.map(Some).map_err(|source| HostKeyError::Key { path: path.to_owned(), source })
}

fn create(path: &Path) -> Result<(SigningKey, bool), HostKeyError> {
    let key = SigningKey::generate().map_err(|source| HostKeyError::Key { path: path.to_owned(), source })?;
    if write_new(path, key.to_plain_pem().as_bytes(), PRIVATE_MODE)? {
        return Ok((key, true));
    }
    // Another host was quicker.
    let gone = || HostKeyError::Read { path: path.to_owned(), source: io::ErrorKind::NotFound.into() };
    Ok((read(path)?.ok_or_else(gone)?, false))
}

fn write_public(path: &Path, public_path: &Path, public: &PublicKey) -> Result<(), HostKeyError> {
    let pem = public.to_pem();
    if write_new(public_path, pem.as_bytes(), PUBLIC_MODE)? {
        return Ok(());
    }
    let mut found = String::new();
    let failed = |source: io::Error| HostKeyError::Read { path: public_path.to_owned(), source };
    let file = File::open(public_path).map_err(failed)?;
    file.take(SIGNING_KEY_BYTES_MAX as u64).read_to_string(&mut found).map_err(failed)?;
    let is_its = PublicKey::from_pem("", &found).is_ok_and(|found| found.id() == public.id());
    if is_its {
        return Ok(());
    }
    Err(HostKeyError::OtherPublic { path: path.to_owned(), public: public_path.to_owned() })
}

/// Puts a file in its place whole; says whether it did, as nothing is overwritten.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<bool, HostKeyError> {
    match try_write_new(path, bytes, mode) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(HostKeyError::Write { path: path.to_owned(), source }),
    }
}

fn try_write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    // A key that is lost to a power failure would leave what it has signed without anybody who vouches for it.
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
