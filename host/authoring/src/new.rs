//! A new plugin: a folder that builds, tests itself and can be published, from the SDK's own example of its kind.
//!
//! The SDK is not in any registry yet, so the folder carries a copy of it, as this version of lockgate was built with. With a
//! path to the SDK it takes that instead.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lockgate_model::call::Kind;

mod error;
mod manifest;
mod name;
mod sdk;
mod template;

pub use error::NewError;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The kind of plugin.
    pub kind: Kind,
    /// Its name, kebab-case: of the package and of the folder.
    pub name: &'a str,
    /// Where the folder is made.
    pub parent: &'a Path,
    /// Where the SDK comes from.
    pub sdk: Sdk<'a>,
}

/// Where a new plugin takes its SDK from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sdk<'a> {
    /// A copy in the plugin's own folder.
    Vendored,
    /// The folder of the crate `lockgate-sdk` (`sdk/rust` of a checkout); an absolute path ends up in the manifest.
    Path(&'a Path),
}

/// What was made; its text says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The plugin's folder.
    pub folder: PathBuf,
    /// Its kind.
    pub kind: Kind,
    /// Its files, relative to the folder, in order; those of the SDK's copy are not among them.
    pub files: Vec<String>,
}

/// A file that is to be written: its path relative to the plugin's folder, and its bytes.
type NewFile = (String, Vec<u8>);

/// Makes a plugin. It is there whole or not at all, and nothing is overwritten.
///
/// # Errors
/// When the name will not do, something of that name is there, the SDK is not, or the disk fails.
pub fn new(request: &Request<'_>) -> Result<Created, NewError> {
    name::check(request.name)?;
    let folder = request.parent.join(request.name);
    if folder.symlink_metadata().is_ok() {
        return Err(NewError::Exists(folder));
    }
    let (sdk_path, sdk_files) = match request.sdk {
        Sdk::Vendored => (sdk::CRATE_FOLDER.to_owned(), sdk::files()?),
        Sdk::Path(path) => (sdk::given(path)?, Vec::new()),
    };
    let own = template::files(request.kind, request.name, &sdk_path)?;
    let files = own.iter().map(|(path, _)| path.clone()).collect();
    write(&folder, request.parent, own.into_iter().chain(sdk_files))?;
    Ok(Created { folder, kind: request.kind, files })
}

/// Writes beside the folder's place, so that the last act is a rename.
fn write(folder: &Path, parent: &Path, files: impl Iterator<Item = NewFile>) -> Result<(), NewError> {
    fs::create_dir_all(parent).map_err(|source| NewError::file("make", parent, source))?;
    let work = tempfile::Builder::new().prefix(".lockgate-new-").tempdir_in(parent);
    let work = work.map_err(|source| NewError::file("make a folder in", parent, source))?;
    // The temporary folder is private; what becomes the plugin's folder is as the user's other folders are.
    let made = work.path().join("plugin");
    for (path, bytes) in files {
        write_file(&made.join(path), &bytes)?;
    }
    match fs::rename(&made, folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Err(NewError::Exists(folder.to_owned())),
        moved => moved.map_err(|source| NewError::file("make", folder, source)),
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), NewError> {
    let failed = |source| NewError::file("write", path, source);
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    fs::write(path, bytes).map_err(failed)
}

/// Several lines, without a last line end.
impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.display();
        let article = if self.kind == Kind::AlertRule { "an" } else { "a" };
        writeln!(f, "made {article} {} in {folder}", self.kind)?;
        writeln!(f, "next:")?;
        writeln!(f, "  cd {folder}")?;
        writeln!(f, "  cargo test              its native tests")?;
        writeln!(f, "  lockgate plugin build   its component, checked as a host checks it")?;
        write!(f, "  lockgate plugin test    its cases, in the real sandbox")
    }
}
