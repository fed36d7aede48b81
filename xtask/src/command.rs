//! Running other programs: shown before they start, waited for, and checked.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use crate::failure::{Failure, Result};

const POLL_MS: u64 = 100;

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

/// Runs a command with this terminal, but for at most `seconds`; whether it succeeded in that time.
pub(crate) fn succeeds_within(command: &mut Command, seconds: u64) -> Result<bool> {
    eprintln!("    {}", show(command));
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|error| cannot_start(command, &error))?;
    for _ in 0..seconds * 1000 / POLL_MS {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) => std::thread::sleep(Duration::from_millis(POLL_MS)),
            Err(error) => return Err(cannot_start(command, &error)),
        }
    }
    child.kill().and_then(|()| child.wait()).map_err(|error| cannot_start(command, &error))?;
    eprintln!("    no answer within {seconds} s");
    Ok(false)
}

/// The program of this name on PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| is_executable(program))
}

fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    program.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
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

    use super::{find_program, output, run, succeeds_within};

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
        assert!(find_program("lockgate-no-such-program").is_none());
        assert!(find_program("sh").is_some());
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        assert!(!succeeds_within(Command::new("sleep").arg("1000"), 1).unwrap());
        assert!(succeeds_within(&mut Command::new("true"), 60).unwrap());
        assert!(!succeeds_within(&mut Command::new("false"), 60).unwrap());
    }
}
