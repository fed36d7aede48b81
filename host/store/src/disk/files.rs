//! Picking files of a tree by glob.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use lockgate_model::tree::TreeFile;
use lockgate_ports::WorkspaceError;

use super::tree::Folder;

/// Regular files that match one of the globs, by path. `*` stays within a name, `**` crosses folders.
pub(super) fn matching(tree: &Folder, globs: &[String]) -> Result<Vec<TreeFile>, WorkspaceError> {
    let wanted = parse(globs)?;
    let mut files = Vec::new();
    tree.each_file(&mut |path, file| {
        if wanted.is_match(path) {
            files.push(TreeFile { path: path.to_owned(), digest: file.digest, size_bytes: file.size_bytes });
        }
    });
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn parse(globs: &[String]) -> Result<GlobSet, WorkspaceError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let parsed = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(parsed.map_err(|error| invalid(glob, &error))?);
    }
    set.build().map_err(|error| invalid(&globs.join("`, `"), &error))
}

fn invalid(glob: &str, error: &globset::Error) -> WorkspaceError {
    WorkspaceError::Invalid(format!("`{glob}` is no glob: {}", error.kind()))
}
