//! Logins: what `docker login`, `podman login`, `oras login` and `skopeo login` have written on this machine.

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential, get_podman_credential};

/// A login of one registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user's name and password, or a name and a token in the password's place.
    Password {
        /// The user.
        user: String,
        /// The password or token.
        password: String,
    },
    /// A token that is exchanged for others (OAuth 2.0 refresh token; Docker's `identitytoken`).
    Refresh(String),
}

/// Where logins are looked up.
pub trait Credentials: Send + Sync {
    /// The login for a repository of a registry (`host[:port]`), if there is one.
    ///
    /// # Errors
    /// When there is one and it cannot be read, in words.
    fn find(&self, registry: &str, repository: &str) -> Result<Option<Credential>, String>;
}

/// The logins of container tools: Podman's `auth.json` (`REGISTRY_AUTH_FILE`, then `$XDG_RUNTIME_DIR/containers/`), where
/// a login may be for a part of a registry, then Docker's `config.json` (`DOCKER_CONFIG`, then `~/.docker/`), with the
/// credential helpers that they name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Logins;

impl Credentials for Logins {
    fn find(&self, registry: &str, repository: &str) -> Result<Option<Credential>, String> {
        for server in servers_of_podman(registry, repository) {
            if let Some(found) = answer(get_podman_credential(&server))? {
                return Ok(Some(found));
            }
        }
        for server in [registry.to_owned(), format!("https://{registry}"), format!("https://{registry}/v1/")] {
            if let Some(found) = answer(get_credential(&server))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// From the whole name to the host alone (containers-auth.json(5): the most specific entry wins).
fn servers_of_podman(registry: &str, repository: &str) -> Vec<String> {
    let name = format!("{registry}/{repository}");
    let parents = std::iter::successors(Some(name.as_str()), |name| Some(name.rsplit_once('/')?.0));
    parents.map(str::to_owned).collect()
}

fn answer(found: Result<DockerCredential, CredentialRetrievalError>) -> Result<Option<Credential>, String> {
    match found {
        // Docker notes a token that was given in place of a password under this user name.
        Ok(DockerCredential::UsernamePassword(user, token)) if user == "<token>" => {
            Ok(Some(Credential::Refresh(token)))
        }
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Credential::Password { user, password })),
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credential::Refresh(token))),
        // A helper says in words of its own that it has nothing; without a login the registry itself will say more.
        Err(
            CredentialRetrievalError::NoCredentialConfigured
            | CredentialRetrievalError::ConfigNotFound
            | CredentialRetrievalError::ConfigReadError
            | CredentialRetrievalError::HelperFailure { .. }
            | CredentialRetrievalError::HelperCommunicationError,
        ) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn podmans_most_specific_login_comes_first() {
        assert_eq!(
            super::servers_of_podman("registry.example:5000", "team/gate"),
            ["registry.example:5000/team/gate", "registry.example:5000/team", "registry.example:5000"]
        );
    }
}
