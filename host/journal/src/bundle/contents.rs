//! Which blobs an attempt's replay needs.

use std::collections::BTreeSet;

use lockgate_engine::drive::history::Past;
use lockgate_model::call::Kind;
use lockgate_model::event::EvidenceRef;
use lockgate_model::host_call::{CallBody, HostCall, RecordedAnswer};
use lockgate_model::ids::Digest;
use lockgate_model::plan::StepAction;
use lockgate_ports::{WorkspaceError, Workspaces};

/// All of them, each once.
pub(super) fn needed(
    past: &Past,
    calls: &[HostCall],
    workspaces: &dyn Workspaces,
) -> Result<BTreeSet<Digest>, WorkspaceError> {
    let mut needed = BTreeSet::new();
    needed.extend(calls.iter().flat_map(of_call));
    needed.extend(past.task.exhibits().filter_map(|(_, body)| of_evidence(body)));
    needed.extend(of_evidence(&past.result.evidence));
    if let StepAction::Plugin { pin, files, .. } = &past.task.step().action {
        needed.insert(pin.digest);
        add_files(&mut needed, past, (pin.kind, files), workspaces)?;
    }
    Ok(needed)
}

/// A kind that sees the workspace may ask for any file of it; a reporter is given those that match.
fn add_files(
    needed: &mut BTreeSet<Digest>,
    past: &Past,
    (kind, globs): (Kind, &[String]),
    workspaces: &dyn Workspaces,
) -> Result<(), WorkspaceError> {
    let everything = ["**".to_owned()];
    let globs = match kind {
        Kind::TestReporter => globs,
        Kind::Scanner => &everything,
        kind if kind.is_outward() => &everything,
        _ => return Ok(()),
    };
    let tree = past.task.tree();
    needed.extend(workspaces.structure(&tree)?);
    needed.extend(workspaces.files(&tree, globs)?.into_iter().map(|file| file.digest));
    Ok(())
}

fn of_call(call: &HostCall) -> Vec<Digest> {
    let CallBody::Function(function) = &call.body else { return Vec::new() };
    let answer = match &function.answer {
        Some(RecordedAnswer::Blob(digest)) => Some(*digest),
        _ => None,
    };
    function.blobs.iter().copied().chain(answer).collect()
}

fn of_evidence(evidence: &EvidenceRef) -> Option<Digest> {
    match evidence {
        EvidenceRef::Blob(digest) => Some(*digest),
        EvidenceRef::None | EvidenceRef::Inline(_) => None,
    }
}
