//! The SDK that this program was built with, as files: a copy for a plugin's folder.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::manifest::Workspace;
use super::{NewError, NewFile};

/// The copy's folder. Within it the crate stands as deep as it does here, since its macro reads the contract by its place.
pub(super) const VENDOR_FOLDER: &str = "vendor/lockgate-sdk";
/// The crate `lockgate-sdk` in the plugin's folder.
pub(super) const CRATE_FOLDER: &str = "vendor/lockgate-sdk/sdk/rust";

const MANIFEST: &str = include_str!("../../../../sdk/rust/Cargo.toml");
const MACROS_MANIFEST: &str = include_str!("../../../../sdk/rust/macros/Cargo.toml");
const README: &str = include_str!("../../../../sdk/rust/README.md");
const LICENSE: &str = include_str!("../../../../LICENSE");
static SOURCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/src");
static MACROS_SOURCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/macros/src");
static CONTRACT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// Every file of the copy.
pub(super) fn files() -> Result<Vec<NewFile>, NewError> {
    let workspace = Workspace::read()?;
    let mut files = vec![
        file("LICENSE", LICENSE),
        file("sdk/rust/Cargo.toml", &workspace.standalone(MANIFEST)?),
        file("sdk/rust/README.md", README),
        file("sdk/rust/macros/Cargo.toml", &workspace.standalone(MACROS_MANIFEST)?),
    ];
    add(&SOURCE, "sdk/rust/src", &mut files);
    add(&MACROS_SOURCE, "sdk/rust/macros/src", &mut files);
    add(&CONTRACT, "wit", &mut files);
    Ok(files)
}

fn file(path: &str, text: &str) -> NewFile {
    (format!("{VENDOR_FOLDER}/{path}"), text.as_bytes().to_vec())
}

fn add(folder: &Dir<'_>, place: &str, files: &mut Vec<NewFile>) {
    for file in folder.files() {
        files.push((format!("{VENDOR_FOLDER}/{place}/{}", file.path().display()), file.contents().to_vec()));
    }
    folder.dirs().for_each(|inner| add(inner, place, files));
}

/// The path of an SDK that somebody names, as a manifest may hold it.
pub(super) fn given(path: &Path) -> Result<String, NewError> {
    let no_sdk = || NewError::NoSdk(path.to_owned());
    let path = path.canonicalize().map_err(|_| no_sdk())?;
    let manifest = std::fs::read_to_string(path.join("Cargo.toml")).map_err(|_| no_sdk())?;
    let is_sdk = manifest.parse::<toml::Table>().is_ok_and(|manifest| {
        manifest.get("package").and_then(|package| package.get("name")?.as_str()) == Some("lockgate-sdk")
    });
    path.to_str().filter(|_| is_sdk).map(str::to_owned).ok_or_else(no_sdk)
}
