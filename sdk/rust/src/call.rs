//! Each function of the contract from its JSON texts to a plugin's types and back. The export macro and the test
//! harness both go through here, so that a native test calls a plugin exactly as a component is called.

pub use crate::about::config_schema;
use crate::config::{parse_config, parse_state, state_text};
use crate::{
    AlertInput, AlertRule, BuildRequest, BuildStep, Decision, DeployStrategy, DeployTarget, Evaluation, Failure,
    GateRequest, Health, Notice, Notifier, Product, QualityGate, Query, Release, ReportFile, Rollout, ScanReport,
    ScanRequest, Scanner, Share, TestReport, TestReporter, Verdict,
};

/// `build-step.run`
///
/// # Errors
/// `bad-config`, and what the plugin returns; so for every function here.
pub fn run<P: BuildStep>(config: &str, request: BuildRequest) -> Result<Product, Failure> {
    P::run(parse_config(config)?, request)
}

/// `test-reporter.report`
pub fn report<P: TestReporter>(config: &str, file: ReportFile) -> Result<TestReport, Failure> {
    P::report(parse_config(config)?, file)
}

/// `scanner.scan`
pub fn scan<P: Scanner>(config: &str, request: ScanRequest) -> Result<ScanReport, Failure> {
    P::scan(parse_config(config)?, request)
}

/// `quality-gate.judge`
pub fn judge<P: QualityGate>(config: &str, request: GateRequest) -> Result<Verdict, Failure> {
    P::judge(parse_config(config)?, request)
}

/// `deploy-strategy.next`, with the state as text.
pub fn next<P: DeployStrategy>(config: &str, rollout: Rollout<Option<String>>) -> Result<Decision<String>, Failure> {
    let state = parse_state(rollout.state.as_deref())?;
    let decision = P::next(parse_config(config)?, rollout.with_state(state))?;
    Ok(Decision { action: decision.action, state: state_text(&decision.state)?, note: decision.note })
}

/// `deploy-target.prepare`
pub fn prepare<P: DeployTarget>(config: &str, revision: &str, release: Release) -> Result<(), Failure> {
    P::prepare(parse_config(config)?, revision, release)
}

/// `deploy-target.route`
pub fn route<P: DeployTarget>(config: &str, shares: Vec<Share>) -> Result<(), Failure> {
    P::route(parse_config(config)?, shares)
}

/// `deploy-target.observe`
pub fn observe<P: DeployTarget>(config: &str) -> Result<Vec<Health>, Failure> {
    P::observe(parse_config(config)?)
}

/// `deploy-target.retire`
pub fn retire<P: DeployTarget>(config: &str, revision: &str) -> Result<(), Failure> {
    P::retire(parse_config(config)?, revision)
}

/// `alert-rule.queries`
pub fn queries<P: AlertRule>(config: &str) -> Result<Vec<Query>, Failure> {
    P::queries(parse_config(config)?)
}

/// `alert-rule.evaluate`, with the state as text.
pub fn evaluate<P: AlertRule>(config: &str, input: AlertInput<Option<String>>) -> Result<Evaluation<String>, Failure> {
    let state = parse_state(input.state.as_deref())?;
    let answer = P::evaluate(parse_config(config)?, input.with_state(state))?;
    Ok(Evaluation {
        condition: answer.condition,
        severity: answer.severity,
        summary: answer.summary,
        value: answer.value,
        state: state_text(&answer.state)?,
        labels: answer.labels,
    })
}

/// `notifier.deliver`
pub fn deliver<P: Notifier>(config: &str, notice: Notice) -> Result<(), Failure> {
    P::deliver(parse_config(config)?, notice)
}

/// JSON that the host hands over beside a configuration.
///
/// # Errors
/// `bad-json`, which would be the host's mistake.
pub fn json_value(text: &str) -> Result<serde_json::Value, Failure> {
    Ok(serde_json::from_str(text)?)
}
