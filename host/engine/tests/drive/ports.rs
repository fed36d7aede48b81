//! All ports in memory, in one: a log that can be told to fail, and a sandbox that answers as it is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockgate_engine::run::{RunState, wire};
use lockgate_engine::{Begin, Control, DriveError, Engine, Observer, World};
use lockgate_model::call::{Answer, Kind};
use lockgate_model::catalog::{Descriptor, PluginPin};
use lockgate_model::event::RunEvent;
use lockgate_model::evidence::{Ruling, Verdict};
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest, JobKey, RunId, StreamId};
use lockgate_model::outcome::{Outcome, RefusalCode, Returned};
use lockgate_model::plan::{Plan, PlanJob, PlanStep, Retry, RetryOn, StepAction};
use lockgate_model::template::{Condition, Template};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::{TreeFile, TreeRef};
use lockgate_ports::cancel::StopReason;
use lockgate_ports::log::{Appended, Recorded, ViewRow};
use lockgate_ports::sandbox::{ComponentError, Inspection, ScratchAccess};
use lockgate_ports::{
    Append, BlobError, Blobs, Cancel, Clock, EventLog, Invocation, Journal, Lease, LogError, Recorder, Sandbox,
    Workspace, WorkspaceError, Workspaces,
};

/// What the sandbox does when it is called.
#[derive(Clone)]
enum Behaviour {
    Answer(Outcome),
    Panic,
    WaitForStop,
}

#[derive(Clone)]
pub(crate) struct Ports {
    inner: Arc<Mutex<Inner>>,
    observer: Option<Arc<dyn Observer>>,
}

struct Inner {
    behaviour: Behaviour,
    calls: usize,
    stopped_by: Option<StopReason>,
    log: Vec<Recorded>,
    appends: usize,
    failing_append: Option<(usize, LogError)>,
    receives: usize,
    failing_receive: Option<(usize, LogError)>,
    wishes: Vec<Vec<u8>>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    seen: Vec<RunEvent>,
    now_ms: u64,
}

impl Ports {
    fn new(behaviour: Behaviour) -> Self {
        let inner = Arc::new(Mutex::new(Inner {
            behaviour,
            calls: 0,
            stopped_by: None,
            log: Vec::new(),
            appends: 0,
            failing_append: None,
            receives: 0,
            failing_receive: None,
            wishes: Vec::new(),
            blobs: BTreeMap::new(),
            seen: Vec::new(),
            now_ms: 1_000,
        }));
        Self { inner, observer: None }
    }

    pub(crate) fn answering(outcome: Outcome) -> Self {
        Self::new(Behaviour::Answer(outcome))
    }

    pub(crate) fn panicking() -> Self {
        Self::new(Behaviour::Panic)
    }

    pub(crate) fn waiting_for_stop() -> Self {
        Self::new(Behaviour::WaitForStop)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(crate) fn answer(&self, outcome: Outcome) {
        self.inner().behaviour = Behaviour::Answer(outcome);
    }

    /// The `number`-th append, counted from 1, and all after it fail.
    pub(crate) fn fail_append(&self, number: usize, error: LogError) {
        self.inner().failing_append = Some((number, error));
    }

    /// Looking for wishes fails after so many times.
    pub(crate) fn fail_receive_after(&self, times: usize, error: LogError) {
        self.inner().failing_receive = Some((times, error));
    }

    pub(crate) fn calls(&self) -> usize {
        self.inner().calls
    }

    pub(crate) fn stopped_by(&self) -> Option<StopReason> {
        self.inner().stopped_by
    }

    pub(crate) fn seen(&self) -> Vec<RunEvent> {
        self.inner().seen.clone()
    }

    pub(crate) fn events(&self) -> Vec<RunEvent> {
        self.inner().log.iter().map(|recorded| wire::decode(&recorded.body).unwrap()).collect()
    }

    pub(crate) fn drive(&self, begin: Begin) -> Result<RunState, DriveError> {
        self.drive_with(begin, &Control::default())
    }

    pub(crate) fn drive_with(&self, begin: Begin, control: &Control) -> Result<RunState, DriveError> {
        let all = Arc::new(self.clone());
        let world = World {
            log: all.clone(),
            sandbox: all.clone(),
            blobs: all.clone(),
            workspaces: all.clone(),
            journal: all.clone(),
            clock: all.clone(),
        };
        let observer = self.observer.clone().unwrap_or(all);
        Engine::new(world, "test".to_owned(), 2, 2).run(&RunId::new(1, 1), begin, control, &observer)
    }

    /// The same ports, watched by somebody else.
    pub(crate) fn watched_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }
}

pub(crate) fn verdict(ruling: Ruling) -> Outcome {
    Outcome::Answered(Answer::Verdict(Verdict { ruling, reasons: Vec::new() }))
}

pub(crate) fn tree() -> TreeRef {
    TreeRef { root: Digest::of(b"root"), times: Digest::of(b"times") }
}

/// One job of pure steps.
pub(crate) fn plan(steps: usize) -> Plan {
    plan_of(Kind::QualityGate, steps)
}

/// One job of one step that is announced before it begins.
pub(crate) fn outward_plan() -> Plan {
    plan_of(Kind::BuildStep, 1)
}

fn plan_of(kind: Kind, steps: usize) -> Plan {
    let id: lockgate_model::ids::JobId = "job".parse().unwrap();
    let job = PlanJob {
        key: JobKey::new(&id, []),
        name: id.to_string(),
        id,
        matrix: BTreeMap::new(),
        needs: Vec::new(),
        condition: Condition::Success,
        fail_fast: true,
        parallel_max: None,
        continue_on_error: false,
        timeout_ms: 3_600_000,
        outputs: BTreeMap::new(),
        steps: (0..steps).map(|number| step(kind, number)).collect(),
    };
    Plan {
        version: 1,
        name: "test".to_owned(),
        file: "test.yaml".to_owned(),
        source: Digest::of(b""),
        inputs: BTreeMap::new(),
        event: serde_json::json!({}),
        trust: Default::default(),
        plugins: BTreeMap::new(),
        jobs: vec![job],
    }
}

fn step(kind: Kind, number: usize) -> PlanStep {
    let pin = PluginPin {
        reference: "registry.example/any:1".to_owned(),
        digest: Digest::of(b"any"),
        kind,
        contract: "0.1.0".to_owned(),
    };
    PlanStep {
        id: format!("step{number}").parse().unwrap(),
        name: format!("step {number}"),
        line: 1,
        grants_line: None,
        condition: Condition::Success,
        action: StepAction::Plugin {
            alias: "any".parse().unwrap(),
            pin,
            config: Template::default(),
            schema: None,
            files: Vec::new(),
        },
        env: BTreeMap::new(),
        grants: Default::default(),
        effect: Default::default(),
        timeout_ms: 60_000,
        retry: Retry { attempts_max: 3, on: RetryOn::Fault, backoff_ms: 1 },
        continue_on_error: false,
    }
}

impl Observer for Ports {
    fn event(&self, _: Timestamp, event: &RunEvent, _: &RunState) {
        let mut inner = self.inner();
        inner.seen.push(event.clone());
        assert!(inner.seen.len() <= inner.log.len(), "told before it is on disk");
    }

    fn call(&self, _: &AttemptId, _: &HostCall) {}

    fn started(&self, _: &AttemptId) {}
}

impl EventLog for Ports {
    fn claim(&self, stream: &StreamId, _: &str, _: Timestamp, until: Timestamp) -> Result<Lease, LogError> {
        Ok(Lease { stream: stream.clone(), epoch: 1, until })
    }

    fn renew(&self, _: &Lease, _: Timestamp) -> Result<(), LogError> {
        Ok(())
    }

    fn release(&self, _: &Lease) {}

    fn append(&self, append: Append, appended: Appended) {
        let mut inner = self.inner();
        inner.appends += 1;
        let failing = inner.failing_append.clone().filter(|(number, _)| inner.appends >= *number);
        if failing.is_none() {
            assert_eq!(append.expected_seq, inner.log.len() as u64);
            let (at, first) = (append.at, append.expected_seq + 1);
            inner.log.extend(append.events.into_iter().zip(first..).map(|(body, seq)| Recorded { seq, at, body }));
        }
        drop(inner);
        appended(failing.map_or(Ok(()), |(_, error)| Err(error)));
    }

    fn read(&self, _: &StreamId, after: u64, _: usize) -> Result<Vec<Recorded>, LogError> {
        Ok(self.inner().log.iter().filter(|recorded| recorded.seq > after).cloned().collect())
    }

    fn rows(&self, _: &str, _: usize) -> Result<Vec<ViewRow>, LogError> {
        Ok(Vec::new())
    }

    fn send(&self, _: &StreamId, _: Timestamp, body: Vec<u8>) -> Result<(), LogError> {
        self.inner().wishes.push(body);
        Ok(())
    }

    fn receive(&self, _: &Lease) -> Result<Vec<Vec<u8>>, LogError> {
        let mut inner = self.inner();
        inner.receives += 1;
        match inner.failing_receive.clone().filter(|(times, _)| inner.receives > *times) {
            Some((_, error)) => Err(error),
            None => Ok(std::mem::take(&mut inner.wishes)),
        }
    }
}

impl Sandbox for Ports {
    fn inspect(&self, _: &Digest) -> Result<Inspection, ComponentError> {
        Err(ComponentError { code: RefusalCode::NotAComponent, message: "there is none".to_owned() })
    }

    fn describe(&self, _: &Digest) -> Result<Descriptor, Outcome> {
        Err(Outcome::Cancelled)
    }

    fn call(&self, _: Invocation, cancel: &Cancel, _: Arc<dyn Recorder>) -> Returned {
        self.inner().calls += 1;
        let behaviour = self.inner().behaviour.clone();
        let outcome = match behaviour {
            Behaviour::Answer(outcome) => outcome,
            Behaviour::Panic => panic!("out of luck"),
            Behaviour::WaitForStop => {
                assert!(cancel.wait(Duration::from_secs(60)), "nobody stopped it");
                self.inner().stopped_by = cancel.reason();
                Outcome::Cancelled
            }
        };
        Returned { outcome, cached_from: None }
    }
}

impl Blobs for Ports {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        self.inner().blobs.insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn put_file(&self, path: &Path, _: u64) -> Result<(Digest, u64), BlobError> {
        let bytes = std::fs::read(path).unwrap();
        Ok((self.put(&bytes)?, bytes.len() as u64))
    }

    fn get(&self, digest: &Digest, _: u64) -> Result<Vec<u8>, BlobError> {
        self.inner().blobs.get(digest).cloned().ok_or(BlobError::Missing(*digest))
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        let bytes = self.get(digest, u64::MAX)?;
        std::fs::write(path, &bytes).unwrap();
        Ok(bytes.len() as u64)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.inner().blobs.contains_key(digest)
    }
}

impl Workspaces for Ports {
    fn import(&self, _: &Path) -> Result<TreeRef, WorkspaceError> {
        Ok(tree())
    }

    fn prepare(&self, run: &RunId, job: &JobKey, _: &TreeRef) -> Result<Workspace, WorkspaceError> {
        Ok(Workspace { run: run.clone(), job: job.clone(), folder: Arc::new(std::path::PathBuf::from("/nowhere")) })
    }

    fn snapshot(&self, _: &Workspace) -> Result<TreeRef, WorkspaceError> {
        Ok(tree())
    }

    fn scratch(&self, _: &str, _: &JobKey, _: &[String]) -> Result<Vec<ScratchAccess>, WorkspaceError> {
        Ok(Vec::new())
    }

    fn files(&self, _: &TreeRef, _: &[String]) -> Result<Vec<TreeFile>, WorkspaceError> {
        Ok(Vec::new())
    }

    fn structure(&self, _: &TreeRef) -> Result<Vec<Digest>, WorkspaceError> {
        Ok(Vec::new())
    }

    fn discard(&self, _: &RunId) {}
}

impl Journal for Ports {
    fn open(&self, _: &AttemptId, _: bool) -> Arc<dyn Recorder> {
        Arc::new(Nowhere)
    }

    fn read(&self, _: &AttemptId, _: u32) -> Result<Vec<HostCall>, String> {
        Ok(Vec::new())
    }
}

struct Nowhere;

impl Recorder for Nowhere {
    fn record(&self, _: HostCall) {}

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Clock for Ports {
    /// Goes on whenever it is looked at, so that every wait ends.
    fn now(&self) -> Timestamp {
        let mut inner = self.inner();
        inner.now_ms += 50;
        Timestamp(inner.now_ms)
    }

    fn monotonic_us(&self) -> u64 {
        self.inner().now_ms * 1000
    }
}
