//! A build step that runs the command that it is told to run.

use lockgate_sdk::exec::Command;
use lockgate_sdk::{About, BuildRequest, BuildStep, ExecError, Failure, Product, Ruling, context, schemars, secrets};

/// What to run.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// The tool and its arguments.
    argv: Vec<String>,
    /// A variable, and the secret that it shall hold.
    #[serde(default)]
    secret_env: Option<(String, String)>,
    /// Variables of the command.
    #[serde(default)]
    env: Vec<(String, String)>,
    /// A file for its standard output.
    #[serde(default)]
    stdout_to: Option<String>,
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("runner", "0.1.0", "Runs the command that it is told to run.")
    }

    /// What came of it, as outputs.
    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let (tool, args) =
            config.argv.split_first().ok_or_else(|| Failure::new("no-command", "there is no command"))?;
        let mut command = Command::tool(tool).args(args).env("FROM", "plugin");
        if let Some((variable, secret)) = config.secret_env {
            command = command.secret_env(variable, secret);
        }
        for (name, value) in config.env {
            command = command.env(name, value);
        }
        if let Some(path) = config.stdout_to {
            command = command.stdout_to(path);
        }
        let ended = match command.run() {
            Ok(completion) => format!("{}: {}", completion.ending, completion.stdout_text()),
            Err(ExecError::Denied(reason)) => format!("denied: {reason}"),
            Err(ExecError::NotFound(reason)) => format!("not found: {reason}"),
            Err(ExecError::Unavailable(reason)) => format!("unavailable: {reason}"),
        };
        Ok(Product::new(Ruling::Pass)
            .output("ended", ended)
            .output("attempt", context::attempt().to_string())
            .output("key", context::idempotency_key())
            .output("variable", std::env::var("OF_STEP").unwrap_or_default())
            .output("secret", if secrets::placeholder("token").is_ok() { "given" } else { "denied" }))
    }
}

lockgate_sdk::export!(build_step: Guest);
