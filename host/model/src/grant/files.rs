//! Which files of the workspace a step may read or change.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs over paths relative to the workspace, made ready to be asked.
///
/// `*` stops at `/`, `**` does not (as in git's ignore rules). A glob that names a folder does not reach into it: write
/// `src/**`.
#[derive(Debug, Clone)]
pub struct FileRules {
    files: GlobSet,
    bases: Vec<Base>,
}

/// The literal folders that a glob begins with, and whether it may lead to folders below them.
#[derive(Debug, Clone)]
struct Base {
    folder: String,
    goes_deeper: bool,
}

impl FileRules {
    /// The rules of a grant; none where the whole workspace is granted.
    ///
    /// # Errors
    /// The glob that is none.
    pub fn new(globs: &[String]) -> Result<Self, String> {
        let mut files = GlobSetBuilder::new();
        for glob in globs {
            let glob = GlobBuilder::new(glob).literal_separator(true).build().map_err(|_| glob.clone())?;
            files.add(glob);
        }
        let files = files.build().map_err(|error| error.to_string())?;
        Ok(Self { files, bases: globs.iter().map(|glob| base(glob)).collect() })
    }

    /// Rules that allow nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { files: GlobSet::empty(), bases: Vec::new() }
    }

    /// Whether the file, link or folder of this path is among them.
    #[must_use]
    pub fn allow(&self, path: &str) -> bool {
        self.files.is_match(path)
    }

    /// Whether the folder of this path is, or stands on the way to something that is: it may be entered and listed.
    #[must_use]
    pub fn allow_folder(&self, path: &str) -> bool {
        // A wildcard may stand for folders below its base, so these are let in; what is in them is asked for again.
        let leads_to = |Base { folder, goes_deeper }: &Base| {
            folder == path || is_below(folder, path) || *goes_deeper && is_below(path, folder)
        };
        self.allow(path) || self.bases.iter().any(leads_to)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn base(glob: &str) -> Base {
    let is_literal = |part: &&str| !part.contains(['*', '?', '[', '{', '\\']);
    let parts: Vec<&str> = glob.split('/').collect();
    let literal: Vec<&str> = parts[..parts.len() - 1].iter().copied().take_while(is_literal).collect();
    let goes_deeper = parts.len() - literal.len() > 1 || parts.last() == Some(&"**");
    Base { folder: literal.join("/"), goes_deeper }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(globs: &[&str]) -> FileRules {
        FileRules::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>()).expect("globs")
    }

    #[test]
    fn files_match_by_glob() {
        let rules = rules(&["src/**/*.rs", "Cargo.toml"]);
        for (path, expected) in
            [("src/a.rs", true), ("src/a/b.rs", true), ("Cargo.toml", true), ("a/Cargo.toml", false)]
        {
            assert_eq!(rules.allow(path), expected, "{path}");
        }
    }

    #[test]
    fn folders_on_the_way_may_be_entered() {
        let check = |glob: &str, folders: &[(&str, bool)]| {
            let rules = rules(&[glob]);
            for (path, expected) in folders {
                assert_eq!(rules.allow_folder(path), *expected, "{glob}: {path}");
            }
        };
        let ways =
            [("", true), ("a", true), ("a/b", true), ("a/b/c", false), ("a/c", false), ("b", false), ("ab", false)];
        check("a/b/*.rs", &ways);
        check("a/**", &[("", true), ("a", true), ("a/b/c", true), ("b", false)]);
        check("a/*/c.rs", &[("a/x", true), ("b", false)]);
        check("Cargo.toml", &[("", true), ("src", false)]);
    }

    #[test]
    fn no_globs_allow_nothing_but_the_root() {
        let rules = rules(&[]);
        assert!(!rules.allow("a") && !rules.allow_folder("a") && !rules.allow_folder(""));
    }

    #[test]
    fn what_is_no_glob_is_named() {
        assert_eq!(FileRules::new(&["[".to_owned()]).err(), Some("[".to_owned()));
    }
}
