//! The environment, as something that is handed in: tests have one of their own.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use lockgate_ports::secrets::SecretValue;

type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Looks variables up by name.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment(..)")
    }
}

impl Environment {
    /// An environment of one's own.
    #[must_use]
    pub fn new(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// This process's.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var_os(name))
    }

    /// The bytes of a variable; one that is empty counts as not set.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretValue> {
        self.set(name).map(|value| SecretValue::new(value.into_vec()))
    }

    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.set(name).map(PathBuf::from)
    }

    /// A variable that holds nothing secret.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.set(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn set(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}
