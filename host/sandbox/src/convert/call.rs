//! Calls: the model's input to the guest, the guest's answer to the model.

use lockgate_model::call::{Answer, Call, Product};
use lockgate_model::evidence::Evidence;
use lockgate_model::outcome::Failure;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::{InvalidAnswer, delivery, evidence};
use crate::bindings::guest::{build_step, deploy_target, quality_gate, scanner};
use crate::bindings::host::types as wit;
use crate::indices::Indices;

/// What came of a call that wasmtime carried out.
pub(crate) enum Replied {
    /// An answer.
    Answer(Answer),
    /// The plugin could not do its work.
    Failure(Failure),
    /// It answered something that the contract does not know.
    Invalid(InvalidAnswer),
    /// It is of another kind than the call.
    WrongKind,
}

/// Calls the function that answers `call`.
pub(crate) fn invoke<T: Send + 'static>(
    indices: &Indices,
    store: &mut Store<T>,
    instance: &Instance,
    call: &Call,
) -> wasmtime::Result<Replied> {
    Ok(match (indices, call) {
        (Indices::BuildStep(kind), Call::BuildStep { config, evidence }) => {
            let request = build_step::Request { config: config.to_string(), evidence: wit_evidence(evidence) };
            reply(kind.load(&mut *store, instance)?.call_run(store, &request)?, |of| product(of).map(Answer::Product))
        }
        (Indices::TestReporter(kind), Call::TestReporter { config, path, content }) => {
            let guest = kind.load(&mut *store, instance)?;
            let report = guest.call_report(store, &config.to_string(), path, content)?;
            reply(report, |of| Ok(Answer::Tests(evidence::tests(of))))
        }
        (Indices::Scanner(kind), Call::Scanner { config, files }) => {
            let request = scanner::Request { config: config.to_string(), files: files.clone() };
            let report = kind.load(&mut *store, instance)?.call_scan(store, &request)?;
            reply(report, |of| Ok(Answer::Scan(evidence::scan(of))))
        }
        (Indices::QualityGate(kind), Call::QualityGate { config, evidence, baseline }) => {
            let (evidence, baseline) = (wit_evidence(evidence), wit_evidence(baseline));
            let request = quality_gate::Request { config: config.to_string(), evidence, baseline };
            let verdict = kind.load(&mut *store, instance)?.call_judge(store, &request)?;
            reply(verdict, |of| Ok(Answer::Verdict(evidence::verdict(of))))
        }
        _ => return invoke_delivery(indices, store, instance, call),
    })
}

/// Strategies, alert rules and notifiers.
fn invoke_delivery<T: Send + 'static>(
    indices: &Indices,
    store: &mut Store<T>,
    instance: &Instance,
    call: &Call,
) -> wasmtime::Result<Replied> {
    Ok(match (indices, call) {
        (Indices::DeployStrategy(kind), Call::DeployStrategy { config, rollout }) => {
            let rollout = delivery::wit_rollout(config, rollout);
            let decision = kind.load(&mut *store, instance)?.call_next(store, &rollout)?;
            reply(decision, |of| delivery::decision(of).map(Answer::Decision))
        }
        (Indices::AlertRule(kind), Call::AlertQueries { config }) => {
            let queries = kind.load(&mut *store, instance)?.call_queries(store, &config.to_string())?;
            reply(queries, |of| Ok(Answer::Queries(delivery::queries(of))))
        }
        (Indices::AlertRule(kind), Call::AlertEvaluate { config, input }) => {
            let input = delivery::wit_input(config, input);
            let evaluation = kind.load(&mut *store, instance)?.call_evaluate(store, &input)?;
            reply(evaluation, |of| delivery::evaluation(of).map(Answer::Evaluation))
        }
        (Indices::Notifier(kind), Call::Notify { config, notice }) => {
            let (config, notice) = (config.to_string(), delivery::wit_notice(notice));
            reply(kind.load(&mut *store, instance)?.call_deliver(store, &config, &notice)?, done)
        }
        (Indices::DeployTarget(kind), _) => return invoke_target(kind, store, instance, call),
        _ => Replied::WrongKind,
    })
}

/// The four functions of a deploy target.
fn invoke_target<T: Send + 'static>(
    kind: &deploy_target::GuestIndices,
    store: &mut Store<T>,
    instance: &Instance,
    call: &Call,
) -> wasmtime::Result<Replied> {
    let guest = kind.load(&mut *store, instance)?;
    Ok(match call {
        Call::TargetPrepare { config, revision, release } => {
            let release = delivery::wit_release(release);
            reply(guest.call_prepare(store, &config.to_string(), revision, &release)?, done)
        }
        Call::TargetRoute { config, shares } => {
            reply(guest.call_route(store, &config.to_string(), &delivery::wit_shares(shares))?, done)
        }
        Call::TargetObserve { config } => {
            let health = guest.call_observe(store, &config.to_string())?;
            reply(health, |of| Ok(Answer::Health(delivery::health(of))))
        }
        Call::TargetRetire { config, revision } => {
            reply(guest.call_retire(store, &config.to_string(), revision)?, done)
        }
        _ => Replied::WrongKind,
    })
}

fn reply<T>(result: Result<T, wit::Failure>, answer: impl FnOnce(T) -> Result<Answer, InvalidAnswer>) -> Replied {
    match result.map(answer) {
        Ok(Ok(answer)) => Replied::Answer(answer),
        Ok(Err(invalid)) => Replied::Invalid(invalid),
        Err(failure) => Replied::Failure(evidence::failure(failure)),
    }
}

fn done((): ()) -> Result<Answer, InvalidAnswer> {
    Ok(Answer::Done)
}

fn wit_evidence(of: &[Evidence]) -> Vec<wit::Evidence> {
    of.iter().map(evidence::wit_evidence).collect()
}

fn product(product: build_step::Product) -> Result<Product, InvalidAnswer> {
    Ok(Product {
        conclusion: evidence::ruling(product.conclusion),
        outputs: product.outputs,
        evidence: product.evidence.into_iter().map(evidence::body).collect::<Result<_, _>>()?,
        summary: product.summary,
    })
}
