//! A build step that tries to leave its workspace.

use std::fs;

use lockgate_sdk::{About, BuildRequest, BuildStep, Failure, Product, Ruling, artifacts, schemars};

/// What to try.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// Paths to read, to write and to publish.
    paths: Vec<String>,
    /// An artifact to put there.
    digest: String,
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("escape", "0.1.0", "Tries to leave its workspace.")
    }

    /// An output for each try that worked.
    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let mut product = Product::new(Ruling::Pass);
        for path in &config.paths {
            let tries = [
                ("read", fs::read(path).is_ok()),
                ("publish", artifacts::publish("loot", path, "text/plain").is_ok()),
                ("write", fs::write(path, "changed").is_ok()),
                ("fetch", artifacts::fetch(&config.digest, path).is_ok()),
            ];
            for (name, _) in tries.into_iter().filter(|(_, worked)| *worked) {
                product = product.output(format!("{name} {path}"), "worked");
            }
        }
        Ok(product)
    }
}

lockgate_sdk::export!(build_step: Guest);
