//! How much of anything: what is over a limit is refused when it is written and when it is read.

/// The encrypted file, and the plain text that stands for it while it is edited.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Secrets in one file.
pub const SECRETS_MAX: usize = 500;
/// Keys that one file is encrypted to.
pub const RECIPIENTS_MAX: usize = 64;
/// One value, in plain.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// One value, encrypted: its base64, its hosts, and a stanza for each recipient.
pub const SEALED_BYTES_MAX: usize = 128 * 1024;
/// Hosts that one secret is bound to.
pub const HOSTS_MAX: usize = 32;
/// One host with its port: a DNS name has at most 253 letters (RFC 1035, section 2.3.4).
pub const HOST_BYTES_MAX: usize = 260;
/// A file of age identities.
pub const IDENTITY_FILE_BYTES_MAX: usize = 64 * 1024;
/// Identities in one such file.
pub const IDENTITIES_MAX: usize = 64;
/// A token for Vault.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// An answer of Vault: more than its storage keeps under one path.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;
/// Until Vault takes a connection.
pub const VAULT_CONNECT_MS_MAX: u64 = 5_000;
/// Until Vault's answer is there as a whole.
pub const VAULT_CALL_MS_MAX: u64 = 20_000;
