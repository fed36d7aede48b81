//! What a component tells of its source: the package's own words, as custom sections.

use std::fmt::Display;

use wasm_metadata::{
    AddMetadata, AddMetadataField, Authors, Description, Homepage, Licenses, Revision, Source, Version,
};

use super::BuildError;
use super::package::Package;

/// Adds name, version, description, authors, licences, source, homepage and revision, where the package has them.
pub(super) fn metadata(package: &Package, revision: Option<&str>, component: &[u8]) -> Result<Vec<u8>, BuildError> {
    let mut add = AddMetadata::default();
    add.name = AddMetadataField::Set(package.name.clone());
    add.version = AddMetadataField::Set(Version::new(package.version.clone()));
    add.description = field(package.description.as_deref(), |text| Ok(Description::new(text.to_owned())))?;
    let authors = package.authors.join(", ");
    add.authors =
        field(Some(authors.as_str()).filter(|text| !text.is_empty()), |text| Ok(Authors::new(text.to_owned())))?;
    add.licenses = field(package.license.as_deref(), |text| Licenses::new(text).map_err(wrong("license")))?;
    add.source = field(package.repository.as_deref(), |text| Source::new(text).map_err(wrong("repository")))?;
    add.homepage = field(package.homepage.as_deref(), |text| Homepage::new(text).map_err(wrong("homepage")))?;
    add.revision = field(revision, |text| Ok(Revision::new(text.to_owned())))?;
    add.to_wasm(component).map_err(wrong("package"))
}

fn field<T: std::fmt::Debug + Clone>(
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, BuildError>,
) -> Result<AddMetadataField<T>, BuildError> {
    text.map_or(Ok(AddMetadataField::Keep), |text| read(text).map(AddMetadataField::Set))
}

fn wrong<E: Display>(key: &'static str) -> impl Fn(E) -> BuildError {
    move |error| BuildError::Metadata { key, detail: error.to_string() }
}
