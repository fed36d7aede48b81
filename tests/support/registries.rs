//! Registries that tests speak with, over HTTP on the loopback interface.

mod debian;
mod own;

pub use debian::DebianRegistry;
pub use own::OwnRegistry;

/// A name and a password that a registry lets in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// The registries that everything must work with.
pub const KINDS: [Kind; 2] = [Kind::Debian, Kind::Own];

/// A registry that can be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Debian's `docker-registry`: what refers to a manifest is found by a tag only.
    Debian,
    /// This project's own server, which knows referrers.
    Own,
}

/// A registry that runs as long as the value lives.
pub enum Registry {
    /// Debian's.
    Debian(DebianRegistry),
    /// This project's.
    Own(OwnRegistry),
}

impl Kind {
    /// Starts one that is open to everybody. Nothing where the program cannot be had.
    #[must_use]
    pub fn open(self) -> Option<Registry> {
        self.start(false)
    }

    /// Starts one that is open to one login only.
    #[must_use]
    pub fn closed(self) -> Option<Registry> {
        self.start(true)
    }

    fn start(self, closed: bool) -> Option<Registry> {
        match self {
            Self::Debian => DebianRegistry::start(closed).map(Registry::Debian),
            Self::Own => Some(Registry::Own(OwnRegistry::start(closed))),
        }
    }
}

impl Registry {
    /// Which it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Debian(_) => Kind::Debian,
            Self::Own(_) => Kind::Own,
        }
    }

    /// A reference into it: `127.0.0.1:PORT/NAME`.
    #[must_use]
    pub fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.address())
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Debian(registry) => registry.address().to_owned(),
            Self::Own(registry) => registry.address(),
        }
    }

    /// Who may come in.
    ///
    /// # Panics
    /// When the registry is open to everybody.
    #[must_use]
    pub fn login(&self) -> &Login {
        let login = match self {
            Self::Debian(registry) => registry.login(),
            Self::Own(registry) => registry.login(),
        };
        login.expect("a registry that was started closed")
    }
}
