//! A plugin's cases: calls in the real sandbox, whose outcomes are compared with snapshots.
//!
//! ```text
//! cases/NAME/case.toml        configuration, the call's other input, grants
//! cases/NAME/files/           the workspace of kinds that see one; the reports of a test reporter
//! cases/NAME/expected.json    the outcome: made by `--accept`, never by hand
//! ```
//!
//! A `case.toml` says what a pipeline would say, and what the host would hand over:
//!
//! ```toml
//! call = "target-observe"     # only for kinds with several functions
//! config = { target = "all" } # `with:`
//! grants = { exec = ["make"] }
//! env = { LANG = "C" }
//!
//! [[evidence]]                # every other key is the call's own input, by its name in `plugin call --input`
//! job = "build"
//! step = "scan"
//! body = { measurements = [{ name = "size", value = 1.0, unit = "By" }] }
//! ```
//!
//! `evidence` may be left out. A scanner looks at all of `files/` unless `files = [...]` says otherwise. A test reporter reads
//! `path` of `files/`, which may be left out where there is only one.
//!
//! A configuration that the plugin's schema refuses is not called with: that refusal, as a pipeline's author would read it, is
//! then the outcome. Native tools are the sandbox's own: a case is granted those that `grants` names, and a tool that is
//! declared by its absolute path in the `lockgate.toml` beside the plugin may be a script, which is how a tool that no machine
//! has can be played. What a real tool writes to its log is not compared, and neither are spans of time; see `snapshot`.

use std::fmt;
use std::path::Path;

use lockgate_model::Json;
use lockgate_model::catalog::Descriptor;
use lockgate_model::ids::Digest;
use serde::Serialize;

use crate::Host;
use crate::text::count;

mod case;
mod diff;
mod error;
mod files;
mod perform;
mod snapshot;

pub use error::CaseError;
pub use snapshot::Snapshot;

use case::Case;

/// The folder of cases in a plugin's folder.
pub const CASES_FOLDER: &str = "cases";
/// The file that says what a case is.
pub const CASE_FILE: &str = "case.toml";
/// The snapshot of a case.
pub const EXPECTED_FILE: &str = "expected.json";
/// The files of a case.
pub const FILES_FOLDER: &str = "files";

/// Says what a schema (the first) has against a configuration (the second): one line for each fault, none where it has none.
pub type CheckConfig<'a> = &'a dyn Fn(&Json, &Json) -> Vec<String>;

/// How to test.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Only cases whose name has this in it.
    pub filter: Option<&'a str>,
    /// Write the outcomes as snapshots rather than fail where they differ.
    pub accept: bool,
    /// Checks a configuration as the planner does.
    pub check_config: CheckConfig<'a>,
}

/// How a case ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum Verdict {
    /// The outcome is the snapshot's.
    Same,
    /// The outcome is now the snapshot, where there was none or another one.
    Accepted,
    /// The outcome is another one.
    Differs {
        /// A unified diff from the snapshot to the outcome.
        diff: String,
    },
    /// It could not be tried, or there is no snapshot.
    Broken {
        /// Why, with what to do.
        #[serde(serialize_with = "as_text")]
        error: CaseError,
    },
}

/// A case and how it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tried {
    /// The name of its folder.
    pub name: String,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Every case that was tried, in order of name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The cases.
    pub cases: Vec<Tried>,
    /// Cases that the filter left out.
    pub skipped: usize,
}

impl Report {
    /// Whether no case failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed() == 0
    }

    /// How many cases failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|tried| !tried.verdict.is_good()).count()
    }
}

impl Verdict {
    /// Whether the case is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Same | Self::Accepted)
    }
}

/// A plugin under test.
struct Subject<'a> {
    component: Digest,
    descriptor: Descriptor,
    host: &'a Host<'a>,
    options: &'a Options<'a>,
}

/// Tries the cases of the plugin in `folder`, whose component this is. Every case is tried, whatever became of the others.
///
/// # Errors
/// When there are no cases, or the plugin cannot be asked what it is.
pub fn run(folder: &Path, component: &[u8], host: &Host<'_>, options: &Options<'_>) -> Result<Report, CaseError> {
    let folder = folder.join(CASES_FOLDER);
    let names = files::case_names(&folder)?;
    let descriptor = host.describe(component)?;
    let subject = Subject { component: host.keep(component).map_err(CaseError::Keep)?, descriptor, host, options };
    let (wanted, left): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| options.filter.is_none_or(|filter| name.contains(filter)));
    if let (Some(filter), true) = (options.filter, wanted.is_empty()) {
        return Err(CaseError::NoneFits { filter: filter.to_owned(), names: left });
    }
    let cases = wanted.into_iter().map(|name| subject.try_case(&folder.join(&name), name)).collect();
    Ok(Report { cases, skipped: left.len() })
}

impl Subject<'_> {
    fn try_case(&self, folder: &Path, name: String) -> Tried {
        let verdict = self.verdict(folder).unwrap_or_else(|error| Verdict::Broken { error });
        Tried { name, verdict }
    }

    fn verdict(&self, folder: &Path) -> Result<Verdict, CaseError> {
        let case = Case::read(folder)?;
        let found = perform::perform(self, &case)?;
        let path = folder.join(EXPECTED_FILE);
        let expected = Snapshot::read(&path)?;
        match expected {
            Some(expected) if expected == found => Ok(Verdict::Same),
            _ if self.options.accept => found.write(&path).map(|()| Verdict::Accepted),
            Some(expected) => Ok(Verdict::Differs { diff: diff::unified(&expected, &found)? }),
            None => Err(CaseError::NoSnapshot { path, found: found.text()? }),
        }
    }
}

fn as_text<S: serde::Serializer>(error: &CaseError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&error.chain())
}

/// A line for each case, more where it failed, and a last one that counts, without a line end.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cases.iter().try_for_each(|tried| writeln!(f, "{tried}"))?;
        write!(f, "{}, {} failed", count(self.cases.len(), "case"), self.failed())?;
        if self.skipped > 0 {
            write!(f, ", {} left out", self.skipped)?;
        }
        let differs = self.cases.iter().any(|tried| matches!(tried.verdict, Verdict::Differs { .. }));
        if differs {
            write!(f, "\nwhere the new outcome is right, `lockgate plugin test --accept` keeps it")?;
        }
        Ok(())
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, detail) = match &self.verdict {
            Verdict::Same => ("ok", String::new()),
            Verdict::Accepted => ("accepted", String::new()),
            Verdict::Differs { diff } => ("FAILED", diff.clone()),
            Verdict::Broken { error } => ("FAILED", error.chain()),
        };
        write!(f, "{word:<8}  {}", crate::text::safe(&self.name))?;
        detail.lines().try_for_each(|line| write!(f, "\n    {}", crate::text::safe(line)))
    }
}
