//! Names in cargo's package ids.

/// The package's name in a package id: `path+file:///a/tiny#0.3.0`, `path+file:///a/x#tiny@0.3.0`, `tiny 0.3.0 (path+file:///a/x)`.
#[must_use]
pub fn name(id: &str) -> &str {
    let Some((source, fragment)) = id.rsplit_once('#') else {
        return id.split_whitespace().next().unwrap_or(id);
    };
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => source.trim_end_matches('/').rsplit('/').next().unwrap_or(source),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names() {
        for (id, expected) in [
            ("path+file:///a/tiny#0.3.0", "tiny"),
            ("path+file:///a/x#tiny@0.3.0", "tiny"),
            ("git+https://host.example/a/b?branch=main#tiny@0.3.0-rc.1", "tiny"),
            ("tiny 0.3.0 (path+file:///a/x)", "tiny"),
        ] {
            assert_eq!(super::name(id), expected, "{id}");
        }
    }
}
