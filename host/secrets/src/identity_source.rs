//! Where this host's private keys are looked for.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::identities::{Identities, IdentityError};

const FILE_VARIABLE: &str = "LOCKGATE_AGE_IDENTITY";
const KEY_VARIABLE: &str = "LOCKGATE_AGE_KEY";

/// Where identities come from.
#[derive(Debug, Clone)]
pub enum IdentitySource {
    /// The first of: the file that `LOCKGATE_AGE_IDENTITY` names, the key in `LOCKGATE_AGE_KEY`, the user's file
    /// ([`default_identity_path`]).
    Usual,
    /// These.
    Given(Identities),
}

impl IdentitySource {
    /// The identities. Read anew each time: what is not needed is not in memory.
    ///
    /// # Errors
    /// When there are none, or the first place that has some has something else as well.
    pub fn find(&self, environment: &Environment) -> Result<Identities, IdentityError> {
        match self {
            Self::Given(identities) => Ok(identities.clone()),
            Self::Usual => find_usual(environment),
        }
    }
}

fn find_usual(environment: &Environment) -> Result<Identities, IdentityError> {
    if let Some(path) = environment.path(FILE_VARIABLE) {
        return Identities::read(&path);
    }
    if let Some(key) = environment.secret(KEY_VARIABLE) {
        return Identities::parse(key.expose(), &format!("the environment variable {KEY_VARIABLE}"));
    }
    let user = default_identity_path(environment);
    match user.as_deref().filter(|path| path.exists()) {
        Some(path) => Identities::read(path),
        None => Err(IdentityError::Nowhere { looked: looked(user) }),
    }
}

fn looked(user: Option<PathBuf>) -> String {
    let user = user.map_or_else(
        || "the user's folder (neither XDG_CONFIG_HOME nor HOME is set)".to_owned(),
        |path| path.display().to_string(),
    );
    format!("{FILE_VARIABLE} (a file), {KEY_VARIABLE} (the key itself) and {user}")
}

/// `$XDG_CONFIG_HOME/lockgate/identity.txt`; `$HOME/.config` stands in for a variable that is not set.
#[must_use]
pub fn default_identity_path(environment: &Environment) -> Option<PathBuf> {
    let home = || environment.path("HOME").map(|home| home.join(".config"));
    let base = environment.path("XDG_CONFIG_HOME").or_else(home)?;
    Some(base.join("lockgate").join("identity.txt"))
}
