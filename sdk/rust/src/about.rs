//! What a plugin says of itself.

use schemars::JsonSchema;

/// A capability that a plugin wants, and what it wants it for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// `read`, `write`, `exec`, `http`, `secret`, `clock` or `random`.
    pub kind: String,
    /// What of it: a glob, a tool, a host; `*` for any.
    pub pattern: String,
    /// What for, for the person who grants it.
    pub reason: String,
    /// Whether the plugin can do without.
    pub optional: bool,
}

impl Ask {
    fn new(kind: &str, pattern: &str, reason: &str) -> Self {
        Self { kind: kind.to_owned(), pattern: pattern.to_owned(), reason: reason.to_owned(), optional: false }
    }

    /// Read files of the workspace that match a glob.
    #[must_use]
    pub fn read(glob: &str, reason: &str) -> Self {
        Self::new("read", glob, reason)
    }

    /// Write files of the workspace that match a glob.
    #[must_use]
    pub fn write(glob: &str, reason: &str) -> Self {
        Self::new("write", glob, reason)
    }

    /// Run a native tool.
    #[must_use]
    pub fn exec(tool: &str, reason: &str) -> Self {
        Self::new("exec", tool, reason)
    }

    /// Reach a host by HTTP.
    #[must_use]
    pub fn http(host: &str, reason: &str) -> Self {
        Self::new("http", host, reason)
    }

    /// Use a secret of this name.
    #[must_use]
    pub fn secret(name: &str, reason: &str) -> Self {
        Self::new("secret", name, reason)
    }

    /// Read the real clock; a pure plugin's clock stands still.
    #[must_use]
    pub fn clock(reason: &str) -> Self {
        Self::new("clock", "*", reason)
    }

    /// Real randomness; without it the plugin's is seeded.
    #[must_use]
    pub fn random(reason: &str) -> Self {
        Self::new("random", "*", reason)
    }

    /// The plugin can do without.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// What a second call would do to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Pure,
    /// Nothing new.
    Idempotent,
    /// Harm.
    Once,
}

/// What a plugin says of itself; the schema of its configuration is added from its `Config` type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name, kebab-case.
    pub name: String,
    /// Its version (SemVer); `env!("CARGO_PKG_VERSION")` is a good one.
    pub version: String,
    /// In a line.
    pub summary: String,
    /// In Markdown.
    pub documentation: Option<String>,
    /// What it wants.
    pub asks: Vec<Ask>,
    /// What a second call would do.
    pub effect: Effect,
}

impl About {
    /// A plugin that wants nothing and whose calls do nothing to the world.
    #[must_use]
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            documentation: None,
            asks: Vec::new(),
            effect: Effect::Pure,
        }
    }

    /// Adds a capability that the plugin wants; without one it gets none, whatever a pipeline grants.
    #[must_use]
    pub fn asks(mut self, ask: Ask) -> Self {
        self.asks.push(ask);
        self
    }

    /// Says what a second call would do.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Adds documentation in Markdown: `include_str!("../README.md")` is a good one.
    #[must_use]
    pub fn documentation(mut self, markdown: &str) -> Self {
        self.documentation = Some(markdown.to_owned());
        self
    }
}

/// The JSON Schema (2020-12) of a configuration, as text.
#[must_use]
pub fn config_schema<C: JsonSchema>() -> String {
    schemars::schema_for!(C).as_value().to_string()
}
