//! Which files a command sees and which of its files are kept.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use lockgate_ports::ToolError;

/// Some patterns. `*` stays within one folder, `**` crosses folders, and a pattern that names a folder stands for all
/// that is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globs {
    /// Patterns with wildcards.
    set: GlobSet,
    /// Files and folders that are named as they are; the empty one is the workspace itself.
    literal: Vec<String>,
    patterns: Vec<String>,
}

impl Globs {
    /// Reads patterns relative to the workspace.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, ToolError> {
        let (mut set, mut literal) = (GlobSetBuilder::new(), Vec::new());
        let mut kept = Vec::new();
        for pattern in patterns {
            let relative = checked(pattern)?;
            kept.push(relative.to_owned());
            // Most patterns are plain names or everything, and to build a matcher takes longer than to use it.
            if relative == "**" || !relative.contains(['*', '?', '[', ']', '{', '}', '\\']) {
                literal.push(relative.trim_start_matches("**").to_owned());
                continue;
            }
            for text in [relative.to_owned(), format!("{relative}/**")] {
                let glob = GlobBuilder::new(&text).literal_separator(true).build();
                set.add(glob.map_err(|error| invalid(pattern, &error.to_string()))?);
            }
        }
        let set = set.build().map_err(|error| invalid(&patterns.join(", "), &error.to_string()))?;
        Ok(Self { set, literal, patterns: kept })
    }

    /// Whether a path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.literal.iter().any(|folder| is_within(path, folder)) || self.set.is_match(path)
    }

    /// Whether something in a folder could match: folders that cannot hold a match are not walked.
    pub(crate) fn reach_into(&self, folder: &str) -> bool {
        self.patterns.iter().any(|pattern| {
            let literal = literal_folders(pattern);
            is_within(folder, literal) || is_within(literal, folder)
        })
    }

    /// The patterns that name `folder` itself. Those that only happen to cover it, like `**`, are not meant for it.
    pub(crate) fn naming(&self, folder: &str) -> Result<Self, ToolError> {
        let names = |pattern: &&String| *pattern == folder || is_within(literal_folders(pattern), folder);
        Self::new(&self.patterns.iter().filter(names).cloned().collect::<Vec<_>>())
    }

    /// Whether there are none.
    pub(crate) fn are_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns in order, each once: for keys.
    pub(crate) fn sorted(&self) -> Vec<String> {
        let set: std::collections::BTreeSet<&String> = self.patterns.iter().collect();
        set.into_iter().cloned().collect()
    }
}

/// Whether `path` is `folder` or lies in it. Everything lies in the empty path.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A relative path without `.` and `..`, or why it is none.
pub(crate) fn relative(path: &str) -> Option<&str> {
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    path.split('/').all(is_plain).then_some(path)
}

fn checked(pattern: &str) -> Result<&str, ToolError> {
    relative(pattern).ok_or_else(|| invalid(pattern, "patterns are relative to the workspace and stay in it"))
}

fn invalid(pattern: &str, why: &str) -> ToolError {
    ToolError::Denied(format!("the pattern `{pattern}` cannot be used: {why}"))
}

/// The folders that a pattern names before its first wildcard; all of one that has none.
fn literal_folders(pattern: &str) -> &str {
    let Some(wild) = pattern.find(['*', '?', '[', '{', '\\']) else { return pattern };
    pattern[..wild].rfind('/').map_or("", |slash| &pattern[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> Globs {
        Globs::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn patterns_match_as_documented() {
        let check = |pattern, path, expected| assert_eq!(globs(&[pattern]).matches(path), expected, "{pattern} {path}");
        check("**", "a/b/.hidden", true);
        check("*.rs", "a.rs", true);
        check("*.rs", "src/a.rs", false);
        check("src/**/*.rs", "src/a.rs", true);
        check("src/**/*.rs", "src/a/b.rs", true);
        check("dist", "dist/a/b", true);
        check("./dist/", "dist/a", true);
        check("dist", "distant", false);
    }

    #[test]
    fn patterns_stay_in_the_workspace() {
        for pattern in ["/etc/*", "../x", "a/../../b", "", "a//b", "[", "a\0b"] {
            assert!(matches!(Globs::new(&[pattern.to_owned()]), Err(ToolError::Denied(_))), "{pattern}");
        }
    }

    #[test]
    fn folders_without_a_possible_match_are_not_walked() {
        let check = |pattern, folder, expected| {
            assert_eq!(globs(&[pattern]).reach_into(folder), expected, "{pattern} {folder}");
        };
        check("target/package/*.crate", "target", true);
        check("target/package/*.crate", "target/package", true);
        check("target/package/*.crate", "target/debug", false);
        check("**/x", "anything/at/all", true);
        check("dist", "dist/sub", true);
        check("dist", "other", false);
        check("a/b/file", "a", true);
        check("a/b/file", "a/c", false);
    }

    #[test]
    fn scratch_is_meant_only_where_it_is_named() {
        let check = |pattern, expected: bool| {
            assert_eq!(!globs(&[pattern]).naming("target").unwrap().are_empty(), expected, "{pattern}");
        };
        check("target/package/*.crate", true);
        check("target/*.d", true);
        check("target", true);
        check("**", false);
        check("*/x", false);
        check("targets/x", false);
    }
}
