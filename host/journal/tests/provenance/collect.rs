//! A finished run, and the statements for what its steps published.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lockgate_engine::run::RunState;
use lockgate_engine::run::state::RunStart;
use lockgate_journal::provenance::{Builder, CollectError, Collected, HostFacts, of_run, sign, verify};
use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::event::{EvidenceRef, StepResult};
use lockgate_model::evidence::{Artifact, EvidenceBody};
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::{Plan, PlanJob, PlanStep};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::{BlobError, Blobs, Journal, Recorder};
use lockgate_trust::SigningKey;
use serde_json::json;

use crate::support::{ARTIFACT, Facts, digest};

/// One journal for every attempt with this number.
struct OneJournal(u32, Vec<HostCall>);

impl Journal for OneJournal {
    fn open(&self, _: &AttemptId, _: bool) -> Arc<dyn Recorder> {
        panic!("provenance writes no journal")
    }

    fn read(&self, attempt: &AttemptId, _: u32) -> Result<Vec<HostCall>, String> {
        if attempt.number == self.0 { Ok(self.1.clone()) } else { Err("it is damaged".to_owned()) }
    }
}

struct NoBlobs;

impl Blobs for NoBlobs {
    fn put(&self, _: &[u8]) -> Result<Digest, BlobError> {
        panic!("provenance keeps nothing")
    }

    fn put_file(&self, _: &Path, _: u64) -> Result<(Digest, u64), BlobError> {
        panic!("provenance keeps nothing")
    }

    fn get(&self, digest: &Digest, _: u64) -> Result<Vec<u8>, BlobError> {
        Err(BlobError::Missing(*digest))
    }

    fn copy_to(&self, digest: &Digest, _: &Path) -> Result<u64, BlobError> {
        Err(BlobError::Missing(*digest))
    }

    fn contains(&self, _: &Digest) -> bool {
        false
    }
}

fn plan() -> Plan {
    let facts = Facts::new();
    let pin = PluginPin {
        reference: "registry.example/team/cargo:0.1".to_owned(),
        digest: digest("cargo"),
        kind: Kind::BuildStep,
        contract: "0.1.0".to_owned(),
    };
    let pin_of_run =
        PluginPin { reference: "lockgate.example/shell:0.1".to_owned(), digest: digest("shell"), ..pin.clone() };
    let step = |id: &str, alias: &str, pin: &PluginPin| -> PlanStep {
        let action = json!({ "plugin": { "alias": alias, "pin": pin, "config": { "literal": {} } } });
        let step = json!({ "id": id, "name": id, "line": 3, "action": action, "timeout-ms": 1,
            "retry": { "attempts-max": 3, "on": "fault", "backoff-ms": 1 } });
        serde_json::from_value(step).unwrap()
    };
    let steps = vec![step("compile", "cargo", &pin), step("pack", "run", &pin_of_run)];
    let job: PlanJob = serde_json::from_value(json!({ "key": "build", "id": "build", "name": "build",
        "fail-fast": true, "timeout-ms": 1, "steps": [] }))
    .unwrap();
    Plan {
        version: 1,
        name: facts.run.pipeline,
        file: facts.run.file,
        source: facts.run.source,
        inputs: facts.run.inputs,
        event: facts.run.event,
        trust: facts.run.trust,
        plugins: [("cargo".parse().unwrap(), pin)].into(),
        jobs: vec![PlanJob { steps, ..job }],
    }
}

fn result(artifacts: &[&Artifact]) -> StepResult {
    let bodies = artifacts.iter().map(|artifact| EvidenceBody::Artifact((*artifact).clone())).collect();
    StepResult {
        started_at: Timestamp(0),
        duration_ms: 1,
        conclusion: Conclusion::Passed,
        outcome: "answered".to_owned(),
        message: String::new(),
        retryable: false,
        outputs: BTreeMap::new(),
        evidence: EvidenceRef::Inline(bodies),
        tree: None,
        cached_from: None,
    }
}

/// The run of the usual facts. Its second attempt at `compile` published the artifact, and claims another one.
fn finished() -> RunState {
    let facts = Facts::new();
    let mut state = RunState::new(Arc::new(plan()));
    let tree = TreeRef { root: facts.run.tree, times: digest("times") };
    state.start = Some(RunStart { run: facts.run.id, at: facts.run.started_at, tree });
    state.finished_at = Some(facts.run.finished_at);
    let claimed = Artifact { digest: digest("never published"), ..facts.artifact.clone() };
    let lied_about = Artifact { size_bytes: 1, ..facts.artifact };
    let step = &mut state.jobs[0].steps[0];
    step.attempts = 2;
    step.result = Some(result(&[&claimed, &lied_about]));
    state.jobs[0].steps[1].result = Some(result(&[]));
    state
}

fn host() -> HostFacts {
    let tree_uri = Some("git+https://git.example/team/service".to_owned());
    let manifests = [(digest("cargo"), digest("manifest"))].into();
    HostFacts { builder: Builder::unnamed("0.1.0"), tree_uri, manifests }
}

fn collect(state: &RunState, attempt: u32) -> Result<Collected, CollectError> {
    of_run(state, &OneJournal(attempt, Facts::new().step.calls), &NoBlobs, &host())
}

#[test]
fn each_published_artifact_gets_a_statement() {
    let collected = collect(&finished(), 2).unwrap();
    let [made] = collected.made.as_slice() else { panic!("{collected:?}") };
    assert_eq!(made.attempt.to_string(), "01jdrun00000aa/build/compile#2");
    let key = SigningKey::generate().unwrap();
    let bundle = sign(&made.statement, &key).unwrap();
    let found = verify(&bundle, &[key.public().clone()], &Digest::of(ARTIFACT)).unwrap();
    assert_eq!(found.size_bytes, Some(13), "the host has counted");
    assert_eq!(found.tree_uri.as_deref(), Some("git+https://git.example/team/service"));
    let plugins: Vec<_> = found.plugins.iter().map(|it| (it.alias.as_str(), it.component, it.manifest)).collect();
    let manifest = Some(digest("manifest"));
    assert_eq!(plugins, [("cargo", Some(digest("cargo")), manifest), ("run", Some(digest("shell")), None)]);
}

#[test]
fn what_a_plugin_only_claims_is_not_vouched_for() {
    let collected = collect(&finished(), 2).unwrap();
    let unseen: Vec<_> = collected.unseen.iter().map(|(_, artifact)| artifact.digest).collect();
    assert_eq!(unseen, [digest("never published")]);
}

#[test]
fn a_run_that_goes_on_has_no_provenance_yet() {
    let mut state = finished();
    state.finished_at = None;
    assert!(matches!(collect(&state, 2), Err(CollectError::Unfinished)));
}

#[test]
fn what_cannot_be_read_is_said() {
    let mut state = finished();
    let error = collect(&state, 1).unwrap_err();
    assert!(error.to_string().contains("build/compile#2 cannot be read (it is damaged)"), "{error}");
    let lost = EvidenceRef::Blob(digest("lost"));
    state.jobs[0].steps[1].result.as_mut().unwrap().evidence = lost;
    let error = collect(&state, 2).unwrap_err();
    assert!(matches!(error, CollectError::Evidence { .. }), "{error}");
}
