//! What a component's maker wrote into it: the custom sections that the WebAssembly tool conventions name, with the meaning
//! of the OCI annotations of the same names (OCI image specification, "Annotations").

use std::collections::BTreeMap;

use serde::Serialize;
use wasm_metadata::ComponentNames;

const ANNOTATIONS: &str = "org.opencontainers.image.";

/// Claims of the maker, none of them checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Metadata {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// In a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authors: Option<String>,
    /// An SPDX licence expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licenses: Option<String>,
    /// Where its source is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The commit that it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl Metadata {
    /// Reads the sections of one component. A section that is damaged says nothing; it is only a claim.
    pub(crate) fn of(sections: &[(String, &[u8])]) -> Self {
        let text = |wanted: &str| {
            let (_, bytes) = sections.iter().find(|(name, _)| name == wanted)?;
            String::from_utf8(bytes.to_vec()).ok()
        };
        let name = sections.iter().find(|(name, _)| name == "component-name");
        let name = name.and_then(|(_, bytes)| ComponentNames::from_bytes(bytes, 0).ok());
        Self {
            name: name.and_then(|names| names.get_name().cloned()),
            version: text("version"),
            description: text("description"),
            authors: text("authors"),
            licenses: text("licenses"),
            source: text("source"),
            homepage: text("homepage"),
            revision: text("revision"),
        }
    }

    /// As notes of an OCI manifest (OCI image specification, "Pre-Defined Annotation Keys").
    #[must_use]
    pub fn annotations(&self) -> BTreeMap<String, String> {
        let all = [
            ("title", &self.name),
            ("version", &self.version),
            ("description", &self.description),
            ("authors", &self.authors),
            ("licenses", &self.licenses),
            ("source", &self.source),
            ("url", &self.homepage),
            ("revision", &self.revision),
        ];
        let named = |(key, value): (&str, &Option<String>)| Some((format!("{ANNOTATIONS}{key}"), value.clone()?));
        all.into_iter().filter_map(named).collect()
    }

    /// What is there, by name, in the order in which a person reads it.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("name", &self.name),
            ("version", &self.version),
            ("says", &self.description),
            ("authors", &self.authors),
            ("licenses", &self.licenses),
            ("source", &self.source),
            ("homepage", &self.homepage),
            ("revision", &self.revision),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}
