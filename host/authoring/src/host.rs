//! What runs plugins here: two ports, as one value.

use lockgate_model::catalog::Descriptor;
use lockgate_model::ids::Digest;
use lockgate_model::outcome::Outcome;
use lockgate_ports::{BlobError, Blobs, Sandbox};

use crate::text::safe;

/// The host that a plugin is asked and tested in.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// Runs it.
    pub sandbox: &'a dyn Sandbox,
    /// Where the sandbox takes components from.
    pub blobs: &'a dyn Blobs,
}

/// Why a plugin did not say what it is.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// The component could not be handed to the sandbox.
    #[error("cannot keep the component")]
    Keep(#[source] BlobError),
    /// It was asked, and there was no answer.
    #[error("the plugin does not say what it is: `about.describe` {}; mend `about()`", .0)]
    NoAnswer(String),
}

impl Host<'_> {
    /// Hands a component to the sandbox.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn keep(&self, component: &[u8]) -> Result<Digest, BlobError> {
        self.blobs.put(component)
    }

    /// What a plugin says of itself, asked with nothing granted.
    ///
    /// # Errors
    /// When it cannot be kept, is refused, or does not answer.
    pub fn describe(&self, component: &[u8]) -> Result<Descriptor, DescribeError> {
        let digest = self.keep(component).map_err(DescribeError::Keep)?;
        self.sandbox.describe(&digest).map_err(|outcome| DescribeError::NoAnswer(ending(&outcome)))
    }
}

/// An outcome as the end of a sentence.
pub(crate) fn ending(outcome: &Outcome) -> String {
    let detail = match outcome {
        Outcome::Answered(_) | Outcome::Cancelled => "",
        Outcome::Failed(failure) => &failure.message,
        Outcome::Trapped { message }
        | Outcome::Limited { message, .. }
        | Outcome::Refused { message, .. }
        | Outcome::Faulted { message } => message,
    };
    // Only the first line: what follows are the frames of a trap.
    match detail.lines().next() {
        Some(line) => format!("{} ({})", outcome.name(), safe(line)),
        None => outcome.name().to_owned(),
    }
}
