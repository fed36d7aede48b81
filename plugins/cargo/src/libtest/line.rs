//! The grammar of one line of libtest's output.

use super::{Case, Status};

/// What libtest counted: `test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.33s`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// `ok` rather than `FAILED`.
    pub ok: bool,
    /// Green.
    pub passed: usize,
    /// Red.
    pub failed: usize,
    /// Not carried out.
    pub ignored: usize,
    /// Benchmarks.
    pub measured: usize,
    /// Not selected.
    pub filtered: usize,
    /// Wall time; absent in the output of old toolchains.
    pub seconds: Option<f64>,
}

/// What a line that begins or contains `test NAME ...` says.
#[derive(Debug, PartialEq)]
pub(super) enum CaseLine {
    /// Name and outcome.
    Whole(Case),
    /// The name alone: with one thread libtest writes it before the test runs, and the test may write behind it.
    Begun(String),
}

const KINDS: [&str; 4] = [" - should panic", " - compile fail", " - compile", " - should compile"];

/// `running 12 tests`, `running 1 test`.
pub(super) fn running(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("running ")?;
    let count = rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test"))?;
    count.parse().ok()
}

/// `test result: ...`; a test may have left text before it on the line.
pub(super) fn tally(line: &str) -> Option<Tally> {
    let (_, rest) = line.split_once("test result: ")?;
    let (verdict, counts) = rest.split_once(". ")?;
    let ok = match verdict {
        "ok" => true,
        "FAILED" => false,
        _ => return None,
    };
    let count = |word: &str| counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    let seconds =
        counts.split("; ").find_map(|part| part.strip_prefix("finished in ")?.strip_suffix('s')?.parse().ok());
    Some(Tally {
        ok,
        passed: count(" passed")?,
        failed: count(" failed")?,
        ignored: count(" ignored")?,
        measured: count(" measured")?,
        filtered: count(" filtered out").unwrap_or(0),
        seconds,
    })
}

/// `test NAME ... OUTCOME`, also behind text that a test left on the line.
pub(super) fn case(line: &str) -> Option<CaseLine> {
    let begin = if line.starts_with("test ") { 0 } else { buried(line)? };
    let (name, outcome) = line.get(begin + "test ".len()..)?.split_once(" ... ")?;
    let name = plain_name(name);
    match finished(name, outcome) {
        Some(case) => Some(CaseLine::Whole(case)),
        None => Some(CaseLine::Begun(name.to_owned())),
    }
}

/// The outcome of a test whose name stood on an earlier line.
pub(super) fn outcome(name: &str, line: &str) -> Option<Case> {
    finished(name, line)
}

/// The file and line in a documentation test's name.
pub(super) fn documented_at(name: &str) -> Option<(&str, u32)> {
    let (path, rest) = name.split_once(" - ")?;
    let (_, line) = rest.rsplit_once("(line ")?;
    Some((path, line.strip_suffix(')')?.parse().ok()?))
}

/// Where `test NAME ... OUTCOME` begins inside a line; only a name as libtest makes them counts, so that prose does not.
fn buried(line: &str) -> Option<usize> {
    line.match_indices("test ").map(|(at, _)| at).find(|at| {
        let rest = &line[at + "test ".len()..];
        rest.split_once(" ... ").is_some_and(|(name, outcome)| {
            let name = plain_name(name);
            let plausible = !name.contains(char::is_whitespace) || documented_at(name).is_some();
            plausible && !name.is_empty() && finished(name, outcome).is_some()
        })
    })
}

fn plain_name(name: &str) -> &str {
    KINDS.iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name)
}

fn finished(name: &str, outcome: &str) -> Option<Case> {
    let case = |status, note, bench_ns| Case { name: name.to_owned(), status, note, bench_ns, output: None };
    if outcome == "ignored" {
        return Some(case(Status::Ignored, None, None));
    }
    if let Some(note) = outcome.strip_prefix("ignored, ") {
        return Some(case(Status::Ignored, Some(note.to_owned()), None));
    }
    if let Some(figure) = outcome.strip_prefix("bench: ") {
        return Some(case(Status::Measured, None, Some(nanoseconds(figure)?)));
    }
    if outcome.ends_with("FAILED") {
        return Some(case(Status::Failed, None, None));
    }
    outcome.ends_with("ok").then(|| case(Status::Passed, None, None))
}

/// `1,234.56 ns/iter (+/- 12)`
fn nanoseconds(figure: &str) -> Option<f64> {
    let (number, _) = figure.split_once(" ns/iter")?;
    number.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, Status)>) {
        let got = match case(line) {
            Some(CaseLine::Whole(case)) => Some((case.name, case.status)),
            Some(CaseLine::Begun(_)) | None => None,
        };
        assert_eq!(got, expected.map(|(name, status)| (name.to_owned(), status)), "{line}");
    }

    #[test]
    fn outcomes() {
        check("test a::b ... ok", Some(("a::b", Status::Passed)));
        check("test a::b ... FAILED", Some(("a::b", Status::Failed)));
        check("test a::b ... ignored", Some(("a::b", Status::Ignored)));
        check("test a::b ... ignored, needs a network ... really", Some(("a::b", Status::Ignored)));
        check("test a::b - should panic ... ok", Some(("a::b", Status::Passed)));
        check(
            "test src/lib.rs - add (line 4) - compile fail ... ok",
            Some(("src/lib.rs - add (line 4)", Status::Passed)),
        );
        check(
            "test src/lib.rs - add (line 4) - compile ... FAILED",
            Some(("src/lib.rs - add (line 4)", Status::Failed)),
        );
        check("test fast ... bench:       1,234.50 ns/iter (+/- 12)", Some(("fast", Status::Measured)));
    }

    #[test]
    fn text_around_an_outcome() {
        check("raw bytes test a::b ... ok", Some(("a::b", Status::Passed)));
        check("no newline heretest a::b ... ok", Some(("a::b", Status::Passed)));
        check("test a::b ... raw bytesok", Some(("a::b", Status::Passed)));
    }

    #[test]
    fn lines_that_are_no_outcome() {
        check("test a::b has been running for over 60 seconds", None);
        check("this is a test of many words ... ok", None);
        check("test a::b ... some output", None);
        check("", None);
        check("test ", None);
        check("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out", None);
    }

    #[test]
    fn benches_carry_their_figure() {
        let Some(CaseLine::Whole(case)) = case("test fast ... bench:  1,234.50 ns/iter (+/- 12)") else {
            panic!("no case")
        };
        assert_eq!(case.bench_ns, Some(1234.5));
    }

    #[test]
    fn running_lines() {
        for (line, expected) in [
            ("running 0 tests", Some(0)),
            ("running 1 test", Some(1)),
            ("running 120 tests", Some(120)),
            ("running fast tests", None),
            (" running 3 tests", None),
        ] {
            assert_eq!(running(line), expected, "{line}");
        }
    }

    #[test]
    fn tallies() {
        let line = "test result: FAILED. 4 passed; 6 failed; 2 ignored; 1 measured; 3 filtered out; finished in 0.11s";
        let expected =
            Tally { ok: false, passed: 4, failed: 6, ignored: 2, measured: 1, filtered: 3, seconds: Some(0.11) };
        assert_eq!(tally(line), Some(expected));
        assert_eq!(
            tally("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out").map(|t| t.seconds),
            Some(None)
        );
        assert_eq!(tally("test result: maybe. 1 passed"), None);
        assert_eq!(tally("test result: ok. many passed; 0 failed; 0 ignored; 0 measured"), None);
    }

    #[test]
    fn documentation_tests_say_where_they_stand() {
        assert_eq!(documented_at("src/lib.rs - add (line 12)"), Some(("src/lib.rs", 12)));
        assert_eq!(documented_at("src/a b.rs - m::T<X>::f (line 3)"), Some(("src/a b.rs", 3)));
        assert_eq!(documented_at("tests::add"), None);
    }
}
