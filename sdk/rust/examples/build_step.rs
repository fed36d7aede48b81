//! A build step: runs `make` and says whether it worked.

use lockgate_sdk::exec::Command;
use lockgate_sdk::{About, Ask, BuildRequest, BuildStep, Effect, Failure, Product, Ruling, schemars};

/// The step's `with:`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// What to make.
    target: String,
}

struct Make;

impl BuildStep for Make {
    type Config = Config;

    fn about() -> About {
        About::new("make", "0.1.0", "Makes a target.")
            .asks(Ask::exec("make", "it is what makes the target"))
            .effect(Effect::Idempotent)
    }

    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let made = Command::tool("make").arg(&config.target).inputs(["**"]).outputs(["build/**"]).run()?;
        let conclusion = if made.success() { Ruling::Pass } else { Ruling::Fail };
        Ok(Product::new(conclusion).summary(format!("make {}: {}", config.target, made.ending)))
    }
}

lockgate_sdk::export!(build_step: Make);
