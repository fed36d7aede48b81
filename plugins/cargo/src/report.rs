//! Everything that is known of a test run as one test report.

use std::fs;

use lockgate_sdk::{Location, Measurement, TestCase, TestReport, TestStatus};

use crate::libtest::{self, Block, Case, Status};
use crate::panic_message;
use crate::places::Places;
use crate::stream::Stream;
use crate::suites::{self, Announced, Names};

/// What one test wrote, as far as it is kept: its beginning and its end.
pub const CASE_OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// What all tests wrote, as far as it is kept; a step's whole product is limited by the host.
pub const OUTPUT_BYTES_MAX: usize = 6 * 1024 * 1024;

/// The report, and how far it can be trusted.
#[derive(Debug, Default)]
pub struct Tests {
    /// Cases and measurements.
    pub report: TestReport,
    /// Cases that libtest counted and that are not in the report, or the other way round.
    pub unaccounted: usize,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// Reads the report of `cargo test` from its two streams.
#[must_use]
pub fn read(stream: &Stream, stderr: &str, places: &Places) -> Tests {
    let blocks = libtest::parse(&stream.text);
    let runs = suites::announced(stderr);
    let names = Names::new(&stream.artifacts).with_manifests(&stream.artifacts, |path| manifest(path, places));
    let alignment = suites::align(&blocks, &runs, |run| names.is_libtest(run));
    let mut tests = Tests::default();
    if alignment.is_ambiguous {
        tests
            .warnings
            .push("some test binaries have a harness of their own: suites may bear another binary's name".to_owned());
    }
    for (block, run) in blocks.iter().zip(&alignment.runs) {
        let run = run.and_then(|run| runs.get(run));
        let suite = run.map_or_else(|| "unknown".to_owned(), |run| names.of(&run.what));
        tests.block(&suite, block, run, places);
    }
    for (index, run) in runs.iter().enumerate().filter(|(_, run)| run.failed) {
        if !alignment.runs.contains(&Some(index)) {
            tests.report.cases.push(without_block(&names.of(&run.what), run));
        }
    }
    tests.finish()
}

fn manifest(path: &str, places: &Places) -> Option<String> {
    fs::read_to_string(places.on_disk(&places.inside(path)?)).ok()
}

impl Tests {
    fn block(&mut self, suite: &str, block: &Block, run: Option<&Announced>, places: &Places) {
        self.report.cases.extend(block.cases.iter().map(|case| test_case(suite, case, places)));
        self.report.measurements.extend(measurements(suite, block));
        if block.tally.is_none() {
            self.report.cases.push(cut_short(suite, block, run));
        }
        let unaccounted = block.unaccounted();
        if unaccounted > 0 {
            self.unaccounted += unaccounted;
            self.warnings
                .push(format!("{suite}: {unaccounted} tests are in libtest's count or in its lines, but not in both"));
        }
    }

    fn finish(mut self) -> Self {
        limit_outputs(&mut self.report.cases);
        self.report.measurements.push(Measurement::new("cargo.tests.unaccounted", self.unaccounted as f64, "1"));
        self
    }
}

fn test_case(suite: &str, case: &Case, places: &Places) -> TestCase {
    let cause = case
        .output
        .as_deref()
        .filter(|_| case.status == Status::Failed)
        .and_then(|output| panic_message::cause(&case.name, output));
    let documented =
        libtest::documented_at(&case.name).map(|(path, line)| Location::file(places.resolve(path)).line(line));
    let panicked = cause.as_ref().and_then(|cause| cause.at.as_ref());
    let panicked =
        panicked.map(|(path, line, column)| Location::file(places.resolve(path)).line(*line).column(*column));
    let mut made = TestCase::new(suite, &case.name, status(case.status));
    made.message = cause.map(|cause| cause.message).or_else(|| case.note.clone());
    made.output.clone_from(&case.output);
    made.at = documented.or(panicked);
    made
}

fn status(status: Status) -> TestStatus {
    match status {
        Status::Passed | Status::Measured => TestStatus::Passed,
        Status::Failed => TestStatus::Failed,
        Status::Ignored => TestStatus::Skipped,
    }
}

/// The process ended before libtest could count: a test that ends it takes the others with it.
fn cut_short(suite: &str, block: &Block, run: Option<&Announced>) -> TestCase {
    let ending = run.and_then(|run| run.ending.as_deref()).unwrap_or("no reason given");
    let (reported, announced) = (block.cases.len(), block.announced);
    let message = format!("the test process ended early ({ending}): {reported} of {announced} tests had reported");
    let name = block.unfinished.as_deref().unwrap_or("(test process)");
    TestCase::new(suite, name, TestStatus::Errored).message(message)
}

/// A binary that failed and wrote nothing that libtest would write: it has a harness of its own, or died at once.
fn without_block(suite: &str, run: &Announced) -> TestCase {
    let ending = run.ending.as_deref().unwrap_or("exit status: 101");
    TestCase::new(suite, "(test process)", TestStatus::Errored).message(format!("the test process failed ({ending})"))
}

fn measurements(suite: &str, block: &Block) -> Vec<Measurement> {
    let benches = block.cases.iter().filter_map(|case| {
        let figure = Measurement::new("cargo.bench", case.bench_ns?, "ns");
        Some(figure.attribute("suite", suite).attribute("test", &case.name))
    });
    let seconds = block.tally.as_ref().and_then(|tally| tally.seconds);
    let wall = seconds.map(|seconds| Measurement::new("cargo.suite.wall", seconds, "s").attribute("suite", suite));
    benches.chain(wall).collect()
}

fn limit_outputs(cases: &mut [TestCase]) {
    let mut left = OUTPUT_BYTES_MAX;
    for output in cases.iter_mut().filter_map(|case| case.output.as_mut()) {
        *output = shortened(output, CASE_OUTPUT_BYTES_MAX.min(left));
        left = left.saturating_sub(output.len());
    }
}

/// The beginning and the end of a text that is too long, with a note in between.
fn shortened(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(bytes_max / 2);
    let tail = text.ceil_char_boundary(text.len() - bytes_max / 2);
    format!("{}\n[{} bytes left out]\n{}", &text[..head], tail - head, &text[tail..])
}

/// `41 passed, 1 failed, 2 skipped: suite::name: message`; the first red test is named.
#[must_use]
pub fn summary(report: &TestReport) -> String {
    let parts = [
        (TestStatus::Passed, "passed"),
        (TestStatus::Failed, "failed"),
        (TestStatus::Errored, "errored"),
        (TestStatus::Skipped, "skipped"),
    ];
    let counts = parts.into_iter().map(|(status, word)| (status, report.count(status), word));
    let shown = counts.filter(|(status, count, _)| *status == TestStatus::Passed || *count > 0);
    let counts = shown.map(|(_, count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ");
    match report.cases.iter().find(|case| is_red(case)) {
        Some(case) => format!("{counts}: {}", headline(case)),
        None => counts,
    }
}

/// Whether a test stands in the way.
#[must_use]
pub fn is_red(case: &TestCase) -> bool {
    matches!(case.status, TestStatus::Failed | TestStatus::Errored)
}

/// `suite::name: first line of the message`
#[must_use]
pub fn headline(case: &TestCase) -> String {
    let first = case.message.as_deref().and_then(|message| message.lines().next()).unwrap_or("no message");
    format!("{}::{}: {first}", case.suite, case.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_keeps_beginning_and_end() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("abcdefghij", 4), "ab\n[6 bytes left out]\nij");
        assert_eq!(shortened("ääää", 3), "\n[8 bytes left out]\n");
    }

    #[test]
    fn outputs_share_a_budget() {
        let case = |bytes: usize| TestCase::new("s", "t", TestStatus::Failed).output("x".repeat(bytes));
        let mut cases: Vec<TestCase> = (0..200).map(|_| case(CASE_OUTPUT_BYTES_MAX + 1)).collect();
        limit_outputs(&mut cases);
        let total: usize = cases.iter().filter_map(|case| case.output.as_ref()).map(String::len).sum();
        assert!(total < OUTPUT_BYTES_MAX + cases.len() * 64, "{total}");
    }

    #[test]
    fn summaries() {
        let mut report = TestReport::default();
        assert_eq!(summary(&report), "0 passed");
        report.cases = vec![
            TestCase::new("tiny", "a", TestStatus::Passed),
            TestCase::new("tiny", "b", TestStatus::Skipped),
            TestCase::new("tiny", "m::c", TestStatus::Failed).message("left\nright"),
            TestCase::new("tiny", "d", TestStatus::Errored),
        ];
        assert_eq!(summary(&report), "1 passed, 1 failed, 1 errored, 1 skipped: tiny::m::c: left");
    }
}
