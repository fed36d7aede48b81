//! Where secrets come from: an encrypted file, the environment, Vault.
//!
//! [`Stores`] is what a host asks for a secret by name ([`lockgate_ports::Secrets`]); [`SecretFile`] is what a person
//! changes. What holds a value in plain wipes it when dropped, and neither `Debug` nor any error shows it. Copies that
//! are made within age, within TLS and within the parsers of TOML and JSON are out of reach, and are not wiped.

mod config;
mod disk;
mod environment;
mod file;
mod identities;
mod identity_source;
pub mod limits;
mod recipient;
mod rules;
mod sealed;
mod stores;
mod vault;

pub use config::{Origin, SECRETS_FILE, SecretsConfig, Source, VaultConfig};
pub use disk::DiskFault;
pub use environment::Environment;
pub use file::{Changes, Entry, FileError, FileFault, Malformed, SecretFile, SecretText};
pub use identities::{Identities, IdentityError};
pub use identity_source::{IdentitySource, default_identity_path};
pub use recipient::Recipient;
pub use rules::Refusal;
pub use stores::Stores;
pub use vault::{KvPath, VaultError, VaultFault};
