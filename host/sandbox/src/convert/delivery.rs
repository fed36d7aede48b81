//! Deploy strategies, deploy targets, alert rules and notifiers.

use lockgate_model::delivery as model;

use super::evidence::{severity, wit_artifact, wit_severity};
use super::{InvalidAnswer, json, same_variants};
use crate::bindings::guest::{alert_rule, deploy_strategy as strategy, deploy_target as target, notifier};
use crate::bindings::host::types as wit;

same_variants!(condition, alert_rule::Condition => model::Condition, [Ok, Pending, Firing, Inconclusive]);

pub(crate) fn wit_rollout(config: &lockgate_model::Json, rollout: &model::Rollout) -> strategy::Rollout {
    strategy::Rollout {
        config: config.to_string(),
        state: rollout.state.as_ref().map(ToString::to_string),
        stable: rollout.stable.clone(),
        candidate: rollout.candidate.clone(),
        started_at: rollout.started_at.0,
        now: rollout.now.0,
        shares: wit_shares(&rollout.shares),
        health: rollout.health.iter().map(wit_health).collect(),
        answers: wit_answers(&rollout.answers),
        approvals: rollout.approvals.clone(),
    }
}

pub(crate) fn decision(decision: strategy::Decision) -> Result<model::Decision, InvalidAnswer> {
    let strategy::Decision { action: of, state, note } = decision;
    Ok(model::Decision { action: action(of), state: json("state", &state)?, note })
}

fn action(action: strategy::Action) -> model::Action {
    match action {
        strategy::Action::Shift(shares) => model::Action::Shift(shares.into_iter().map(share).collect()),
        strategy::Action::Wait(ms) => model::Action::Wait(ms),
        strategy::Action::Measure(of) => model::Action::Measure(queries(of)),
        strategy::Action::Approve(what) => model::Action::Approve(what),
        strategy::Action::Promote => model::Action::Promote,
        strategy::Action::Rollback(why) => model::Action::Rollback(why),
    }
}

fn share(share: wit::Share) -> model::Share {
    model::Share { revision: share.revision, weight: share.weight }
}

pub(crate) fn queries(queries: Vec<wit::Query>) -> Vec<model::Query> {
    let query = |wit::Query { id, expression, window_ms, step_ms }| model::Query { id, expression, window_ms, step_ms };
    queries.into_iter().map(query).collect()
}

pub(crate) fn health(health: Vec<wit::Health>) -> Vec<model::Health> {
    let one = |wit::Health { revision, ready, wanted, message }| model::Health { revision, ready, wanted, message };
    health.into_iter().map(one).collect()
}

fn wit_health(health: &model::Health) -> wit::Health {
    wit::Health {
        revision: health.revision.clone(),
        ready: health.ready,
        wanted: health.wanted,
        message: health.message.clone(),
    }
}

pub(crate) fn wit_shares(shares: &[model::Share]) -> Vec<wit::Share> {
    shares.iter().map(|share| wit::Share { revision: share.revision.clone(), weight: share.weight }).collect()
}

pub(crate) fn wit_release(release: &model::Release) -> target::Release {
    target::Release {
        name: release.name.clone(),
        artifacts: release.artifacts.iter().map(wit_artifact).collect(),
        settings: release.settings.to_string(),
    }
}

pub(crate) fn wit_input(config: &lockgate_model::Json, input: &model::AlertInput) -> alert_rule::Input {
    alert_rule::Input {
        config: config.to_string(),
        state: input.state.as_ref().map(ToString::to_string),
        now: input.now.0,
        answers: wit_answers(&input.answers),
    }
}

pub(crate) fn evaluation(evaluation: alert_rule::Evaluation) -> Result<model::Evaluation, InvalidAnswer> {
    let alert_rule::Evaluation { condition: how, severity: of, summary, value, state, labels } = evaluation;
    let (condition, severity, state) = (condition(how), severity(of), json("state", &state)?);
    Ok(model::Evaluation { condition, severity, summary, value, state, labels })
}

pub(crate) fn wit_notice(notice: &model::Notice) -> notifier::Notice {
    notifier::Notice {
        id: notice.id.clone(),
        topic: notice.topic.clone(),
        title: notice.title.clone(),
        body: notice.body.clone(),
        severity: wit_severity(notice.severity),
        at: notice.at.0,
        url: notice.url.clone(),
        details: notice.details.to_string(),
    }
}

fn wit_answers(answers: &[model::Answer]) -> Vec<wit::Answer> {
    answers.iter().map(|answer| wit::Answer { id: answer.id.clone(), outcome: wit_outcome(&answer.outcome) }).collect()
}

fn wit_outcome(outcome: &model::AnswerOutcome) -> Result<Vec<wit::Series>, String> {
    match outcome {
        model::AnswerOutcome::Ok(series) => Ok(series.iter().map(wit_series).collect()),
        model::AnswerOutcome::Err(reason) => Err(reason.clone()),
    }
}

fn wit_series(series: &model::Series) -> wit::Series {
    let sample = |sample: &model::Sample| wit::Sample { at: sample.at.0, value: sample.value };
    wit::Series {
        name: series.name.clone(),
        labels: series.labels.clone(),
        samples: series.samples.iter().map(sample).collect(),
    }
}
