//! What is known when provenance is written, as plain data.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::evidence::Artifact;
use lockgate_model::grant::Grants;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest, JobKey, PluginAlias, RunId, StepId};
use lockgate_model::plan::Trust;
use lockgate_model::time::Timestamp;

use super::BUILDER_ID;

/// All that the statement about one artifact is made of.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// Who vouches for it.
    pub builder: &'a Builder,
    /// The run; the same for all its artifacts.
    pub run: &'a RunFacts,
    /// The step that published it.
    pub step: &'a StepFacts,
    /// The artifact.
    pub artifact: &'a Artifact,
}

/// The host, as those who verify know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// A URI.
    pub id: String,
    /// Versions of its parts, by their names.
    pub version: BTreeMap<String, String>,
}

impl Builder {
    /// A host that nobody has named, of this version of Lockgate.
    #[must_use]
    pub fn unnamed(version: &str) -> Self {
        Self { id: BUILDER_ID.to_owned(), version: [("lockgate".to_owned(), version.to_owned())].into() }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// Its id.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline file, as the user named it.
    pub file: String,
    /// Of the file's text.
    pub source: Digest,
    /// Inputs by name, defaults filled in.
    pub inputs: BTreeMap<String, Json>,
    /// What set it off.
    pub event: Json,
    /// Whose work it is.
    pub trust: Trust,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The root of the tree that its jobs started from.
    pub tree: Digest,
    /// Where that tree came from, such as `git+https://git.example/team/service@refs/heads/main`; none where the host
    /// does not know.
    pub tree_uri: Option<String>,
    /// Plugins in use, in any order.
    pub plugins: Vec<UsedPlugin>,
}

/// A plugin of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedPlugin {
    /// The alias in the pipeline file.
    pub alias: PluginAlias,
    /// The OCI reference that the pipeline file names.
    pub reference: String,
    /// Of the component.
    pub component: Digest,
    /// Of the manifest in the registry, where it is known.
    pub manifest: Option<Digest>,
}

/// The step that published an artifact, and what its attempt did.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFacts {
    /// The job and its cell.
    pub job: JobKey,
    /// The step.
    pub step: StepId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The plugin that it called.
    pub plugin: Option<PluginAlias>,
    /// What it was allowed.
    pub grants: Grants,
    /// The attempt whose work it gave back, where not one of its native tools had to run.
    pub cached_from: Option<AttemptId>,
    /// All that the attempt asked of the host, in order.
    pub calls: Vec<HostCall>,
}
