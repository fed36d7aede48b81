//! The eight kinds: their names and the glue from a kind's generated `Guest` trait to `lockgate_sdk::call`.

use proc_macro2::TokenStream;
use quote::quote;

/// The interface that a plugin exports beside `about`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BuildStep,
    TestReporter,
    Scanner,
    QualityGate,
    DeployStrategy,
    DeployTarget,
    AlertRule,
    Notifier,
}

const KINDS: [(Kind, &str, &str); 8] = [
    (Kind::BuildStep, "build_step", "BuildStep"),
    (Kind::TestReporter, "test_reporter", "TestReporter"),
    (Kind::Scanner, "scanner", "Scanner"),
    (Kind::QualityGate, "quality_gate", "QualityGate"),
    (Kind::DeployStrategy, "deploy_strategy", "DeployStrategy"),
    (Kind::DeployTarget, "deploy_target", "DeployTarget"),
    (Kind::AlertRule, "alert_rule", "AlertRule"),
    (Kind::Notifier, "notifier", "Notifier"),
];

impl Kind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known, _)| *known == name).map(|(kind, _, _)| *kind)
    }

    /// Every name, for a message.
    pub(crate) fn names() -> String {
        KINDS.map(|(_, name, _)| name).join(", ")
    }

    /// The module of the generated bindings: `build_step`.
    pub(crate) fn module(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// The SDK's trait: `BuildStep`.
    pub(crate) fn trait_name(self) -> &'static str {
        KINDS[self as usize].2
    }

    /// The contract's world: `build-step-plugin`.
    pub(crate) fn world(self) -> String {
        format!("{}-plugin", self.module().replace('_', "-"))
    }

    /// The host interfaces that the kind's world imports.
    pub(crate) fn imports(self) -> &'static [&'static str] {
        match self {
            Self::BuildStep | Self::DeployTarget => &["log", "context", "exec", "secrets", "artifacts"],
            Self::Notifier => &["log", "context", "secrets"],
            _ => &["log"],
        }
    }

    /// The functions of the kind's `Guest` trait; `wire` is the kind's generated module, `Plugin` the author's type.
    pub(crate) fn functions(self) -> TokenStream {
        match self {
            Self::BuildStep => build_step(),
            Self::TestReporter => test_reporter(),
            Self::Scanner => scanner(),
            Self::QualityGate => quality_gate(),
            Self::DeployStrategy => deploy_strategy(),
            Self::DeployTarget => deploy_target(),
            Self::AlertRule => alert_rule(),
            Self::Notifier => notifier(),
        }
    }
}

fn build_step() -> TokenStream {
    quote! {
        fn run(request: wire::Request) -> Result<wire::Product, sdk::Failure> {
            let product = sdk::call::run::<Plugin>(&request.config, sdk::BuildRequest { evidence: request.evidence })?;
            Ok(wire::Product {
                conclusion: product.conclusion,
                outputs: product.outputs,
                evidence: product.evidence,
                summary: product.summary,
            })
        }
    }
}

fn test_reporter() -> TokenStream {
    quote! {
        fn report(config: String, path: String, content: Vec<u8>) -> Result<sdk::TestReport, sdk::Failure> {
            sdk::call::report::<Plugin>(&config, sdk::ReportFile { path, content })
        }
    }
}

fn scanner() -> TokenStream {
    quote! {
        fn scan(request: wire::Request) -> Result<sdk::ScanReport, sdk::Failure> {
            sdk::call::scan::<Plugin>(&request.config, sdk::ScanRequest { files: request.files })
        }
    }
}

fn quality_gate() -> TokenStream {
    quote! {
        fn judge(request: wire::Request) -> Result<sdk::Verdict, sdk::Failure> {
            let known = sdk::GateRequest { evidence: request.evidence, baseline: request.baseline };
            sdk::call::judge::<Plugin>(&request.config, known)
        }
    }
}

fn deploy_strategy() -> TokenStream {
    quote! {
        fn next(rollout: wire::Rollout) -> Result<wire::Decision, sdk::Failure> {
            let known = sdk::Rollout {
                state: rollout.state,
                stable: rollout.stable,
                candidate: rollout.candidate,
                started_at: rollout.started_at,
                now: rollout.now,
                shares: rollout.shares,
                health: rollout.health,
                answers: rollout.answers,
                approvals: rollout.approvals,
            };
            let decision = sdk::call::next::<Plugin>(&rollout.config, known)?;
            let action = match decision.action {
                sdk::Action::Shift(shares) => wire::Action::Shift(shares),
                sdk::Action::Wait(time) => wire::Action::Wait(time.as_ms()),
                sdk::Action::Measure(queries) => wire::Action::Measure(queries),
                sdk::Action::Approve(what) => wire::Action::Approve(what),
                sdk::Action::Promote => wire::Action::Promote,
                sdk::Action::Rollback(why) => wire::Action::Rollback(why),
            };
            Ok(wire::Decision { action, state: decision.state, note: decision.note })
        }
    }
}

fn deploy_target() -> TokenStream {
    quote! {
        fn prepare(config: String, revision: String, release: wire::Release) -> Result<(), sdk::Failure> {
            let settings = sdk::call::json_value(&release.settings)?;
            let release = sdk::Release { name: release.name, artifacts: release.artifacts, settings };
            sdk::call::prepare::<Plugin>(&config, &revision, release)
        }

        fn route(config: String, shares: Vec<sdk::Share>) -> Result<(), sdk::Failure> {
            sdk::call::route::<Plugin>(&config, shares)
        }

        fn observe(config: String) -> Result<Vec<sdk::Health>, sdk::Failure> {
            sdk::call::observe::<Plugin>(&config)
        }

        fn retire(config: String, revision: String) -> Result<(), sdk::Failure> {
            sdk::call::retire::<Plugin>(&config, &revision)
        }
    }
}

fn alert_rule() -> TokenStream {
    quote! {
        fn queries(config: String) -> Result<Vec<sdk::Query>, sdk::Failure> {
            sdk::call::queries::<Plugin>(&config)
        }

        fn evaluate(input: wire::Input) -> Result<wire::Evaluation, sdk::Failure> {
            let known = sdk::AlertInput { state: input.state, now: input.now, answers: input.answers };
            let answer = sdk::call::evaluate::<Plugin>(&input.config, known)?;
            let condition = match answer.condition {
                sdk::Condition::Ok => wire::Condition::Ok,
                sdk::Condition::Pending => wire::Condition::Pending,
                sdk::Condition::Firing => wire::Condition::Firing,
                sdk::Condition::Inconclusive => wire::Condition::Inconclusive,
            };
            Ok(wire::Evaluation {
                condition,
                severity: answer.severity,
                summary: answer.summary,
                value: answer.value,
                state: answer.state,
                labels: answer.labels,
            })
        }
    }
}

fn notifier() -> TokenStream {
    quote! {
        fn deliver(config: String, notice: wire::Notice) -> Result<(), sdk::Failure> {
            let notice = sdk::Notice {
                id: notice.id,
                topic: notice.topic,
                title: notice.title,
                body: notice.body,
                severity: notice.severity,
                at: notice.at,
                url: notice.url,
                details: sdk::call::json_value(&notice.details)?,
            };
            sdk::call::deliver::<Plugin>(&config, notice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Kind};

    #[test]
    fn every_kind_stands_at_its_own_place_in_the_table() {
        for (kind, name, trait_name) in KINDS {
            assert_eq!(Kind::from_name(name), Some(kind));
            assert_eq!((kind.module(), kind.trait_name()), (name, trait_name));
        }
    }

    #[test]
    fn every_kind_has_its_world_in_the_contract() {
        for (kind, _, _) in KINDS {
            assert!(crate::expand::CONTRACT.contains(&format!("world {} {{", kind.world())), "{kind:?}");
        }
    }
}
