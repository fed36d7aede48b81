//! A trust rule for a key, written into `lockgate.toml`.

use std::path::Path;

use lockgate_registry::Reference;
use lockgate_trust::{PublicKey, TrustPolicy};

use super::publish::{read_text, write_whole};
use crate::config::trust_of;
use crate::exit::{CliError, chain};

/// `lockgate.toml` as it would be with one rule more.
pub(super) struct NewRule {
    /// The file's whole text; none where it needs no change.
    text: Option<String>,
    /// The project's rules with it.
    pub(super) rules: TrustPolicy,
}

impl NewRule {
    /// A rule that wants this key's signature on everything beside `reference`; nothing is written yet. A rule that is there
    /// already is left to its writer.
    pub(super) fn prepare(config: &Path, reference: &Reference, key: &Path) -> Result<Self, CliError> {
        let named =
            |error: &(dyn std::error::Error + 'static)| CliError::Usage(format!("{}: {}", key.display(), chain(error)));
        PublicKey::from_pem(key.display().to_string(), &read_text(key)?).map_err(|error| named(&error))?;
        let text = if config.exists() { read_text(config)? } else { String::new() };
        let known: toml::Table =
            toml::from_str(&text).map_err(|error| CliError::Usage(format!("{}: {error}", config.display())))?;
        let (prefix, key) = (prefix_of(reference), key.display().to_string());
        match keys_of(&known, &prefix) {
            Some(keys) if keys.contains(&key) => Ok(Self { rules: trust_of(&text, config)?, text: None }),
            Some(_) => {
                let message =
                    format!("{} has a rule for `{prefix}`; add \"{key}\" to its keys by hand", config.display());
                Err(CliError::Usage(message))
            }
            None => {
                let gap = if text.is_empty() { "" } else { "\n" };
                let text = format!("{text}{gap}{}", rule(&prefix, key));
                Ok(Self { rules: trust_of(&text, config)?, text: Some(text) })
            }
        }
    }

    /// Puts it into the file.
    pub(super) fn write(&self, config: &Path) -> Result<(), CliError> {
        self.text.as_ref().map_or(Ok(()), |text| write_whole(config, text.as_bytes()))
    }
}

/// Everything beside the plugin: `host/team/` of `host/team/gate:1`.
fn prefix_of(reference: &Reference) -> String {
    let name = reference.name();
    name.rsplit_once('/').map_or_else(|| format!("{name}/"), |(parent, _)| format!("{parent}/"))
}

fn rule(prefix: &str, key: String) -> String {
    let text = |text: String| toml::Value::String(text);
    format!("[[trust]]\nprefix = {}\nkeys = [{}]\n", text(prefix.to_owned()), text(key))
}

/// The keys of the rule that has this very prefix; none when there is no such rule.
fn keys_of(config: &toml::Table, prefix: &str) -> Option<Vec<String>> {
    let bare = prefix.trim_end_matches('/');
    let is_it = |rule: &&toml::Value| {
        rule.get("prefix").and_then(toml::Value::as_str).is_some_and(|known| known.trim_end_matches('/') == bare)
    };
    let rule = config.get("trust")?.as_array()?.iter().find(is_it)?;
    let keys = rule.get("keys").and_then(toml::Value::as_array).into_iter().flatten();
    Some(keys.filter_map(toml::Value::as_str).map(str::to_owned).collect())
}
