//! What can go wrong with Vault, and what to do about it.

use std::path::PathBuf;

use crate::disk::DiskFault;
use crate::limits::ANSWER_BYTES_MAX;

/// A secret in Vault, and why it cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("Vault at {address}, `{path}`: {fault}")]
pub struct VaultError {
    /// Where Vault is.
    pub address: String,
    /// What was asked for.
    pub path: String,
    /// What is wrong. Its own source is this error's.
    pub fault: VaultFault,
}

/// What is wrong. No text of it shows a value or the token.
#[derive(Debug, thiserror::Error)]
pub enum VaultFault {
    /// Configured nowhere.
    #[error("no address is known; write `address` in [secrets.vault] of lockgate.toml, or set VAULT_ADDR")]
    NoAddress,
    /// No URL of a server.
    #[error("the address is not of the form https://host[:port][/path], without user and query")]
    Address,
    /// Everybody on the way could read the token.
    #[error(
        "the address is not encrypted; http:// is for this machine's own (127.0.0.1, localhost), else use https://"
    )]
    Unencrypted,
    /// Configured nowhere.
    #[error("no token is known; set VAULT_TOKEN, or write `token-file` in [secrets.vault] of lockgate.toml")]
    NoToken,
    /// The token's file.
    #[error("the token file {}: {fault}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: DiskFault,
    },
    /// Empty, or with letters that no token has.
    #[error("the token is empty, or has characters that no token has")]
    NotAToken,
    /// The environment speaks of another Vault.
    #[error(
        "VAULT_TOKEN is for {owner}, which VAULT_ADDR names, and is not sent elsewhere; set VAULT_ADDR to the address \
         of lockgate.toml, or write `token-file` in [secrets.vault]"
    )]
    OtherOwner {
        /// The address in the environment.
        owner: String,
    },
    /// No text for a header.
    #[error("the namespace has characters that cannot be sent")]
    Namespace,
    /// No connection, no answer, or not in time.
    #[error(
        "it cannot be reached; check address, network and certificate (the system's are believed, SSL_CERT_FILE names \
         others)"
    )]
    Unreachable(#[source] Box<ureq::Error>),
    /// An answer that broke off.
    #[error("its answer broke off; try again")]
    Broken(#[source] std::io::Error),
    /// Over the limit.
    #[error("its answer has more than {ANSWER_BYTES_MAX} bytes; nothing of it was kept")]
    TooLarge,
    /// A login page, a proxy.
    #[error("what answered is not Vault: the answer is no JSON; check the address")]
    NotVault,
    /// JSON of another form.
    #[error("its answer is not of the key-value store, version 2 (line {line}, column {column}); check the mount")]
    NotKv2 {
        /// From 1; 0 where it could be read.
        line: usize,
        /// From 1; 0 where it could be read.
        column: usize,
    },
    /// The token is sent to nobody else.
    #[error(
        "it sends the request on to {to}, where the token is not sent; if that is its active node, write that address \
         into [secrets.vault]"
    )]
    Redirect {
        /// Scheme, host and port.
        to: String,
    },
    /// 403.
    #[error(
        "the token is not allowed to read it, or has expired{said}; log in again, or have its policy grant `read` on \
         MOUNT/data/PATH"
    )]
    Forbidden {
        /// Vault's own words.
        said: String,
    },
    /// 404.
    #[error(
        "there is nothing{said}; check mount, path (as in `vault kv get`, without `data/`) and namespace, or write it \
         with `vault kv put`"
    )]
    NotFound {
        /// Vault's own words.
        said: String,
    },
    /// It was there.
    #[error(
        "version {version}, the latest, was deleted on {at}; bring it back with `vault kv undelete`, or write another"
    )]
    Deleted {
        /// Which.
        version: u64,
        /// When, as Vault says it.
        at: String,
    },
    /// It was there, and is gone.
    #[error("version {version}, the latest, was destroyed; write another with `vault kv put`")]
    Destroyed {
        /// Which.
        version: u64,
    },
    /// 429.
    #[error("it has too much to do (429){said}; try again later, or raise its rate limit quota")]
    Busy {
        /// Vault's own words.
        said: String,
    },
    /// 503, by its own words.
    #[error("it is sealed; unseal it with `vault operator unseal`")]
    Sealed,
    /// Another status.
    #[error("it answered {status}{said}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Vault's own words.
        said: String,
    },
    /// Other fields than the one that was asked for.
    #[error("it has no field `{field}`; it has {others}")]
    NoField {
        /// The one.
        field: String,
        /// The names of those that are there.
        others: String,
    },
    /// A number, a list.
    #[error("its field `{field}` is {kind}, and a secret is a text; write it as one")]
    NotText {
        /// Which.
        field: String,
        /// What it is.
        kind: &'static str,
    },
}
