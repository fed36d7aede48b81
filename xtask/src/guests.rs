//! Building components: plugins, the odd and hostile guests of the tests, the SDK's examples.

use std::path::{Path, PathBuf};

use lockgate_guest_toolchain::{TARGET, Toolchain};

use crate::command::{run, step};
use crate::failure::{Failure, Result};
use crate::project::{Package, Project};
use crate::toolchain;

const FOLDERS: [&str; 2] = ["plugins", "tests/guests"];
const SDK: &str = "sdk/rust";
const PROFILE: &str = "guest";

/// A component that was built.
pub(crate) struct Component {
    /// Its name, as cargo writes file names.
    pub(crate) name: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// Its size.
    pub(crate) size_bytes: u64,
}

/// Builds all components in one cargo invocation for each sort, and finds their files.
pub(crate) fn build(project: &Project) -> Result<Vec<Component>> {
    step("Building components for wasm32-wasip2");
    let toolchain = toolchain::ensure(project)?;
    let packages = guests(project);
    let mut build = cargo_build(project, &toolchain)?;
    for package in &packages {
        build.args(["--package", &package.name]);
    }
    run(build.arg("--lib"))?;
    let output = output_folder(project);
    let mut components = packages.iter().map(|package| component(&output, &library(package))).collect::<Result<_>>()?;
    examples(project, &toolchain, &mut components)?;
    Ok(components)
}

fn examples(project: &Project, toolchain: &Toolchain, components: &mut Vec<Component>) -> Result<()> {
    let Some(sdk) = project.packages.iter().find(|package| is_in(project, package, |folder| folder == Path::new(SDK)))
    else {
        return Ok(());
    };
    let is_component = |kind: &[String], types: &[String]| {
        kind.iter().any(|kind| kind == "example") && types.iter().any(|one| one == "cdylib")
    };
    let names = sdk.targets.iter().filter(|target| is_component(&target.kind, &target.crate_types));
    let names: Vec<_> = names.map(|target| target.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut build = cargo_build(project, toolchain)?;
    build.args(["--package", &sdk.name]);
    for name in &names {
        build.args(["--example", name]);
    }
    run(&mut build)?;
    let output = output_folder(project).join("examples");
    for name in names {
        components.push(component(&output, &name)?);
    }
    Ok(())
}

fn cargo_build(project: &Project, toolchain: &Toolchain) -> Result<std::process::Command> {
    let mut build = project.cargo();
    build
        .args(["build", "--keep-going", "--profile", PROFILE, "--target", TARGET, "--target-dir"])
        .arg(target_folder(project));
    toolchain.apply_to(&mut build)?;
    Ok(build)
}

/// Prints name and size of each component.
pub(crate) fn print(components: &[Component]) {
    println!();
    for component in components {
        println!("{:>10} bytes  {}", component.size_bytes, component.path.display());
    }
}

/// Guests have a target folder of their own: their compiler may be another one.
fn target_folder(project: &Project) -> PathBuf {
    project.target.join("guest")
}

fn output_folder(project: &Project) -> PathBuf {
    target_folder(project).join(TARGET).join(PROFILE)
}

fn guests(project: &Project) -> Vec<&Package> {
    let is_guest = |folder: &Path| FOLDERS.iter().any(|parent| folder.parent() == Some(Path::new(parent)));
    project.packages.iter().filter(|package| is_in(project, package, is_guest)).collect()
}

fn is_in(project: &Project, package: &Package, fits: impl Fn(&Path) -> bool) -> bool {
    package.folder(project).is_some_and(fits)
}

fn library(package: &Package) -> String {
    let is_component = |types: &Vec<String>| types.iter().any(|one| one == "cdylib");
    let library = package.targets.iter().find(|target| is_component(&target.crate_types));
    library.map_or_else(|| package.name.replace('-', "_"), |target| target.name.clone())
}

fn component(folder: &Path, name: &str) -> Result<Component> {
    let path = folder.join(format!("{name}.wasm"));
    let metadata = path.metadata().map_err(|error| {
        Failure::because(format!("{} was not built", path.display()), error)
            .remedy("give its library `crate-type = [\"cdylib\", \"rlib\"]`")
    })?;
    Ok(Component { name: name.to_owned(), path, size_bytes: metadata.len() })
}
