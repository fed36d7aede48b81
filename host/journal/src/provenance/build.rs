//! From facts to a statement. The same facts give the same bytes.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use lockgate_model::time::Timestamp;
use lockgate_trust::{PROVENANCE_PREDICATE, STATEMENT_BYTES_MAX};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::calls::{Seen, SeenTool};
use super::facts::{Provenance, UsedPlugin};
use super::limits::{EMBEDDED_BYTES_MAX, EMBEDDED_SMALL_BYTES_MAX, LISTED_MAX, PEERS_MAX, cut};
use super::wire::{
    BuildDefinition, COMPONENT, External, Internal, Metadata, Pipeline, Predicate, REFERENCE, Resource, RunDetails,
    SIZE, STARTED, STATEMENT_TYPE, TOOL_FINGERPRINT, WireAttempt, WireBuilder, WireCached, WireContact, WireStatement,
    role,
};
use super::{BUILD_TYPE, UNTRUSTED_SUFFIX, purl};

const TREE_MEDIA_TYPE: &str = "application/x-protobuf;messageType=\"build.bazel.remote.execution.v2.Directory\"";
const PIPELINE_MEDIA_TYPE: &str = "application/yaml";
const COMPONENT_MEDIA_TYPE: &str = "application/wasm";
const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const JOURNAL_MEDIA_TYPE: &str = "application/x-ndjson";

/// A statement about one artifact, ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    json: Vec<u8>,
}

impl Statement {
    /// As it is signed: JSON without spaces, members in order of name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.json
    }
}

/// Writes the statement about an artifact.
///
/// # Errors
/// When the facts have no form in JSON.
pub fn statement(facts: &Provenance<'_>) -> Result<Statement, serde_json::Error> {
    let seen = Seen::of(&facts.step.calls);
    let journal = journal_digest(&facts.step.calls)?;
    let json = encoded(facts, &seen, &journal, EMBEDDED_BYTES_MAX)?;
    if json.len() <= STATEMENT_BYTES_MAX {
        return Ok(Statement { json });
    }
    // An artifact without provenance would be worse than one whose event must be looked up.
    Ok(Statement { json: encoded(facts, &seen, &journal, EMBEDDED_SMALL_BYTES_MAX)? })
}

/// The digest of an attempt's journal: that of its calls as JSON without spaces, members in order of name, one call in a
/// line, each line with its end.
///
/// # Errors
/// When a call has no form in JSON.
pub fn journal_digest(calls: &[HostCall]) -> Result<Digest, serde_json::Error> {
    let mut hash = Sha256::new();
    for call in calls {
        hash.update(canonical(call)?);
        hash.update(b"\n");
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}

fn canonical(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(value)?;
    value.sort_all_objects();
    serde_json::to_vec(&value)
}

fn encoded(
    facts: &Provenance<'_>,
    seen: &Seen,
    journal: &Digest,
    embedded_bytes_max: usize,
) -> Result<Vec<u8>, serde_json::Error> {
    let artifact = facts.artifact;
    let subject = Resource { name: cut(&artifact.name), ..Resource::default() }
        .with_sha256(&artifact.digest)
        .with_media_type(&cut(&artifact.media_type))
        .with(SIZE, artifact.size_bytes);
    let mut omitted = Omitted::default();
    let build_definition = definition(facts, seen, embedded_bytes_max, &mut omitted)?;
    let run_details = details(facts, seen, journal, omitted);
    canonical(&WireStatement {
        type_: STATEMENT_TYPE,
        subject: [subject],
        predicate_type: PROVENANCE_PREDICATE,
        predicate: Predicate { build_definition, run_details },
    })
}

fn definition(
    facts: &Provenance<'_>,
    seen: &Seen,
    embedded_bytes_max: usize,
    omitted: &mut Omitted,
) -> Result<BuildDefinition, serde_json::Error> {
    let (run, embed) = (facts.run, |value: Json| embed(value, embedded_bytes_max));
    let (inputs, inputs_digest) = embed(serde_json::to_value(&run.inputs)?)?;
    let (event, event_digest) = embed(run.event.clone())?;
    let (grants, grants_digest) = embed(serde_json::to_value(&facts.step.grants)?)?;
    let pipeline = Pipeline { file: cut(&run.file), name: cut(&run.pipeline) };
    Ok(BuildDefinition {
        build_type: BUILD_TYPE.to_owned(),
        external_parameters: External { pipeline, inputs, inputs_digest, event, event_digest },
        internal_parameters: Internal { trust: Some(run.trust), grants, grants_digest },
        resolved_dependencies: dependencies(facts, seen, omitted),
    })
}

/// The value, or its digest where it is too large.
fn embed(value: Json, bytes_max: usize) -> Result<(Option<Json>, Option<Digest>), serde_json::Error> {
    let bytes = canonical(&value)?;
    Ok(if bytes.len() <= bytes_max { (Some(value), None) } else { (None, Some(Digest::of(&bytes))) })
}

fn dependencies(facts: &Provenance<'_>, seen: &Seen, omitted: &mut Omitted) -> Vec<Resource> {
    let run = facts.run;
    let mut source = Resource::of(role::SOURCE, "source").with_sha256(&run.tree).with_media_type(TREE_MEDIA_TYPE);
    source.uri = run.tree_uri.as_deref().map(cut);
    let pipeline = Resource::of(role::PIPELINE, "pipeline");
    let pipeline = pipeline.with_sha256(&run.source).with_media_type(PIPELINE_MEDIA_TYPE);
    let mut plugins: Vec<&UsedPlugin> = run.plugins.iter().collect();
    // Where there are too many, the one that the step called is not among those left out.
    plugins.sort_by_key(|plugin| (Some(&plugin.alias) != facts.step.plugin.as_ref(), &plugin.alias));
    let mut all = vec![source, pipeline];
    all.extend(omitted.listed("plugins", plugins).into_iter().map(plugin));
    all.extend(omitted.listed("tools", &seen.tools).into_iter().map(|(seen, is_command)| tool(seen, *is_command)));
    let fetched = omitted.listed("artifacts", &seen.fetched).into_iter();
    all.extend(fetched.map(|digest| Resource::of(role::ARTIFACT, "").with_sha256(digest)));
    all
}

fn plugin(used: &UsedPlugin) -> Resource {
    let reference = cut(&used.reference);
    let mut plugin = Resource::of(role::PLUGIN, used.alias.as_str());
    plugin = match &used.manifest {
        Some(manifest) => {
            plugin.uri = Some(purl::oci(&reference, manifest));
            plugin.with_sha256(manifest).with_media_type(MANIFEST_MEDIA_TYPE)
        }
        None => plugin.with_sha256(&used.component).with_media_type(COMPONENT_MEDIA_TYPE),
    };
    plugin.with(COMPONENT, used.component.to_string()).with(REFERENCE, reference)
}

fn tool(seen: &SeenTool, is_command: bool) -> Resource {
    let mut tool = Resource::of(role::TOOL, seen.name.as_str()).with(STARTED, is_command);
    tool.uri = Some(purl::tool(seen.name.as_str()));
    let fingerprint = seen.fingerprint.iter().map(|print| (TOOL_FINGERPRINT.to_owned(), print.hex()));
    tool.digest = fingerprint.collect();
    tool
}

fn details(facts: &Provenance<'_>, seen: &Seen, journal: &Digest, omitted: Omitted) -> RunDetails {
    let mut id = facts.builder.id.clone();
    if facts.run.trust == Trust::Untrusted {
        id.push_str(UNTRUSTED_SUFFIX);
    }
    let named = Resource { name: "journal".to_owned(), ..Resource::default() };
    RunDetails {
        builder: WireBuilder { id, version: facts.builder.version.clone() },
        metadata: metadata(facts, seen, omitted),
        byproducts: vec![named.with_sha256(journal).with_media_type(JOURNAL_MEDIA_TYPE)],
    }
}

fn metadata(facts: &Provenance<'_>, seen: &Seen, mut omitted: Omitted) -> Metadata {
    let (run, step) = (facts.run, facts.step);
    let contacts = omitted.listed("contacts", &seen.contacts).into_iter();
    let contacts: Vec<_> = contacts.map(|(host, peers)| (host, peers.iter().collect::<Vec<_>>())).collect();
    omitted.count("peers", contacts.iter().map(|(_, peers)| peers.len().saturating_sub(PEERS_MAX)).sum());
    let contacts = contacts.into_iter().map(|(host, peers)| WireContact {
        host: cut(host),
        peers: peers.into_iter().take(PEERS_MAX).map(|peer| cut(peer)).collect(),
    });
    let cached = omitted.listed("cached", &seen.cached).into_iter();
    let cached = cached.map(|(tool, from)| WireCached { tool: tool.to_string(), from: cut(from) });
    let secrets = omitted.listed("exposedSecrets", &seen.exposed_secrets).into_iter();
    Metadata {
        invocation_id: run.id.to_string(),
        started_on: rfc3339(run.started_at),
        finished_on: rfc3339(run.finished_at),
        attempt: WireAttempt {
            job: cut(step.job.as_str()),
            step: step.step.to_string(),
            number: step.attempt,
            plugin: step.plugin.as_ref().map(ToString::to_string),
            cached_from: step.cached_from.as_ref().map(|from| cut(&from.to_string())),
        },
        contacts: contacts.collect(),
        exposed_secrets: secrets.map(|name| cut(name)).collect(),
        cached: cached.collect(),
        omitted: omitted.counts,
    }
}

/// Whole seconds of UTC, as in-toto wants them ("Timestamp"); nothing for an instant beyond the calendar.
fn rfc3339(at: Timestamp) -> Option<String> {
    let seconds = i64::try_from(at.0 / 1000).ok()?;
    jiff::Timestamp::from_second(seconds).ok().map(|at| at.to_string())
}

/// How many entries were left out, by list.
#[derive(Default)]
struct Omitted {
    counts: BTreeMap<String, usize>,
}

impl Omitted {
    /// The first entries of a list; the others are counted.
    fn listed<T>(&mut self, list: &str, all: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut all = all.into_iter();
        let listed = all.by_ref().take(LISTED_MAX).collect();
        self.count(list, all.count());
        listed
    }

    fn count(&mut self, list: &str, omitted: usize) {
        if omitted > 0 {
            self.counts.insert(list.to_owned(), omitted);
        }
    }
}
