//! `verify`: what an artifact was made of, by the word of the host that made it.

use std::path::Path;

use crate::exit::{CliError, Exit};

/// What to check with.
pub(crate) struct Options<'a> {
    pub(crate) key: Option<&'a Path>,
    pub(crate) bundle: Option<&'a Path>,
    pub(crate) json: bool,
}

pub(crate) fn verify(_: &Path, _: &Path, _: &Options<'_>) -> Result<Exit, CliError> {
    Err(CliError::host("not wired yet"))
}
