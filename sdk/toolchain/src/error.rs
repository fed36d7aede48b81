//! Why there is no compiler or program, and what to do about it.

use std::error::Error;
use std::path::Path;

/// A result of this crate.
pub(crate) type Result<T> = std::result::Result<T, ToolchainError>;

/// A compiler or a program cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ToolchainError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    remedy: Option<String>,
}

impl ToolchainError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None, remedy: None }
    }

    pub(crate) fn because(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(what) }
    }

    /// An action of the file system that failed at this path.
    pub(crate) fn file(action: &str, path: &Path, source: std::io::Error) -> Self {
        Self::because(format!("cannot {action} {}", path.display()), source)
    }

    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What a person can do about it, where something is known.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}
