//! Paths as cargo and rustc write them, as paths of the workspace.

use std::path::{Path, PathBuf};

/// Knows where the workspace is, and where in it cargo was run.
#[derive(Debug, Clone)]
pub struct Places {
    workspace: PathBuf,
    working_directory: PathBuf,
}

impl Places {
    /// `working_directory` is relative to the workspace.
    #[must_use]
    pub fn new(workspace: PathBuf, working_directory: Option<&str>) -> Self {
        Self { workspace, working_directory: PathBuf::from(working_directory.unwrap_or_default()) }
    }

    /// A path of the workspace. rustc writes paths relative to cargo's own workspace root, which is the folder that
    /// cargo was run in or one above it: the deepest one that has the file is it.
    #[must_use]
    pub fn resolve(&self, path: &str) -> String {
        if Path::new(path).is_absolute() {
            return self.inside(path).unwrap_or_else(|| path.to_owned());
        }
        let plain = path.trim_start_matches("./");
        let found = self
            .working_directory
            .ancestors()
            .map(|root| root.join(plain))
            .find(|path| self.workspace.join(path).exists());
        found.map_or_else(|| plain.to_owned(), |path| path.to_string_lossy().into_owned())
    }

    /// An absolute path of the tool's own view, relative to the workspace; absent when it stands outside. The tool may
    /// see the workspace at another place than the plugin: then the longest ending that exists counts.
    #[must_use]
    pub fn inside(&self, path: &str) -> Option<String> {
        if let Ok(inside) = Path::new(path).strip_prefix(&self.workspace) {
            return Some(inside.to_string_lossy().into_owned());
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        (1..parts.len()).map(|from| parts[from..].join("/")).find(|ending| self.workspace.join(ending).exists())
    }

    /// A path of the workspace on disk.
    #[must_use]
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.workspace.join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_folder_that_has_the_file_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["crates/a/src/lib.rs", "crates/b/src/lib.rs", "src/main.rs"] {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let places = Places::new(folder.path().to_owned(), Some("crates/a"));
        for (path, expected) in [
            ("src/lib.rs", "crates/a/src/lib.rs"),
            ("./src/lib.rs", "crates/a/src/lib.rs"),
            ("crates/b/src/lib.rs", "crates/b/src/lib.rs"),
            ("src/main.rs", "src/main.rs"),
            ("src/gone.rs", "src/gone.rs"),
            ("/build/x/crates/b/src/lib.rs", "crates/b/src/lib.rs"),
            ("/rustc/59807616/library/std/src/lib.rs", "/rustc/59807616/library/std/src/lib.rs"),
        ] {
            assert_eq!(places.resolve(path), expected, "{path}");
        }
        let own = folder.path().join("target/debug/x");
        assert_eq!(places.inside(own.to_str().unwrap()).as_deref(), Some("target/debug/x"));
    }
}
