//! `[secrets]` in `lockgate.toml`: where secrets are, and none of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use crate::rules::{check_hosts, check_name};
use crate::vault::KvPath;

/// The encrypted file's usual name.
pub const SECRETS_FILE: &str = "lockgate.secrets.toml";

/// What is configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretsConfig {
    /// The encrypted file, relative to the configuration file.
    pub file: PathBuf,
    /// Where Vault is.
    pub vault: VaultConfig,
    /// Secrets that are elsewhere than in the file, by name.
    #[serde(deserialize_with = "with_checked_names")]
    pub from: BTreeMap<String, Source>,
}

impl Default for SecretsConfig {
    fn default() -> Self {
        Self { file: PathBuf::from(SECRETS_FILE), vault: VaultConfig::default(), from: BTreeMap::new() }
    }
}

/// Where Vault is, and where its token comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct VaultConfig {
    /// `https://host[:port][/path]`; otherwise `VAULT_ADDR`.
    pub address: Option<String>,
    /// Sent as `X-Vault-Namespace`; otherwise `VAULT_NAMESPACE`, if that is set.
    pub namespace: Option<String>,
    /// A file with nothing but a token, relative to the configuration file; otherwise `VAULT_TOKEN`.
    pub token_file: Option<PathBuf>,
}

/// A secret that is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SourceText")]
pub struct Source {
    /// Where.
    pub origin: Origin,
    /// Hosts (`host` or `host:port`) whose requests may carry it. Empty: none may.
    pub hosts: Vec<String>,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a variable of the host's environment.
    Environment {
        /// Its name.
        variable: String,
    },
    /// In Vault's key-value store, version 2.
    Vault {
        /// Mount and path.
        path: KvPath,
        /// Which of its fields.
        field: String,
    },
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceText {
    env: Option<String>,
    vault: Option<String>,
    field: Option<String>,
    hosts: Vec<String>,
}

impl TryFrom<SourceText> for Source {
    type Error = String;

    fn try_from(text: SourceText) -> Result<Self, String> {
        let SourceText { env, vault, field, hosts } = text;
        check_hosts(&hosts).map_err(|error| error.to_string())?;
        let origin = match (env, vault, field) {
            (Some(variable), None, None) => Origin::Environment { variable: checked_variable(variable)? },
            (None, Some(path), Some(field)) if !field.is_empty() => Origin::Vault { path: path.parse()?, field },
            (None, Some(_), _) => return Err("a secret of Vault has a `field` beside `vault`".to_owned()),
            (Some(_), None, Some(_)) => return Err("`field` belongs to `vault`, not to `env`".to_owned()),
            _ => return Err("a secret comes from either `env`, or `vault` with its `field`".to_owned()),
        };
        Ok(Self { origin, hosts })
    }
}

fn checked_variable(variable: String) -> Result<String, String> {
    // What `std::env::var_os` could never find (POSIX, "Environment Variable Definition").
    if variable.is_empty() || variable.contains(['=', '\0']) {
        return Err("`env` is the name of an environment variable, without `=`".to_owned());
    }
    Ok(variable)
}

fn with_checked_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Source>, D::Error> {
    let sources = BTreeMap::<String, Source>::deserialize(deserializer)?;
    sources.keys().try_for_each(|name| check_name(name)).map_err(serde::de::Error::custom)?;
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let error = toml::from_str::<SecretsConfig>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn everything_is_read() {
        let text = r#"
            file = "other.toml"
            vault = { address = "https://vault.example:8200", namespace = "team", token-file = "/run/token" }
            [from.deploy-token]
            env = "DEPLOY_TOKEN"
            hosts = ["api.example"]
            [from.other]
            vault = "secret/ci/deploy"
            field = "token"
            hosts = []
        "#;
        let config: SecretsConfig = toml::from_str(text).unwrap();
        assert_eq!(config.file, PathBuf::from("other.toml"));
        assert_eq!(config.vault.token_file, Some(PathBuf::from("/run/token")));
        let Origin::Vault { path, field } = &config.from["other"].origin else { panic!("{config:?}") };
        assert_eq!((path.to_string().as_str(), field.as_str()), ("secret/ci/deploy", "token"));
        assert_eq!(config.from["deploy-token"].hosts, ["api.example"]);
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(toml::from_str::<SecretsConfig>("").unwrap(), SecretsConfig::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        check("path = 1", "unknown field `path`");
        check("[vault]\ntoken = \"x\"", "unknown field `token`");
        check("[from.a]\nenv = \"A\"", "missing field `hosts`");
        check("[from.a]\nhosts = []", "either `env`, or `vault`");
        check("[from.a]\nenv = \"A\"\nvault = \"a/b\"\nfield = \"f\"\nhosts = []", "either `env`, or `vault`");
        check("[from.a]\nenv = \"A\"\nfield = \"f\"\nhosts = []", "`field` belongs to `vault`");
        check("[from.a]\nvault = \"a/b\"\nhosts = []", "has a `field`");
        check("[from.a]\nvault = \"a\"\nfield = \"f\"\nhosts = []", "`a` is no path");
        check("[from.a]\nenv = \"A=B\"\nhosts = []", "without `=`");
        check("[from.a]\nenv = \"A\"\nhosts = [\"*.example\"]", "there are no patterns");
        check("[from.\"a b\"]\nenv = \"A\"\nhosts = []", "`a b` cannot name a secret");
    }
}
