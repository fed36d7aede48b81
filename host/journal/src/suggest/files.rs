//! Paths that were read or written, as few globs.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_model::grant::FileRules;

/// Paths that are named one by one; beyond that they are put together by folder.
pub const EXACT_PATHS_MAX: usize = 8;

/// The glob of the whole workspace.
const EVERYTHING: &str = "**";

/// What was read, or what was written.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// Files, links, folders that are more than passed through.
    paths: BTreeSet<String>,
    /// Folders that were listed.
    folders: BTreeSet<String>,
    /// As a command declared them.
    globs: BTreeSet<String>,
}

impl Paths {
    pub(super) fn add(&mut self, path: Option<String>) {
        self.paths.extend(path.and_then(|path| within_workspace(&path)));
    }

    pub(super) fn add_folder(&mut self, path: Option<String>) {
        self.folders.extend(path.and_then(|path| within_workspace(&path)));
    }

    /// What is no glob inside the workspace matches nothing there.
    pub(super) fn add_glob(&mut self, glob: &str) {
        let leaves = glob.split('/').any(|part| part == "..");
        if !glob.is_empty() && !glob.starts_with('/') && !glob.contains('\\') && !leaves && rules(&[glob]).is_some() {
            self.globs.insert(glob.replace("${{", "[$]{{"));
        }
    }

    /// Whether something below the path was seen, too.
    fn leads_on(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let has_below =
            |paths: &BTreeSet<String>| paths.range(below.clone()..).next().is_some_and(|it| it.starts_with(&below));
        has_below(&self.paths) || has_below(&self.folders)
    }
}

/// The path in its plain form, empty for the workspace itself; nothing where it leads out of it.
fn within_workspace(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_within = !path.starts_with('/') && !path.contains('\0') && !parts.contains(&"..");
    is_within.then(|| parts.join("/"))
}

/// Globs that allow to read all of these paths. What has something below it is a folder, which needs no name then.
pub(super) fn read_globs(paths: &Paths) -> Vec<String> {
    globs(paths, true)
}

/// Globs that allow to change all of these paths. To make or remove a folder is more than to pass through it.
pub(super) fn write_globs(paths: &Paths) -> Vec<String> {
    globs(paths, false)
}

fn globs(paths: &Paths, folders_pass: bool) -> Vec<String> {
    if paths.globs.contains(EVERYTHING) {
        return vec![EVERYTHING.to_owned()];
    }
    let given: Vec<&str> = paths.globs.iter().map(String::as_str).collect();
    let given_rules = rules(&given);
    let is_given = |path: &str| given_rules.as_ref().is_some_and(|rules| rules.allow(path));
    let mut tree = Tree::default();
    for path in paths.paths.iter().filter(|path| !is_given(path)) {
        tree.add(path, paths.folders.contains(path) || (folders_pass && paths.leads_on(path)));
    }
    for folder in paths.folders.iter().filter(|folder| !is_given(folder)) {
        tree.add(folder, true);
    }
    tree.leave_out_folders_on_the_way(&given);
    tree.collapse();
    let mut globs: Vec<String> = paths.globs.iter().cloned().chain(tree.globs()).collect();
    if globs.is_empty() && paths.folders.contains("") {
        // It allows to list the workspace and to read nothing in it.
        globs.push(".".to_owned());
    }
    globs
}

fn rules(globs: &[&str]) -> Option<FileRules> {
    FileRules::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>()).ok()
}

/// What stands for a path or for all that is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// A folder that was listed.
    Folder,
    /// The path itself.
    Path,
    /// Everything below it.
    Below,
    /// Everything below it, and it.
    PathAndBelow,
}

/// Paths by their parts, so that what is below a folder stands behind it.
#[derive(Debug, Default)]
struct Tree(BTreeMap<Vec<String>, Entry>);

impl Tree {
    fn add(&mut self, path: &str, is_folder: bool) {
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if !parts.is_empty() {
            let entry = if is_folder { Entry::Folder } else { Entry::Path };
            self.0.entry(parts).or_insert(entry);
        }
    }

    /// A folder that leads to something granted may be entered and listed without being named.
    fn leave_out_folders_on_the_way(&mut self, given: &[&str]) {
        let is_on_the_way = |parts: &[String]| {
            let folder = format!("{}/", parts.join("/"));
            self.first_below(parts).is_some() || given.iter().any(|glob| glob.starts_with(&folder))
        };
        let folders = self.0.iter().filter(|(_, entry)| **entry == Entry::Folder).map(|(parts, _)| parts);
        let gone: Vec<_> = folders.filter(|parts| is_on_the_way(parts)).cloned().collect();
        for parts in gone {
            self.0.remove(&parts);
        }
    }

    fn first_below(&self, parts: &[String]) -> Option<&Vec<String>> {
        let behind = self.0.range(parts.to_vec()..).map(|(other, _)| other).find(|other| *other != parts);
        behind.filter(|other| other.starts_with(parts))
    }

    /// Puts paths together by folder, the deepest and fullest first, until they are few.
    fn collapse(&mut self) {
        let depth = self.0.keys().map(Vec::len).max().unwrap_or_default();
        for depth in (1..depth).rev() {
            let mut folders: BTreeMap<Vec<String>, usize> = BTreeMap::new();
            for parts in self.0.keys().filter(|parts| parts.len() > depth) {
                *folders.entry(parts[..depth].to_vec()).or_default() += 1;
            }
            let mut folders: Vec<_> = folders.into_iter().filter(|(_, count)| *count > 1).collect();
            folders.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            for (folder, _) in folders {
                if self.0.len() <= EXACT_PATHS_MAX {
                    return;
                }
                self.collapse_folder(folder);
            }
        }
    }

    fn collapse_folder(&mut self, folder: Vec<String>) {
        while let Some(below) = self.first_below(&folder).cloned() {
            self.0.remove(&below);
        }
        let is_itself = self.0.get(&folder) == Some(&Entry::Path);
        self.0.insert(folder, if is_itself { Entry::PathAndBelow } else { Entry::Below });
    }

    fn globs(&self) -> BTreeSet<String> {
        let is_file_above = |(parts, entry): &(&Vec<String>, &Entry)| parts.len() == 1 && **entry < Entry::Below;
        // Files beside each other at the very top have no folder but the workspace: `*` stops there.
        let too_many = self.0.iter().filter(is_file_above).count() > EXACT_PATHS_MAX;
        let kept = self.0.iter().filter(|one| !(too_many && is_file_above(one)));
        let globs = kept.flat_map(|(parts, entry)| {
            let path = literal(&parts.join("/"));
            let below = format!("{path}/**");
            match entry {
                Entry::Folder | Entry::Path => vec![path],
                Entry::Below => vec![below],
                Entry::PathAndBelow => vec![path, below],
            }
        });
        globs.chain(too_many.then(|| "*".to_owned())).collect()
    }
}

/// A glob for this path and no other; where a backslash is in it, for any letter in that place.
fn literal(path: &str) -> String {
    let mut glob = String::new();
    for letter in path.chars() {
        match letter {
            '*' | '?' | '[' | '{' | '}' => glob.extend(['[', letter, ']']),
            '\\' => glob.push('?'),
            _ => glob.push(letter),
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words with a slash at the end are folders that were listed, words with `=` before them a command's globs.
    fn check(seen: &str, expected: &str) {
        let mut paths = Paths::default();
        for word in seen.split_whitespace() {
            match (word.strip_prefix('='), word.strip_suffix('/')) {
                (Some(glob), _) => paths.add_glob(glob),
                (_, Some(folder)) => paths.add_folder(Some(folder.to_owned())),
                _ => paths.add(Some(word.to_owned())),
            }
        }
        assert_eq!(write_globs(&paths).join(" "), expected, "{seen}");
    }

    #[test]
    fn few_paths_are_named() {
        check("", "");
        check("src/a.rs ./Cargo.toml src//b.rs", "Cargo.toml src/a.rs src/b.rs");
        check("/etc/passwd ../up a/../../b", "");
    }

    #[test]
    fn folders_are_named_where_nothing_leads_through_them() {
        check("src/ src/a.rs ./", "src/a.rs");
        check("src/ src ./", "src");
        check("src/ =src/**", "src/**");
        check("./", ".");
        check("out out/a", "out out/a");
    }

    #[test]
    fn a_folder_that_is_only_looked_at_needs_no_name() {
        let mut paths = Paths::default();
        for path in ["out", "out/a"] {
            paths.add(Some(path.to_owned()));
        }
        assert_eq!(read_globs(&paths), ["out/a"]);
        paths.add_glob("out/*");
        assert_eq!(read_globs(&paths), ["out/*"]);
    }

    #[test]
    fn many_paths_become_folders() {
        check("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8", "a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8");
        check("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 a/9", "a/**");
        check("a/x/1 a/x/2 a/x/3 a/x/4 a/x/5 a/x/6 a/x/7 a/2 b/9", "a/2 a/x/** b/9");
        check("a a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 b", "a a/** b");
        check("1 2 3 4 5 6 7 8 9 a/b", "* a/b");
        check("a/1 b/1 c/1 d/1 e/1 f/1 g/1 h/1 i/1", "a/1 b/1 c/1 d/1 e/1 f/1 g/1 h/1 i/1");
    }

    #[test]
    fn globs_of_a_command_stand_and_cover() {
        check("=src/**/*.rs src/a.rs src/b.c", "src/**/*.rs src/b.c");
        check("=** a b", "**");
        check("=/etc/** =../x =[ =a\\b a", "a");
        check("=x/${{a}}", "x/[$]{{a}}");
    }

    #[test]
    fn letters_of_a_glob_mean_themselves() {
        check("a* b?c d[1] {e} f\\g ${{h}}", "$[{][{]h[}][}] [{]e[}] a[*] b[?]c d[[]1] f?g");
    }
}
