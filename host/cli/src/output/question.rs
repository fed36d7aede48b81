//! Questions to a person, where there is one: both input and diagnostics are a terminal.

use std::io::IsTerminal as _;

use zeroize::Zeroizing;

use crate::exit::CliError;

/// Whether somebody is there to answer.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for yes or no; anything but a yes is a no.
pub(crate) fn is_agreed(question: &str) -> bool {
    super::note(&format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Asks for a password, which is not shown.
pub(crate) fn password(question: &str) -> Result<Zeroizing<String>, CliError> {
    super::note(question);
    let read = console::Term::stderr().read_secure_line();
    read.map(Zeroizing::new).map_err(|error| CliError::Usage(format!("cannot read a password: {error}")))
}
