//! The exec plugin: one native command or script, and what it wrote as the step's outputs. `run:` is short for it.

pub mod config;
pub mod outputs;
pub mod verdict;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use lockgate_sdk::exec::{Command, ExecError};
use lockgate_sdk::{
    About, Ask, BuildRequest, BuildStep, Duration, Effect, EvidenceBody, Failure, Product, Ruling, export, workspace,
};

use config::Config;

/// The variable that names the file for outputs.
pub const OUTPUT_VARIABLE: &str = "LOCKGATE_OUTPUT";

/// The plugin.
pub struct Plugin;

export!(build_step: Plugin);

impl BuildStep for Plugin {
    type Config = Config;

    fn about() -> About {
        About::new("exec", env!("CARGO_PKG_VERSION"), "Runs a script or a command with granted tools")
            .asks(Ask::exec("*", "it runs what the pipeline's author wrote, with the tools that the step is granted"))
            .effect(Effect::Once)
            .documentation(include_str!("../README.md"))
    }

    fn run(config: Config, _request: BuildRequest) -> Result<Product, Failure> {
        let file = workspace().join(outputs::FILE);
        let command = command(&config, &file)?;
        let completion = command.run().map_err(|error| refused(error, &command.argv[0]))?;
        let written = take(&file)?;
        let (conclusion, summary) = verdict::judge(&completion, &config.ok_exit_codes)?;
        let evidence = vec![EvidenceBody::Measurements(verdict::measurements(&completion))];
        Ok(Product { conclusion, outputs: read_outputs(&written, conclusion)?, evidence, summary })
    }
}

fn command(config: &Config, file: &Path) -> Result<Command, Failure> {
    let mut argv = config.argv()?.into_iter();
    let mut command = Command::tool(argv.next().unwrap_or_default()).args(argv);
    command = command.inputs(&config.inputs).outputs(&config.outputs).outputs([outputs::FILE]);
    command = config.env.iter().fold(command, |command, (name, value)| command.env(name, value));
    command = config.secret_env.iter().fold(command, |command, (name, secret)| command.secret_env(name, secret));
    command = command.env(OUTPUT_VARIABLE, file.to_string_lossy());
    if let Some(folder) = &config.cwd {
        command = command.cwd(folder);
    }
    Ok(match config.timeout_seconds {
        Some(seconds) => command.timeout(Duration::from_secs(seconds)),
        None => command,
    })
}

/// Says which grant is missing in the words of the pipeline file.
fn refused(error: ExecError, tool: &str) -> Failure {
    let denied = matches!(error, ExecError::Denied(_));
    let failure = Failure::from(error);
    if denied { failure.help(format!("grant the tool on the step: `grants: {{ exec: [{tool}] }}`")) } else { failure }
}

/// Reads the file for outputs and takes it away, which is not the step's change.
fn take(file: &Path) -> Result<String, Failure> {
    let size = match fs::symlink_metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        found => found?.len(),
    };
    let text =
        if size > outputs::BYTES_MAX { Err(too_large(size)) } else { fs::read_to_string(file).map_err(Failure::from) };
    fs::remove_file(file)?;
    text
}

/// A red command may have died while it wrote: its redness is what counts then.
fn read_outputs(written: &str, conclusion: Ruling) -> Result<Vec<(String, String)>, Failure> {
    match outputs::parse(written) {
        Err(_) if conclusion == Ruling::Fail => Ok(Vec::new()),
        parsed => parsed,
    }
}

fn too_large(size: u64) -> Failure {
    let message = format!("$LOCKGATE_OUTPUT has {size} bytes, more than {}", outputs::BYTES_MAX);
    Failure::new("bad-output", message).help("outputs are for short values; leave larger ones as files or artifacts")
}
