//! Running other programs without a word on the terminal; their own words go into the error.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use crate::error::{Result, ToolchainError};

const POLL_MS: u64 = 100;
/// So much of a program's last words is kept.
const WORDS_BYTES_MAX: u64 = 4096;

/// The program of this name on PATH.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| is_executable(program))
}

/// Runs a command to its end and gives what it says; fails, with its own words, when it does.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let ended = command.stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } = ended.map_err(|error| cannot_start(command, error))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let last = stderr.len().saturating_sub(WORDS_BYTES_MAX as usize);
    Err(failed(command, status, &stderr[last..]))
}

/// Runs a command that may take `seconds`; it is ended then.
pub(crate) fn within(command: &mut Command, seconds: u64) -> Result<()> {
    // Into a file and not a pipe: nobody reads while the command runs.
    let mut words = tempfile::tempfile().map_err(|error| ToolchainError::because("cannot make a file", error))?;
    let copy = words.try_clone().map_err(|error| ToolchainError::because("cannot make a file", error))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(copy);
    let mut child = command.spawn().map_err(|error| cannot_start(command, error))?;
    match wait(&mut child, seconds).map_err(|error| cannot_start(command, error))? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failed(command, status, &last_words(&mut words).unwrap_or_default())),
        None => Err(ToolchainError::new(format!("`{}` gave no answer within {seconds} s", show(command)))),
    }
}

fn wait(child: &mut Child, seconds: u64) -> std::io::Result<Option<ExitStatus>> {
    for _ in 0..seconds * 1000 / POLL_MS {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(POLL_MS));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn last_words(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(WORDS_BYTES_MAX)))?;
    let mut words = Vec::new();
    file.take(WORDS_BYTES_MAX).read_to_end(&mut words)?;
    Ok(words)
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

fn failed(command: &Command, status: ExitStatus, words: &[u8]) -> ToolchainError {
    let what = format!("`{}` failed ({status})", show(command));
    let words = String::from_utf8_lossy(words).trim().to_owned();
    if words.is_empty() { ToolchainError::new(what) } else { ToolchainError::because(what, words) }
}

fn cannot_start(command: &Command, error: std::io::Error) -> ToolchainError {
    let program = command.get_program().to_string_lossy();
    let is_missing = error.kind() == ErrorKind::NotFound;
    let failure = ToolchainError::because(format!("cannot run `{program}`"), error);
    if is_missing { failure.with_remedy(format!("install `{program}`")) } else { failure }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::process::Command;

    use super::{find_program, output, within};

    fn check_words(script: &str, expected: &str) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        for failure in [output(&mut command).unwrap_err(), within(&mut command, 60).unwrap_err()] {
            assert!(failure.to_string().contains("exit status: 3"), "{failure}");
            assert_eq!(failure.source().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_commands_own_words_are_kept() {
        assert_eq!(output(Command::new("echo").arg("yes")).unwrap(), "yes\n");
        check_words("echo no >&2; exit 3", "no");
        let last = "y".repeat(4095);
        check_words(&format!("head -c 9000 /dev/zero | tr '\\0' x >&2; echo {last} >&2; exit 3"), &last);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = output(&mut Command::new("lockgate-no-such-program")).unwrap_err();
        assert_eq!(failure.remedy(), Some("install `lockgate-no-such-program`"));
        assert!(find_program("lockgate-no-such-program").is_none());
        assert!(find_program("sh").is_some());
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let failure = within(Command::new("sleep").arg("1000"), 1).unwrap_err();
        assert_eq!(failure.to_string(), "`sleep 1000` gave no answer within 1 s");
        within(&mut Command::new("true"), 60).unwrap();
    }
}
