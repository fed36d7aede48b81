//! A build step that calls every function of the host that can be called, and counts its calls.

#[cfg(target_family = "wasm")]
mod all;

use std::collections::BTreeMap;

use lockgate_sdk::{About, BuildRequest, BuildStep, Failure, Product, Ruling, schemars};

/// What to do.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// How to end: by `exit`, by `exit-with-code`, or with an answer.
    #[serde(default)]
    end: String,
}

/// How often each function was called: `wasi:clocks/wall-clock now`.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Counts a call that was made, and hands on what it gave.
    pub(crate) fn did<T>(&mut self, function: &'static str, answer: T) -> T {
        *self.0.entry(function).or_default() += 1;
        answer
    }

    /// Lets go of a handle, which is a call.
    pub(crate) fn drop<T>(&mut self, function: &'static str, handle: T) {
        drop(handle);
        self.did(function, ());
    }
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("everything", "0.1.0", "Calls every function of the host that can be called.")
    }

    /// An output for each function, with how often it was called, and `said NAME` with what some of them said.
    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let (mut tally, mut said) = (Tally::default(), Vec::new());
        call_all(&config.end, &mut tally, &mut said);
        let product = Product::new(Ruling::Pass);
        let product =
            tally.0.into_iter().fold(product, |product, (function, calls)| product.output(function, calls.to_string()));
        Ok(said.into_iter().fold(product, |product, (name, what)| product.output(format!("said {name}"), what)))
    }
}

#[cfg(target_family = "wasm")]
fn call_all(end: &str, tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    all::end(end);
    all::contract::call(tally, said);
    all::system::call(tally, said);
    all::files::call(tally);
    all::http::call(tally, said);
}

#[cfg(not(target_family = "wasm"))]
fn call_all(end: &str, tally: &mut Tally, _: &mut Vec<(&'static str, String)>) {
    tally.drop("", end.to_owned());
}

lockgate_sdk::export!(build_step: Guest);
