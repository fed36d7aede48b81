//! The checkout as the rules see it: its files and its manifests, without what is built or fetched.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const NOT_OURS: [&str; 4] = [".git", ".lockgate", "__pycache__", "node_modules"];

/// A text file.
pub(crate) struct File {
    /// Relative to the project, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// A package of the workspace.
pub(crate) struct Package {
    /// Its folder, relative to the project.
    pub(crate) folder: String,
    /// Its manifest.
    pub(crate) manifest: toml::Table,
}

/// Every text file of the project.
pub(crate) static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let mut files = Vec::new();
    collect(&root(), &mut files);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.len() > 50, "the project was not found from {}", root().display());
    files
});

/// Every package of the workspace.
pub(crate) static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(|| {
    let manifests = FILES.iter().filter_map(|file| Some((file, file.path.strip_suffix("/Cargo.toml")?)));
    manifests.map(|(file, folder)| Package { folder: folder.to_owned(), manifest: parse(file) }).collect()
});

impl File {
    /// Whether it is Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of it is tests, or stands in for the world in them.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    /// `path:line`, counting from 1, of a byte of the text.
    pub(crate) fn place(&self, offset_bytes: usize) -> String {
        format!("{}:{}", self.path, self.text[..offset_bytes].matches('\n').count() + 1)
    }

    /// The text before its unit tests.
    pub(crate) fn without_unit_tests(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}

impl Package {
    /// Names of the packages that it depends on in one of `tables`, those for some platforms only included.
    pub(crate) fn dependencies(&self, tables: &[&str]) -> Vec<(String, toml::Value)> {
        let platforms = self.manifest.get("target").and_then(toml::Value::as_table);
        let platforms = platforms.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
        let parents = std::iter::once(&self.manifest).chain(platforms);
        let tables = parents.flat_map(|parent| tables.iter().filter_map(|name| parent.get(*name)?.as_table()));
        tables.flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file that must be there.
pub(crate) fn file(path: &str) -> &'static File {
    FILES.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("there is no {path}"))
}

/// The manifest of the workspace.
pub(crate) fn workspace() -> toml::Table {
    parse(file("Cargo.toml"))
}

/// Fails with everything that is wrong, one line each.
pub(crate) fn check(rule: &str, broken: impl IntoIterator<Item = String>) {
    let broken: Vec<_> = broken.into_iter().collect();
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}

fn parse(file: &File) -> toml::Table {
    file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path))
}

fn collect(folder: &Path, files: &mut Vec<File>) {
    for entry in folder.read_dir().unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !is_foreign(&name, folder) {
            collect(&entry.path(), files);
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            let path = entry.path().strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            files.push(File { path, text });
        }
    }
}

fn is_foreign(name: &str, parent: &Path) -> bool {
    NOT_OURS.contains(&name) || (name.starts_with("target") && parent == root())
}
