//! A build step that sleeps for an hour before it is done.

use lockgate_sdk::{About, Ask, BuildRequest, BuildStep, Failure, Product, Ruling, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("sleeper", "0.1.0", "Sleeps for an hour.").asks(Ask::clock("to sleep for real"))
    }

    fn run(_: Config, _: BuildRequest) -> Result<Product, Failure> {
        std::thread::sleep(std::time::Duration::from_secs(3600));
        Ok(Product::new(Ruling::Pass))
    }
}

lockgate_sdk::export!(build_step: Guest);
