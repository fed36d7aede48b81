//! Whether one ask holds all that another one wants. In doubt it does not.

use globset::GlobBuilder;
use lockgate_model::catalog::Ask;

const GLOB_CHARACTERS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// Whether everything that `narrow` wants lies within what `wide` wants; whether either is optional does not matter.
pub(crate) fn covers(wide: &Ask, narrow: &Ask) -> bool {
    wide.kind == narrow.kind && holds(&wide.kind, &normal(wide), &normal(narrow))
}

/// A pattern in the form in which patterns of its kind are compared.
fn normal(ask: &Ask) -> String {
    match ask.kind.as_str() {
        "http" => ask.pattern.to_ascii_lowercase(),
        _ => ask.pattern.clone(),
    }
}

fn holds(kind: &str, wide: &str, narrow: &str) -> bool {
    let is_path = matches!(kind, "read" | "write");
    if wide == narrow || wide == "*" || (is_path && wide == "**") {
        return true;
    }
    // A path that climbs is refused by the host wherever it leads; here it must not hide behind a folder's name.
    if is_path && narrow.contains("..") {
        return false;
    }
    if !narrow.contains(GLOB_CHARACTERS) {
        return matches(wide, narrow, is_path);
    }
    if is_path { is_below(wide, narrow) } else { ends_alike(wide, narrow) }
}

fn matches(glob: &str, text: &str, is_path: bool) -> bool {
    let glob = GlobBuilder::new(glob).literal_separator(is_path).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(text))
}

/// `src/**` holds every glob that begins with `src/`.
fn is_below(wide: &str, narrow: &str) -> bool {
    let folder = wide.strip_suffix("**").filter(|folder| folder.ends_with('/') && !folder.contains(GLOB_CHARACTERS));
    folder.is_some_and(|folder| narrow.starts_with(folder))
}

/// `*.example` holds every glob that ends with `.example`.
fn ends_alike(wide: &str, narrow: &str) -> bool {
    let end = wide.strip_prefix('*').filter(|end| !end.contains(GLOB_CHARACTERS));
    end.is_some_and(|end| narrow.ends_with(end))
}
