//! Who may import whom. ARCHITECTURE.md says why; the manifests must agree.

use crate::project::{FILES, PACKAGES, Package, check, file, root};

/// A folder of the workspace (`*` stands for one name) and the folders that it may depend on. Rooms of later work stand
/// here too: their direction is decided before they are built.
const ALLOWED: [(&str, &[&str]); 25] = [
    ("host/model", &[]),
    ("host/planner", &["host/model"]),
    ("host/ports", &["host/model"]),
    ("registry", &["host/model"]),
    ("registry/server", &["registry", "host/model"]),
    ("registry/trust", &["registry", "host/model"]),
    ("host/engine", &["host/planner", "host/ports", "host/model"]),
    ("host/sandbox", &["host/ports", "host/model"]),
    ("host/tools", &["host/ports", "host/model"]),
    ("host/store", &["host/ports", "host/model"]),
    ("host/egress", &["host/ports", "host/model"]),
    ("host/secrets", &["host/ports", "host/model"]),
    ("host/journal", &["host/engine", "registry/trust", "host/ports", "host/model"]),
    ("host/delivery", &["host/engine", "host/ports", "host/model"]),
    ("host/watch", &["host/engine", "host/ports", "host/model"]),
    ("host/authoring", &["registry", "sdk/toolchain", "host/ports", "host/model"]),
    ("host/api", &["host/engine", "host/delivery", "host/watch", "host/authoring", "host/ports", "host/model"]),
    ("host/cli", &["host/*", "registry", "registry/*"]),
    ("sdk/rust", &["sdk/rust/macros"]),
    ("sdk/rust/macros", &[]),
    ("sdk/toolchain", &[]),
    ("plugins/*", &["sdk/rust"]),
    ("tests", &["host/*", "registry", "registry/*", "sdk/rust", "sdk/toolchain", "plugins/*"]),
    ("tests/guests/*", &["sdk/rust"]),
    ("xtask", &["registry", "sdk/toolchain", "host/model"]),
];
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn every_room_has_a_rule() {
    let unknown = PACKAGES.iter().filter(|package| rule(&package.folder).is_none());
    check("a new room needs a line in rooms::ALLOWED:", unknown.map(|package| package.folder.clone()));
}

#[test]
fn imports_keep_their_direction() {
    let broken = PACKAGES.iter().flat_map(|package| {
        let allowed = rule(&package.folder).unwrap_or_default();
        let imports = imports(package).into_iter();
        let wrong = imports.filter(move |import| !allowed.iter().any(|pattern| fits(pattern, import)));
        wrong.map(|import| format!("{} must not depend on {import}", package.folder))
    });
    check("a room knows only what it may know (see ARCHITECTURE.md):", broken);
}

#[test]
fn the_top_level_stays_as_it_is() {
    const FOLDERS: [&str; 9] = [".cargo", ".ci", "host", "plugins", "registry", "sdk", "tests", "wit", "xtask"];
    let folders = FILES.iter().filter_map(|file| file.path.split_once('/')).map(|(folder, _)| folder.to_owned());
    let new = folders.filter(|folder| !FOLDERS.contains(&folder.as_str()));
    check("the top level is fixed; put it into a room:", new.collect::<std::collections::BTreeSet<_>>());
}

#[test]
fn the_architecture_names_every_room() {
    let text = &file("ARCHITECTURE.md").text;
    let rooms = PACKAGES.iter().map(|package| match package.folder.split_once('/') {
        // Plugins and guests are many and alike: their folder stands for them.
        Some(("plugins", _)) => "plugins",
        Some(("tests", _)) => "tests",
        Some(("sdk", _)) => "sdk",
        _ => &package.folder,
    });
    let rooms = rooms.filter(|room| !text.contains(*room)).map(str::to_owned);
    check("ARCHITECTURE.md does not name these rooms:", rooms.collect::<std::collections::BTreeSet<_>>());
}

#[test]
fn the_rooms_that_the_architecture_names_exist() {
    let path = regex::Regex::new(r"`((?:host|plugins|registry|sdk|tests|wit|xtask)(?:/[\w.-]+)*)/?`").unwrap();
    let text = &file("ARCHITECTURE.md").text;
    let named = path.captures_iter(text).map(|found| found[1].to_owned());
    check("ARCHITECTURE.md names what is not there:", named.filter(|path| !root().join(path).exists()));
}

fn rule(folder: &str) -> Option<&'static [&'static str]> {
    ALLOWED.iter().find(|(pattern, _)| fits(pattern, folder)).map(|(_, allowed)| *allowed)
}

/// Folders of the workspace's packages that a package depends on, for tests too.
fn imports(package: &Package) -> Vec<String> {
    let names = package.dependencies(&TABLES).into_iter().map(|(name, _)| name);
    names.filter_map(|name| folder_of(&name)).filter(|folder| *folder != package.folder).collect()
}

fn folder_of(name: &str) -> Option<String> {
    let is_it = |package: &&Package| package.manifest["package"]["name"].as_str() == Some(name);
    PACKAGES.iter().find(is_it).map(|package| package.folder.clone())
}

fn fits(pattern: &str, folder: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some(parent) => folder.rsplit_once('/').is_some_and(|(found, _)| found == parent),
        None => pattern == folder,
    }
}
