//! From what a reference stands for down to the manifest of one component. An index may stand between, for those who
//! publish one name for several platforms.

use crate::artifact::{Descriptor, INDEX_MEDIA_TYPE, Manifest, ManifestError};
use crate::reference::Reference;
use crate::referrers::ReferrersIndex;
use crate::registry::RegistryError;
use crate::repository::{Document, Repository};

/// Indexes that may stand above a component's manifest.
const DEPTH_MAX: usize = 4;
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The component's manifest and descriptor.
pub(super) fn descend(
    repository: &dyn Repository,
    reference: &Reference,
    document: Document,
) -> Result<(Document, Descriptor), RegistryError> {
    let refused = |reason| RegistryError::Manifest { reference: reference.to_string(), reason };
    let mut document = document;
    for _ in 0..=DEPTH_MAX {
        if document.media_type != INDEX_MEDIA_TYPE && document.media_type != DOCKER_LIST {
            let component = Manifest::parse(&document.bytes).and_then(|manifest| manifest.component().cloned());
            return Ok((document, component.map_err(refused)?));
        }
        let index = ReferrersIndex::parse(&document.bytes)
            .map_err(|error| refused(ManifestError::Malformed(error.to_string())))?;
        let entries = index.manifests();
        document = repository.manifest(&only_component(&entries).map_err(refused)?.digest)?;
    }
    Err(refused(ManifestError::Malformed(format!("more than {DEPTH_MAX} indexes stand one in the other"))))
}

/// The one entry that may be a component: one for WebAssembly, or for no platform at all.
fn only_component(entries: &[Descriptor]) -> Result<&Descriptor, ManifestError> {
    let may_be = |entry: &&Descriptor| entry.platform.as_ref().is_none_or(|platform| platform.architecture == "wasm");
    let found: Vec<_> = entries.iter().filter(may_be).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(ManifestError::NotAComponent(format!("an index of {} images for other platforms", entries.len()))),
        many => {
            let first = many.first().map(|one| one.digest.to_string()).unwrap_or_default();
            Err(ManifestError::NotAComponent(format!(
                "an index of {} that could be meant; name one by its digest, such as @{first}",
                many.len()
            )))
        }
    }
}
