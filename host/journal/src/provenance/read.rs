//! From a verified statement to what a person is shown. The signer vouches for it; its words may still hold anything, and
//! a terminal is given them only after what it would obey has been taken out.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use lockgate_trust::{Attestation, Signer};

use super::wire::{
    BuildDefinition, COMPONENT, External, Metadata, Predicate, REFERENCE, Resource, RunDetails, SIZE, STARTED,
    TOOL_FINGERPRINT, WireSubjects, role,
};

/// What an artifact was made of, as a host vouches for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The whole statement, JSON as it was signed.
    pub statement: Vec<u8>,
    /// Whose key signed it.
    pub signer: Signer,
    /// The artifact.
    pub artifact: Digest,
    /// As the step named it.
    pub name: String,
    /// Its media type, where the statement says it.
    pub media_type: Option<String>,
    /// Its length, where the statement says it.
    pub size_bytes: Option<u64>,
    /// The host's id.
    pub builder: String,
    /// Versions of the host's parts.
    pub builder_version: BTreeMap<String, String>,
    /// The run.
    pub run: String,
    /// When the run began (RFC 3339).
    pub started: Option<String>,
    /// When the run ended (RFC 3339).
    pub finished: Option<String>,
    /// Which step made it.
    pub made_by: MadeBy,
    /// The pipeline file, as the user named it.
    pub pipeline_file: String,
    /// The pipeline's name.
    pub pipeline_name: String,
    /// Of the pipeline file's text.
    pub pipeline_digest: Option<Digest>,
    /// Inputs, by name.
    pub inputs: Embedded,
    /// What set the run off.
    pub event: Embedded,
    /// What the step was allowed.
    pub grants: Embedded,
    /// Whose work it was.
    pub trust: Option<Trust>,
    /// The root of the tree that the jobs started from.
    pub tree: Option<Digest>,
    /// Where that tree came from.
    pub tree_uri: Option<String>,
    /// Plugins of the run.
    pub plugins: Vec<PluginUsed>,
    /// Native tools of the step.
    pub tools: Vec<ToolUsed>,
    /// Artifacts made earlier that the step fetched.
    pub fetched: Vec<Digest>,
    /// Hosts that the step or its tools sent to.
    pub contacts: Vec<Contact>,
    /// Names of secrets whose value a native tool was shown.
    pub exposed_secrets: Vec<String>,
    /// Tools whose result came from the cache.
    pub cached: Vec<CachedTool>,
    /// How many entries of a list the statement leaves out, by the list's name.
    pub omitted: BTreeMap<String, usize>,
    /// Of the attempt's journal.
    pub journal: Option<Digest>,
}

/// The attempt that published an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeBy {
    /// The job and its cell.
    pub job: String,
    /// The step.
    pub step: String,
    /// Counts from 1.
    pub attempt: u32,
    /// The alias of the plugin that it called.
    pub plugin: Option<String>,
    /// The attempt whose work it gave back, where not one of its native tools had to run.
    pub cached_from: Option<String>,
}

/// A value, or the digest of one that was too large.
#[derive(Debug, Clone, PartialEq)]
pub enum Embedded {
    /// In place.
    Whole(Json),
    /// Of its JSON without spaces, members in order of name.
    Digest(Digest),
}

/// A plugin of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginUsed {
    /// Its alias.
    pub alias: String,
    /// The reference in the pipeline file.
    pub reference: String,
    /// Of the component that ran.
    pub component: Option<Digest>,
    /// Of its manifest, where the host knew it.
    pub manifest: Option<Digest>,
}

/// A native tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUsed {
    /// Its name.
    pub name: String,
    /// What it was, in hex; none where its results are never kept.
    pub fingerprint: Option<String>,
    /// A command of the step, rather than a tool that a command was free to start.
    pub is_command: bool,
}

/// A host that was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// `scheme://host:port`.
    pub host: String,
    /// Addresses that answered; none where all requests failed.
    pub peers: Vec<String>,
}

/// A tool that was not run, as its result was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedTool {
    /// The tool.
    pub tool: String,
    /// The attempt that had run it.
    pub from: String,
}

impl Verified {
    /// Lays out what a verified statement says of `artifact`.
    pub(super) fn read(
        attestation: Attestation,
        artifact: &Digest,
        predicate: Predicate,
    ) -> Result<Self, serde_json::Error> {
        let Attestation { signer, name, statement, .. } = attestation;
        let subjects: WireSubjects = serde_json::from_slice(&statement)?;
        let subject = subjects.subject.into_iter().find(|one| one.sha256() == Some(*artifact)).unwrap_or_default();
        let Predicate { build_definition, run_details } = predicate;
        let BuildDefinition { external_parameters, internal_parameters, resolved_dependencies, .. } = build_definition;
        let External { pipeline, inputs, inputs_digest, event, event_digest } = external_parameters;
        let dependencies = Dependencies(resolved_dependencies);
        let RunDetails { builder, metadata, byproducts } = run_details;
        let made_by = MadeBy::read(&metadata);
        let Metadata { invocation_id, started_on, finished_on, contacts, exposed_secrets, cached, omitted, .. } =
            metadata;
        Ok(Self {
            statement,
            signer,
            artifact: *artifact,
            name,
            size_bytes: subject.annotations.get(SIZE).and_then(Json::as_u64),
            media_type: subject.media_type,
            builder: builder.id,
            builder_version: builder.version,
            run: invocation_id,
            started: started_on,
            finished: finished_on,
            made_by,
            pipeline_file: pipeline.file,
            pipeline_name: pipeline.name,
            pipeline_digest: dependencies.one(role::PIPELINE).and_then(Resource::sha256),
            inputs: Embedded::read(inputs, inputs_digest),
            event: Embedded::read(event, event_digest),
            grants: Embedded::read(internal_parameters.grants, internal_parameters.grants_digest),
            trust: internal_parameters.trust,
            tree: dependencies.one(role::SOURCE).and_then(Resource::sha256),
            tree_uri: dependencies.one(role::SOURCE).and_then(|source| source.uri.clone()),
            plugins: dependencies.all(role::PLUGIN).map(PluginUsed::read).collect(),
            tools: dependencies.all(role::TOOL).map(ToolUsed::read).collect(),
            fetched: dependencies.all(role::ARTIFACT).filter_map(Resource::sha256).collect(),
            contacts: contacts.into_iter().map(|it| Contact { host: it.host, peers: it.peers }).collect(),
            exposed_secrets,
            cached: cached.into_iter().map(|it| CachedTool { tool: it.tool, from: it.from }).collect(),
            omitted,
            journal: byproducts.iter().find(|one| one.name == "journal").and_then(Resource::sha256),
        })
    }
}

/// Dependencies, by their role.
struct Dependencies(Vec<Resource>);

impl Dependencies {
    fn all<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.0.iter().filter(move |one| one.is(role))
    }

    fn one<'a>(&'a self, role: &'a str) -> Option<&'a Resource> {
        self.all(role).next()
    }
}

impl MadeBy {
    fn read(metadata: &Metadata) -> Self {
        let attempt = &metadata.attempt;
        Self {
            job: attempt.job.clone(),
            step: attempt.step.clone(),
            attempt: attempt.number,
            plugin: attempt.plugin.clone(),
            cached_from: attempt.cached_from.clone(),
        }
    }
}

impl Embedded {
    /// To SLSA, what is absent and what is null are the same.
    fn read(value: Option<Json>, digest: Option<Digest>) -> Self {
        digest.map_or_else(|| Self::Whole(value.unwrap_or_default()), Self::Digest)
    }
}

impl PluginUsed {
    fn read(plugin: &Resource) -> Self {
        Self {
            alias: plugin.name.clone(),
            reference: plugin.annotation(REFERENCE).unwrap_or_default().to_owned(),
            component: plugin.annotation(COMPONENT).and_then(|digest| digest.parse().ok()),
            // A plugin has a package URL when its manifest is known, and its digest is then the manifest's.
            manifest: plugin.uri.as_ref().and_then(|_| plugin.sha256()),
        }
    }
}

impl ToolUsed {
    fn read(tool: &Resource) -> Self {
        Self {
            name: tool.name.clone(),
            fingerprint: tool.digest.get(TOOL_FINGERPRINT).cloned(),
            is_command: tool.annotations.get(STARTED).and_then(Json::as_bool).unwrap_or_default(),
        }
    }
}
