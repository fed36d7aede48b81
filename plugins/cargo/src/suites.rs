//! Which test binary each block of libtest's output belongs to.
//!
//! Cargo names the binaries on standard error, libtest writes the blocks to standard output, both in the order of the
//! runs. A binary with a harness of its own has no block, so the two lists are aligned by what both of them know:
//! whether it failed, and whether its tests are documentation tests.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Artifact, TargetKind};

use crate::libtest::Block;
use crate::{harness, package};

/// A run that cargo announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// `tests/integ.rs (target/debug/deps/integ-2d5f9e4a0798f2b4)` gives the executable, `Doc-tests tiny` the crate.
    pub what: Run,
    /// Whether cargo said that it failed.
    pub failed: bool,
    /// How the process ended where it was not libtest that ended it: `signal: 6, SIGABRT: process abort signal`.
    pub ending: Option<String>,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// A test binary, by the name of its file.
    Binary(String),
    /// The documentation tests of a crate.
    Doc(String),
}

/// Reads cargo's status lines. A test may have left text before one on the same line.
#[must_use]
pub fn announced(stderr: &str) -> Vec<Announced> {
    let mut runs: Vec<Announced> = Vec::new();
    for line in stderr.lines() {
        if let Some(what) = run(line) {
            runs.push(Announced { what, failed: false, ending: None });
        } else if let Some(last) = runs.last_mut() {
            last.failed |= line.contains("test failed, to rerun pass");
            last.ending = last.ending.take().or_else(|| ending(line));
        }
    }
    runs
}

fn run(line: &str) -> Option<Run> {
    if let Some((_, name)) = line.split_once("   Doc-tests ") {
        return Some(Run::Doc(name.trim().to_owned()));
    }
    let (_, rest) = line.split_once("     Running ")?;
    let (_, path) = rest.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    Some(Run::Binary(path.rsplit(['/', '\\']).next()?.to_owned()))
}

/// `  process didn't exit successfully: `PATH ARGS` (signal: 6, SIGABRT: process abort signal)`; libtest's own code 101 is no news.
fn ending(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("process didn't exit successfully: `")?;
    let (_, ending) = rest.strip_suffix(')')?.rsplit_once("` (")?;
    (ending != "exit status: 101").then(|| ending.to_owned())
}

/// The names of test binaries, as cargo-nextest forms them: `package`, `package::test`, `package::bin/name`; for
/// documentation tests `package::doc`.
#[derive(Debug, Default)]
pub struct Names {
    by_file: BTreeMap<String, String>,
    by_crate: BTreeMap<String, String>,
    own_harness: BTreeSet<String>,
}

impl Names {
    /// Learns them from cargo's artifacts.
    #[must_use]
    pub fn new(artifacts: &[Artifact]) -> Self {
        let mut names = Self::default();
        for artifact in artifacts {
            let package = package::name(&artifact.package_id.repr);
            if let Some(file) = artifact.executable.as_ref().and_then(|path| path.file_name()) {
                names.by_file.insert(file.to_owned(), binary(package, artifact));
            }
            if is_library(artifact) {
                names.by_crate.insert(artifact.target.name.replace('-', "_"), package.to_owned());
            }
        }
        names
    }

    /// Learns from a reader of manifests which binaries have a harness of their own.
    #[must_use]
    pub fn with_manifests(mut self, artifacts: &[Artifact], read: impl Fn(&str) -> Option<String>) -> Self {
        for artifact in artifacts {
            let file = artifact.executable.as_ref().and_then(|path| path.file_name());
            let (Some(file), Some(manifest)) = (file, read(artifact.manifest_path.as_str())) else { continue };
            let library = if is_library(artifact) { artifact.target.name.as_str() } else { "" };
            if harness::without_libtest(&manifest, library).contains(&artifact.target.name) {
                self.own_harness.insert(file.to_owned());
            }
        }
        self
    }

    /// Whether libtest runs it, as far as is known.
    #[must_use]
    pub fn is_libtest(&self, run: &Run) -> bool {
        !matches!(run, Run::Binary(file) if self.own_harness.contains(file))
    }

    /// The suite's name.
    #[must_use]
    pub fn of(&self, run: &Run) -> String {
        match run {
            Run::Binary(file) => self.by_file.get(file).cloned().unwrap_or_else(|| without_hash(file).to_owned()),
            Run::Doc(krate) => format!("{}::doc", self.by_crate.get(&krate.replace('-', "_")).unwrap_or(krate)),
        }
    }
}

fn is_library(artifact: &Artifact) -> bool {
    let other = [TargetKind::Bin, TargetKind::Test, TargetKind::Bench, TargetKind::Example, TargetKind::CustomBuild];
    !artifact.target.kind.iter().any(|kind| other.contains(kind))
}

fn binary(package: &str, artifact: &Artifact) -> String {
    let name = &artifact.target.name;
    match artifact.target.kind.first() {
        Some(TargetKind::Test) => format!("{package}::{name}"),
        Some(kind @ (TargetKind::Bin | TargetKind::Example | TargetKind::Bench)) => format!("{package}::{kind}/{name}"),
        _ => package.to_owned(),
    }
}

fn without_hash(file: &str) -> &str {
    file.rsplit_once('-').map_or(file, |(name, _)| name)
}

/// For each block the index of its run, and whether more than one alignment would fit.
#[derive(Debug, PartialEq, Eq)]
pub struct Alignment {
    /// By block; absent where no run is left for it.
    pub runs: Vec<Option<usize>>,
    /// Whether another alignment fits as well.
    pub is_ambiguous: bool,
}

/// Aligns blocks with runs, keeping the order of both. `is_libtest` says of a run whether its manifest leaves the harness
/// to libtest; a harness of its own may write as libtest does, so it is asked only where the counts differ.
#[must_use]
pub fn align(blocks: &[Block], runs: &[Announced], is_libtest: impl Fn(&Run) -> bool) -> Alignment {
    let certain = |runs: Vec<usize>| Alignment { runs: runs.into_iter().map(Some).collect(), is_ambiguous: false };
    if blocks.len() == runs.len() {
        return certain((0..runs.len()).collect());
    }
    let plain: Vec<usize> = (0..runs.len()).filter(|index| is_libtest(&runs[*index].what)).collect();
    if blocks.len() == plain.len() {
        return certain(plain);
    }
    let first = greedy(blocks.iter(), runs.iter().enumerate());
    let mut last = greedy(blocks.iter().rev(), runs.iter().enumerate().rev());
    last.reverse();
    Alignment { is_ambiguous: first != last, runs: first }
}

fn greedy<'a>(
    blocks: impl Iterator<Item = &'a Block>,
    mut runs: impl Iterator<Item = (usize, &'a Announced)>,
) -> Vec<Option<usize>> {
    blocks.map(|block| runs.find(|(_, run)| fits(block, run)).map(|(index, _)| index)).collect()
}

fn fits(block: &Block, run: &Announced) -> bool {
    let is_doc = matches!(run.what, Run::Doc(_));
    block.is_doc().is_none_or(|doc| doc == is_doc) && (block.tally.is_none() || block.is_ok() != run.failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libtest::parse;

    const STDERR: &str = "   Compiling tiny v0.3.0 (/w/tiny)
    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.71s
     Running unittests src/lib.rs (target/debug/deps/tiny-adb18318bfba897d)
raw text     Running unittests src/main.rs (target/debug/deps/tiny_bin-b950c8c62b8d66af)
error: test failed, to rerun pass `--bin tiny-bin`

Caused by:
  process didn't exit successfully: `/w/target/debug/deps/tiny_bin-b950c8c62b8d66af` (signal: 6, SIGABRT: process abort signal)
     Running tests/custom.rs (target/debug/deps/custom-8605a1ef061c0e7e)
error: test failed, to rerun pass `--test custom`

Caused by:
  process didn't exit successfully: `/w/target/debug/deps/custom-8605a1ef061c0e7e` (exit status: 101)
   Doc-tests tiny
error: 2 targets failed:
    `--bin tiny-bin`
    `--test custom`
";

    #[test]
    fn runs_are_read_from_cargos_status_lines() {
        let run = |what, failed, ending: Option<&str>| Announced { what, failed, ending: ending.map(str::to_owned) };
        let binary = |name: &str| Run::Binary(name.to_owned());
        let expected = [
            run(binary("tiny-adb18318bfba897d"), false, None),
            run(binary("tiny_bin-b950c8c62b8d66af"), true, Some("signal: 6, SIGABRT: process abort signal")),
            run(binary("custom-8605a1ef061c0e7e"), true, None),
            run(Run::Doc("tiny".to_owned()), false, None),
        ];
        assert_eq!(announced(STDERR), expected);
    }

    fn check(blocks: &str, stderr: &str, expected: &[Option<usize>], is_ambiguous: bool) {
        let expected = Alignment { runs: expected.to_vec(), is_ambiguous };
        assert_eq!(align(&parse(blocks), &announced(stderr), |_| true), expected, "{blocks}");
    }

    #[test]
    fn a_manifest_tells_which_run_has_no_block() {
        let is_libtest = |run: &Run| *run != Run::Binary("a-1".to_owned());
        let alignment = align(&parse(&format!("{OK}{DOC}")), &announced(&HEADS.concat()), is_libtest);
        assert_eq!(alignment, Alignment { runs: vec![Some(1), Some(2)], is_ambiguous: false });
    }

    const OK: &str =
        "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    const RED: &str = "running 1 test\ntest a ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
    const DOC: &str = "running 1 test\ntest src/lib.rs - f (line 3) ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    const HEADS: [&str; 3] = ["     Running a (t/a-1)\n", "     Running b (t/b-1)\n", "   Doc-tests c\n"];
    const FAILED: &str = "error: test failed, to rerun pass `--lib`\n";

    #[test]
    fn as_many_blocks_as_runs_are_one_to_one() {
        check(&format!("{OK}{OK}{DOC}"), &HEADS.concat(), &[Some(0), Some(1), Some(2)], false);
    }

    #[test]
    fn a_run_without_a_block_is_found_by_what_both_lists_know() {
        check(
            &format!("{RED}{DOC}"),
            &format!("{}{}{FAILED}{}", HEADS[0], HEADS[1], HEADS[2]),
            &[Some(1), Some(2)],
            false,
        );
        check(DOC, &HEADS.concat(), &[Some(2)], false);
        check(&format!("{OK}{DOC}"), &HEADS.concat(), &[Some(0), Some(2)], true);
        check(OK, "", &[None], false);
    }
}
