//! libtest's human output, read into blocks: one for each test binary and each crate's documentation tests.
//!
//! libtest's JSON is unstable, so the stable text is read. Each block carries what libtest itself counted, and
//! `Block::unaccounted` compares: nothing is dropped in silence.

mod details;
mod line;
mod reader;

pub use line::Tally;
pub use reader::parse;

/// How one test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `ok`
    Passed,
    /// `FAILED`
    Failed,
    /// `ignored`
    Ignored,
    /// `bench: ...`
    Measured,
}

/// One line `test NAME ... OUTCOME`, and what the test wrote where libtest shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Without ` - should panic` and its like.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Why it is ignored.
    pub note: Option<String>,
    /// Nanoseconds for each iteration of a benchmark.
    pub bench_ns: Option<f64>,
    /// What it wrote; libtest shows it for failed tests.
    pub output: Option<String>,
}

/// What stands between `running N tests` and `test result: ...`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// The N of `running N tests`.
    pub announced: usize,
    /// In the order in which they ended.
    pub cases: Vec<Case>,
    /// Absent when the process ended before libtest could count.
    pub tally: Option<Tally>,
    /// The test that was named and never got an outcome: with one thread, the one that ended the process.
    pub unfinished: Option<String>,
}

impl Block {
    /// How many cases have this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }

    /// How far the cases are from what libtest counted, summed over the outcomes; from `announced` where it did not count.
    #[must_use]
    pub fn unaccounted(&self) -> usize {
        let Some(tally) = &self.tally else { return self.announced.abs_diff(self.cases.len()) };
        let pairs = [
            (Status::Passed, tally.passed),
            (Status::Failed, tally.failed),
            (Status::Ignored, tally.ignored),
            (Status::Measured, tally.measured),
        ];
        pairs.into_iter().map(|(status, counted)| self.count(status).abs_diff(counted)).sum()
    }

    /// Whether libtest counted and found nothing wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.tally.as_ref().is_some_and(|tally| tally.ok)
    }

    /// Whether these are documentation tests, which are named by file and line; none where there is no test to tell.
    #[must_use]
    pub fn is_doc(&self) -> Option<bool> {
        self.cases.first().map(|case| line::documented_at(&case.name).is_some())
    }
}

/// The file and line in a documentation test's name: `src/lib.rs - add (line 12)`.
#[must_use]
pub fn documented_at(name: &str) -> Option<(&str, u32)> {
    line::documented_at(name)
}
