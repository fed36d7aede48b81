//! Files that outlive the workspace: binaries, `.crate` files, whatever the pipeline names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand, TargetKind};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use lockgate_sdk::{Artifact, Failure, artifacts};

use crate::config::{Config, Subcommand};
use crate::invocation;
use crate::places::Places;
use crate::stream::Stream;

/// Artifacts that one step publishes.
pub const ARTIFACTS_MAX: usize = 256;
/// Folders below one another that are searched for files to publish.
const FOLDERS_DEEP_MAX: usize = 32;

/// Endings of what a linker leaves, by platform; the first is that of Unix.
const EXECUTABLE_ENDINGS: [&str; 3] = ["", ".exe", ".wasm"];
const LIBRARY_ENDINGS: [(&str, &str); 4] = [("lib", ".so"), ("lib", ".dylib"), ("", ".dll"), ("", ".wasm")];

/// Globs of what the command shall leave in the workspace. `metadata` is needed where binaries are wanted.
#[must_use]
pub fn outputs(config: &Config, metadata: Option<&Metadata>) -> Vec<String> {
    let mut outputs = config.artifacts.clone();
    if config.command == Subcommand::Package {
        outputs.extend(target_folders(config).into_iter().map(|target| format!("{target}/package/*.crate")));
    }
    let names: BTreeSet<String> = metadata.map(binary_names).unwrap_or_default();
    for folder in target_folders(config) {
        outputs.extend(names.iter().map(|name| format!("{folder}/{}/{name}", invocation::profile_folder(config))));
    }
    outputs
}

/// Reads `cargo metadata`.
///
/// # Errors
/// `metadata`, when it is not what cargo writes.
pub fn metadata(stdout: &str) -> Result<Metadata, Failure> {
    MetadataCommand::parse(stdout)
        .map_err(|error| Failure::new("metadata", format!("cannot read `cargo metadata`: {error}")))
}

/// Publishes what was asked for; a file is published once.
///
/// # Errors
/// When the host refuses one, or a glob is none.
pub fn publish(config: &Config, stream: &Stream, stderr: &str, places: &Places) -> Result<Vec<Artifact>, Failure> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    if config.publish_binaries {
        paths.extend(binaries(stream, places));
    }
    if config.command == Subcommand::Package {
        paths.extend(packages(config, stderr, places));
    }
    paths.extend(matching(&config.artifacts, places)?);
    if paths.len() > ARTIFACTS_MAX {
        let message = format!("{} files are to be published, more than {ARTIFACTS_MAX}", paths.len());
        return Err(
            Failure::new("too-many-artifacts", message).help("name fewer in `artifacts:`, or pack them into one")
        );
    }
    paths.iter().map(|path| Ok(artifacts::publish(file_name(path), path, media_type(path))?)).collect()
}

/// `target` beside the manifest: of the working directory, or of a workspace above it.
fn target_folders(config: &Config) -> Vec<String> {
    let folder = Path::new(config.working_directory.as_deref().unwrap_or_default());
    folder.ancestors().map(|folder| folder.join("target").to_string_lossy().into_owned()).collect()
}

fn binary_names(metadata: &Metadata) -> BTreeSet<String> {
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    targets
        .flat_map(|target| {
            let is = |kind: &TargetKind| target.kind.contains(kind);
            let executables =
                is(&TargetKind::Bin).then(|| EXECUTABLE_ENDINGS.map(|end| format!("{}{end}", target.name)).to_vec());
            let library = target.name.replace('-', "_");
            let libraries = is(&TargetKind::CDyLib)
                .then(|| LIBRARY_ENDINGS.map(|(begin, end)| format!("{begin}{library}{end}")).to_vec());
            executables.into_iter().chain(libraries).flatten()
        })
        .collect()
}

/// What cargo said it made: executables of `[[bin]]` targets and C libraries.
fn binaries(stream: &Stream, places: &Places) -> Vec<String> {
    let made = stream.artifacts.iter().flat_map(|artifact| {
        let is = |kind: &TargetKind| artifact.target.kind.contains(kind);
        let executable = artifact.executable.iter().filter(|_| is(&TargetKind::Bin));
        let libraries = artifact.filenames.iter().filter(|path| is(&TargetKind::CDyLib) && is_library(path.as_str()));
        executable.chain(libraries).cloned().collect::<Vec<_>>()
    });
    made.filter_map(|path| places.inside(path.as_str())).filter(|path| places.on_disk(path).is_file()).collect()
}

fn is_library(path: &str) -> bool {
    LIBRARY_ENDINGS.iter().any(|(_, end)| path.ends_with(end))
}

/// `   Packaging tiny v0.3.0 (/w/tiny)` names what was packed in this very run.
fn packages(config: &Config, stderr: &str, places: &Places) -> Vec<String> {
    let files = stderr.lines().filter_map(crate_file);
    let found = files.filter_map(|file| {
        let paths = target_folders(config).into_iter().map(|target| format!("{target}/package/{file}"));
        paths.into_iter().find(|path| places.on_disk(path).is_file())
    });
    found.collect()
}

fn crate_file(line: &str) -> Option<String> {
    let mut words = line.trim_start().strip_prefix("Packaging ")?.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    Some(format!("{name}-{version}.crate"))
}

fn matching(globs: &[String], places: &Places) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for glob in globs {
        let set = glob_set(glob)?;
        search(&literal_folder(glob), &set, places, FOLDERS_DEEP_MAX, &mut found);
    }
    Ok(found)
}

/// As the host reads globs: `*` stays within a folder, and a pattern that names a folder stands for all that is in it.
fn glob_set(glob: &str) -> Result<GlobSet, Failure> {
    let refused =
        |error: globset::Error| Failure::new("bad-config", format!("`artifacts: {glob}` is not a glob: {error}"));
    let mut set = GlobSetBuilder::new();
    for pattern in [glob.to_owned(), format!("{glob}/**")] {
        set.add(GlobBuilder::new(&pattern).literal_separator(true).build().map_err(refused)?);
    }
    set.build().map_err(refused)
}

/// The folders that a glob names before its first wildcard.
fn literal_folder(glob: &str) -> String {
    let mut parts: Vec<&str> = glob.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
    if parts.len() == glob.split('/').count() {
        parts.pop();
    }
    parts.join("/")
}

/// Files below a folder, in order of name; links are not followed, and a folder that is not there has none.
fn search(folder: &str, set: &GlobSet, places: &Places, deep: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(places.on_disk(folder)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && deep > 0 {
            search(&path, set, places, deep - 1, found);
        } else if kind.is_file() && set.is_match(&path) {
            found.push(path);
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("crate" | "gz" | "tgz") => "application/gzip",
        Some("html") => "text/html",
        Some("json") => "application/json",
        Some("txt" | "md") => "text/plain",
        Some("wasm") => "application/wasm",
        Some("xml") => "application/xml",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_before_the_first_wildcard() {
        for (glob, expected) in
            [("target/doc/**", "target/doc"), ("a/b.txt", "a"), ("*.md", ""), ("b.txt", ""), ("a/{x,y}/z", "a")]
        {
            assert_eq!(literal_folder(glob), expected, "{glob}");
        }
    }

    #[test]
    fn packaging_lines_name_the_file() {
        assert_eq!(crate_file("   Packaging tiny v0.3.0 (/w/tiny)").as_deref(), Some("tiny-0.3.0.crate"));
        assert_eq!(crate_file("    Packaged 6 files, 1.2KiB"), None);
    }

    #[test]
    fn outputs_follow_the_command() {
        let config = |text| serde_json::from_str::<Config>(text).unwrap();
        let package = config(r#"{"command":"package","working-directory":"crates/a","artifacts":["x"]}"#);
        let expected =
            ["x", "crates/a/target/package/*.crate", "crates/target/package/*.crate", "target/package/*.crate"];
        assert_eq!(outputs(&package, None), expected);
        assert!(outputs(&config(r#"{"command":"test"}"#), None).is_empty());
    }

    #[test]
    fn globs_find_files_and_follow_no_link() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/x.txt", "a/b/y.txt", "z.txt"] {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
        let places = Places::new(folder.path().to_owned(), None);
        let check = |glob: &str, expected: &[&str]| {
            let mut found = matching(&[glob.to_owned()], &places).unwrap();
            found.sort();
            assert_eq!(found, expected, "{glob}");
        };
        check("a/*.txt", &["a/x.txt"]);
        check("**/*.txt", &["a/b/y.txt", "a/x.txt", "z.txt"]);
        check("a/b", &["a/b/y.txt"]);
        check("gone/**", &[]);
        assert_eq!(matching(&["[".to_owned()], &places).unwrap_err().code, "bad-config");
    }
}
