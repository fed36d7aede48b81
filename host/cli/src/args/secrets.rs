//! `lockgate secrets ...`: the encrypted file of values.

use std::ffi::OsString;

use clap::{Args as ClapArgs, Subcommand};

/// Recipients are texts here, and understood by the command: clap would show one that it refuses, and it may be a private
/// key that was pasted from the wrong line.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Make a key where there is none, and an encrypted file for it.
    Init {
        /// Who can read the file as well, `age1...`; may stand many times.
        #[arg(long = "recipient", value_name = "AGE1")]
        recipients: Vec<String>,
    },
    /// Set a value. It is asked for on a terminal, else read from standard input; never an argument.
    Set(SetArgs),
    /// List names, hosts and days; nothing is decrypted.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Encrypt every value anew, for other readers.
    Rotate {
        /// Who can read the file from now on, too; may stand many times.
        #[arg(long, value_name = "AGE1")]
        add: Vec<String>,
        /// Who cannot any more; may stand many times.
        #[arg(long, value_name = "AGE1")]
        remove: Vec<String>,
    },
    /// Take a secret out.
    Rm {
        /// Its name.
        name: String,
    },
    /// Change everything in an editor ($VISUAL, $EDITOR, vi); what is not changed stays byte for byte.
    Edit,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SetArgs {
    /// Its name: a letter or `_`, then letters, digits, `-`, `_` or `.`.
    pub(crate) name: String,
    /// A host whose requests may carry it, `host` or `host:port`; may stand many times. Without it the hosts stay.
    #[arg(long = "host", value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// No request may carry it: it is for native tools alone.
    #[arg(long, conflicts_with = "hosts")]
    pub(crate) no_host: bool,
    /// Keep a line end at the end of standard input; else one is cut off.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Taken so that a value that stands here is refused without being shown once more.
    #[arg(hide = true)]
    pub(crate) surplus: Vec<OsString>,
}
