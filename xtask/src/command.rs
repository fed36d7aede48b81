//! Running other programs: shown before they start, waited for, and checked.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::failure::{Failure, Result};

/// Says what comes next.
pub(crate) fn step(what: &str) {
    eprintln!("\n==> {what}");
}

/// Runs a command with this terminal; fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` failed ({status})", show(command)))) }
}

/// Runs a command with this terminal to its end, whatever that is.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    eprintln!("    {}", show(command));
    command.status().map_err(|error| cannot_start(command, &error))
}

/// Runs a command that says nothing here; fails, with its own words, when it does.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&stderr).trim().to_owned();
    Err(Failure::because(format!("`{}` failed ({status})", show(command)), words))
}

fn show(command: &Command) -> String {
    // The program's folder is of no interest to who reads along.
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy().into_owned();
    let failure = Failure::because(format!("cannot run `{program}`"), error.to_string());
    if error.kind() == ErrorKind::NotFound { failure.remedy(format!("install `{program}`")) } else { failure }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{output, run};

    #[test]
    fn a_commands_own_words_are_kept() {
        assert_eq!(output(Command::new("echo").arg("yes")).unwrap(), "yes\n");
        let failure = output(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err().to_string();
        assert!(failure.contains("exit status: 3") && failure.contains("because: no"), "{failure}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = run(&mut Command::new("lockgate-no-such-program")).unwrap_err().to_string();
        assert!(failure.contains("install `lockgate-no-such-program`"), "{failure}");
    }
}
