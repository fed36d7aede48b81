//! The one error of this tool: what failed, why, and what to do about it.

use std::error::Error;
use std::fmt;

/// The result of a task or a part of one.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What a person at the terminal is told.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    source: Option<Box<dyn Error>>,
    remedy: Option<String>,
    exit_code: u8,
}

impl Failure {
    /// Something could not be done.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None, remedy: None, exit_code: 1 }
    }

    /// Something could not be done for this reason.
    pub(crate) fn because(what: impl Into<String>, source: impl Into<Box<dyn Error>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(what) }
    }

    /// A command that already said on the terminal what is wrong: only its exit code goes on.
    pub(crate) fn exit(exit_code: u8) -> Self {
        Self { exit_code, ..Self::new("") }
    }

    /// What to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Of the process.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.what.is_empty() {
            return Ok(());
        }
        writeln!(f, "error: {}", self.what)?;
        let mut source: Option<&dyn Error> = self.source.as_deref();
        while let Some(error) = source {
            writeln!(f, "  because: {error}")?;
            source = error.source();
        }
        if let Some(remedy) = &self.remedy {
            writeln!(f, "  what to do: {remedy}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    fn check(failure: &Failure, expected: &str) {
        assert_eq!(failure.to_string(), expected);
    }

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        check(&Failure::new("no bwrap"), "error: no bwrap\n");
        let failure = Failure::because("cannot read x", "it is a folder").remedy("remove it");
        check(&failure, "error: cannot read x\n  because: it is a folder\n  what to do: remove it\n");
    }

    #[test]
    fn a_command_that_has_spoken_is_not_talked_over() {
        let failure = Failure::exit(2);
        check(&failure, "");
        assert_eq!(failure.exit_code(), 2);
    }
}
