//! Tells somebody.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{About, Failure, Severity};

/// Tells somebody. Outward.
pub trait Notifier {
    /// Its configuration; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin says of itself.
    fn about() -> About;

    /// Delivers one notice.
    ///
    /// # Errors
    /// It was not delivered; retryable where it may be later.
    fn deliver(config: Self::Config, notice: Notice) -> Result<(), Failure>;
}

/// What to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The same for a second delivery of the same notice.
    pub id: String,
    /// What it is about, for routing.
    pub topic: String,
    /// In a line.
    pub title: String,
    /// In full, Markdown.
    pub body: String,
    /// How bad.
    pub severity: Severity,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Where to look.
    pub url: Option<String>,
    /// For machines.
    pub details: serde_json::Value,
}
