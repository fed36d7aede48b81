//! HashiCorp Vault's key-value store, version 2, over HTTP.

mod answer;
mod error;
mod http;
mod path;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lockgate_ports::secrets::SecretValue;
use ureq::Agent;
use url::{Host, Url};

pub use self::error::{VaultError, VaultFault};
pub use self::path::KvPath;

use crate::config::VaultConfig;
use crate::disk;
use crate::environment::Environment;
use crate::limits::{TOKEN_BYTES_MAX, VAULT_CALL_MS_MAX};

const ADDRESS_VARIABLE: &str = "VAULT_ADDR";
const TOKEN_VARIABLE: &str = "VAULT_TOKEN";
const NAMESPACE_VARIABLE: &str = "VAULT_NAMESPACE";

/// One Vault. Asked only when a secret of it is.
#[derive(Debug)]
pub(crate) struct Vault {
    config: VaultConfig,
    token_file: Option<PathBuf>,
    environment: Environment,
    call_ms_max: u64,
    agent: OnceLock<Agent>,
}

/// A question with all that it needs.
struct Ask {
    url: Url,
    namespace: Option<String>,
    token: SecretValue,
}

impl Vault {
    pub(crate) fn new(config: VaultConfig, base: &Path, environment: Environment) -> Self {
        let token_file = config.token_file.as_ref().map(|path| base.join(path));
        Self { config, token_file, environment, call_ms_max: VAULT_CALL_MS_MAX, agent: OnceLock::new() }
    }

    /// One field of the latest version at a path.
    pub(crate) fn get(&self, path: &KvPath, field: &str) -> Result<SecretValue, VaultError> {
        let address = self.config.address.clone().or_else(|| self.environment.text(ADDRESS_VARIABLE));
        let named = |fault| {
            let address = address.as_deref().map_or_else(|| "an unknown address".to_owned(), crate::rules::shown);
            VaultError { address, path: path.to_string(), fault }
        };
        let found = parse_address(address.as_deref()).and_then(|base| self.ask(&base, path, field));
        found.map_err(named)
    }

    fn ask(&self, base: &Url, path: &KvPath, field: &str) -> Result<SecretValue, VaultFault> {
        let namespace = self.config.namespace.clone().or_else(|| self.environment.text(NAMESPACE_VARIABLE));
        let ask = Ask { url: path.url(base), namespace, token: self.token(base)? };
        let agent = self.agent.get_or_init(|| http::agent(is_plain(base), self.call_ms_max));
        let answer = http::send(agent, &ask)?;
        answer::field_of(&answer, field)
    }

    fn token(&self, base: &Url) -> Result<SecretValue, VaultFault> {
        let token = match &self.token_file {
            Some(path) => {
                let read = disk::read(path, TOKEN_BYTES_MAX);
                read.map_err(|fault| VaultFault::TokenFile { path: path.clone(), fault })?
            }
            None => {
                self.check_owner(base)?;
                let token = self.environment.secret(TOKEN_VARIABLE).ok_or(VaultFault::NoToken)?;
                token.expose().to_vec().into()
            }
        };
        let trimmed = token.trim_ascii();
        if trimmed.is_empty() || !trimmed.iter().all(u8::is_ascii_graphic) {
            return Err(VaultFault::NotAToken);
        }
        Ok(SecretValue::new(trimmed.to_vec()))
    }

    /// A token of the environment is for the Vault of the environment: a configuration file, which may come with a
    /// repository, cannot have it sent to another one.
    fn check_owner(&self, base: &Url) -> Result<(), VaultFault> {
        let Some(owner) = self.environment.text(ADDRESS_VARIABLE) else { return Ok(()) };
        match Url::parse(&owner) {
            Ok(url) if url.origin() == base.origin() => Ok(()),
            _ => Err(VaultFault::OtherOwner { owner: crate::rules::shown(&owner) }),
        }
    }
}

/// Encrypted, or this machine's own: a token travels to it.
fn parse_address(address: Option<&str>) -> Result<Url, VaultFault> {
    let url = Url::parse(address.ok_or(VaultFault::NoAddress)?).map_err(|_| VaultFault::Address)?;
    let is_known = url.scheme() == "https" || url.scheme() == "http";
    let is_bare = url.username().is_empty() && url.password().is_none();
    let is_short = url.query().is_none() && url.fragment().is_none();
    if !is_known || !is_bare || !is_short || !url.has_host() {
        return Err(VaultFault::Address);
    }
    if is_plain(&url) && !is_loopback(&url) {
        return Err(VaultFault::Unencrypted);
    }
    Ok(url)
}

fn is_plain(url: &Url) -> bool {
    url.scheme() == "http"
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
