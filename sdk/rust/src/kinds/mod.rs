//! One trait for each kind, with what its functions are given and return.

mod alert_rule;
mod build_step;
mod deploy_strategy;
mod deploy_target;
mod notifier;
mod quality_gate;
mod scanner;
mod test_reporter;

pub use alert_rule::{AlertInput, AlertRule, Condition, Evaluation};
pub use build_step::{BuildRequest, BuildStep, Product};
pub use deploy_strategy::{Action, Decision, DeployStrategy, Rollout};
pub use deploy_target::{DeployTarget, Release};
pub use notifier::{Notice, Notifier};
pub use quality_gate::{GateRequest, QualityGate};
pub use scanner::{ScanRequest, Scanner};
pub use test_reporter::{ReportFile, TestReporter};
