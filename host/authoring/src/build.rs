//! From a plugin's source to a component that a host takes: built, checked against the contract, and told apart by what is
//! embedded in it. The same source gives the same bytes: neither the moment nor a folder of this machine is among them.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lockgate_guest_toolchain::{Origin, Toolchain};
use lockgate_model::call::Kind;
use lockgate_model::catalog::Descriptor;
use lockgate_model::contract;
use lockgate_model::ids::Digest;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_registry::component::Face;
use serde::Serialize;

use crate::inspect::Imports;
use crate::{Host, section};

mod cargo;
mod embed;
mod error;
mod package;
mod revision;

pub use error::BuildError;

use package::Package;
use revision::Revision;

// Everybody may read what was built; temporary files are private where nothing is said.
const MODE: u32 = 0o644;
/// The folder of components below cargo's target folder.
const OUTPUT_FOLDER: &str = "lockgate";

/// How to build.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// In place of the target folder that cargo would take.
    pub target_folder: Option<&'a Path>,
    /// Asked, once, what the plugin says of itself, to embed it. Without a host that is left out, and `inspect` has to run the
    /// plugin to know it.
    pub host: Option<Host<'a>>,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Built {
    /// The component's file.
    pub path: PathBuf,
    /// The package's name.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// Its kind.
    pub kind: Kind,
    /// The version of the contract that it was made for.
    pub contract: String,
    /// Of the component, with all that is embedded.
    pub digest: Digest,
    /// Of the component.
    pub size_bytes: u64,
    /// What it imports.
    pub imports: Imports,
    /// What it says of itself, as embedded.
    pub descriptor: Option<Descriptor>,
    /// What an author should know, for example why something was not embedded.
    pub notes: Vec<String>,
}

/// Builds the plugin in `folder` and writes `lockgate/NAME.wasm` in its target folder. Cargo's own words go to the standard
/// error of this process; `say` is told of a compiler that has to be fetched.
///
/// # Errors
/// When it does not compile, or a host would refuse what came out.
pub fn build(folder: &Path, options: &Options<'_>, say: &dyn Fn(&str)) -> Result<Built, BuildError> {
    let package = Package::read(folder)?;
    let target = options.target_folder.unwrap_or(&package.target_folder).join(OUTPUT_FOLDER);
    // Cargo runs in the package's folder, and would take a relative path from there.
    let target = std::path::absolute(&target).map_err(|source| BuildError::file("find", &target, source))?;
    let toolchain = Toolchain::ensure(&package.folder, Origin::Auto, say)?;
    let component = read(&cargo::build(&package, &toolchain, &target.join("build"))?)?;
    let Face { imports, exports } = Face::of(&component)?;
    let (kind, contract) = contract::check(&exports, &imports)?;
    let descriptor = options.host.map(|host| host.describe(&component)).transpose()?;
    let revision = Revision::of(&package.folder);
    let component = finish(&package, &component, descriptor.as_ref(), &revision)?;
    let path = target.join(&package.name).with_added_extension("wasm");
    replace(&path, &component).map_err(|source| BuildError::file("write", &path, source))?;
    Ok(Built {
        path,
        notes: notes(&package, descriptor.as_ref(), &revision),
        name: package.name,
        version: package.version,
        kind,
        contract,
        digest: Digest::of(&component),
        size_bytes: component.len() as u64,
        imports: Imports::of(imports),
        descriptor,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).and_then(|file| file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes));
    file.map_err(|source| BuildError::file("read", path, source))?;
    check_size(&bytes)?;
    Ok(bytes)
}

fn finish(
    package: &Package,
    component: &[u8],
    descriptor: Option<&Descriptor>,
    revision: &Revision,
) -> Result<Vec<u8>, BuildError> {
    let component = embed::metadata(package, revision.clean(), component)?;
    let component = match descriptor {
        Some(descriptor) => section::with_about(component, descriptor).map_err(BuildError::Encode)?,
        None => component,
    };
    check_size(&component)?;
    Ok(component)
}

fn check_size(component: &[u8]) -> Result<(), BuildError> {
    if component.len() as u64 > COMPONENT_BYTES_MAX { Err(BuildError::TooLarge) } else { Ok(()) }
}

/// A file is there whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(MODE)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn notes(package: &Package, descriptor: Option<&Descriptor>, revision: &Revision) -> Vec<String> {
    let mut notes: Vec<String> = revision.note().into_iter().collect();
    let Some(Descriptor { name, version, .. }) = descriptor else { return notes };
    for (what, said, written) in [("name", name, &package.name), ("version", version, &package.version)] {
        if said != written {
            notes.push(format!(
                "`about()` says the {what} `{}`, Cargo.toml says `{written}`; `env!(\"CARGO_PKG_{}\")` keeps them the same",
                crate::text::safe(said),
                what.to_uppercase()
            ));
        }
    }
    notes
}

/// Several lines, without a last line end.
impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "built     {}", self.path.display())?;
        writeln!(f, "kind      {}", self.kind)?;
        writeln!(f, "contract  {}@{}", contract::PACKAGE, self.contract)?;
        writeln!(f, "digest    {}", self.digest)?;
        writeln!(f, "size      {} bytes", self.size_bytes)?;
        write!(f, "{}", self.imports)?;
        self.notes.iter().try_for_each(|note| write!(f, "\nnote      {note}"))
    }
}
