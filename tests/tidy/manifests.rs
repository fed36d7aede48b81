//! What every manifest must say, and what none may.

use crate::project::{PACKAGES, Package, check, root, workspace};

const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

#[test]
fn packages_inherit_from_the_workspace() {
    let broken = PACKAGES.iter().flat_map(|package| {
        let inherits = |value: Option<&toml::Value>| value.is_some_and(|value| value.get("workspace").is_some());
        let section = &package.manifest["package"];
        let keys = INHERITED.iter().filter(move |key| !inherits(section.get(key))).map(|key| (*key).to_owned());
        let lints = (!inherits(package.manifest.get("lints"))).then(|| "lints".to_owned());
        keys.chain(lints).map(|key| format!("{}/Cargo.toml: write `{key}.workspace = true`", package.folder))
    });
    check("one place says it for all:", broken);
}

#[test]
fn every_package_says_what_it_is() {
    let silent = PACKAGES.iter().filter(|package| package.manifest["package"].get("description").is_none());
    check("these packages have no description:", silent.map(|package| package.folder.clone()));
}

#[test]
fn dependencies_come_from_a_registry_or_from_here() {
    let broken = PACKAGES.iter().flat_map(|package| {
        let wrong = package.dependencies(&TABLES).into_iter().filter_map(|(name, value)| {
            problem(&root().join(&package.folder), &value)
                .map(|problem| format!("{}: {name} {problem}", package.folder))
        });
        wrong.collect::<Vec<_>>()
    });
    let shared = Package { folder: ".".to_owned(), manifest: workspace()["workspace"].as_table().unwrap().clone() };
    let shared = shared
        .dependencies(&["dependencies"])
        .into_iter()
        .filter_map(|(name, value)| problem(&root(), &value).map(|problem| format!("Cargo.toml: {name} {problem}")));
    check("a build must be possible from this checkout and a registry:", broken.chain(shared));
}

fn problem(folder: &std::path::Path, value: &toml::Value) -> Option<&'static str> {
    if value.get("git").is_some() {
        return Some("comes from a git repository");
    }
    let path = value.get("path")?.as_str()?;
    let target = folder.join(path).canonicalize();
    let is_inside = target.is_ok_and(|target| target.starts_with(root().canonicalize().unwrap()));
    (!is_inside).then_some("comes from a folder outside the project")
}
