//! Names of plugins: of a package, of a folder, of an OCI repository and of an alias at once.

use super::NewError;

/// An OCI repository's name may have 255 characters with its registry and folders; this leaves room for them.
const NAME_BYTES_MAX: usize = 64;
/// Names that cargo refuses or that name something else: words of the language, crates of its library, folders that cargo
/// makes, files that some systems cannot have, and what a plugin depends on.
const RESERVED: [&str; 72] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "aux",
    "await",
    "become",
    "box",
    "break",
    "build",
    "com1",
    "com2",
    "con",
    "const",
    "continue",
    "core",
    "crate",
    "default",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "lockgate",
    "lockgate-sdk",
    "lockgate-sdk-macros",
    "loop",
    "lpt1",
    "lpt2",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "nul",
    "override",
    "priv",
    "prn",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "serde-json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "yield",
];

/// Refuses a name that would not do somewhere.
pub(super) fn check(name: &str) -> Result<(), NewError> {
    let refuse = |reason: String| Err(NewError::Name { name: crate::text::safe(name), reason });
    if name.len() > NAME_BYTES_MAX {
        return refuse(format!("it has more than {NAME_BYTES_MAX} characters"));
    }
    if !is_kebab_case(name) {
        return refuse("write it in kebab-case: `a-z`, `0-9` and single `-` between them, a letter first".to_owned());
    }
    if RESERVED.contains(&name) {
        return refuse(format!("it is reserved; take a longer one, `my-{name}` for example"));
    }
    Ok(())
}

fn is_kebab_case(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_good_everywhere() {
        for name in ["a", "few-findings", "x2", "a-1"] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_would_not_do_are_refused_with_a_reason() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        for (name, reason) in [
            ("", "kebab-case"),
            ("Few", "kebab-case"),
            ("a_b", "kebab-case"),
            ("-a", "kebab-case"),
            ("a--b", "kebab-case"),
            ("a-", "kebab-case"),
            ("1a", "kebab-case"),
            ("a/../b", "kebab-case"),
            ("ü", "kebab-case"),
            ("fn", "my-fn"),
            ("serde", "my-serde"),
            (long.as_str(), "more than 64"),
        ] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_reserved_names_are_in_order() {
        assert!(RESERVED.is_sorted());
    }
}
