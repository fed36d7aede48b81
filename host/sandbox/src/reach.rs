//! What one call may reach: grants, environment, workspace, and what it may know of its attempt.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use lockgate_model::call::{Call, Kind};
use lockgate_model::grant::Grants;
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_ports::Invocation;
use lockgate_ports::sandbox::WorkspaceAccess;

use crate::canonical;

/// An invocation as its kind may see it. The default reaches nothing: that is how `describe` is asked.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) call: Option<Call>,
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) grants: Grants,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) workspace: Option<WorkspaceAccess>,
    pub(crate) idempotency_key: String,
    pub(crate) run_url: Option<String>,
    seed: OnceLock<Digest>,
}

impl Reach {
    /// Takes an invocation over; a kind that must not see the workspace or the environment loses them here.
    pub(crate) fn of(kind: Kind, invocation: Invocation) -> Self {
        let Invocation { call, attempt, grants, env, workspace, idempotency_key, run_url, .. } = invocation;
        let sees_files = kind.is_outward() || kind == Kind::Scanner;
        Self {
            call: Some(call),
            attempt: Some(attempt),
            grants: if kind.is_outward() { grants } else { Grants::default() },
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
        let of_input = || self.call.as_ref().and_then(|call| canonical::key(component, call, None));
        *self.seed.get_or_init(|| of_input().unwrap_or(*component))
    }
}
