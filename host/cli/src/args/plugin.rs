//! `lockgate plugin ...`: of pipelines, of authors, of publishers.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use lockgate_model::call::Kind;
use lockgate_model::ids::PluginAlias;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Name a plugin in a pipeline and pin it in the lock file.
    Add(AddArgs),
    /// Pin plugins again as their tags stand now, and show what that lets them do more.
    Update(UpdateArgs),
    /// Take a plugin out of a pipeline and its lock file.
    Remove {
        /// The plugin.
        alias: PluginAlias,
        #[command(flatten)]
        pipeline: PipelineArg,
    },
    /// List the locked plugins and what they may ask for.
    List {
        #[command(flatten)]
        pipeline: PipelineArg,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check locked plugins against their registries: tags, bytes, signatures.
    Verify {
        #[command(flatten)]
        pipeline: PipelineArg,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Begin a plugin in a new folder.
    New {
        /// What it is.
        #[arg(long, value_name = "KIND", value_parser = kind)]
        kind: Kind,
        /// Its name, and its folder's: kebab-case.
        name: String,
        /// Take the SDK from this folder (`sdk/rust` of a checkout) instead of a copy of its own.
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
    },
    /// Build the component of a plugin's folder.
    Build {
        /// The plugin's folder.
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a plugin's `cases/` in the sandbox and compare their outcomes with their snapshots.
    Test {
        /// The plugin's folder.
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        /// Only cases whose name has this in it.
        #[arg(long, value_name = "NAME")]
        filter: Option<String>,
        /// Take the outcomes as the new snapshots.
        #[arg(long)]
        accept: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a plugin is, wants, and who signed it, without running it.
    Inspect {
        /// An alias of `lockgate.lock`, an OCI reference, or the path of a component.
        plugin: String,
        /// Run `about.describe`, with nothing granted, and compare it with what is embedded.
        #[arg(long)]
        run: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a plugin's documentation as Markdown.
    Docs {
        /// An alias of `lockgate.lock`, an OCI reference, or the path of a component.
        plugin: String,
    },
    /// Store a plugin in a registry.
    Push(PushArgs),
    /// Fetch a plugin's component, verified.
    Pull {
        /// Where it is.
        reference: String,
        /// The file to write.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Sign a plugin that is in a registry, as `cosign verify` reads it.
    Sign {
        /// Which; by tag it is what the tag stands for now.
        reference: String,
        /// A private key, as `plugin keygen` or `cosign generate-key-pair` write it.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Make a pair of keys: NAME.key to sign with, NAME.pub to verify with.
    Keygen {
        /// The files' name.
        #[arg(default_value = "plugin")]
        name: PathBuf,
        /// Write the private key without a password, for a place that keeps secrets by itself.
        #[arg(long)]
        no_password: bool,
    },
    /// Carry earlier attempts out again with another version of a plugin, from their records, and show what would change.
    Rehearse(RehearseArgs),
    /// Call a pure plugin with the input of a file and print its outcome as JSON.
    Call {
        /// An alias of `lockgate.lock`, an OCI reference, or the path of a component.
        plugin: String,
        /// A call as JSON, `{"quality-gate": {...}}`; `-` for standard input.
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
    },
}

/// What to rehearse.
#[derive(Debug, ClapArgs)]
pub(crate) struct RehearseArgs {
    /// The plugin's alias in the pipelines that were run.
    pub(crate) alias: PluginAlias,
    /// The other version: an OCI reference, or the path of a component.
    #[arg(long, value_name = "REF")]
    pub(crate) to: String,
    /// How many attempts, the latest first.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) last: usize,
}

/// A pipeline whose lock file is meant.
#[derive(Debug, ClapArgs)]
pub(crate) struct PipelineArg {
    /// The pipeline; its lock file stands beside it.
    #[arg(long = "file", short = 'f', value_name = "FILE", default_value = "lockgate.yaml")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AddArgs {
    /// What the pipeline calls it.
    pub(crate) alias: PluginAlias,
    /// Where it is: `host/path:tag`.
    pub(crate) reference: String,
    /// Trust what this public key signed, for all plugins beside it (a [[trust]] rule in lockgate.toml).
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) pipeline: PipelineArg,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct UpdateArgs {
    /// Which plugins; all where none is named.
    pub(crate) aliases: Vec<PluginAlias>,
    /// Another reference, for one plugin.
    #[arg(long, value_name = "REF")]
    pub(crate) to: Option<String>,
    /// Accept it when a plugin wants more than before.
    #[arg(long)]
    pub(crate) accept: bool,
    #[command(flatten)]
    pub(crate) pipeline: PipelineArg,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PushArgs {
    /// A component, or a plugin's folder: then it is built first.
    pub(crate) source: PathBuf,
    /// Where to: `host/path:tag`.
    pub(crate) reference: String,
    /// Sign it with this private key as well.
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,
    /// Who made it, for the artifact's config.
    #[arg(long)]
    pub(crate) author: Option<String>,
}

fn kind(text: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.map(Kind::name).join(", ");
    Kind::from_name(text).ok_or_else(|| format!("no such kind; there are {}", known()))
}
