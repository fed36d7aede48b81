//! A plugin is the best proof of the contract, and a guest that no test calls proves nothing.

use crate::project::{FILES, File, PACKAGES, check};

#[test]
fn every_plugin_has_a_readme_with_an_example() {
    let broken = folders("plugins/").filter_map(|folder| {
        let readme = FILES.iter().find(|file| file.path == format!("{folder}/README.md"));
        match readme {
            None => Some(format!("{folder} has no README.md")),
            Some(readme)
                if !readme.text.contains("uses:")
                    && !readme.text.contains("run:")
                    && !readme.text.contains("```yaml") =>
            {
                Some(format!("{}: shows no example", readme.path))
            }
            Some(_) => None,
        }
    });
    check("who looks at a plugin looks at its README first:", broken);
}

#[test]
fn every_plugin_has_tests() {
    let untested = folders("plugins/").filter(|folder| {
        let is_inside = |file: &&File| file.is_rust() && file.path.starts_with(&format!("{folder}/"));
        !FILES.iter().filter(is_inside).any(|file| file.text.contains("#[test]"))
    });
    check("these plugins have no tests:", untested.map(str::to_owned));
}

#[test]
fn every_guest_is_called_by_a_test() {
    let unused = folders("tests/guests/").filter(|folder| {
        let name = folder.trim_start_matches("tests/guests/");
        let names = [format!("\"{name}\""), format!("guest_{}", name.replace('-', "_")), format!("guests/{name}")];
        let is_test = |file: &&File| file.is_test() && !file.path.starts_with("tests/guests/");
        let mut tests = FILES.iter().filter(|file| file.is_rust()).filter(is_test);
        !tests.any(|file| names.iter().any(|name| file.text.contains(name)))
    });
    check("no test names these guests:", unused.map(str::to_owned));
}

#[test]
fn a_component_is_built_as_one() {
    let wrong = PACKAGES.iter().filter(|package| is_component(&package.folder)).filter(|package| {
        let types = package.manifest.get("lib").and_then(|library| library.get("crate-type")?.as_array());
        !types.is_some_and(|types| types.iter().any(|one| one.as_str() == Some("cdylib")))
    });
    check("write `crate-type = [\"cdylib\", \"rlib\"]`:", wrong.map(|package| package.folder.clone()));
}

fn is_component(folder: &str) -> bool {
    folder.starts_with("plugins/") || folder.starts_with("tests/guests/")
}

fn folders(parent: &'static str) -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().map(|package| package.folder.as_str()).filter(move |folder| folder.starts_with(parent))
}
