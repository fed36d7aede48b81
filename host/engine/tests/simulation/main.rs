//! Simulated worlds: a run is driven by the real driver and machine against a log, a clock and plugins that a seed
//! makes up, through crashes, lost leases, slow steps and things that are delivered twice.
//!
//! A failure prints its seed; `LOCKGATE_SIM_SEED=N cargo test -p lockgate-engine --test simulation` plays it again,
//! `LOCKGATE_SIM_WORLDS=N` plays more worlds than usual.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a world that cannot be made is a failure")]
#![allow(clippy::print_stderr, reason = "the seed of a world that broke")]

mod dice;
mod plans;
mod world;

use dice::Dice;
use lockgate_model::outcome::Conclusion;
use world::{Faults, World};

const WORLDS: u64 = 4_000;

fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("LOCKGATE_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LOCKGATE_SIM_WORLDS").unwrap_or(WORLDS),
    }
}

/// Plays a world for each seed, and says which seed it was when one breaks.
fn in_every_world(faults: Faults, check: fn(u64, Faults)) {
    for seed in seeds() {
        let played = std::panic::catch_unwind(|| check(seed, faults));
        if let Err(panic) = played {
            eprintln!("this world broke: LOCKGATE_SIM_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn a_run_ends_as_it_would_have_whatever_befalls_its_host() {
    in_every_world(Faults::ALL, |seed, faults| {
        let plan = plans::any(&mut Dice::new(seed));
        let calm = World::new(plan.clone(), seed, Faults::NONE).play();
        let rough = World::new(plan, seed, faults).play();
        if rough.attention_needed() {
            assert_ne!(rough.conclusion(), Conclusion::Passed, "somebody has to look, so the run cannot be green");
        } else {
            assert_eq!(rough.conclusions(), calm.conclusions(), "crashes changed how the run ended");
        }
    });
}

#[test]
fn a_cancelled_run_stops_and_still_cleans_up() {
    in_every_world(Faults { cancel: true, ..Faults::ALL }, |seed, faults| {
        let plan = plans::any(&mut Dice::new(seed));
        let ended = World::new(plan, seed, faults).play();
        if ended.was_cancelled() {
            assert!(ended.conclusion() >= Conclusion::Cancelled, "{:?}", ended.conclusion());
            assert!(ended.cleanup_ran(), "an always() step was left out");
        }
    });
}

#[test]
fn the_same_seed_makes_the_same_world() {
    for seed in 0..50 {
        let plan = plans::any(&mut Dice::new(seed));
        let first = World::new(plan.clone(), seed, Faults::ALL).play();
        let second = World::new(plan, seed, Faults::ALL).play();
        assert_eq!(first.log, second.log);
    }
}
