//! `lockgate.lock`: which bytes stand behind each alias of a pipeline, and what was accepted of them.
//!
//! Version 1 is TOML with one `[[plugin]]` table for each alias, in order of the alias. The same plugins give the same
//! text, so that a change of it is a change of what will run.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lockgate_model::call::Kind;
use lockgate_model::catalog::{Ask, PluginPin};
use lockgate_model::ids::{Digest, PluginAlias};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::file::{read_at_most, replace};
use crate::reference::Reference;

mod error;

pub use error::LockError;

/// The file's name; it stands beside the pipeline.
pub const LOCK_FILE_NAME: &str = "lockgate.lock";
/// The version that is written.
pub const LOCK_VERSION: u32 = 1;
/// A lock file.
pub const LOCK_BYTES_MAX: u64 = 4 * 1024 * 1024;

const HEADER: &str = "# The plugins of this pipeline, pinned by digest, with what they may ask for.\n\
                      # Written by Lockgate: commit it, and change it by locking again rather than by hand.\n";

/// A locked plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockEntry {
    /// The component as a run uses it.
    pub pin: PluginPin,
    /// Of the manifest that the reference stood for.
    pub manifest: Digest,
    /// What the plugin asks for, as it was accepted.
    pub asks: Vec<Ask>,
}

/// All locked plugins of a pipeline, by alias.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// By alias.
    pub plugins: BTreeMap<PluginAlias, LockEntry>,
}

impl LockFile {
    /// Reads the lock file at `path`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let bytes = read_at_most(path, LOCK_BYTES_MAX + 1).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LockError::Missing { path: path.to_owned() },
            _ => io_error("read", path)(source),
        })?;
        if bytes.len() as u64 > LOCK_BYTES_MAX {
            return Err(LockError::TooLarge { path: path.to_owned() });
        }
        let text = String::from_utf8(bytes).map_err(|error| io_error("read", path)(io::Error::other(error)))?;
        Self::parse(&text, path)
    }

    /// Understands a lock file's text; `path` is for the errors.
    ///
    /// # Errors
    /// When it is not TOML, of an unknown version, or wrong, with the place.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LockError> {
        let source = Source { text, path };
        source.check_version()?;
        let wire: Wire = toml::from_str(text).map_err(|error| source.invalid(&error))?;
        let mut plugins = BTreeMap::new();
        for plugin in wire.plugin {
            source.check_reference(&plugin.reference)?;
            let (alias, entry) = plugin.into_entry();
            let (span, alias) = (alias.span(), alias.into_inner());
            if plugins.contains_key(&alias) {
                return Err(source.error_at(span.start, format!("alias `{alias}` stands here a second time")));
            }
            plugins.insert(alias, entry);
        }
        Ok(Self { plugins })
    }

    /// The file's text.
    ///
    /// # Errors
    /// When it cannot be written as TOML.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        let plugin = self.plugins.iter().map(|(alias, entry)| WirePlugin::from_entry(alias, entry)).collect();
        Ok(format!("{HEADER}{}", toml::to_string(&Wire { version: LOCK_VERSION, plugin })?))
    }

    /// Writes the lock file at `path`; who reads meanwhile sees the old file or the new one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let text = self.to_text().map_err(|error| io_error("encode", path)(io::Error::other(error)))?;
        replace(path, text.as_bytes()).map_err(io_error("write", path))
    }

    /// The entry of an alias, if it is locked as the reference that the pipeline names for it.
    ///
    /// # Errors
    /// When the alias is not locked, or as another reference.
    pub fn entry(&self, alias: &PluginAlias, named: &Reference) -> Result<&LockEntry, LockError> {
        let entry = self.plugins.get(alias).ok_or_else(|| LockError::NotLocked { alias: alias.clone() })?;
        if entry.pin.reference == named.to_string() {
            return Ok(entry);
        }
        let (locked, named) = (entry.pin.reference.clone(), named.to_string());
        Err(LockError::Stale { alias: alias.clone(), locked, named })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: u32,
    #[serde(default)]
    plugin: Vec<WirePlugin>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePlugin {
    alias: Spanned<PluginAlias>,
    reference: Spanned<String>,
    manifest: Digest,
    component: Digest,
    kind: Kind,
    contract: String,
    #[serde(default, rename = "ask", skip_serializing_if = "Vec::is_empty")]
    asks: Vec<Ask>,
}

impl WirePlugin {
    fn from_entry(alias: &PluginAlias, entry: &LockEntry) -> Self {
        Self {
            alias: Spanned::new(0..0, alias.clone()),
            reference: Spanned::new(0..0, entry.pin.reference.clone()),
            manifest: entry.manifest,
            component: entry.pin.digest,
            kind: entry.pin.kind,
            contract: entry.pin.contract.clone(),
            asks: entry.asks.clone(),
        }
    }

    fn into_entry(self) -> (Spanned<PluginAlias>, LockEntry) {
        let reference = self.reference.into_inner();
        let pin = PluginPin { reference, digest: self.component, kind: self.kind, contract: self.contract };
        (self.alias, LockEntry { pin, manifest: self.manifest, asks: self.asks })
    }
}

/// A lock file's text, for errors that name a line.
struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    /// Before anything else: another version may have any shape.
    fn check_version(&self) -> Result<(), LockError> {
        #[derive(Deserialize)]
        struct Version {
            version: i64,
        }
        let Version { version: found } = toml::from_str(self.text).map_err(|error| self.invalid(&error))?;
        if found == i64::from(LOCK_VERSION) {
            return Ok(());
        }
        let is_newer = found > i64::from(LOCK_VERSION);
        let remedy = if is_newer { "use the newer lockgate that wrote it" } else { "lock the pipeline again" };
        Err(LockError::UnknownVersion { path: self.path.to_owned(), found, remedy })
    }

    fn check_reference(&self, reference: &Spanned<String>) -> Result<(), LockError> {
        match reference.get_ref().parse::<Reference>() {
            Ok(_) => Ok(()),
            Err(error) => Err(self.error_at(reference.span().start, error.to_string())),
        }
    }

    fn invalid(&self, error: &toml::de::Error) -> LockError {
        self.error_at(error.span().map_or(0, |span| span.start), error.message().trim().to_owned())
    }

    fn error_at(&self, offset_bytes: usize, reason: String) -> LockError {
        let before = self.text.get(..offset_bytes).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        LockError::Invalid { path: self.path.to_owned(), line, column, reason }
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LockError {
    let path = path.to_owned();
    move |source| LockError::Io { action, path, source }
}
