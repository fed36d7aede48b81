//! Exit codes, and how an error reaches a person.

use std::process::ExitCode;

use crate::output::style::{Style, Tone};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is good.
    Passed,
    /// The pipeline failed.
    Failed,
    /// The command or the file is wrong.
    Usage,
    /// The host could not do its part.
    Host,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Host => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The command, a file or a name is wrong: exit 2.
    Usage(String),
    /// Diagnostics of a file, rendered already: exit 2.
    Diagnostics(String),
    /// The host failed: exit 3.
    Host(Box<dyn std::error::Error>),
}

impl CliError {
    /// What there is to say, in words.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Usage(text) | Self::Diagnostics(text) => text.clone(),
            Self::Host(error) => chain(&**error),
        }
    }

    /// A failure of the host, said in words.
    pub(crate) fn host(message: impl Into<String>) -> Self {
        Self::Host(message.into().into())
    }
}

/// What a registry did not give or take: wrong is what was asked for, or the network, its health, a disk.
pub(crate) fn of_registry(error: lockgate_registry::RegistryError) -> CliError {
    if error.is_of_the_world() { CliError::Host(Box::new(error)) } else { CliError::Usage(chain(&error)) }
}

impl<E: std::error::Error + 'static> From<E> for CliError {
    fn from(error: E) -> Self {
        Self::Host(Box::new(error))
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

/// Clap's own message; `--help` and `--version` are no errors.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Passed.into() }
}

/// Writes the error to standard error and gives its exit code.
pub(crate) fn report(error: &CliError) -> ExitCode {
    let style = Style::stderr();
    let (text, exit) = match error {
        CliError::Usage(message) => (message.clone(), Exit::Usage),
        CliError::Diagnostics(rendered) => {
            crate::output::err!("{}", rendered.trim_end());
            return Exit::Usage.into();
        }
        CliError::Host(error) => (chain(&**error), Exit::Host),
    };
    // Much of it may be a stranger's words: a registry's, a plugin's, a file's.
    let lines: Vec<_> = text.lines().map(crate::output::safe).collect();
    crate::output::err!("{} {}", style.paint(Tone::Bad, "error:"), lines.join("\n"));
    exit.into()
}
