//! Plans that chance makes up: a few jobs, a few steps, every sort of step.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::grant::{Effect, Grants};
use lockgate_model::ids::{Digest, JobKey};
use lockgate_model::plan::{Plan, PlanJob, PlanStep, Retry, RetryOn, StepAction};
use lockgate_model::template::{Condition, Template};
use serde_json::json;

use crate::dice::Dice;

pub(crate) fn any(dice: &mut Dice) -> Arc<Plan> {
    let mut jobs: Vec<PlanJob> = Vec::new();
    for number in 0..1 + dice.below(5) {
        let needs: Vec<JobKey> = jobs.iter().filter(|_| dice.percent(40)).map(|job| job.key.clone()).collect();
        jobs.push(job(dice, number, needs));
    }
    if dice.percent(30) {
        jobs.extend(matrix(dice));
    }
    Arc::new(Plan {
        version: 1,
        name: "simulated".to_owned(),
        file: "simulated.yaml".to_owned(),
        source: Digest::of(b""),
        inputs: BTreeMap::new(),
        event: json!({}),
        trust: Default::default(),
        plugins: BTreeMap::new(),
        jobs,
    })
}

fn job(dice: &mut Dice, number: u64, needs: Vec<JobKey>) -> PlanJob {
    let id = format!("job{number}").parse().unwrap();
    let steps = (0..1 + dice.below(4)).map(|step| self::step(dice, step)).collect();
    PlanJob {
        key: JobKey::new(&id, []),
        name: id.to_string(),
        id,
        matrix: BTreeMap::new(),
        needs,
        condition: condition(dice),
        fail_fast: true,
        parallel_max: None,
        continue_on_error: dice.percent(10),
        // Some jobs are too short for their steps, which take up to 3 s each.
        timeout_ms: dice.pick(&[4_000, 60_000, 600_000]),
        outputs: BTreeMap::new(),
        steps,
    }
}

/// Cells that may run beside each other; without fail-fast, since which cell fails first is up to chance.
fn matrix(dice: &mut Dice) -> Vec<PlanJob> {
    let template = job(dice, 99, Vec::new());
    let cell = |value: &str| PlanJob {
        key: JobKey::new(&template.id, [("os", value.to_owned())]),
        matrix: [("os".to_owned(), json!(value))].into(),
        fail_fast: false,
        parallel_max: Some(2),
        ..template.clone()
    };
    ["linux", "macos", "windows"].map(cell).into()
}

fn condition(dice: &mut Dice) -> Condition {
    dice.pick(&[Condition::Success, Condition::Success, Condition::Success, Condition::Always, Condition::Failure])
}

fn step(dice: &mut Dice, number: u64) -> PlanStep {
    let kind = dice.pick(&[Kind::QualityGate, Kind::BuildStep, Kind::BuildStep]);
    let outward = kind == Kind::BuildStep && dice.percent(30);
    let http = if outward { vec!["registry.example".parse().unwrap()] } else { Vec::new() };
    PlanStep {
        id: format!("step{number}").parse().unwrap(),
        name: format!("step {number}"),
        line: 1,
        grants_line: None,
        condition: condition(dice),
        action: StepAction::Plugin {
            alias: "any".parse().unwrap(),
            pin: pin(kind),
            config: Template::default(),
            schema: None,
            files: Vec::new(),
        },
        env: BTreeMap::new(),
        grants: Grants { http, ..Grants::default() },
        effect: dice.pick(&[Effect::Once, Effect::Idempotent]),
        timeout_ms: 100_000,
        retry: Retry { attempts_max: 3, on: RetryOn::Fault, backoff_ms: 1_000 },
        continue_on_error: dice.percent(10),
    }
}

fn pin(kind: Kind) -> PluginPin {
    PluginPin {
        reference: "registry.example/any:1".to_owned(),
        digest: Digest::of(b"any"),
        kind,
        contract: "0.1.0".to_owned(),
    }
}
