//! The next move. Each function answers one question and hands on: is there anything to do, is the candidate ready, has
//! it its traffic, what do the metrics say, has it baked.

use lockgate_sdk::{Action, Decision, Duration, Health, Rollout, Share};

use crate::config::Config;
use crate::measure::{Measured, judge, queries};
use crate::state::State;

/// Parts of the whole traffic.
const WHOLE: u32 = 10_000;
/// How often a step's traffic is asked for before the target is given up.
const SHIFTS_MAX: u32 = 5;
/// How soon to look again at a candidate that is not ready.
const READY_POLL: Duration = Duration::from_secs(5);

/// The next move.
pub(crate) fn next(config: &Config, rollout: Rollout<State>) -> Decision<State> {
    if rollout.stable.as_deref() == Some(rollout.candidate.as_str()) {
        return Decision::new(Action::Promote, rollout.state, "the candidate serves already");
    }
    let mut state = rollout.state.clone();
    let passed_ms = state.tick(rollout.now);
    match readiness(rollout.health_of(&rollout.candidate)) {
        Readiness::Ready => state.unready_ms = 0,
        Readiness::Partly => return not_ready(config, &rollout, state, passed_ms),
        Readiness::Down if rollout.weight_of(&rollout.candidate) > 0 && state.shifts > 0 => {
            return roll_back(state, "no instance of the candidate is ready, and it has traffic");
        }
        Readiness::Down => return not_ready(config, &rollout, state, passed_ms),
    }
    if rollout.stable.is_none() {
        return first_release(&rollout, state);
    }
    if rollout.weight_of(&rollout.candidate) != config.weight(state.step) {
        return shift(config, &rollout, state);
    }
    state.baked_ms = state.baked_ms.saturating_add(if state.shifts > 0 { passed_ms } else { 0 });
    state.shifts = state.shifts.max(1);
    bake(config, &rollout, state)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Ready,
    /// Some instances are ready, or nothing is known.
    Partly,
    /// The target knows the candidate, and no instance of it is ready.
    Down,
}

fn readiness(health: Option<&Health>) -> Readiness {
    match health {
        Some(health) if health.wanted > 0 && health.ready >= health.wanted => Readiness::Ready,
        Some(health) if health.ready == 0 => Readiness::Down,
        _ => Readiness::Partly,
    }
}

/// Traffic stays as it is while the candidate is waited for; the bake stands still.
fn not_ready(config: &Config, rollout: &Rollout<State>, mut state: State, passed_ms: u64) -> Decision<State> {
    state.unready_ms = state.unready_ms.saturating_add(passed_ms);
    if state.unready_ms >= config.ready_timeout.as_ms() {
        return roll_back(state, format!("the candidate was not ready within {}", config.ready_timeout));
    }
    let note = match rollout.health_of(&rollout.candidate) {
        Some(health) => format!("{} of {} instances are ready", health.ready, health.wanted),
        None => "the candidate's health is not known yet".to_owned(),
    };
    Decision::new(Action::Wait(READY_POLL), state, note)
}

/// There is nothing to compare with and nothing to go back to: all traffic at once.
fn first_release(rollout: &Rollout<State>, mut state: State) -> Decision<State> {
    if rollout.weight_of(&rollout.candidate) == WHOLE {
        return Decision::new(Action::Promote, state, "the first release serves");
    }
    if state.shifts == SHIFTS_MAX {
        return roll_back(state, format!("the target did not move the traffic in {SHIFTS_MAX} attempts"));
    }
    state.shifts += 1;
    let all = vec![Share { revision: rollout.candidate.clone(), weight: WHOLE }];
    Decision::new(Action::Shift(all), state, "the first release takes all traffic")
}

fn shift(config: &Config, rollout: &Rollout<State>, mut state: State) -> Decision<State> {
    if state.shifts == SHIFTS_MAX {
        return roll_back(state, format!("the target did not move the traffic in {SHIFTS_MAX} attempts"));
    }
    state.shifts += 1;
    let weight = config.weight(state.step);
    let note = format!("step {} of {}: {}%", state.step + 1, config.steps.len(), f64::from(weight) / 100.0);
    Decision::new(Action::Shift(shares(rollout, weight)), state, note)
}

/// Two shares that add up to the whole.
fn shares(rollout: &Rollout<State>, weight: u32) -> Vec<Share> {
    let stable = rollout.stable.iter().map(|stable| Share { revision: stable.clone(), weight: WHOLE - weight });
    stable.chain([Share { revision: rollout.candidate.clone(), weight }]).collect()
}

/// The traffic is as it should be: look, wait, or go on.
fn bake(config: &Config, rollout: &Rollout<State>, mut state: State) -> Decision<State> {
    if !rollout.answers.is_empty()
        && let Some(why) = take_measurement(config, &judge(config, &rollout.answers), &mut state)
    {
        return roll_back(state, why);
    }
    if state.inconclusive > config.inconclusive_limit {
        let what =
            format!("go on with {} at {}% although metrics say nothing", rollout.candidate, percent(config, &state));
        if !rollout.approvals.contains(&what) {
            return Decision::new(Action::Approve(what), state, "too many measurements said nothing");
        }
        state.passed_at_ms = Some(state.baked_ms);
    }
    let bake_ms = config.bake.as_ms();
    let is_proved = config.fail_when.is_empty() || state.passed_at_ms.is_some_and(|at_ms| at_ms >= bake_ms);
    if state.baked_ms >= bake_ms && is_proved {
        return advance(config, rollout, state);
    }
    measure_or_wait(config, state)
}

fn percent(config: &Config, state: &State) -> f64 {
    f64::from(config.weight(state.step)) / 100.0
}

/// Counts a measurement; returns why to go back, where it is one too many.
fn take_measurement(config: &Config, measured: &Measured, state: &mut State) -> Option<String> {
    let is_error = matches!(measured, Measured::Error(_));
    state.consecutive_errors = if is_error { state.consecutive_errors.saturating_add(1) } else { 0 };
    match measured {
        Measured::Good => {
            state.passed_at_ms = Some(state.baked_ms);
            None
        }
        Measured::Nothing(_) => {
            state.inconclusive = state.inconclusive.saturating_add(1);
            None
        }
        Measured::Error(why) => (state.consecutive_errors > config.consecutive_error_limit)
            .then(|| format!("{} measurements in a row failed: {why}", state.consecutive_errors)),
        Measured::Bad(why) => {
            state.failures = state.failures.saturating_add(1);
            (state.failures > config.failure_limit).then(|| why.clone())
        }
    }
}

/// Measures when a step begins, then at each interval, and once more when the bake is over.
fn measure_or_wait(config: &Config, mut state: State) -> Decision<State> {
    let (baked_ms, bake_ms, interval_ms) = (state.baked_ms, config.bake.as_ms(), config.interval.as_ms());
    let next_ms = match state.measured_at_ms {
        _ if config.fail_when.is_empty() => bake_ms,
        None => 0,
        Some(at_ms) if at_ms < bake_ms => bake_ms.min(at_ms.saturating_add(interval_ms)),
        Some(at_ms) => at_ms.saturating_add(interval_ms),
    };
    if next_ms > baked_ms {
        let note =
            format!("baking at {}%, {} of {}", percent(config, &state), Duration::from_ms(baked_ms), config.bake);
        return Decision::new(Action::Wait(Duration::from_ms(next_ms - baked_ms)), state, note);
    }
    state.measured_at_ms = Some(baked_ms);
    let note = format!("measuring at {}%", percent(config, &state));
    Decision::new(Action::Measure(queries(config)), state, note)
}

fn advance(config: &Config, rollout: &Rollout<State>, state: State) -> Decision<State> {
    let step = state.step + 1;
    if step < config.steps.len() {
        return shift(config, rollout, state.at_step(step));
    }
    let what = format!("promote {}", rollout.candidate);
    if config.approve_before_promote && !rollout.approvals.contains(&what) {
        return Decision::new(Action::Approve(what), state, "every step is good");
    }
    Decision::new(Action::Promote, state, "every step is good")
}

fn roll_back(state: State, why: impl Into<String>) -> Decision<State> {
    let why = why.into();
    Decision::new(Action::Rollback(why.clone()), state, why)
}
