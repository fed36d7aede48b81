//! What a component tells from its bytes alone: kind, contract, imports, metadata, and, where `plugin build` has embedded it,
//! what the plugin says of itself. Only on request is it run, to be asked the same and to be compared.

use std::fmt;

use lockgate_model::call::Kind;
use lockgate_model::catalog::Descriptor;
use lockgate_model::contract::{self, Breach};
use lockgate_model::ids::Digest;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_registry::component::{ComponentError, Face};
use serde::Serialize;

use crate::section::{self, SectionError};
use crate::text::{count, safe};
use crate::{DescribeError, Host, diff};

mod metadata;

pub use metadata::Metadata;

/// All that is known of a component.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Of the component's bytes; what a lock file pins.
    pub digest: Digest,
    /// Of the component.
    pub size_bytes: u64,
    /// Its kind.
    pub kind: Kind,
    /// The version of the contract that it was made for.
    pub contract: String,
    /// Full names of what it exports.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Imports,
    /// What its maker wrote into it.
    pub metadata: Metadata,
    /// What it says of itself, where that is known without running it, or it was run.
    pub about: Option<About>,
}

/// Full names of what a component imports, by whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Imports {
    /// Of the contract: what it may ask the host for.
    pub lockgate: Vec<String>,
    /// Of WASI: language runtimes import it whether they use it or not.
    pub wasi: Vec<String>,
}

/// What a plugin says of itself, and who told it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct About {
    /// What it says.
    pub descriptor: Descriptor,
    /// Where that comes from.
    pub origin: Origin,
}

/// Where a descriptor comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The section that `plugin build` embeds; the plugin was not run, and may say otherwise when it is.
    Embedded,
    /// The plugin itself, which embeds nothing.
    Plugin,
    /// The plugin itself, and the section says the same.
    Confirmed,
}

/// Why a component cannot be inspected, or is not what it claims to be.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Over the limit.
    #[error("it has {size_bytes} bytes, at most {COMPONENT_BYTES_MAX} are taken")]
    TooLarge {
        /// Its size.
        size_bytes: u64,
    },
    /// No component.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// A component that is no plugin, or that this host would refuse.
    #[error(transparent)]
    Breach(#[from] Breach),
    /// A section that cannot be read.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// It was run and did not say what it is.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// What is embedded is not what it says.
    #[error(
        "its section `{}` and the plugin itself do not say the same ({difference}); trust neither, ask its maker",
        section::ABOUT_SECTION
    )]
    Contradiction {
        /// What differs.
        difference: String,
    },
}

/// Reads a component; with `run`, asks the plugin what it is and checks that the embedded descriptor says the same.
///
/// # Errors
/// When it is no plugin that this host could run, or claims what is not so.
pub fn inspect(component: &[u8], run: Option<&Host<'_>>) -> Result<Report, InspectError> {
    let size_bytes = component.len() as u64;
    if size_bytes > COMPONENT_BYTES_MAX {
        return Err(InspectError::TooLarge { size_bytes });
    }
    let Face { imports, exports } = Face::of(component)?;
    let (kind, contract) = contract::check(&exports, &imports)?;
    let sections = section::outer(component)?;
    let embedded = section::about(&sections)?;
    let about = match run {
        Some(host) => Some(confirm(embedded, host.describe(component)?)?),
        None => embedded.map(|descriptor| About { descriptor, origin: Origin::Embedded }),
    };
    Ok(Report {
        digest: Digest::of(component),
        size_bytes,
        kind,
        contract,
        exports,
        imports: Imports::of(imports),
        metadata: Metadata::of(&sections),
        about,
    })
}

fn confirm(embedded: Option<Descriptor>, descriptor: Descriptor) -> Result<About, InspectError> {
    match embedded {
        None => Ok(About { descriptor, origin: Origin::Plugin }),
        Some(embedded) if embedded == descriptor => Ok(About { descriptor, origin: Origin::Confirmed }),
        Some(embedded) => Err(InspectError::Contradiction { difference: difference(&embedded, &descriptor) }),
    }
}

/// Names the parts in which two descriptors differ.
fn difference(embedded: &Descriptor, real: &Descriptor) -> String {
    let parts = [
        ("name", embedded.name == real.name),
        ("version", embedded.version == real.version),
        ("summary", embedded.summary == real.summary),
        ("documentation", embedded.documentation == real.documentation),
        ("schema", embedded.config_schema == real.config_schema),
        ("asks", embedded.asks == real.asks),
        ("effect", embedded.effect == real.effect),
    ];
    parts.iter().filter(|(_, same)| !same).map(|(part, _)| *part).collect::<Vec<_>>().join(", ")
}

impl Imports {
    /// Sorts names by whose they are. Others than these two do not pass the contract's check.
    pub(crate) fn of(names: Vec<String>) -> Self {
        let (lockgate, wasi) = names.into_iter().partition(|name| name.starts_with(contract::PACKAGE));
        Self { lockgate, wasi }
    }
}

impl fmt::Display for Imports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |names: &[String]| match names {
            [] => "nothing".to_owned(),
            names => names.iter().map(|name| short_name(name)).collect::<Vec<_>>().join(", "),
        };
        writeln!(f, "imports   lockgate: {}", short(&self.lockgate))?;
        write!(f, "          wasi: {}", short(&self.wasi))
    }
}

/// `log` of `lockgate:plugin/log@0.1.0`, `cli/stdout` of `wasi:cli/stdout@0.2.6`.
fn short_name(full: &str) -> String {
    let name = full.rsplit_once('@').map_or(full, |(name, _)| name);
    let name = name.strip_prefix("wasi:").or_else(|| name.rsplit_once('/').map(|(_, name)| name)).unwrap_or(name);
    safe(name)
}

/// Several lines, without a last line end.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kind      {}", self.kind)?;
        writeln!(f, "contract  {}@{}", contract::PACKAGE, safe(&self.contract))?;
        writeln!(f, "digest    {}", self.digest)?;
        writeln!(f, "size      {} bytes", self.size_bytes)?;
        write!(f, "{}", self.imports)?;
        for (name, value) in self.metadata.fields() {
            write!(f, "\n{name:<9} {}", safe(value))?;
        }
        match &self.about {
            None => write!(f, "\nasks      not known: it embeds no `{}`; run it to ask", section::ABOUT_SECTION),
            Some(about) => write!(f, "\n{about}"),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Descriptor { name, version, summary, asks, config_schema, .. } = &self.descriptor;
        writeln!(f, "about     {} {}: {}", safe(name), safe(version), safe(summary))?;
        for ask in asks {
            writeln!(f, "asks      {}: {}", diff::shown(ask), safe(&ask.reason))?;
        }
        if asks.is_empty() {
            writeln!(f, "asks      nothing")?;
        }
        let keys =
            config_schema.get("properties").and_then(serde_json::Value::as_object).map_or(0, serde_json::Map::len);
        writeln!(f, "schema    {} of configuration", count(keys, "key"))?;
        write!(f, "said by   {}", self.origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = section::ABOUT_SECTION;
        match self {
            Self::Embedded => write!(f, "the section `{section}`; the plugin was not run"),
            Self::Plugin => write!(f, "the plugin itself, which was run; it embeds no `{section}`"),
            Self::Confirmed => write!(f, "the plugin itself, which was run; its section `{section}` says the same"),
        }
    }
}
