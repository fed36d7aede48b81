//! Where secrets come from: an encrypted file, the environment, Vault.
