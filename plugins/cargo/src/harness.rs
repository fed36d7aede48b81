//! Targets with a harness of their own, as a manifest declares them.

use std::collections::BTreeSet;

use serde::Deserialize;

#[derive(Default, Deserialize)]
struct Manifest {
    lib: Option<Target>,
    #[serde(default)]
    test: Vec<Target>,
    #[serde(default)]
    bin: Vec<Target>,
    #[serde(default)]
    bench: Vec<Target>,
    #[serde(default)]
    example: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: Option<String>,
    harness: Option<bool>,
}

/// The names of the targets that libtest does not run; none when the text is no manifest. A library is named by `library`.
#[must_use]
pub fn without_libtest(manifest: &str, library: &str) -> BTreeSet<String> {
    let manifest: Manifest = toml::from_str(manifest).unwrap_or_default();
    let named = [manifest.test, manifest.bin, manifest.bench, manifest.example].into_iter().flatten();
    let own = named.filter(|target| target.harness == Some(false)).filter_map(|target| target.name);
    let library = manifest
        .lib
        .filter(|target| target.harness == Some(false))
        .map(|target| target.name.unwrap_or_else(|| library.to_owned()));
    own.chain(library).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_harnesses() {
        let text = "[package]\nname='a-b'\n[lib]\nharness=false\n[[test]]\nname='x'\nharness=false\n[[test]]\nname='y'\n[[bench]]\nname='z'\nharness=false\n";
        assert_eq!(without_libtest(text, "a_b"), ["a_b", "x", "z"].map(str::to_owned).into());
        assert!(without_libtest("not [ a manifest", "a").is_empty());
    }
}
