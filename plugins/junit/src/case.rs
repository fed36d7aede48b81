//! One `testcase` while it is read, and what becomes of it.

use lockgate_sdk::{Location, TestCase, TestStatus};

use crate::limits::{MESSAGE_BYTES_MAX, NAME_BYTES_MAX};
use crate::text::clip;
use crate::{Config, KeepOutput};

/// What an element below `testcase` says; a later one outweighs an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// It was red and was tried again (surefire, nextest: `flakyFailure`, `rerunFailure`; pytest: `rerun`).
    Retried,
    /// It was not carried out.
    Skipped,
    /// An assertion did not hold.
    Failed,
    /// It could not be carried out.
    Errored,
}

impl Mark {
    /// By the element's name.
    pub(crate) fn of(element: &str) -> Option<Self> {
        Some(match element {
            "failure" => Self::Failed,
            "error" => Self::Errored,
            "skipped" | "disabled" | "ignored" => Self::Skipped,
            "flakyFailure" | "flakyError" | "rerunFailure" | "rerunError" | "rerun" => Self::Retried,
            _ => return None,
        })
    }
}

/// A case while it is read.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) suite: String,
    pub(crate) name: String,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) at: Option<Location>,
    mark: Option<Mark>,
    /// The attributes of the element that decides.
    message: String,
    kind: String,
    /// Its text: a stack, mostly.
    detail: String,
    /// Whether the element now open is the one that decides.
    takes_detail: bool,
    output: String,
    retries: u32,
}

impl Case {
    /// The case that stands for what a suite says itself.
    pub(crate) fn of_suite(suite: &str) -> Self {
        Self { suite: suite.to_owned(), name: "(outside any test)".to_owned(), ..Self::default() }
    }

    /// An element that says how the case ended begins.
    pub(crate) fn mark(&mut self, mark: Mark, message: &str, kind: &str) {
        self.retries += u32::from(mark == Mark::Retried);
        let says_nothing_yet = self.message.is_empty() && self.detail.is_empty();
        self.takes_detail = self.mark.is_none_or(|known| mark > known || (mark == known && says_nothing_yet));
        if self.takes_detail {
            self.mark = Some(mark);
            self.message = message.trim().to_owned();
            self.kind = kind.to_owned();
            self.detail.clear();
        }
    }

    /// Text of the element that says how the case ended.
    pub(crate) fn detail(&mut self, text: &str) {
        if self.takes_detail {
            self.detail.push_str(text);
        }
    }

    /// Text that the case wrote.
    pub(crate) fn output(&mut self, text: &str) {
        self.output.push_str(text);
    }

    fn status(&self) -> TestStatus {
        match self.mark {
            None => TestStatus::Passed,
            Some(Mark::Retried) => TestStatus::Flaky,
            Some(Mark::Skipped) => TestStatus::Skipped,
            Some(Mark::Failed) => TestStatus::Failed,
            Some(Mark::Errored) => TestStatus::Errored,
        }
    }

    /// The attribute, else the first line of the text, else the exception's type.
    fn message(&self) -> Option<String> {
        let first_line = self.detail.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let texts = [self.message.as_str(), first_line, self.kind.as_str()];
        texts.into_iter().find(|text| !text.is_empty()).map(|text| clip(text, MESSAGE_BYTES_MAX))
    }

    fn kept_output(&self, config: &Config, status: TestStatus) -> Option<String> {
        let is_green = matches!(status, TestStatus::Passed | TestStatus::Skipped);
        let keep = match config.output {
            KeepOutput::All => true,
            KeepOutput::Failed => !is_green,
            KeepOutput::None => false,
        };
        let texts = [self.detail.trim(), self.output.trim()];
        let text = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
        (keep && !text.is_empty()).then(|| clip(&text, config.output_bytes_max as usize))
    }

    /// The case as evidence.
    pub(crate) fn finish(self, config: &Config) -> TestCase {
        let status = self.status();
        TestCase {
            message: self.message(),
            output: self.kept_output(config, status),
            suite: clip(&self.suite, NAME_BYTES_MAX),
            name: clip(&self.name, NAME_BYTES_MAX),
            status,
            duration_ms: self.duration_ms,
            at: self.at,
            attempts: self.retries.saturating_add(1),
        }
    }
}

/// Seconds as reports write them (`0.5`, `1,234.5`, `.004`, sometimes nonsense) in milliseconds.
pub(crate) fn duration_ms(seconds: &str) -> Option<f64> {
    let seconds: f64 = seconds.trim().replace(',', "").parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds * 1000.0)
}

/// A place of the workspace from the attributes `file` and `line`.
pub(crate) fn location(config: &Config, file: &str, line: Option<u32>) -> Option<Location> {
    let path = file.trim().replace('\\', "/");
    let root = config.root.as_deref().map(|root| root.trim_end_matches('/'));
    let path = match root.and_then(|root| path.strip_prefix(root)).and_then(|rest| rest.strip_prefix('/')) {
        Some(below_root) => below_root,
        None => path.trim_start_matches("./"),
    };
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    let is_inside =
        !path.is_empty() && !path.starts_with('/') && !has_drive && path.split('/').all(|part| part != "..");
    is_inside.then(|| Location { path: path.to_owned(), line, column: None, end_line: None })
}

#[cfg(test)]
mod tests {
    use super::{Config, duration_ms, location};

    fn check_duration(text: &str, expected: Option<f64>) {
        assert_eq!(duration_ms(text), expected, "{text}");
    }

    #[test]
    fn durations_are_read_as_reports_write_them() {
        check_duration("0.5", Some(500.0));
        check_duration("0.", Some(0.0));
        check_duration("1,234.5", Some(1_234_500.0));
        check_duration(" 2 ", Some(2000.0));
        check_duration("NaN", None);
        check_duration("-1", None);
        check_duration("1e999", None);
        check_duration("soon", None);
    }

    fn check_location(file: &str, expected: Option<&str>) {
        let config = Config { root: Some("/build/".to_owned()), ..Config::default() };
        assert_eq!(location(&config, file, None).map(|at| at.path).as_deref(), expected, "{file}");
    }

    #[test]
    fn locations_stay_within_the_workspace() {
        check_location("tests/a.py", Some("tests/a.py"));
        check_location("./tests/a.py", Some("tests/a.py"));
        check_location("/build/src/a.cc", Some("src/a.cc"));
        check_location("/builder/a.cc", None);
        check_location("../a.cc", None);
        check_location("C:\\a.cs", None);
        check_location("src\\a.cs", Some("src/a.cs"));
        check_location("", None);
    }
}
