//! The command line.

mod journal;
mod plugin;
mod registry;
mod secrets;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(crate) use journal::{CacheCommand, GrantsCommand, ReplayArgs};
pub(crate) use plugin::{AddArgs, PluginCommand, PushArgs, RehearseArgs, UpdateArgs};
pub(crate) use registry::{RegistryCommand, ScopeArg, ServeArgs, TokenCommand};
pub(crate) use secrets::{SecretsCommand, SetArgs};

/// Runs delivery pipelines whose every step is a sandboxed WASI component.
#[derive(Debug, Parser)]
#[command(
    name = "lockgate",
    version,
    about = "Runs delivery pipelines whose every step is a sandboxed WASI component",
    propagate_version = true,
    max_term_width = 110
)]
pub(crate) struct Args {
    /// Where runs, blobs and workspaces are kept.
    #[arg(long, global = true, env = "LOCKGATE_STATE", value_name = "DIR", default_value = ".lockgate")]
    pub(crate) state: PathBuf,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a pipeline on this folder.
    Run(RunArgs),
    /// Check a pipeline file and show every mistake at its place.
    Validate(CheckArgs),
    /// Show what would be run: jobs, cells, steps, pins and grants.
    Plan(CheckArgs),
    /// Pin the plugins that pipelines name, by digest, in `lockgate.lock`.
    Lock {
        /// Pipeline files; the lock file stands beside each.
        #[arg(value_name = "FILE", default_value = "lockgate.yaml")]
        files: Vec<PathBuf>,
        /// Accept it when a plugin wants more than the one that was locked for its alias.
        #[arg(long)]
        accept: bool,
    },
    /// List runs, the latest first.
    Runs {
        /// At most so many.
        #[arg(long, short = 'n', default_value_t = 20)]
        limit: usize,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show how a run went, or goes.
    Show {
        /// Its id, the end of its id, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a run, or one of its steps, wrote.
    Logs {
        /// Its id, the end of its id, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        /// `JOB/STEP`, or `STEP` where only one job has it.
        step: Option<String>,
        /// Go on until the run ends.
        #[arg(long, short)]
        follow: bool,
        /// One JSON object a line: every host call, not only lines.
        #[arg(long)]
        json: bool,
    },
    /// List what a run made for keeping, or copy it out.
    Artifacts {
        /// Its id, the end of its id, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        /// Copy them into this folder.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Stop a run; its cleanup steps still run.
    Cancel {
        /// Its id, the end of its id, or `latest`.
        run: String,
    },
    /// Go on with a run whose host went away.
    Resume {
        /// Its id, the end of its id, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Try again what did not end well; all else keeps its results.
    Retry {
        /// Its id, the end of its id, or `latest`.
        run: String,
        /// Only what failed, and what was skipped because of it.
        #[arg(long, required = true)]
        failed: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show every call that a step made to the host: what it asked, what it was answered, by which grant.
    Journal {
        /// Its id, the end of its id, or `latest`.
        run: String,
        /// `JOB/STEP`, or `STEP` where only one job has it; `#N` behind it names one try.
        step: String,
        /// One JSON object a line, with digests of arguments and results.
        #[arg(long)]
        json: bool,
    },
    /// Say whether a step's answer was known before, and if not, exactly what differed.
    Explain {
        /// Its id, the end of its id, or `latest`.
        run: String,
        /// `JOB/STEP`, or `STEP` where only one job has it; `#N` behind it names one try.
        step: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Carry steps out again from their record, without network and native tools, and compare.
    Replay(ReplayArgs),
    /// Write all that it takes to replay a step on another machine into one file.
    Bundle {
        /// Its id, the end of its id, or `latest`.
        run: String,
        /// `JOB/STEP`, or `STEP` where only one job has it; `#N` behind it names one try.
        step: String,
        /// The file.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// What steps may do.
    #[command(subcommand)]
    Grants(GrantsCommand),
    /// Answers that are kept.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Values that nobody may see, encrypted in the repository.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Show what an artifact was made of and where, and check who says so.
    Verify {
        /// The file.
        #[arg(value_name = "ARTIFACT")]
        artifact: PathBuf,
        /// The public key of the host that made it; this host's own where absent.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The attestation; looked for among those of this state folder where absent.
        #[arg(long, value_name = "FILE")]
        bundle: Option<PathBuf>,
        /// As JSON: the statement itself.
        #[arg(long)]
        json: bool,
    },
    /// Check what this machine can do, and say how to mend what it cannot.
    Doctor,
    /// Pin, write, test, publish, sign and look at plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// The embedded registry of plugins.
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Print the JSON Schema of the pipeline file.
    Schema,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// The files are a stranger's, such as a fork's: no secrets, and nothing that trusted runs would read from the cache.
    #[arg(long)]
    pub(crate) untrusted: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FileArgs {
    /// The pipeline.
    #[arg(value_name = "FILE", default_value = "lockgate.yaml")]
    pub(crate) path: PathBuf,

    /// An input, `NAME=VALUE`; may stand many times, each name once.
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) inputs: Vec<(String, String)>,

    /// What set the run off, as a JSON object: what expressions see as `event`.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json)]
    pub(crate) event: serde_json::Value,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct OutputArgs {
    /// One JSON object for each event and log line, on standard output, instead of a tree.
    #[arg(long)]
    pub(crate) json_lines: bool,
    /// Steps that may be carried out at the same time outside of pure calls.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: Option<u16>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("an input is written NAME=VALUE".to_owned()),
    }
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() { Ok(value) } else { Err("a JSON object is expected".to_owned()) }
}
