//! Why a test is red, and where, read from what it wrote.

/// Lines of a message that are kept; what follows stays in the test's output.
const MESSAGE_LINES_MAX: usize = 12;

/// What went wrong, in words, and the place that the test's output names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// A line or a few.
    pub message: String,
    /// File, line, column as rustc wrote them.
    pub at: Option<(String, u32, u32)>,
}

/// Reads the cause of a failed test from its output; absent when it wrote nothing.
#[must_use]
pub fn cause(test: &str, output: &str) -> Option<Cause> {
    let lines: Vec<&str> = output.lines().collect();
    let panic = panic_of(test, &lines);
    if let Some(note) = expectation(&lines) {
        return Some(Cause { message: note, at: panic.and_then(|panic| panic.at) });
    }
    panic.or_else(|| stated(&lines))
}

/// The panic of the test's own thread, else the last one.
fn panic_of(test: &str, lines: &[&str]) -> Option<Cause> {
    let own = format!("thread '{test}'");
    let is_panic = |line: &&str| line.trim_start().starts_with("thread '") && line.contains(" panicked at ");
    let begin = lines
        .iter()
        .rposition(|line| is_panic(line) && line.contains(&own))
        .or_else(|| lines.iter().rposition(is_panic))?;
    let (_, place) = lines[begin].split_once(" panicked at ")?;
    Some(
        quoted(place).unwrap_or_else(|| Cause {
            message: message(&lines[begin + 1..]),
            at: position(place.trim_end_matches(':')),
        }),
    )
}

/// The form before Rust 1.73: `panicked at 'message', src/lib.rs:1:2`.
fn quoted(place: &str) -> Option<Cause> {
    let (message, at) = place.strip_prefix('\'')?.rsplit_once("', ")?;
    Some(Cause { message: message.to_owned(), at: position(at) })
}

fn message(lines: &[&str]) -> String {
    let is_end = |line: &&&str| {
        !line.starts_with("stack backtrace:") && !line.starts_with("note: ") && !line.starts_with("thread '")
    };
    let text: Vec<&str> = lines.iter().take_while(is_end).take(MESSAGE_LINES_MAX).copied().collect();
    text.join("\n").trim().to_owned()
}

/// libtest's own notes on a test that should have panicked, with the two lines that may follow.
fn expectation(lines: &[&str]) -> Option<String> {
    let begin = lines.iter().rposition(|line| {
        line.starts_with("note: test did not panic") || line.starts_with("note: panic did not contain")
    })?;
    let rest: Vec<&str> = lines[begin..].iter().take(3).map(|line| line.trim()).collect();
    Some(rest.join("\n").trim_start_matches("note: ").trim_end().to_owned())
}

/// Without a panic: what `main` or the test returned, a compiler's first error, or the first words.
fn stated(lines: &[&str]) -> Option<Cause> {
    let told = lines
        .iter()
        .find(|line| line.starts_with("Error: "))
        .or_else(|| lines.iter().find(|line| line.starts_with("error")));
    let line = told.or_else(|| lines.iter().find(|line| !line.trim().is_empty()))?;
    Some(Cause { message: line.trim().to_owned(), at: None })
}

fn position(text: &str) -> Option<(String, u32, u32)> {
    let (rest, column) = text.trim().rsplit_once(':')?;
    let (path, line) = rest.rsplit_once(':')?;
    Some((path.trim_start_matches("./").to_owned(), line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, message: &str, at: Option<(&str, u32, u32)>) {
        let expected =
            Cause { message: message.to_owned(), at: at.map(|(path, line, column)| (path.to_owned(), line, column)) };
        assert_eq!(cause("tests::bad", output), Some(expected), "{output}");
    }

    #[test]
    fn panics() {
        check(
            "noise\n\nthread 'tests::bad' (17) panicked at src/lib.rs:31:74:\nassertion `left == right` failed: one\n  left: 2\n right: 3\nstack backtrace:\n   0: x",
            "assertion `left == right` failed: one\n  left: 2\n right: 3",
            Some(("src/lib.rs", 31, 74)),
        );
        check(
            "thread 'tests::bad' panicked at 'no, 'really', ok', src/lib.rs:1:2",
            "no, 'really', ok",
            Some(("src/lib.rs", 1, 2)),
        );
        check(
            "thread '<unnamed>' (3) panicked at src/a.rs:1:1:\ninner\n\nthread 'tests::bad' (4) panicked at src/b.rs:2:2:\nouter\nnote: run with",
            "outer",
            Some(("src/b.rs", 2, 2)),
        );
        check(
            "thread 'tests::bad' (1) panicked at ./src/lib.rs:41:26:\nfirst\n\nsecond\n\n",
            "first\n\nsecond",
            Some(("src/lib.rs", 41, 26)),
        );
    }

    #[test]
    fn tests_that_should_panic() {
        check(
            "note: test did not panic as expected at src/lib.rs:36:32",
            "test did not panic as expected at src/lib.rs:36:32",
            None,
        );
        check(
            "thread 'tests::bad' (1) panicked at src/lib.rs:35:59:\nbar\nnote: panic did not contain expected string\n      panic message: \"bar\"\n expected substring: \"foo\"",
            "panic did not contain expected string\npanic message: \"bar\"\nexpected substring: \"foo\"",
            Some(("src/lib.rs", 35, 59)),
        );
    }

    #[test]
    fn without_a_panic() {
        check("Error: \"no luck\"", "Error: \"no luck\"", None);
        check("x\nerror[E0308]: mismatched types\n --> a", "error[E0308]: mismatched types", None);
        check(
            "\nTest compiled successfully, but it's marked `compile_fail`.",
            "Test compiled successfully, but it's marked `compile_fail`.",
            None,
        );
        assert_eq!(cause("t", "\n \n"), None);
    }
}
