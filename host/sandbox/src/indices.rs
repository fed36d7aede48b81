//! Where a component's functions are: looked up once for each component, by its kind.

use lockgate_model::call::Kind;
use wasmtime::component::InstancePre;

use crate::bindings::guest::{
    about, alert_rule, build_step, deploy_strategy, deploy_target, notifier, quality_gate, scanner, test_reporter,
};

/// The functions of the one kind that a component has.
pub(crate) enum Indices {
    BuildStep(build_step::GuestIndices),
    TestReporter(test_reporter::GuestIndices),
    Scanner(scanner::GuestIndices),
    QualityGate(quality_gate::GuestIndices),
    DeployStrategy(deploy_strategy::GuestIndices),
    DeployTarget(deploy_target::GuestIndices),
    AlertRule(alert_rule::GuestIndices),
    Notifier(notifier::GuestIndices),
}

impl Indices {
    /// Looks them up.
    ///
    /// # Errors
    /// When the component's functions do not have the types of the contract.
    pub(crate) fn new<T: 'static>(kind: Kind, pre: &InstancePre<T>) -> wasmtime::Result<Self> {
        Ok(match kind {
            Kind::BuildStep => Self::BuildStep(build_step::GuestIndices::new(pre)?),
            Kind::TestReporter => Self::TestReporter(test_reporter::GuestIndices::new(pre)?),
            Kind::Scanner => Self::Scanner(scanner::GuestIndices::new(pre)?),
            Kind::QualityGate => Self::QualityGate(quality_gate::GuestIndices::new(pre)?),
            Kind::DeployStrategy => Self::DeployStrategy(deploy_strategy::GuestIndices::new(pre)?),
            Kind::DeployTarget => Self::DeployTarget(deploy_target::GuestIndices::new(pre)?),
            Kind::AlertRule => Self::AlertRule(alert_rule::GuestIndices::new(pre)?),
            Kind::Notifier => Self::Notifier(notifier::GuestIndices::new(pre)?),
        })
    }
}

/// Where `about.describe` is.
pub(crate) type AboutIndices = about::GuestIndices;
