//! Carrying one case out: its files as a workspace, the call, and what is to be compared of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::call::{Call, Kind};
use lockgate_model::host_call::{CallBody, HostCall, LogLine, LogSource};
use lockgate_model::ids::{AttemptId, Digest, RunId};
use lockgate_model::limits::PURE_CALL_MS_MAX;
use lockgate_model::outcome::{Outcome, RefusalCode};
use lockgate_model::plan::Trust;
use lockgate_ports::sandbox::{ScratchAccess, WorkspaceAccess};
use lockgate_ports::{Cancel, Gate, Invocation, Recorder};
use tempfile::TempDir;

use super::case::Case;
use super::snapshot::Snapshot;
use super::{CaseError, Subject, files};

/// How long a case with native tools may take.
const CASE_MS_MAX: u64 = 10 * 60 * 1000;
/// What a plugin sees as its idempotency key.
const IDEMPOTENCY_KEY: &str = "case";

/// Calls the plugin and gives what it did.
pub(super) fn perform(subject: &Subject<'_>, case: &Case) -> Result<Snapshot, CaseError> {
    let inspected = subject.host.sandbox.inspect(&subject.component);
    let kind = inspected.map_err(|error| CaseError::Host(error.message))?.kind;
    let call = case.call(kind)?;
    let faults = (subject.options.check_config)(&subject.descriptor.config_schema, &case.config());
    if !faults.is_empty() {
        let refused = Outcome::Refused { code: RefusalCode::Configuration, message: faults.join("\n") };
        return Snapshot::of(refused, Vec::new(), Written::default(), kind, Path::new(""));
    }
    let room = Room::furnish(case, kind)?;
    let lines = Arc::new(Lines::default());
    let invocation = invocation(subject.component, call, case, room.access(kind))?;
    let returned = subject.host.sandbox.call(invocation, &Cancel::default(), lines.clone());
    match returned.outcome {
        Outcome::Faulted { message } => Err(CaseError::Host(message)),
        Outcome::Cancelled => Err(CaseError::Host("the call was cancelled".to_owned())),
        outcome => Snapshot::of(outcome, lines.take(), room.written()?, kind, &room.workspace()),
    }
}

fn invocation(
    component: Digest,
    call: Call,
    case: &Case,
    workspace: Option<WorkspaceAccess>,
) -> Result<Invocation, CaseError> {
    let name = |error: lockgate_model::ids::InvalidId| CaseError::Host(error.to_string());
    let attempt = AttemptId {
        run: RunId::new(0, 0),
        job: "case".parse().map_err(name)?,
        step: "call".parse().map_err(name)?,
        number: 1,
    };
    let time_ms = if call.kind().is_pure() { PURE_CALL_MS_MAX } else { CASE_MS_MAX };
    Ok(Invocation {
        component,
        call,
        attempt,
        grants: case.grants.clone(),
        grants_place: String::new(),
        trust: Trust::Trusted,
        env: case.env.clone(),
        workspace,
        time_ms,
        idempotency_key: IDEMPOTENCY_KEY.to_owned(),
        run_url: None,
        gate: Gate::open(),
        answers: None,
    })
}

/// The files of a case while it runs; gone afterwards.
struct Room {
    folder: TempDir,
    scratch: Vec<ScratchAccess>,
    before: BTreeMap<String, Digest>,
}

/// Files that are not as they were.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Room {
    fn furnish(case: &Case, kind: Kind) -> Result<Self, CaseError> {
        let folder = tempfile::Builder::new().prefix("lockgate-case-").tempdir();
        let folder = folder.map_err(|error| CaseError::file("make a folder in", &std::env::temp_dir(), error))?;
        let mut room = Self { folder, scratch: Vec::new(), before: BTreeMap::new() };
        let no_files = Path::new("");
        let files = if sees_files(kind) { case.files() } else { no_files.to_owned() };
        files::copy(&files, &room.workspace())?;
        room.before = digests(&room.workspace())?;
        for (number, name) in case.grants.scratch.iter().enumerate() {
            let path = room.folder.path().join("scratch").join(number.to_string());
            fs::create_dir_all(&path).map_err(|error| CaseError::file("make", &path, error))?;
            room.scratch.push(ScratchAccess { name: name.clone(), path, was_empty: true });
        }
        Ok(room)
    }

    fn workspace(&self) -> std::path::PathBuf {
        self.folder.path().join("workspace")
    }

    /// Without a tree: what a case did is no answer to any run, nor the other way round.
    fn access(&self, kind: Kind) -> Option<WorkspaceAccess> {
        let writable = matches!(kind, Kind::BuildStep | Kind::DeployTarget);
        let access =
            WorkspaceAccess { folder: Arc::new(self.workspace()), writable, tree: None, scratch: self.scratch.clone() };
        sees_files(kind).then_some(access)
    }

    fn written(&self) -> Result<Written, CaseError> {
        let after = digests(&self.workspace())?;
        let is_new = |(path, digest): &(&String, &Digest)| self.before.get(*path) != Some(*digest);
        let changed = after.iter().filter(is_new).map(|(path, _)| path.clone()).collect();
        let removed = self.before.keys().filter(|path| !after.contains_key(*path)).cloned().collect();
        Ok(Written { changed, removed })
    }
}

fn sees_files(kind: Kind) -> bool {
    kind.is_outward() || kind == Kind::Scanner
}

fn digests(folder: &Path) -> Result<BTreeMap<String, Digest>, CaseError> {
    let digest = |file: String| {
        let path = folder.join(&file);
        let bytes = fs::read(&path).map_err(|error| CaseError::file("read", &path, error))?;
        Ok((file, Digest::of(&bytes)))
    };
    files::list(folder)?.into_iter().map(digest).collect()
}

/// What the plugin itself said. A native tool's lines are not its own, and vary.
#[derive(Default)]
struct Lines {
    lines: Mutex<Vec<LogLine>>,
}

impl Lines {
    fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorder for Lines {
    fn record(&self, call: HostCall) {
        if let CallBody::Line(line) = call.body
            && matches!(line.source, LogSource::Log | LogSource::Stdout | LogSource::Stderr)
        {
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}
