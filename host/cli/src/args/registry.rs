//! `lockgate registry ...`: the embedded registry.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Serve a registry: the OCI distribution API on a folder.
    Serve(ServeArgs),
    /// Free what nothing in the registry needs any more; a running server need not stop.
    Gc {
        #[command(flatten)]
        folder: FolderArg,
        /// Also remove manifests that no tag leads to.
        #[arg(long)]
        untagged: bool,
        /// Keep what is younger, in hours: a push may still be on its way to it.
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        grace: u64,
    },
    /// Who may do what.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, once: the password of `docker login`, with any user name.
    Add {
        /// What people call it.
        name: String,
        /// What its holder may do.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "pull")]
        scope: Vec<ScopeArg>,
        /// Only in this repository and those below it.
        #[arg(long, value_name = "PATH")]
        prefix: Option<String>,
        #[command(flatten)]
        folder: FolderArg,
    },
    /// List tokens; what their holders send is stored nowhere.
    List {
        #[command(flatten)]
        folder: FolderArg,
    },
    /// Remove a token; its holder is refused from now on.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        folder: FolderArg,
    },
}

/// What a token lets its holder do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ScopeArg {
    /// Read.
    Pull,
    /// Write.
    Push,
    /// Remove.
    Delete,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FolderArg {
    /// Where the registry is kept.
    #[arg(long, value_name = "DIR", default_value = "lockgate-registry", env = "LOCKGATE_REGISTRY")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) folder: FolderArg,
    /// Refuse everything that writes.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Ask for a token, for reading as well.
    #[arg(long)]
    pub(crate) tokens: bool,
    /// Ask for a token, but let everybody read.
    #[arg(long, conflicts_with = "tokens")]
    pub(crate) public: bool,
}
