//! This project's own plugins, stored where `lockgate` looks for them: an OCI layout in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use lockgate_registry::component::Face;
use lockgate_registry::layout::LayoutError;
use lockgate_registry::{Layout, Reference};

use crate::command::{run as run_command, step};
use crate::failure::{Failure, Result};
use crate::guests::{self, Component};
use crate::project::Project;

/// The folder of the layout in the target folder; `lockgate` maps `PREFIX` to it unless it is told otherwise.
const LAYOUT: &str = "lockgate-plugins";
const PREFIX: &str = "registry.example/lockgate/";
const VERSION: &str = "0.1";
const AUTHOR: &str = "The Lockgate authors";
const CRATE_PREFIX: &str = "lockgate_plugin_";

/// The command `plugins`.
pub(crate) fn run(project: &Project, pipelines: &[PathBuf]) -> Result<()> {
    store(project, &guests::build(project)?)?;
    if pipelines.is_empty() {
        return Ok(());
    }
    build_host(project)?;
    pipelines.iter().try_for_each(|pipeline| lock(project, pipeline))
}

/// Puts the plugins among `components` into the layout.
pub(crate) fn store(project: &Project, components: &[Component]) -> Result<()> {
    let path = project.target.join(LAYOUT);
    step(&format!("Storing the plugins in {}", path.display()));
    let layout = Layout::create(&path).map_err(|error| cannot_store(&path, error))?;
    let named = components.iter().filter_map(|component| Some((component.name.strip_prefix(CRATE_PREFIX)?, component)));
    // One bad plugin keeps no other from being stored.
    let pushed: Vec<_> = named.map(|(name, component)| push(&layout, name, component)).collect();
    pushed.into_iter().collect()
}

fn push(layout: &Layout, name: &str, component: &Component) -> Result<()> {
    let text = format!("{PREFIX}{}:{VERSION}", name.replace('_', "-"));
    let reference: Reference =
        text.parse().map_err(|error| Failure::because("a plugin's name is no reference", error))?;
    let bytes = std::fs::read(&component.path)
        .map_err(|error| Failure::because(format!("cannot read {}", component.path.display()), error))?;
    let face = Face::of(&bytes).map_err(|error| Failure::because(format!("{name} is no component"), error))?;
    let (kind, _) = face.kind().map_err(|error| Failure::because(format!("{name} is no plugin"), error))?;
    let packed = layout.push(&reference, &bytes, Some(AUTHOR)).map_err(|error| cannot_store(layout.path(), error))?;
    println!("{:>10} bytes  {reference}  {kind}  {}", component.size_bytes, packed.descriptor.digest);
    Ok(())
}

/// Builds the binary `lockgate`.
pub(crate) fn build_host(project: &Project) -> Result<()> {
    step("Building lockgate (the first time this takes some ten minutes)");
    run_command(project.cargo().args(["build", "--package", "lockgate-cli"]))
}

/// Writes `lockgate.lock` beside a pipeline, as the plugins are now: whoever builds them moves their tags. What a plugin asks
/// for, only the plugin can say: so `lockgate` does it.
pub(crate) fn lock(project: &Project, pipeline: &Path) -> Result<()> {
    step(&format!("Locking the plugins of {}", pipeline.display()));
    let mut update = Command::new(project.program("lockgate"));
    run_command(update.args(["plugin", "update", "--accept", "--file"]).arg(pipeline))
}

fn cannot_store(path: &Path, error: LayoutError) -> Failure {
    let remedy = format!("remove {} and try again", path.display());
    Failure::because(format!("cannot store plugins in {}", path.display()), error).remedy(remedy)
}
