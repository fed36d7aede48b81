//! Views of the journal and the cache.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    /// Its id, the end of its id, or `latest`.
    #[arg(required_unless_present = "bundle", conflicts_with = "bundle")]
    pub(crate) run: Option<String>,
    /// `JOB/STEP`, or `STEP` where only one job has it; `#N` behind it names one try. All steps where absent.
    pub(crate) step: Option<String>,
    /// A file that `lockgate bundle` wrote; no state folder is needed then.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GrantsCommand {
    /// Print the least grants under which a run would have done the same, ready to paste.
    Suggest {
        /// Its id, the end of its id, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        /// `JOB/STEP`, or `STEP`; all steps where absent.
        step: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// How much is kept, by namespace.
    Stats {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget the oldest answers.
    Prune {
        /// Until so many MiB are left; 0 forgets all.
        #[arg(long, value_name = "MIB", default_value_t = 64)]
        keep: u64,
    },
    /// Check that the files of kept results are there and whole; forget results whose files are not.
    Verify,
}
