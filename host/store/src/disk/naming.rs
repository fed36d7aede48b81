//! Names of folders on disk for things that people name.

use std::path::{Component, Path};

use lockgate_model::ids::{Digest, is_word};
use lockgate_ports::WorkspaceError;

const WORD_BYTES_MAX: usize = 64;
const DIGEST_DIGITS: usize = 16;

/// A file name that is different for different texts: a word stands for itself, anything else gets a digest behind a
/// `+`, which no word contains.
pub(super) fn safe_name(text: &str) -> String {
    if is_word(text) && text.len() <= WORD_BYTES_MAX {
        return text.to_owned();
    }
    let legible = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let word: String = text.trim_start_matches('.').chars().map(legible).take(WORD_BYTES_MAX).collect();
    format!("{word}+{}", &Digest::of(text.as_bytes()).hex()[..DIGEST_DIGITS])
}

/// Checks a name of something inside a workspace and gives it without needless slashes.
pub(super) fn relative_name(name: &str) -> Result<String, WorkspaceError> {
    let parts: Option<Vec<&str>> = Path::new(name).components().map(normal_part).collect();
    match parts {
        Some(parts) if !parts.is_empty() && !name.contains('\0') => Ok(parts.join("/")),
        _ => Err(WorkspaceError::Invalid(format!(
            "`{}` is no folder in the workspace; give a relative path without `.` or `..`, such as `target`",
            name.escape_debug()
        ))),
    }
}

fn normal_part(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    }
}
