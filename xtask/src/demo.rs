//! A real pipeline on a real crate.

use crate::failure::Result;
use crate::project::Project;

/// The command `demo`.
pub(crate) fn run(_project: &Project) -> Result<()> {
    Ok(())
}
