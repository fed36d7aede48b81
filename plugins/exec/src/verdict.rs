//! What an ended command says of the step.

use lockgate_sdk::exec::{Completion, Ending};
use lockgate_sdk::{Failure, Measurement, Ruling};

/// Lines of standard error that a red step's summary shows.
pub const STDERR_LINES_MAX: usize = 10;
/// Letters of one of these lines.
const LINE_CHARS_MAX: usize = 300;

/// The conclusion and, where it is red, why.
///
/// # Errors
/// `timed-out` and `killed`: the command did not end by itself, so nothing is known of its work.
pub fn judge(completion: &Completion, ok_exit_codes: &[u8]) -> Result<(Ruling, Option<String>), Failure> {
    match completion.ending {
        Ending::Exited(code) if ok_exit_codes.contains(&code) => Ok((Ruling::Pass, None)),
        Ending::Exited(code) => Ok((Ruling::Fail, Some(summary(code, &completion.stderr_text())))),
        Ending::TimedOut => {
            let failure = Failure::new("timed-out", "the command was out of time; it and its children were killed");
            Err(failure.help("raise `timeout-seconds` or the step's `timeout`"))
        }
        Ending::Signalled(signal) => {
            let failure = Failure::new("killed", format!("the command was killed by signal {signal}"));
            Err(failure.help("signal 9 is often the memory limit: see the step's log"))
        }
    }
}

/// `exited with 3`, and the last lines of standard error.
fn summary(code: u8, stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(STDERR_LINES_MAX)..];
    let shown = shown.iter().map(|line| line.chars().take(LINE_CHARS_MAX).collect::<String>());
    std::iter::once(format!("exited with {code}")).chain(shown).collect::<Vec<_>>().join("\n")
}

/// Times and memory of the command.
#[must_use]
pub fn measurements(completion: &Completion) -> Vec<Measurement> {
    vec![
        Measurement::new("exec.wall", completion.wall_ms, "ms"),
        Measurement::new("exec.cpu", completion.cpu_ms, "ms"),
        Measurement::new("exec.max-rss", completion.max_rss_bytes as f64, "By"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown() {
        let stderr: String = (1..=20).map(|line| format!("line {line}\n\n")).collect();
        let text = summary(3, &stderr);
        assert!(text.starts_with("exited with 3\nline 11\n") && text.ends_with("\nline 20"), "{text}");
        assert_eq!(summary(1, ""), "exited with 1");
        assert_eq!(summary(1, &"ä".repeat(1000)).chars().count(), "exited with 1\n".len() + LINE_CHARS_MAX);
    }
}
