//! A deploy target: a tool of the platform does everything.

use lockgate_sdk::exec::Command;
use lockgate_sdk::{About, Ask, DeployTarget, Failure, Health, Release, Share, schemars};

/// The environment's `target` configuration.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Platform;

fn ctl(args: &[&str]) -> Result<String, Failure> {
    let done = Command::tool("platformctl").args(args.iter().copied()).run()?;
    if done.success() { Ok(done.stdout_text()) } else { Err(Failure::new("platform", done.stderr_text()).retryable()) }
}

impl DeployTarget for Platform {
    type Config = Config;
    fn about() -> About {
        About::new("platform", "0.1.0", "Deploys by platformctl.").asks(Ask::exec("platformctl", "it deploys"))
    }
    fn prepare(_: Config, revision: &str, release: Release) -> Result<(), Failure> {
        ctl(&["create", revision, &release.name]).map(drop)
    }
    fn route(_: Config, shares: Vec<Share>) -> Result<(), Failure> {
        shares.iter().try_for_each(|share| ctl(&["weigh", &share.revision, &share.weight.to_string()]).map(drop))
    }
    fn observe(_: Config) -> Result<Vec<Health>, Failure> {
        let health = |name: &str| Health { revision: name.into(), ready: 1, wanted: 1, message: None };
        Ok(ctl(&["ready"])?.lines().map(health).collect())
    }
    fn retire(_: Config, revision: &str) -> Result<(), Failure> {
        ctl(&["delete", revision]).map(drop)
    }
}

lockgate_sdk::export!(deploy_target: Platform);
