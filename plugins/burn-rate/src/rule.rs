//! From burn rates to a condition, with what holds it up: `for` before it fires, `keep-firing` before it is over.

use lockgate_sdk::{Condition, Evaluation, Severity};

use crate::burn::Burn;
use crate::config::Config;
use crate::state::State;

/// How things are.
pub(crate) fn evaluate(config: &Config, burns: &[Burn<'_>], mut state: State, now: u64) -> Evaluation<State> {
    let too_fast = burns.iter().position(|burn| burn.is_too_fast() == Some(true));
    if too_fast.is_none() && burns.iter().any(|burn| burn.is_too_fast().is_none()) {
        return inconclusive(burns, state, now);
    }
    state.tick(now, too_fast.is_some());
    state.window = too_fast.or(state.window);
    state.firing = if state.burning {
        state.firing || state.held_ms >= config.hold.as_ms()
    } else {
        state.firing && state.held_ms < config.keep_firing.as_ms()
    };
    let condition = match (state.firing, state.burning) {
        (true, _) => Condition::Firing,
        (false, true) => Condition::Pending,
        (false, false) => Condition::Ok,
    };
    if condition == Condition::Ok {
        state.window = None;
    }
    told(config, burns, condition, state)
}

/// What is missing neither fires nor ends an alert: all but the clock stays as it was.
fn inconclusive(burns: &[Burn<'_>], mut state: State, now: u64) -> Evaluation<State> {
    state.last_now = now;
    let unknown = burns.iter().find(|burn| burn.is_too_fast().is_none());
    let summary = unknown.map_or_else(String::new, |burn| {
        let span = if burn.long.is_none() { burn.window.long } else { burn.window.short };
        format!("nothing is known of the last {span}")
    });
    let severity = unknown.map_or(Severity::Info, |burn| burn.window.severity.severity());
    Evaluation::new(Condition::Inconclusive, severity, summary, state)
}

fn told(config: &Config, burns: &[Burn<'_>], condition: Condition, state: State) -> Evaluation<State> {
    match state.window.and_then(|index| burns.get(index)) {
        Some(burn) => told_of(config, burn, condition, state),
        None => {
            let summary = format!("the error budget of {}% lasts", config.slo);
            let fastest = burns.iter().filter_map(|burn| burn.long).reduce(f64::max);
            Evaluation { value: fastest, ..Evaluation::new(condition, Severity::Info, summary, state) }
        }
    }
}

/// The pair of windows that decided, with its numbers.
fn told_of(config: &Config, burn: &Burn<'_>, condition: Condition, state: State) -> Evaluation<State> {
    let window = burn.window;
    let summary = summary(config, burn, state.burning);
    let evaluation = Evaluation::new(condition, window.severity.severity(), summary, state)
        .label("slo", config.slo.to_string())
        .label("long-window", window.long.to_string())
        .label("short-window", window.short.to_string())
        .label("burn-rate", window.burn_rate.to_string());
    Evaluation { value: burn.long, ..evaluation }
}

fn summary(config: &Config, burn: &Burn<'_>, burning: bool) -> String {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "unknown".to_owned(), |rate| format!("{rate:.1}x"));
    let now = format!("{} over {}, {} over {}", rate(burn.long), burn.window.long, rate(burn.short), burn.window.short);
    let limit = burn.window.burn_rate;
    if burning {
        format!("the error budget of {}% burns too fast: {now}, at most {limit}x", config.slo)
    } else {
        format!("the error budget of {}% has stopped burning: {now}", config.slo)
    }
}
