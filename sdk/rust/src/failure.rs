//! Typed failures: the plugin could not do its work. A red test or a finding is a result, never a failure.

use std::io;

use crate::{ArtifactError, ExecError, Failure, Location, SecretError};

impl Failure {
    /// `code` is for machines, kebab-case; `message` says what happened, in a sentence.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), help: None, at: Vec::new(), retryable: false }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.at.push(location);
        self
    }

    /// The same call may succeed later.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::NotFound => "missing-file",
            io::ErrorKind::PermissionDenied => "denied",
            _ => "io",
        };
        Self::new(code, error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new("bad-json", error.to_string())
    }
}

impl From<std::str::Utf8Error> for Failure {
    fn from(error: std::str::Utf8Error) -> Self {
        Self::new("not-utf8", error.to_string())
    }
}

impl From<std::string::FromUtf8Error> for Failure {
    fn from(error: std::string::FromUtf8Error) -> Self {
        error.utf8_error().into()
    }
}

impl From<ExecError> for Failure {
    fn from(error: ExecError) -> Self {
        match error {
            ExecError::Denied(grant) => Self::new("denied", format!("a command was refused: {grant}"))
                .help("add the grant to the step, or take the command out of its configuration"),
            ExecError::NotFound(what) => Self::new("tool-not-found", what),
            ExecError::Unavailable(why) => Self::new("exec-unavailable", why).retryable(),
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Denied(name) => Self::new("denied", format!("the step may not use the secret `{name}`"))
                .help(format!("grant it: `grants: {{ secrets: [{name}] }}`")),
            SecretError::Unknown(name) => Self::new("unknown-secret", format!("the host has no secret `{name}`")),
        }
    }
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        match error {
            ArtifactError::Denied(what) => Self::new("denied", format!("an artifact was refused: {what}")),
            ArtifactError::Missing(what) => Self::new("missing-file", what),
            ArtifactError::TooLarge(bytes_max) => {
                Self::new("too-large", format!("the host keeps artifacts of at most {bytes_max} bytes"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use crate::{ExecError, Failure, Location};

    #[test]
    fn a_failure_is_built_step_by_step() {
        let failure = Failure::new("missing-file", "no report").help("run the tests first").at(Location::file("a.xml"));
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("missing-file", "no report"));
        assert_eq!((failure.help.as_deref(), failure.retryable), (Some("run the tests first"), false));
        assert_eq!(failure.at[0].path, "a.xml");
    }

    #[test]
    fn errors_of_the_world_become_failures() {
        let missing = Failure::from(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(missing.code, "missing-file");
        assert!(Failure::from(ExecError::Unavailable("no sandbox".into())).retryable);
    }
}
