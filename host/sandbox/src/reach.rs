//! What one call may reach: grants, environment, workspace, and what it may know of its attempt.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use lockgate_model::call::{Call, Kind};
use lockgate_model::grant::{FileRules, Grants};
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::plan::Trust;
use lockgate_ports::sandbox::{Answers, WorkspaceAccess};
use lockgate_ports::{Gate, Invocation};

use crate::canonical;

/// An invocation as its kind may see it. The default reaches nothing: that is how `describe` is asked.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) call: Option<Call>,
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) grants: Grants,
    pub(crate) grants_place: String,
    pub(crate) trust: Trust,
    /// What of the workspace may be read and written; none for all of it.
    pub(crate) read: Option<FileRules>,
    pub(crate) write: Option<FileRules>,
    pub(crate) answers: Option<Arc<dyn Answers>>,
    pub(crate) gate: Gate,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) workspace: Option<WorkspaceAccess>,
    pub(crate) idempotency_key: String,
    pub(crate) run_url: Option<String>,
    seed: OnceLock<Digest>,
}

impl Reach {
    /// Takes an invocation over; a kind that must not see the workspace or the environment loses them here.
    pub(crate) fn of(kind: Kind, invocation: Invocation) -> Self {
        let Invocation { call, attempt, grants, grants_place, trust, env, workspace, idempotency_key, .. } = invocation;
        let Invocation { run_url, answers, gate, .. } = invocation;
        let sees_files = kind.is_outward() || kind == Kind::Scanner;
        Self {
            call: Some(call),
            attempt: Some(attempt),
            read: rules(grants.read.as_ref()),
            write: rules(grants.write.as_ref().filter(|_| kind.is_outward())),
            grants: if kind.is_outward() { grants } else { Grants { read: grants.read, ..Grants::default() } },
            grants_place,
            trust,
            answers,
            gate,
            env: if kind.is_outward() { env } else { BTreeMap::new() },
            workspace: workspace.filter(|_| sees_files),
            idempotency_key,
            run_url,
            seed: OnceLock::new(),
        }
    }

    /// What the guest's seeded generator starts from: the component and its canonical input, worked out when the first
    /// number is drawn.
    pub(crate) fn seed(&self, component: &Digest) -> Digest {
        let of_input = || self.call.as_ref().and_then(|call| canonical::key(component, call));
        *self.seed.get_or_init(|| of_input().unwrap_or(*component))
    }
}

/// Globs that cannot be understood allow nothing: the planner has refused them long before.
fn rules(globs: Option<&Vec<String>>) -> Option<FileRules> {
    globs.map(|globs| FileRules::new(globs).unwrap_or_else(|_| FileRules::nothing()))
}
