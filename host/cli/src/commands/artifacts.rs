//! `artifacts`: what a run made for keeping, listed or copied out.

use std::path::Path;

use lockgate_engine::drive;
use lockgate_engine::run::RunState;
use lockgate_engine::run::conclude;
use lockgate_model::evidence::{Artifact, EvidenceBody};
use lockgate_ports::Blobs;

use crate::exit::{CliError, Exit};
use crate::host::Stores;
use crate::output::safe;
use crate::output::style::Style;
use crate::run_ref;

/// An artifact and the step that made it.
struct Made {
    step: String,
    artifact: Artifact,
}

pub(crate) fn artifacts(state: &Path, named: &str, to: Option<&Path>) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let run = run_ref::find(stores.log(), named)?;
    let (state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    let style = Style::stdout();
    for Made { step, artifact } in made(&state, &*stores.blobs)? {
        let Artifact { name, digest, size_bytes, media_type, .. } = &artifact;
        crate::output::out!("{}  {size_bytes} bytes  {}  {digest}  {}", safe(name), safe(media_type), style.dim(&step));
        if let Some(folder) = to {
            copy_out(&*stores.blobs, &artifact, folder)?;
        }
    }
    Ok(Exit::Passed)
}

fn made(state: &RunState, blobs: &dyn Blobs) -> Result<Vec<Made>, CliError> {
    let mut all = Vec::new();
    for (plan, job) in state.plan.jobs.iter().zip(&state.jobs) {
        for (plan_step, step) in plan.steps.iter().zip(&job.steps) {
            let Some(result) = &step.result else { continue };
            let step = format!("{}/{}", plan.key, plan_step.id);
            let artifacts = conclude::load(&result.evidence, blobs)?.into_iter().filter_map(|body| match body {
                EvidenceBody::Artifact(artifact) => Some(Made { step: step.clone(), artifact }),
                _ => None,
            });
            all.extend(artifacts);
        }
    }
    Ok(all)
}

/// A plugin chose the name: only its last part is used, so that it cannot leave the folder.
fn copy_out(blobs: &dyn Blobs, artifact: &Artifact, folder: &Path) -> Result<(), CliError> {
    let name = Path::new(&artifact.name).file_name().ok_or_else(|| {
        CliError::Usage(format!("the artifact `{}` has no name that a file could have", artifact.name))
    })?;
    std::fs::create_dir_all(folder)?;
    let path = folder.join(name);
    if path.exists() {
        let message = format!("{} exists; name another folder, or take it away first", path.display());
        return Err(CliError::Usage(message));
    }
    blobs.copy_to(&artifact.digest, &path)?;
    crate::output::err!("wrote {}", path.display());
    Ok(())
}
